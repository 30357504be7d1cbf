import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { guardParts, guardWithParams, movesOf, WILDCARD, type Move } from '../charts/moves.ts';
import { CHARTS } from '../charts/pages.ts';
import { innermost } from '../actors/path.ts';
import type { ChartTransition } from '../actors/chart-step.ts';
import type { NextMove } from './types.ts';

const keyOf = ({ source, event, index }: ChartTransition): string => [source, event, index].join('\n');

/** The moves of machines, computed once. */
const MOVES = new WeakMap<AnyStateMachine, readonly Move[]>();

function cachedMoves(machine: AnyStateMachine): readonly Move[] {
  const known = MOVES.get(machine) ?? movesOf(machine);
  MOVES.set(machine, known);
  return known;
}

/** The numbers of moves, by machine and transition. A bound machine has its own nodes, so they are found by name. */
const NUMBERS: ReadonlyMap<string, ReadonlyMap<string, number>> = new Map(
  CHARTS.map(({ machine }) => [machine.id, numbersIn(cachedMoves(machine))]),
);

function numbersIn(moves: readonly Move[]): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const [number, { source, event }] of moves.entries()) {
    const place = { source: source.path.join('.'), event };
    let index = 0;
    while (numbers.has(keyOf({ ...place, index }))) index++;
    numbers.set(keyOf({ ...place, index }), number);
  }
  return numbers;
}

/** @returns its index among the moves of the machine */
export const moveNumber = (chart: string, transition: ChartTransition | undefined): number | undefined =>
  transition && NUMBERS.get(chart)?.get(keyOf(transition));

/** A step as a trace tells it. */
interface ToldStep {
  readonly event: string;
  readonly before: string;
  readonly after: string;
  readonly clause: string;
  /** '' when the trace does not tell it: then the clause alone says which transition it was. */
  readonly description?: string;
}

/** @returns the move and the event name in the machine; undefined if the machine has no such move */
export function moveOf(
  machine: AnyStateMachine | undefined,
  { event, before, after, clause, description = '' }: ToldStep,
): { readonly move: number; readonly event: string } | undefined {
  const moves = machine === undefined ? [] : cachedMoves(machine);
  for (let source: string | undefined = before; source !== undefined; source = around(source))
    for (const [move, candidate] of moves.entries())
      if (
        candidate.source.path.join('.') === source &&
        names(candidate.event, event) &&
        candidate.clause === clause &&
        (description === '' || candidate.description === description) &&
        (candidate.target === undefined ? before : innermost(candidate.target).path.join('.')) === after
      )
        return { move, event: candidate.event };
  return undefined;
}

/** The path of the parent state; '' for the root. */
const around = (path: string): string | undefined =>
  path === '' ? undefined : path.slice(0, Math.max(path.lastIndexOf('.'), 0));

/** Whether an event name of a machine, which may end in a wildcard, matches an event. */
const names = (name: string, event: string): boolean =>
  name === event || (name !== WILDCARD && name.endsWith(WILDCARD) && event.startsWith(name.slice(0, -1)));

type Verdict = NextMove['verdict'];

/**
 * The moves that are possible in a state, those of inner states first, without the wildcard for unexpected events.
 * @param context undefined if it is not known: then guards that read it are undecided
 */
export function nextMoves(machine: AnyStateMachine, leaf: AnyStateNode, context: unknown): NextMove[] {
  const moves: NextMove[] = [];
  /** Whether an earlier transition takes the event, or may take it. */
  const taken = new Map<string, Verdict>();
  for (let node: AnyStateNode | undefined = leaf; node !== undefined; node = node.parent)
    for (const [event, transitions] of node.transitions) {
      if (event === WILDCARD) continue;
      const judge = new Judge(machine, event, context);
      for (const [index, { guard }] of transitions.entries()) {
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

/** Thrown when a guard reads something that is not known. */
const UNKNOWN = new Error('not known');
const unknown = (): never => {
  throw UNKNOWN;
};

/** Evaluates guards with the context of an actor, and an event of which only the type is known. */
class Judge {
  readonly #machine: AnyStateMachine;
  readonly #info: { readonly context: unknown; readonly event: unknown };

  /** @param context undefined if it is not known either */
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
    const { type, params } = guardWithParams(guard);
    if (type !== undefined) return this.#asked(this.#machine.implementations.guards[type] ?? unknown, params);
    return this.#asked(guard, undefined);
  }

  #asked(guard: unknown, params: unknown): Verdict {
    if (guardParts(guard) !== undefined) return this.verdict(guard);
    if (typeof guard !== 'function') return 'depends';
    try {
      return Reflect.apply(guard, undefined, [this.#info, params]) === true ? 'open' : 'forbidden';
    } catch (error) {
      if (error === UNKNOWN) return 'depends';
      throw error;
    }
  }
}
