import { KEY } from '../wire/names.ts';
import { foundText, type PendingGet } from '../workspace/pending-get.ts';

const ALLOCATED = new Map([[KEY.allocated, '1']]);
const NOT_ALLOCATED = new Map([[KEY.allocated, '0']]);

/** Replies with a rank (S2). */
export const replyRank = (get: PendingGet, rank: number): void =>
  get.answer(foundText(String(rank), get.origin, ALLOCATED));

/** Replies that there is no rank (S2). */
export const refuseRank = (get: PendingGet): void => replyRank(get, -1);

/** Replies with the number of ranks given out (S2). */
export const replyRanksGiven = (get: PendingGet, count: number): void =>
  get.answer(foundText(String(count), get.origin, NOT_ALLOCATED));

/** S9, S14: a launcher is told to stop. */
export const replyStop = (get: PendingGet): void => get.answer(foundText('1', get.origin));
