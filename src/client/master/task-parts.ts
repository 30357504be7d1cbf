import { batchNumber, batchOfId } from '../task/task-metadata.ts';
import type { ChunkPart } from '../values/chunk.ts';
import type { ElementOwner } from './element-owner.ts';

/** Consecutive elements of one batch in one task. */
export interface Part {
  readonly owner: ElementOwner;
  /** The index of the first element. */
  readonly index: number;
  readonly elements: ChunkPart[];
  /** The number of the call that it is for, from 1. */
  readonly attempt: number;
  /** Whether a worker has ended while it called this element. */
  readonly isSuspect?: boolean;
}

/** A task under way. */
export interface Sent {
  readonly parts: readonly Part[];
  /** The number of elements. */
  readonly count: number;
  /** Whether it has an element that was sent before. */
  readonly isAgain: boolean;
}

/** The newest of the batches takes its turn with the task, so that a small batch does not wait behind a large one (S28). */
export function shareOf(parts: readonly Part[]): string {
  const batches = parts.map(({ owner }) => batchOfId(owner.id));
  return batches.reduce((newest, each) => (batchNumber(each) > batchNumber(newest) ? each : newest));
}
