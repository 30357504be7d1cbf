/** What a machine does, read off the structure that XState makes of it, in words for a diagram or a table. */
import { and, not, or, type AnyStateMachine, type AnyStateNode } from 'xstate';

/** One way on from a state; or what entering or leaving it does. */
export interface Move {
  readonly source: AnyStateNode;
  /** `entry` and `exit` are written as events, too. */
  readonly event: string;
  readonly guard: string | undefined;
  /** Undefined when the state stays. */
  readonly target: AnyStateNode | undefined;
  readonly actions: readonly string[];
  readonly description: string;
}

/** Stands for the guard of what is left when those before it fail. */
export const OTHERWISE = 'otherwise';

/** Unknown events end up here. */
export const WILDCARD = '*';

/** Every state of a machine, each before those in it. */
export function statesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...childrenOf(node).flatMap(statesOf)];
}

export const childrenOf = (node: AnyStateNode): AnyStateNode[] => Object.values(node.states);

/** All moves from all states, in the order of the source. */
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
            target: undefined,
            actions: actions.map(actionLabel),
            description: source.description ?? '',
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
        target: transition.target?.[0],
        actions: transition.actions.map(actionLabel),
        description: transition.description ?? '',
      })),
    ),
  ];
}

/** Pictures leave out events that are only ignored, and the wildcard. */
export const isShown = ({ event, target, actions }: Move): boolean =>
  event !== WILDCARD && (target !== undefined || actions.length > 0);

/** A move to another state. */
export type LeadingMove = Move & { readonly target: AnyStateNode };

export const leads = (move: Move): move is LeadingMove =>
  move.target !== undefined && move.target !== move.source;

export const isInside = (node: AnyStateNode, outer: AnyStateNode): boolean =>
  node.parent !== undefined && (node.parent === outer || isInside(node.parent, outer));

/** The clauses of docs/protocol.md that a text cites. */
export const clausesIn = (text: string): string[] => text.match(/\b[PWVS]\d+(\.\d+)?\b/g) ?? [];

/** The innermost names of a state: `registered.busy`; the root is every state. */
export const pathOf = (node: AnyStateNode): string =>
  node.path.length === 0 ? '(any)' : node.path.join('.');

/** What XState's own guards and actions say of themselves. */
const field = (thing: unknown, name: string): unknown =>
  (typeof thing === 'object' && thing !== null) || typeof thing === 'function'
    ? Reflect.get(thing, name)
    : undefined;

const CHECKS = new Map<unknown, 'and' | 'or' | 'not'>([
  [field(and([]), 'check'), 'and'],
  [field(or([]), 'check'), 'or'],
  [field(not(''), 'check'), 'not'],
]);

/** What a guard is made of; undefined for one that is not made of others. */
export function guardParts(
  guard: unknown,
): { readonly by: 'and' | 'or' | 'not'; readonly parts: readonly unknown[] } | undefined {
  const parts: unknown = field(guard, 'guards');
  const by = CHECKS.get(field(guard, 'check'));
  return Array.isArray(parts) && by !== undefined ? { by, parts } : undefined;
}

/** A guard as it reads: `a and (b or not c)`. */
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

/** An event may be made out of the context: of what kind it is does not depend on that, so an empty one serves. */
function eventLabel(event: unknown): string {
  if (typeof event !== 'function') return nameOf(event);
  try {
    const made: unknown = Reflect.apply(event, undefined, [{ context: {}, event: {} }]);
    return nameOf(made);
  } catch {
    return 'an event';
  }
}

/** The name of what is named, the type of what has one. */
function nameOf(thing: unknown): string {
  if (typeof thing === 'string') return thing;
  const type = field(thing, 'type');
  if (typeof type === 'string') return type;
  const name = field(thing, 'name');
  return typeof name === 'string' && name !== '' ? name : '(inline)';
}
