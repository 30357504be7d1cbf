import { STATUS } from '../wire/reply.ts';
import { refusal, type Refusal } from '../workspace/refusal.ts';

export const OVERRAN = refusal('overran', 'A request came while an earlier one was blocked.');
export const EMPTY = refusal('empty', 'A request needs at least a verb.');
export const INTERNAL: Refusal = { code: 'internal', status: STATUS.internal, reason: 'Internal error.' };

/**
 * Refusals that are part of normal use, and not worth a line in the log: `permanent` and `no-variable` among them, since
 * each Python worker of 2010 tries to delete a variable that is the job's (S7.2), or not there (V7).
 */
export const EXPECTED = new Set(['no-value', 'purged', 'sleigh-dead', 'permanent', 'no-variable']);
