import { KEY } from '../wire/names.ts';
import type { Metadata } from '../wire/payload.ts';
import { COST } from '../workspace/memory-budget.ts';

/** Results go to a mailbox, which one client may share among many batches; the task counts in each of those (S21). */
export interface Mail {
  readonly mailbox: string;
  readonly batches: readonly (string | undefined)[];
}

/** What a task belongs to, or what a get of results asks for: a batch (undefined for those without an id, S7), or mail. */
export type BatchRef = string | undefined | Mail;

/** @returns the batch or the mail that metadata name */
export function batchOf(metadata: Metadata): BatchRef {
  const mailbox = metadata.get(KEY.mailbox);
  const id = metadata.get(KEY.batchId);
  return mailbox === undefined ? id : { mailbox, batches: id?.split(',') ?? [undefined] };
}

export const isMail = (ref: BatchRef): ref is Mail => typeof ref === 'object';

/** The ids of the batches that a task counts in. */
export const batchesIn = (ref: BatchRef): readonly (string | undefined)[] =>
  isMail(ref) ? ref.batches : [ref];

/** Bytes of memory that a batch or a mailbox of that name takes beside its results. */
export const memoryOfBatch = (id: string | undefined): number => COST.batch + (id?.length ?? 0);

/** What a task or a broadcast of that metadata may begin: its batches, a mailbox (P12). */
export function memoryOfBatches(metadata: Metadata): number {
  const ref = batchOf(metadata);
  const batches = batchesIn(ref).reduce((sum, id) => sum + memoryOfBatch(id), 0);
  return isMail(ref) ? batches + memoryOfBatch(ref.mailbox) : batches;
}
