import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from 'xstate';
import { guardParts, movesOf, WILDCARD } from '../charts/moves.ts';
import { CHARTS } from '../charts/pages.ts';
import { leafOf, type ChartTransition } from '../machines/story.ts';
import type { NextMove } from './types.ts';

const keyOf = ({ source, event, index }: ChartTransition): string => [source, event, index].join('\n');

/** The numbers of moves, by chart and transition. A running chart has nodes of its own, so they go by name. */
const NUMBERS: ReadonlyMap<string, ReadonlyMap<string, number>> = new Map(
  CHARTS.map(({ machine }) => [machine.id, numbersIn(machine)]),
);

function numbersIn(machine: AnyStateMachine): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const [number, { source, event }] of movesOf(machine).entries()) {
    const place = { source: source.path.join('.'), event };
    let index = 0;
    while (numbers.has(keyOf({ ...place, index }))) index++;
    numbers.set(keyOf({ ...place, index }), number);
  }
  return numbers;
}

/** @returns its place among the moves of the chart */
export const moveNumber = (chart: string, transition: ChartTransition | undefined): number | undefined =>
  transition && NUMBERS.get(chart)?.get(keyOf(transition));

type Verdict = NextMove['verdict'];

/**
 * What may come next, the moves of inner states first, but for the wildcard, which is for what may not come.
 * @param knowsContext guards that look at the context can be judged
 */
export function nextMoves(snapshot: AnyMachineSnapshot, { knowsContext = true } = {}): NextMove[] {
  const { machine, context, status } = snapshot;
  const leaf = leafOf(snapshot);
  if (leaf === undefined || status !== 'active') return [];
  const moves: NextMove[] = [];
  /** Whether an earlier transition takes the event, or may. */
  const taken = new Map<string, Verdict>();
  for (let node: AnyStateNode | undefined = leaf; node !== undefined; node = node.parent)
    for (const [event, transitions] of node.transitions) {
      if (event === WILDCARD) continue;
      for (const [index, { guard }] of transitions.entries()) {
        const judge = new Judge(machine, event, knowsContext ? context : undefined);
        const verdict = and(not(taken.get(event) ?? 'forbidden'), judge.verdict(guard));
        taken.set(event, or(taken.get(event) ?? 'forbidden', verdict));
        const move = moveNumber(machine.id, { source: node.path.join('.'), event, index });
        if (move !== undefined) moves.push({ move, verdict });
      }
    }
  return moves;
}

const RANK: readonly Verdict[] = ['forbidden', 'depends', 'open'];
const and = (a: Verdict, b: Verdict): Verdict => (RANK.indexOf(a) < RANK.indexOf(b) ? a : b);
const or = (a: Verdict, b: Verdict): Verdict => (RANK.indexOf(a) > RANK.indexOf(b) ? a : b);
const not = (a: Verdict): Verdict => RANK[RANK.length - 1 - RANK.indexOf(a)] ?? 'depends';

/** Thrown when a guard looks at something that is not known. */
const UNKNOWN = new Error('not known');
const unknown = (): never => {
  throw UNKNOWN;
};

/** Says of guards whether they hold, with the context of an actor and an event of which the type alone is known. */
class Judge {
  readonly #machine: AnyStateMachine;
  readonly #info: { readonly context: unknown; readonly event: unknown };

  /** @param context undefined when it is not known either */
  constructor(machine: AnyStateMachine, type: string, context: unknown) {
    const traps = { get: unknown, has: unknown, ownKeys: unknown };
    this.#machine = machine;
    this.#info = {
      context: context === undefined ? new Proxy({}, traps) : context,
      event: new Proxy({ type }, { ...traps, get: (_event, name) => (name === 'type' ? type : unknown()) }),
    };
  }

  verdict(guard: unknown): Verdict {
    if (guard === undefined) return 'open';
    const made = guardParts(guard);
    if (made !== undefined) {
      const verdicts = made.parts.map((part) => this.verdict(part));
      if (made.by === 'not') return not(verdicts[0] ?? 'depends');
      return made.by === 'and' ? verdicts.reduce(and, 'open') : verdicts.reduce(or, 'forbidden');
    }
    if (typeof guard === 'string')
      return this.verdict(this.#machine.implementations.guards[guard] ?? unknown);
    return this.#asked(guard);
  }

  #asked(guard: unknown): Verdict {
    if (typeof guard !== 'function') return 'depends';
    try {
      return Reflect.apply(guard, undefined, [this.#info, undefined]) === true ? 'open' : 'forbidden';
    } catch (error) {
      if (error === UNKNOWN) return 'depends';
      throw error;
    }
  }
}
