import { KEY } from '../wire/names.ts';
import { foundText, type PendingGet } from '../workspace/pending-get.ts';

const ALLOCATED = new Map([[KEY.allocated, '1']]);
const NOT_ALLOCATED = new Map([[KEY.allocated, '0']]);

/** S2: whoever asks for a rank gets this one. */
export const replyRank = (get: PendingGet, rank: number): void =>
  get.answer(foundText(String(rank), get.origin, ALLOCATED));

/** S2: there is no rank for it. */
export const refuseRank = (get: PendingGet): void => replyRank(get, -1);

/** S2: how many ranks were given out; none is by that. */
export const replyRanksGiven = (get: PendingGet, count: number): void =>
  get.answer(foundText(String(count), get.origin, NOT_ALLOCATED));
