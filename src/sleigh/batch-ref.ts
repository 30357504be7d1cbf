import { KEY } from '../wire/names.ts';
import type { Metadata } from '../wire/payload.ts';
import { COST } from '../workspace/memory-budget.ts';

/**
 * Results go to a mailbox, which several batches of a client may share. The task counts in each of those batches
 * (S21).
 */
export interface Mail {
  readonly mailbox: string;
  readonly batches: readonly (string | undefined)[];
}

/** The batch or mailbox of a task or of a get of results. A batch without an id is undefined (S7). */
export type BatchRef = string | undefined | Mail;

/** @returns the batch or the mailbox that the metadata name */
export function batchOf(metadata: Metadata): BatchRef {
  const mailbox = metadata.get(KEY.mailbox);
  const id = metadata.get(KEY.batchId);
  return mailbox === undefined ? id : { mailbox, batches: id?.split(',') ?? [undefined] };
}

export const isMail = (ref: BatchRef): ref is Mail => typeof ref === 'object';

/** The ids of the batches that a task counts in. */
export const batchesIn = (ref: BatchRef): readonly (string | undefined)[] =>
  isMail(ref) ? ref.batches : [ref];

/** The memory of a batch or a mailbox of that name, in addition to its results. */
export const memoryOfBatch = (id: string | undefined): number => COST.batch + (id?.length ?? 0);

/** The memory of the batches and the mailbox that a task or a broadcast may create (P12). */
export function memoryOfBatches(metadata: Metadata): number {
  const ref = batchOf(metadata);
  if (!isMail(ref)) return memoryOfBatch(ref);
  return ref.batches.reduce((sum, id) => sum + memoryOfBatch(id), memoryOfBatch(ref.mailbox));
}
