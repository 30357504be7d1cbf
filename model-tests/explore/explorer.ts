import { stateOfWorker } from '../../src/sleigh/agents.ts';
import { lostByLoading, ProjectionLaw, wrongAfterCrash } from './reloading.ts';
import { FairSteps, isDuty, isTimer } from './liveness.ts';
import { whatIsWrong } from './properties.ts';
import type { Before, Wrong } from './property.ts';
import type { Cast, Scenario } from './scenario.ts';
import { StateGraph } from './state-graph.ts';
import { stateKey } from './state-key.ts';
import { stepsOf, type Step } from './steps.ts';
import { makeSleigh, World, type MakeSleigh } from './world.ts';
import { isShuttingDown } from '../../test/support/phase.ts';

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

const REFUSED = 'a refused request changes nothing';

/** What a step led to, and what is wrong there. */
interface Taken {
  readonly key: string;
  readonly wrong: Wrong | undefined;
}

/**
 * Runs a step and checks the state that it leads to.
 * @param law compares the changes of the step with what it did
 */
export function take(world: World, step: Step, keyBefore: string, law?: ProjectionLaw): Taken {
  const { book } = world;
  const before: Before = { isClosed: book.isClosed, isShuttingDown: book.isShuttingDown };
  book.begin();
  if (law !== undefined) world.recordChanges();
  const by = step.by === undefined ? undefined : world.parties[step.by];
  try {
    step.run(world);
  } catch (error) {
    return { wrong: { property: 'no step fails', what: String(error) }, key: '' };
  }
  const changes = law === undefined ? [] : world.takeChanges();
  // Another one after a crash.
  const { sleigh } = world;
  if (!world.isDeleted && sleigh.joining.phase === 'closed') book.closed(sleigh.joining.context.maximum);
  if (isShuttingDown(sleigh) && !before.isShuttingDown) book.shutsDown();
  const key = stateKey(world);
  const isRefused = by?.reply !== undefined && 'refused' in by.reply;
  const wrong =
    isRefused && key !== keyBefore && step.actsWhenRefused?.(world) !== true
      ? { property: REFUSED, what: `${keyBefore} became ${key}` }
      : (whatIsWrong(world, { name: step.name, before }, key !== keyBefore) ?? law?.broken(world, changes));
  book.isShuttingDown = isShuttingDown(sleigh);
  for (const worker of sleigh.crew.workers) {
    const state = stateOfWorker(worker);
    if (ENDS.has(state)) book.ended.set(worker.rank, state);
  }
  return { key, wrong };
}

const ENDS = new Set(['dead', 'left', 'deadbeat']);

const isOneIn = (many: number, state: number): boolean => many !== Infinity && state % many === 0;

/**
 * Explores a cast breadth first. States beyond the bound are expanded with fair steps only, so that liveness is decided
 * for every state that was found.
 */
export function explore(
  cast: Cast,
  {
    maxStates = Infinity,
    make = makeSleigh,
    progress,
    isSafetyChecked = true,
    loadOneIn = 4,
    crashOneIn = 32,
  }: Options = {},
): Report {
  const began = performance.now();
  const steps = stepsOf(cast);
  const graph = new StateGraph(cast, make, steps, (world, step) => void take(world, step, ''));
  const fair = new FairSteps();
  // A party that may do everything owes nothing.
  const areFair = !cast.extras.includes('mixed');
  let transitions = 0;
  let violation: Violation | undefined;

  const expand = (state: number, onlyFair: boolean): Violation | undefined => {
    const memory = graph.go(state);
    const key = graph.keyOf(state);
    const { world } = graph;
    const isLoaded = isSafetyChecked && isOneIn(loadOneIn, state);
    const crashes = isSafetyChecked && isOneIn(crashOneIn, state);
    const lost =
      (isLoaded ? lostByLoading(world) : undefined) ?? (crashes ? wrongAfterCrash(world) : undefined);
    if (lost !== undefined) return { ...lost, scenario: { cast, steps: graph.stepsTo(state) } };
    if (crashes) world.rewind(memory);
    const law = crashes ? new ProjectionLaw(world) : undefined;
    if (areFair) fair.expect(state, world);
    const duties: number[] = [];
    const timers: number[] = [];
    for (const [number, step] of steps.entries()) {
      if (!step.isPossible(world)) continue;
      const isOwed = areFair && isDuty(step, world);
      if (onlyFair && !isOwed && !isTimer(step)) continue;
      const result = take(world, step, key, law);
      transitions++;
      if (result.wrong !== undefined && isSafetyChecked)
        return { ...result.wrong, scenario: { cast, steps: [...graph.stepsTo(state), step.name] } };
      // Only parts that the key leaves out may have changed, and no later step depends on them.
      if (result.key === key) {
        if (law !== undefined) world.rewind(memory);
        continue;
      }
      const next = graph.add(result.key, state, number);
      if (isOwed) duties.push(next);
      else if (isTimer(step)) timers.push(next);
      world.rewind(memory);
    }
    fair.note(state, duties, timers);
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
    for (; state < graph.size && violation === undefined; state++) violation = expand(state, true);
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
    const law = isLast ? new ProjectionLaw(world) : undefined;
    let { wrong } = take(world, step, stateKey(world), law);
    watch(world, name);
    wrong ??= lostByLoading(world);
    if (isLast) wrong ??= wrongAfterCrash(world);
    if (wrong === undefined) continue;
    return { ...wrong, scenario: { cast, steps: names.slice(0, n + 1) } };
  }
  return undefined;
}
