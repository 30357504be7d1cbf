import { BOUNDS } from '../wire/bounds.ts';
import type { BatchSummary } from '../sleigh/batch.ts';
import type { Sleigh } from '../sleigh/sleigh.ts';
import { slice } from './paging.ts';

/** The batches that the view contains. */
export const batches = (sleigh: Sleigh): Iterable<BatchSummary> =>
  slice(sleigh.work.batches.summaries(), { from: 0, count: BOUNDS.reportedBatches.value });
