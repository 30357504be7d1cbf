import { exactKey } from './exact-key.ts';
import { take } from './explorer.ts';
import type { Cast } from './scenario.ts';
import { StateGraph } from './state-graph.ts';
import { stateKey } from './state-key.ts';
import { stepsOf, type Step } from './steps.ts';
import { makeSleigh, type World } from './world.ts';

export interface Comparison {
  /** The number of states with names, and of states that the key tells apart. */
  readonly exactStates: number;
  readonly states: number;
  /** Two states with the same key that differ in what can happen next, what is seen of it, or whether it is right. */
  readonly difference: string | undefined;
}

/** Names are left out, because states that differ only by them have the same key. */
const nameless = (text: string): string => text.replaceAll(/\d+/g, '#');

/** What clients see of a step: who is answered, with what kind of reply, and the numbers of workers that they are told. */
function seen({ parties, book }: World, before: readonly unknown[]): string {
  const replies = parties.flatMap(({ role, reply }, at) => {
    if (reply === undefined || reply === before[at]) return [];
    return [`${role} ${'refused' in reply ? `refused ${reply.refused.code}` : 'answered'}`];
  });
  return [...replies.toSorted(), ...book.told, ...book.faults].join(', ');
}

/**
 * A job that is over refuses what masters store. How often they still may is a bound of the exploration, which is not in the key
 * then.
 */
const isBounded = ({ name }: Step, { book }: World): boolean =>
  book.isShuttingDown && /store (task|broadcast)/.test(name);

/**
 * Explores a cast by the names of everything, and checks the key that the exploration uses: of two states with one key, the same
 * steps are possible, they lead to the same keys, clients see the same, and the same properties hold. What holds of the states
 * that the key tells apart then holds of all states (it is a bisimulation).
 */
export function compareKeys(cast: Cast, key = stateKey): Comparison {
  const steps = stepsOf(cast);
  const graph = new StateGraph(
    cast,
    makeSleigh,
    steps,
    (world, step) => void take(world, step, ''),
    exactKey,
  );
  /** What can happen in the first state that was found with each key. */
  const known = new Map<string, ReadonlySet<string>>();
  let difference: string | undefined;
  for (let state = 0; state < graph.size && difference === undefined; state++) {
    const memory = graph.go(state);
    const { world } = graph;
    const before = key(world);
    const futures = new Set<string>();
    for (const [number, step] of steps.entries()) {
      if (!step.isPossible(world)) continue;
      const replies = world.parties.map(({ reply }) => reply);
      const { wrong } = take(world, step, stateKey(world));
      const next = key(world);
      if (next !== before || !isBounded(step, world))
        futures.add(`${nameless(step.name)} [${seen(world, replies)}] ${wrong?.property ?? ''} -> ${next}`);
      graph.add(exactKey(world), state, number);
      world.rewind(memory);
    }
    const others = known.get(before);
    if (others === undefined) known.set(before, futures);
    else difference = differenceOf(before, others, futures);
  }
  return { exactStates: graph.size, states: known.size, difference };
}

function differenceOf(key: string, one: ReadonlySet<string>, other: ReadonlySet<string>): string | undefined {
  const only = [...one].find((future) => !other.has(future)) ?? [...other].find((future) => !one.has(future));
  return only === undefined ? undefined : `${key}: only one of two states has ${only}`;
}
