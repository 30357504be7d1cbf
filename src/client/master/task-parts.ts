import { batchNumber, batchOfId } from '../task/task-metadata.ts';
import { KEY } from '../../wire/names.ts';
import type { ChunkPart } from '../values/chunk.ts';
import type { ElementOwner } from './element-owner.ts';
import type { LeftValue } from './left-values.ts';

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
  /** Its result, if that is to stay at the server (S35.5). */
  readonly left?: LeftValue | undefined;
}

/** The newest of the batches takes its turn with the task, so that a small batch does not wait behind a large one (S28). */
function shareOf(parts: readonly Part[]): string {
  const batches = parts.map(({ owner }) => batchOfId(owner.id));
  return batches.reduce((newest, each) => (batchNumber(each) > batchNumber(newest) ? each : newest));
}

/** What the metadata of a task say about its elements. */
export function metadataOf({ parts, count, left }: Sent): Map<string, string> {
  const [{ attempt, isSuspect = false, elements: [{ elementIn } = {}] } = { attempt: 1, elements: [] }] =
    parts;
  const metadata = new Map<string, string>([
    [KEY.batchId, parts.map(({ owner }) => owner.id).join(',')],
    [KEY.index, parts.map(({ index }) => index).join(',')],
    [KEY.share, shareOf(parts)],
  ]);
  // The server counts its attempts from there (S26). Those of several elements are not repeated as they are.
  if (count === 1) metadata.set(KEY.attempt, String(attempt));
  if (attempt > 1) metadata.set(KEY.aloneFrom, String(isSuspect ? attempt : attempt + 1));
  if (elementIn !== undefined) metadata.set(KEY.elementIn, elementIn);
  if (left !== undefined) metadata.set(KEY.leaveIn, left.variable);
  if (parts.length > 1) metadata.set(KEY.shares, parts.map(({ elements }) => elements.length).join(','));
  return metadata;
}
