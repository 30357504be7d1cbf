import { withDefaults } from '../../wire/with-defaults.ts';
import { flawOfMachine, jobMachinesWith, ROLES } from '../../sleigh/policy-machines.ts';
import { sequenceMermaid } from '../diagram/mermaid.ts';
import { diagramOfLines } from '../diagram/sequence.ts';
import type { JobCounterexample, JobExploration, JobToExplore } from './job-to-explore.ts';
import { whatIsDue, whatIsWrong, type Wrong } from './properties.ts';
import { keyOf, stepsIn } from './steps.ts';
import { ExploredWorld } from './world.ts';
import { bottomComponents } from './components.ts';

const DEFAULTS: Required<JobToExplore> = {
  policy: {},
  onDeadWorker: 'requeue',
  maxAttempts: 2,
  workers: 2,
  tasks: 2,
  failures: 2,
  maxStates: 2_000,
};

const LIVENESS = 'when no worker fails any more, every task gets a result, or the job ends';

interface State {
  readonly steps: readonly string[];
  /** What must happen still. */
  readonly due: string | undefined;
}

/**
 * Visits every state that a job can reach under a policy, breadth first: workers die, fail tasks and come again, and time
 * passes, in every order within the bounds. In each state it checks that no task is lost or done twice, that the policy
 * keeps to its interface, that the job survives a restart of its server, and at the end that every task gets a result.
 * @throws TypeError if a machine of the policy cannot be used, RangeError if a bound is no whole number from 1
 */
export function exploreJob(job: JobToExplore = {}): JobExploration {
  const options = checked(withDefaults(DEFAULTS, job));
  const states: State[] = [];
  const numbers = new Map<string, number>();
  const fair: number[][] = [];
  let transitions = 0;
  let depth = 0;
  const add = (world: ExploredWorld, steps: readonly string[]): number => {
    const key = keyOf(world);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, states.length);
    depth = Math.max(depth, steps.length);
    return states.push({ steps, due: whatIsDue(world) }) - 1;
  };
  const report = (isComplete: boolean, wrong?: Wrong, steps: readonly string[] = []): JobExploration => ({
    states: states.length,
    transitions,
    depth,
    isComplete,
    counterexample: wrong && counterexampleOf(wrong, steps),
  });

  const machines = jobMachinesWith(options.policy, { isTraced: false, plugin: 'policy' });
  /** A job is brought into a state by taking all the steps to it again. */
  const worldAfter = (steps: readonly string[]): ExploredWorld =>
    played(new ExploredWorld(options, machines), steps);
  const first = worldAfter([]);
  const wrong = whatIsWrong(first);
  if (wrong !== undefined) return report(false, wrong);
  add(first, []);
  let at = 0;
  for (let state = states[0]; state !== undefined; state = states[++at]) {
    if (states.length > options.maxStates) break;
    const next: number[] = [];
    for (const { name, isFair } of stepsIn(worldAfter(state.steps))) {
      const steps = [...state.steps, name];
      const world = worldAfter(steps);
      transitions++;
      const broken = whatIsWrong(world);
      if (broken !== undefined) return report(false, broken, steps);
      const number = add(world, steps);
      if (isFair) next.push(number);
    }
    fair[at] = next;
  }
  const isComplete = at === states.length;
  // A state at the bound may lead anywhere.
  const stuck = isComplete ? stuckIn(states, fair) : undefined;
  return stuck === undefined
    ? report(isComplete)
    : report(isComplete, { property: LIVENESS, what: stuck.due ?? '' }, stuck.steps);
}

/** The first state from which fair steps never lead to the end. */
function stuckIn(states: readonly State[], fair: readonly (readonly number[])[]): State | undefined {
  const numbers = bottomComponents(fair).flat();
  const stuck = numbers.filter((number) => states[number]?.due !== undefined);
  return stuck.length === 0 ? undefined : states[Math.min(...stuck)];
}

/** Takes steps by their names. */
function played(world: ExploredWorld, steps: readonly string[]): ExploredWorld {
  for (const name of steps) {
    world.faults = [];
    const step = stepsIn(world).find((possible) => possible.name === name);
    if (step === undefined) throw new Error(`"${name}" was possible before, and is not now`);
    step.run(world);
  }
  return world;
}

function counterexampleOf({ property, what }: Wrong, steps: readonly string[]): JobCounterexample {
  const diagram = sequenceMermaid(diagramOfLines(property, steps, { to: 'job', wrong: what }));
  const lines = steps.map((step, n) => `${n + 1}. ${step}`);
  return { property, what, steps, diagram, text: [`${property}, but: ${what}`, ...lines].join('\n') };
}

/** @throws RangeError */
function checkAtLeast(least: number, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values))
    if (!Number.isSafeInteger(value) || value < least)
      throw new RangeError(`\`${name}\` must be a whole number of at least ${least}, got ${value}.`);
}

function checked(options: Required<JobToExplore>): Required<JobToExplore> {
  for (const role of ROLES) {
    const machine = options.policy[role];
    const wrong = machine && flawOfMachine(role, machine);
    if (wrong !== undefined) throw new TypeError(wrong);
  }
  const { maxAttempts, workers, tasks, failures, maxStates } = options;
  checkAtLeast(1, { maxAttempts, workers, tasks, maxStates });
  checkAtLeast(0, { failures });
  return options;
}
