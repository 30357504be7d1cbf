import { STATUS } from '../wire/reply.ts';
import { refusal, type Refusal } from '../workspace/refusal.ts';

export const OVERRAN = refusal('overran', 'A request came while an earlier one was blocked.');
export const EMPTY = refusal('empty', 'A request needs at least a verb.');
export const INTERNAL: Refusal = { code: 'internal', status: STATUS.internal, reason: 'Internal error.' };

/**
 * Refusals that are part of normal use and are not logged. `permanent` and `no-variable` are among them, because each
 * Python worker of 2010 tries to delete a variable that belongs to the job (S7.2) or does not exist (V7).
 */
export const EXPECTED = new Set(['no-value', 'purged', 'sleigh-dead', 'permanent', 'no-variable']);
