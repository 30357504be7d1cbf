import { effectOf, EMPTY, type ReferenceMode, type State } from './reference.ts';
import type { Operation } from '../../src/verify/history/operation.ts';

/**
 * Whether there is an order of the operations that the reference allows: tries all of them. An operation without a
 * reply may take effect at any time after its request, or never.
 */
export function hasOrder(mode: ReferenceMode, operations: readonly Operation[]): boolean {
  const known = new Set<string>();
  const search = (left: readonly Operation[], state: State): boolean => {
    if (left.every(({ replied }) => replied === undefined)) return true;
    const key = JSON.stringify([left.map((one) => operations.indexOf(one)), state]);
    if (known.has(key)) return false;
    known.add(key);
    const firstReply = Math.min(...left.map(({ replied = Infinity }) => replied));
    return left.some((operation) => {
      if (operation.invoked > firstReply) return false;
      const next = after(mode, state, operation);
      return (
        next !== undefined &&
        search(
          left.filter((one) => one !== operation),
          next,
        )
      );
    });
  };
  return search(operations, EMPTY);
}

/** @returns undefined where the reply cannot be that */
function after(mode: ReferenceMode, state: State, operation: Operation): State | undefined {
  const { verb, value, reply } = operation;
  const effect = effectOf(mode, state, { verb, ...(value !== undefined && { value }) });
  if (reply === undefined || effect.result === 'stored') return effect.state;
  if (effect.result === 'none') return reply.status === '0001' ? effect.state : undefined;
  return reply.status === '0000' && reply.value === effect.result.value ? effect.state : undefined;
}
