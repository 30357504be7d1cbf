import type { Metadata } from '../wire/payload.ts';
import { TEXT_DESCRIPTOR } from '../wire/reply.ts';
import type { Value } from '../workspace/value.ts';
import type { Worker } from './agents.ts';
import type { Broadcast } from './tasks.ts';

/** Metadata that tells how many copies of a broadcast there are so far (S17). */
export const COPIES = 'nwsCopies';

/** What a result is one of: a task, a copy of a broadcast, or a broadcast that its worker never had. */
export interface Origin {
  readonly value: Value;
  readonly batch: string | undefined;
  /** Where its copies are told of. */
  readonly broadcast?: Pick<Broadcast, 'copies'> | undefined;
}

/** The metadata of the task, overlaid by those of the result (S7). */
function metadataOf({ value, batch, broadcast }: Origin, result: Metadata, rank: number): Metadata {
  const metadata = new Map(value.metadata);
  for (const [name, text] of result) metadata.set(name, text);
  if (batch === undefined) metadata.delete('batchId');
  else metadata.set('batchId', batch);
  if (broadcast !== undefined) metadata.set(COPIES, String(broadcast.copies));
  return metadata.set('nwsWorkerRank', String(rank));
}

/** What the result of a worker carries; what is the same as for its last one is not made again. */
export function overlaid(worker: Worker, origin: Origin, result: Metadata): Metadata {
  const { metadata: task } = origin.value;
  // How many copies there are may have changed.
  if (origin.broadcast !== undefined) return metadataOf(origin, result, worker.rank);
  const { overlay } = worker;
  if (overlay?.task === task && overlay.result === result) return overlay.made;
  const made = metadataOf(origin, result, worker.rank);
  worker.overlay = { task, result, made };
  return made;
}

const NULL_METADATA: Metadata = new Map([['nwsNull', '1']]);

/** A result that says that there is none (S13). */
export const nullResultOf = (origin: Origin, rank: number): Value => ({
  descriptor: TEXT_DESCRIPTOR,
  payload: '',
  metadata: metadataOf(origin, NULL_METADATA, rank),
});
