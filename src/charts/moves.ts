/** The transitions of a machine, from the structure that XState compiles, as texts for a diagram or a table. */
import { and, not, or, type AnyStateMachine, type AnyStateNode } from 'xstate';
import { clauseOf } from '../actors/clause.ts';

/** One transition of a state, or the actions of entering or leaving it. */
export interface Move {
  readonly source: AnyStateNode;
  /** The event; `entry` and `exit` for the actions of a state. */
  readonly event: string;
  readonly guard: string | undefined;
  /** Its place among the transitions of this event in this state, from 1; undefined if it is the only one. */
  readonly order: number | undefined;
  /** Undefined if the transition stays in the state. */
  readonly target: AnyStateNode | undefined;
  readonly actions: readonly string[];
  /** A sentence for people. */
  readonly description: string;
  /** The clauses of docs/protocol.md that it follows; '' for none. */
  readonly clause: string;
}

/** The guard of the last alternative, which applies if those before it fail. */
export const OTHERWISE = 'otherwise';

/** A text about a transition after its order: `1. text`. */
export const inOrder = ({ order }: Pick<Move, 'order'>, text: string): string =>
  order === undefined ? text : `${order}. ${text}`;

/** The event name that matches unknown events. */
export const WILDCARD = '*';

/** All states of a machine, each before the states in it. */
export function statesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...childrenOf(node).flatMap(statesOf)];
}

export const childrenOf = (node: AnyStateNode): AnyStateNode[] => Object.values(node.states);

/** All moves of all states, in the order of the source. */
export const movesOf = (machine: AnyStateMachine): Move[] => statesOf(machine.root).flatMap(movesFrom);

function movesFrom(source: AnyStateNode): Move[] {
  const ofState = (event: string, actions: readonly unknown[]): Move[] =>
    actions.length === 0
      ? []
      : [
          {
            source,
            event,
            guard: undefined,
            order: undefined,
            target: undefined,
            actions: actions.map(actionLabel),
            description: source.description ?? '',
            clause: clauseOf(source),
          },
        ];
  const choices = [...source.transitions.values(), source.always ?? []];
  return [
    ...ofState('entry', source.entry),
    ...ofState('exit', source.exit),
    ...choices.flatMap((transitions) =>
      transitions.map((transition, i) => ({
        source,
        event: transition.eventType === '' ? 'always' : transition.eventType,
        guard:
          transition.guard === undefined ? (i > 0 ? OTHERWISE : undefined) : guardLabel(transition.guard),
        order: transitions.length < 2 ? undefined : i + 1,
        target: transition.target?.[0],
        actions: transition.actions.map(actionLabel),
        description: transition.description ?? '',
        clause: clauseOf(transition),
      })),
    ),
  ];
}

/** Whether pictures show the move. They omit events that are only ignored, and the wildcard. */
export const isShown = ({ event, target, actions }: Move): boolean =>
  event !== WILDCARD && (target !== undefined || actions.length > 0);

/** A move to another state. */
export type LeadingMove = Move & { readonly target: AnyStateNode };

export const leads = (move: Move): move is LeadingMove =>
  move.target !== undefined && move.target !== move.source;

export const isInside = (node: AnyStateNode, outer: AnyStateNode): boolean =>
  node.parent !== undefined && (node.parent === outer || isInside(node.parent, outer));

/** The clauses of docs/protocol.md that a text cites. */
export const clausesIn = (text: string): string[] => text.match(/\b[PWVSD]\d+(\.\d+)?\b/g) ?? [];

/** The path of a state, such as `registered.busy`; that of the root stands for every state. */
export const pathOf = (node: AnyStateNode): string =>
  node.path.length === 0 ? '(any)' : node.path.join('.');

/** Reads a field that XState's own guards and actions carry. */
const field = (thing: unknown, name: string): unknown =>
  (typeof thing === 'object' && thing !== null) || typeof thing === 'function'
    ? Reflect.get(thing, name)
    : undefined;

const CHECKS = new Map<unknown, 'and' | 'or' | 'not'>([
  [field(and([]), 'check'), 'and'],
  [field(or([]), 'check'), 'or'],
  [field(not(''), 'check'), 'not'],
]);

/** The parts of a composed guard; undefined for a simple one. */
export function guardParts(
  guard: unknown,
): { readonly by: 'and' | 'or' | 'not'; readonly parts: readonly unknown[] } | undefined {
  const parts: unknown = field(guard, 'guards');
  const by = CHECKS.get(field(guard, 'check'));
  return Array.isArray(parts) && by !== undefined ? { by, parts } : undefined;
}

/** The name of a guard, and its parameters where it has any; no name for a function. */
export function guardWithParams(guard: unknown): {
  readonly type: string | undefined;
  readonly params: unknown;
} {
  if (typeof guard === 'string') return { type: guard, params: undefined };
  const type = typeof guard === 'function' ? undefined : field(guard, 'type');
  return { type: typeof type === 'string' ? type : undefined, params: field(guard, 'params') };
}

/** The text of a guard: `a and (b or not c)`. */
function guardLabel(guard: unknown, isInner = false): string {
  const made = guardParts(guard);
  if (made === undefined) return nameOf(guard);
  const labels = made.parts.map((part) => guardLabel(part, true));
  if (made.by === 'not') return `not ${labels.join('')}`;
  const joined = labels.join(` ${made.by} `);
  return isInner && labels.length > 1 ? `(${joined})` : joined;
}

function actionLabel(action: unknown): string {
  switch (field(action, 'type')) {
    case 'xstate.sendTo': {
      const to = field(action, 'to');
      return `tell ${to === '#_parent' ? 'parent' : nameOf(to)} ${eventLabel(field(action, 'event'))}`;
    }
    case 'xstate.raise':
      return `raise ${eventLabel(field(action, 'event'))}`;
    case 'xstate.spawnChild':
      return `spawn ${nameOf(field(action, 'src'))}`;
    case 'xstate.stopChild':
      return `stop ${nameOf(field(action, 'actorRef'))}`;
    default:
      return nameOf(action);
  }
}

/**
 * The type of an event. If the context determines the event, an empty context is used, because the type does not
 * depend on it.
 */
function eventLabel(event: unknown): string {
  if (typeof event !== 'function') return nameOf(event);
  try {
    const made: unknown = Reflect.apply(event, undefined, [{ context: {}, event: {} }]);
    return nameOf(made);
  } catch {
    return 'an event';
  }
}

/** The name or type of something, with its parameters: `askerIs(worker)`. */
function nameOf(thing: unknown): string {
  if (typeof thing === 'string') return thing;
  const type = field(thing, 'type');
  const params = field(thing, 'params');
  if (typeof type === 'string')
    return typeof params === 'object' && params !== null
      ? `${type}(${Object.values(params).map(String).join(', ')})`
      : type;
  const name = field(thing, 'name');
  return typeof name === 'string' && name !== '' ? name : '(inline)';
}
