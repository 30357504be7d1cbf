import type { Metadata } from '../wire/payload.ts';
import { TEXT_DESCRIPTOR } from '../wire/reply.ts';
import type { Value } from '../workspace/value.ts';
import type { Broadcast } from './tasks.ts';

/** Metadata that tells how many copies of a broadcast there are so far (S17). */
export const COPIES = 'nwsCopies';

/** What a result is one of: a task, a copy of a broadcast, or a broadcast that its worker never had. */
export interface Origin {
  readonly value: Value;
  readonly batch: string | undefined;
  /** Where its copies are told of. */
  readonly broadcast?: Broadcast | undefined;
}

/** A result as its worker stored it, with the metadata of the task, overlaid by those of the result (S7). */
export function resultOf({ value, batch, broadcast }: Origin, result: Value, rank: number): Value {
  const metadata = new Map(value.metadata);
  for (const [name, text] of result.metadata) metadata.set(name, text);
  if (batch === undefined) metadata.delete('batchId');
  else metadata.set('batchId', batch);
  if (broadcast !== undefined) metadata.set(COPIES, String(broadcast.copies));
  return { ...result, metadata: metadata.set('nwsWorkerRank', String(rank)) };
}

const NULL_METADATA: Metadata = new Map([['nwsNull', '1']]);

/** A result that says that there is none (S13). */
export const nullResultOf = (origin: Origin, rank: number): Value =>
  resultOf(origin, { descriptor: TEXT_DESCRIPTOR, payload: '', metadata: NULL_METADATA }, rank);
