import { and, not, or } from 'xstate';
import { isCombined, type CombinedGuard, type GuardConfig, type Place } from '../chart-config.ts';
import type { Change } from '../mutant.ts';
import { transitionsOf } from '../transitions.ts';

function made(make: typeof and | typeof or | typeof not, of: unknown): CombinedGuard {
  const guard: unknown = Reflect.apply(make, undefined, [of]);
  if (!isCombined(guard)) throw new Error('XState makes other guards than it did');
  return guard;
}

/** The kinds of XState's guards differ by their check function. */
const NOT = made(not, '').check;
const OR = made(or, []).check;
const AND = made(and, []).check;

function negated(guard: GuardConfig): GuardConfig {
  const [inner] = isCombined(guard) && guard.check === NOT ? guard.guards : [];
  return inner ?? made(not, guard);
}

function described(guard: GuardConfig): string {
  if (typeof guard === 'string') return guard;
  if (!isCombined(guard)) return `${guard.type}(${Object.values(guard.params).join(', ')})`;
  const inner = guard.guards.map(described);
  return guard.check === NOT
    ? `not ${inner.join()}`
    : `(${inner.join(guard.check === OR ? ' or ' : ' and ')})`;
}

/** `or` for `and`, the reverse, and each guard of several alone. */
function inPart(guard: GuardConfig): GuardConfig[] {
  if (!isCombined(guard) || guard.check === NOT) return [];
  const { check, guards } = guard;
  return [made(check === AND ? or : and, guards), ...guards];
}

/** Guards that are negated, dropped, or checked in part. */
export function* guardChanges({ state }: Place): Generator<Change> {
  for (const transition of transitionsOf(state)) {
    const { event, label, config } = transition;
    const { guard } = config;
    if (guard === undefined) continue;
    const becomes = (operator: Change['operator'], other: GuardConfig): Change => ({
      operator,
      event,
      what: `${label}: ${described(guard)} becomes ${described(other)}`,
      rewrite: (state) => (transition.in(state).guard = other),
    });
    yield becomes('guard negated', negated(guard));
    for (const part of inPart(guard)) yield becomes('guard in part', part);
    yield {
      operator: 'guard dropped',
      event,
      what: `${label}: ${described(guard)} is not asked for`,
      rewrite: (state) => delete transition.in(state).guard,
    };
  }
}
