import type { BatchSummary } from '../sleigh/batches.ts';
import type { Sleigh } from '../sleigh/sleigh.ts';
import { slice } from './paging.ts';

export const MAX_BATCHES = 100;

/** The batches that the view contains. */
export const batches = (sleigh: Sleigh): Iterable<BatchSummary> =>
  slice(sleigh.work.batches.summaries(), { from: 0, count: MAX_BATCHES });
