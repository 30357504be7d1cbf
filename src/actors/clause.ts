import type { Transition } from './path.ts';

/** @returns the clauses of docs/protocol.md that a transition or a state follows, by its `meta`; '' for none */
export function clauseOf({ meta }: Pick<Transition, 'meta'>): string {
  const clause: unknown =
    typeof meta === 'object' && meta !== null && 'clause' in meta ? meta.clause : undefined;
  return typeof clause === 'string' ? clause : '';
}
