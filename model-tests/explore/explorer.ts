import { lostByLoading, wrongAfterCrash } from './reloading.ts';
import { FairSteps, isDuty, isTimer } from './liveness.ts';
import type { Cast, Scenario } from './scenario.ts';
import { StateGraph } from './state-graph.ts';
import { stateKey } from './state-key.ts';
import { stepsOf, type Step } from './steps.ts';
import { take } from './take.ts';
import { makeSleigh, World, type MakeSleigh } from './world.ts';

export interface Violation {
  /** The text of the property that does not hold. */
  readonly property: string;
  readonly what: string;
  /** The shortest path to it. */
  readonly scenario: Scenario;
}

export interface Report {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly seconds: number;
  /** Whether every reachable state was visited. */
  readonly isClosed: boolean;
  readonly violation: Violation | undefined;
}

export interface Options {
  /** The maximum number of states. */
  readonly maxStates?: number;
  /**
   * The maximum number of states beyond that bound which are expanded with fair steps. What follows the others is unknown: a state
   * from which fair steps lead to one of them counts as live.
   */
  readonly maxFairStates?: number;
  readonly make?: MakeSleigh;
  /** Whether the properties of each step and state are checked. Liveness always is. */
  readonly isSafetyChecked?: boolean;
  /** A job is loaded from the records of one in this many states, which takes as long as ten steps. */
  readonly loadOneIn?: number;
  /**
   * In one of this many states the server crashes beside, and the changes of each step are compared with what it did, which
   * takes several times as long as the steps.
   */
  readonly crashOneIn?: number;
  /** Called now and then with the progress. */
  readonly progress?: (text: string) => void;
}

/** A step that a party owes, one that time alone causes, or any other. */
type StepKind = 'duty' | 'timer' | 'other';

const isOneIn = (many: number, state: number): boolean => many !== Infinity && state % many === 0;

/**
 * Explores a cast breadth first. States beyond the bound are expanded with fair steps only, so that liveness is decided
 * for every state that was found.
 */
export function explore(
  cast: Cast,
  {
    maxStates = Infinity,
    maxFairStates = Infinity,
    make = makeSleigh,
    progress,
    isSafetyChecked = true,
    loadOneIn = 4,
    crashOneIn = 32,
  }: Options = {},
): Report {
  const began = performance.now();
  const steps = stepsOf(cast);
  const graph = new StateGraph(cast, make, steps);
  const fair = new FairSteps();
  // A party that may do everything owes nothing.
  const areFair = !cast.extras.includes('mixed');
  let transitions = 0;
  let violation: Violation | undefined;

  const expand = (state: number, onlyFair: boolean): Violation | undefined => {
    const isLoaded = isSafetyChecked && isOneIn(loadOneIn, state);
    const crashes = isSafetyChecked && isOneIn(crashOneIn, state);
    let world: World | undefined = graph.go(state);
    if (areFair) fair.expect(state, world);
    const kindOf = (step: Step, at: World): StepKind | undefined => {
      if (!step.isPossible(at)) return undefined;
      if (areFair && isDuty(step, at)) return 'duty';
      if (isTimer(step)) return 'timer';
      return onlyFair ? undefined : 'other';
    };
    const kinds = steps.map((step) => world && kindOf(step, world));
    const lost =
      (isLoaded ? lostByLoading(world) : undefined) ?? (crashes ? wrongAfterCrash(world) : undefined);
    if (lost !== undefined) return { ...lost, scenario: { cast, steps: graph.stepsTo(state) } };
    if (crashes) world = undefined;
    const found = { duty: [] as number[], timer: [] as number[], other: [] as number[] };
    const key = graph.keyOf(state);
    for (const [number, step] of steps.entries()) {
      const kind = world === undefined ? kinds[number] : kindOf(step, world);
      if (kind === undefined) continue;
      world ??= graph.go(state);
      const result = take(world, step, key, { isStoreChecked: crashes });
      transitions++;
      if (result.wrong !== undefined && isSafetyChecked)
        return { ...result.wrong, scenario: { cast, steps: [...graph.stepsTo(state), step.name] } };
      // Only parts that the key leaves out may have changed, and no later step depends on them.
      if (result.key === key) continue;
      found[kind].push(graph.add(result.key, state, number));
      world = undefined;
    }
    fair.note(state, found.duty, found.timer);
    return undefined;
  };

  let state = 0;
  for (; state < graph.size && graph.size < maxStates && violation === undefined; state++) {
    if (state % 20_000 === 19_999)
      progress?.(`${state} of ${graph.size} states at depth ${graph.depthOf(state)}`);
    violation = expand(state, false);
  }
  const { size, depth } = graph;
  const isClosed = state === size && violation === undefined;
  if (areFair) {
    const last = state + maxFairStates;
    for (; state < Math.min(graph.size, last) && violation === undefined; state++)
      violation = expand(state, true);
    for (; state < graph.size; state++) fair.note(state, [], []);
    if (violation === undefined) {
      const stuck = fair.check();
      if (stuck !== undefined)
        violation = { ...stuck.wrong, scenario: { cast, steps: graph.stepsTo(stuck.state) } };
    }
  }
  return {
    states: size,
    transitions,
    depth,
    seconds: (performance.now() - began) / 1000,
    isClosed,
    violation,
  };
}

/**
 * Runs the steps of a scenario.
 * @param watch called with the world after each step
 * @returns the first violation, if any
 */
export function replay(
  { cast, steps: names }: Scenario,
  make: MakeSleigh = makeSleigh,
  watch: (world: World, name: string) => void = () => undefined,
): Violation | undefined {
  const steps = new Map(stepsOf(cast).map((step) => [step.name, step]));
  const world = new World(cast, make);
  for (const [n, name] of names.entries()) {
    const step = steps.get(name);
    if (step === undefined) throw new Error(`nobody of this cast can do "${name}"`);
    if (!step.isPossible(world)) throw new Error(`"${name}" cannot happen here`);
    const isLast = n === names.length - 1;
    let { wrong } = take(world, step, stateKey(world), { isStoreChecked: isLast });
    watch(world, name);
    wrong ??= lostByLoading(world);
    if (isLast) wrong ??= wrongAfterCrash(world);
    if (wrong === undefined) continue;
    return { ...wrong, scenario: { cast, steps: names.slice(0, n + 1) } };
  }
  return undefined;
}
