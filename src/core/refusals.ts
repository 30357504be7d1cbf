import { REQUEST, refuse } from '../wire/refusals.ts';
import { STATUS } from '../wire/reply.ts';

export const OVERRAN = refuse(REQUEST.overran());
export const EMPTY = refuse(REQUEST.empty());
export const INTERNAL = refuse(REQUEST.internal(), { status: STATUS.internal });

/**
 * Refusals that are part of normal use and are not logged. `full` tells a producer that a fifo has no room (V14).
 * `permanent` and `no-variable` come from each Python worker of 2010, which tries to delete a variable that belongs to the
 * job (S7.2) or does not exist (V7).
 */
export const EXPECTED = new Set(['no-value', 'purged', 'sleigh-dead', 'permanent', 'no-variable', 'full']);
