import { exactKey } from './exact-key.ts';
import type { Cast } from './scenario.ts';
import { StateGraph } from './state-graph.ts';
import { stateKey } from './state-key.ts';
import { stepsOf } from './steps.ts';
import { take } from './take.ts';
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

/**
 * What clients see of a step: who is answered, with what kind of reply, and that they are told a number of workers. The number is
 * not in the key of a group that is closed, because nothing depends on it any more. The reference compares it at each step.
 */
function seen({ parties, book }: World, before: readonly unknown[]): string {
  const replies = parties.flatMap(({ role, reply }, at) => {
    if (reply === undefined || reply === before[at]) return [];
    return [`${role} ${'refused' in reply ? `refused ${reply.refused.code}` : 'answered'}`];
  });
  return [...replies.toSorted(), ...book.told.map((told) => nameless(String(told))), ...book.faults].join(
    ', ',
  );
}

/** What can happen in a state. */
interface Futures {
  /** Steps to other keys, and violations. */
  readonly changes: Set<string>;
  /** What clients see of steps that change nothing, by the kind of the step. */
  readonly idle: Map<string, Set<string>>;
}

/**
 * Explores a cast by the names of everything, and checks the key that the exploration uses: of two states with one key, the same
 * steps that change something are possible, they lead to the same keys, clients see the same, and the same properties hold. What
 * holds of the states that the key tells apart then holds of all states (it is a bisimulation).
 *
 * A step that changes nothing may be possible in one of the two only: how many ranks were given is a bound of the exploration, and
 * not in the key of a group that is closed, where a request for one more changes nothing. If it is possible in both, clients see the
 * same of it.
 */
export function compareKeys(cast: Cast, key = stateKey): Comparison {
  const steps = stepsOf(cast);
  const graph = new StateGraph(cast, makeSleigh, steps, exactKey);
  /** What can happen in the first state that was found with each key. */
  const known = new Map<string, Futures>();
  let difference: string | undefined;
  for (let state = 0; state < graph.size && difference === undefined; state++) {
    const beginning = graph.go(state);
    const exact = graph.keyOf(state);
    const before = key(beginning);
    const stateBefore = stateKey(beginning);
    const isPossible = steps.map((step) => step.isPossible(beginning));
    let world: World | undefined = beginning;
    const futures: Futures = { changes: new Set(), idle: new Map() };
    for (const [number, step] of steps.entries()) {
      if (!(world === undefined ? isPossible[number] : step.isPossible(world))) continue;
      world ??= graph.go(state);
      const replies = world.parties.map(({ reply }) => reply);
      const { wrong } = take(world, step, stateBefore);
      const next = key(world);
      const kind = nameless(step.name);
      const noticed = seen(world, replies);
      if (next !== before || wrong !== undefined)
        futures.changes.add(`${kind} [${noticed}] ${wrong?.property ?? ''} -> ${next}`);
      else futures.idle.set(kind, (futures.idle.get(kind) ?? new Set()).add(noticed));
      const reached = exactKey(world);
      graph.add(reached, state, number);
      if (reached !== exact) world = undefined;
    }
    const others = known.get(before);
    if (others === undefined) known.set(before, futures);
    else difference = differenceOf(before, others, futures);
  }
  return { exactStates: graph.size, states: known.size, difference };
}

const isWithin = (some: ReadonlySet<string>, all: ReadonlySet<string>): boolean =>
  [...some].every((each) => all.has(each));

function differenceOf(key: string, one: Futures, other: Futures): string | undefined {
  const only =
    [...one.changes].find((change) => !other.changes.has(change)) ??
    [...other.changes].find((change) => !one.changes.has(change));
  if (only !== undefined) return `${key}: only one of two states has ${only}`;
  for (const [kind, noticed] of one.idle) {
    const others = other.idle.get(kind) ?? noticed;
    // Steps of one kind with several names may not all be possible.
    if (!isWithin(noticed, others) && !isWithin(others, noticed))
      return `${key}: ${kind} is answered with ${[...noticed].join()} or ${[...others].join()}`;
  }
  return undefined;
}
