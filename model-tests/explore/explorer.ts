import { stateOfWorker } from '../../src/sleigh/agents.ts';
import { whatIsWrong, type Before, type Wrong } from './properties.ts';
import type { Memory } from './rewind.ts';
import type { Cast, Scenario } from './scenario.ts';
import { stateKey } from './state-key.ts';
import { stepsOf, type Step } from './steps.ts';
import { makeSleigh, World, type MakeSleigh } from './world.ts';

export interface Violation {
  /** The text of the property that does not hold. */
  readonly property: string;
  readonly what: string;
  /** The shortest way there. */
  readonly scenario: Scenario;
}

export interface Report {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly seconds: number;
  /** All that can be reached has been. */
  readonly isClosed: boolean;
  readonly violation: Violation | undefined;
}

export interface Options {
  /** No more states than that. */
  readonly mostStates?: number;
  readonly make?: MakeSleigh;
  /** Told now and then how far it is. */
  readonly progress?: (text: string) => void;
}

const REFUSED = 'a refused request changes nothing';

/** States that are expanded before a new world replaces the old one; it must be in the same state. */
const RENEWED_AFTER = 2_000;

interface Taken {
  readonly key: string;
  readonly wrong: Wrong | undefined;
}

/** Runs a step and looks at what it led to. */
function take(world: World, step: Step, keyBefore: string): Taken {
  const { book, sleigh } = world;
  const before: Before = { isClosed: book.isClosed, isWindingDown: book.isWindingDown };
  book.begin();
  const by = step.by === undefined ? undefined : world.parties[step.by];
  try {
    step.run(world);
  } catch (error) {
    return { wrong: { property: 'no step fails', what: String(error) }, key: '' };
  }
  if (!world.isDeleted && sleigh.joining.isClosed) book.closed(sleigh.joining.context.maximum);
  if (sleigh.isWindingDown && !before.isWindingDown) book.windsDown();
  const key = stateKey(world);
  const isRefused = by?.reply !== undefined && 'refused' in by.reply;
  const wrong =
    isRefused && key !== keyBefore && step.actsWhenRefused?.(world) !== true
      ? { property: REFUSED, what: `${keyBefore} became ${key}` }
      : whatIsWrong(world, { name: step.name, before }, key !== keyBefore);
  book.isWindingDown = sleigh.isWindingDown;
  for (const worker of sleigh.crew.workers) {
    const state = stateOfWorker(worker);
    if (ENDS.has(state)) book.ended.set(worker.rank, state);
  }
  return { key, wrong };
}

const ENDS = new Set(['dead', 'left', 'deadbeat']);

/** Goes breadth first through everything that can happen to a cast. */
export function explore(
  cast: Cast,
  { mostStates = Infinity, make = makeSleigh, progress }: Options = {},
): Report {
  const began = performance.now();
  const steps = stepsOf(cast);
  let world = new World(cast, make);
  const keys = [stateKey(world)];
  const known = new Set(keys);
  const parents = [-1];
  const taken = [-1];
  const depths = [0];
  let transitions = 0;
  let violation: Violation | undefined;
  /** The way to the state at hand, with how the world was at each place. */
  let way: { state: number; memory: Memory }[] = [{ state: 0, memory: world.remember() }];

  const wayTo = (state: number): number[] => {
    const found: number[] = [];
    for (let at = state; at >= 0; at = parents[at] ?? -1) found.push(at);
    return found.toReversed();
  };
  /** Brings the world to a state, from the nearest one on the way that is still remembered. */
  const go = (state: number): Memory => {
    const wanted = wayTo(state);
    let common = 0;
    while (common < way.length && way[common]?.state === wanted[common]) common++;
    way = way.slice(0, common);
    const last = way.at(-1);
    if (last === undefined) throw new Error('every way begins at the beginning');
    world.rewind(last.memory);
    let { memory } = last;
    for (const next of wanted.slice(common)) {
      const step = steps[taken[next] ?? -1];
      if (step === undefined) throw new Error(`nothing leads to state ${next}`);
      take(world, step, '');
      memory = world.remember();
      way.push({ state: next, memory });
    }
    return memory;
  };
  const stepsTo = (state: number): string[] =>
    wayTo(state)
      .slice(1)
      .map((at) => steps[taken[at] ?? -1]?.name ?? '');

  let state = 0;
  for (; state < keys.length && keys.length < mostStates && violation === undefined; state++) {
    if (state % RENEWED_AFTER === RENEWED_AFTER - 1) {
      world = new World(cast, make);
      way = [{ state: 0, memory: world.remember() }];
    }
    if (state % 20_000 === 19_999) progress?.(`${state} of ${keys.length} states at depth ${depths[state]}`);
    const memory = go(state);
    const key = keys[state] ?? '';
    if (stateKey(world) !== key) throw new Error(`the way to ${key} led to ${stateKey(world)}`);
    for (const [number, step] of steps.entries()) {
      if (!step.isPossible(world)) continue;
      const result = take(world, step, key);
      transitions++;
      if (result.wrong !== undefined) {
        violation = { ...result.wrong, scenario: { cast, steps: [...stepsTo(state), step.name] } };
        break;
      }
      // What the key leaves out may have changed: nothing depends on it.
      if (result.key === key) continue;
      if (!known.has(result.key)) {
        known.add(result.key);
        keys.push(result.key);
        parents.push(state);
        taken.push(number);
        depths.push((depths[state] ?? 0) + 1);
      }
      world.rewind(memory);
    }
  }
  return {
    states: keys.length,
    transitions,
    depth: depths.at(-1) ?? 0,
    seconds: (performance.now() - began) / 1000,
    isClosed: state === keys.length && violation === undefined,
    violation,
  };
}

/** Does what a scenario says. @returns what was found, if anything */
export function replay(
  { cast, steps: names }: Scenario,
  make: MakeSleigh = makeSleigh,
): Violation | undefined {
  const steps = new Map(stepsOf(cast).map((step) => [step.name, step]));
  const world = new World(cast, make);
  for (const [n, name] of names.entries()) {
    const step = steps.get(name);
    if (step === undefined) throw new Error(`nobody of this cast can do "${name}"`);
    if (!step.isPossible(world)) throw new Error(`"${name}" cannot happen here`);
    const { wrong } = take(world, step, stateKey(world));
    if (wrong === undefined) continue;
    return { ...wrong, scenario: { cast, steps: names.slice(0, n + 1) } };
  }
  return undefined;
}
