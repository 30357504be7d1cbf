import type { WorkerEnd } from '../machines/worker-end.ts';
import { KEY } from '../wire/names.ts';
import type { Metadata } from '../wire/payload.ts';
import { TEXT_DESCRIPTOR } from '../wire/reply.ts';
import { memoryOfMetadata } from '../workspace/memory-budget.ts';
import type { Value } from '../workspace/value.ts';
import type { Worker } from './agents.ts';
import type { BatchRef } from './batch-ref.ts';
import { NullResults, type Ranks } from './result-queue.ts';
import type { NullReserve } from './null-reserve.ts';
import type { Broadcast } from './tasks.ts';

/** What a result is one of: a task, a copy of a broadcast, or a broadcast that its worker never had. */
export interface Origin {
  readonly value: Value;
  readonly batch: BatchRef;
  /** Where its copies are told of. */
  readonly broadcast?: Pick<Broadcast, 'copies'> | undefined;
}

/** Metadata of the task that say where its result goes (S7, S21); those of the result do not change them. */
const DESTINATION = [KEY.batchId, KEY.mailbox];

/** The metadata of the task, overlaid by those of the result (S7). */
function metadataOf({ value, broadcast }: Origin, result: Metadata, rank: number): Metadata {
  const metadata = new Map(value.metadata);
  for (const [name, text] of result) metadata.set(name, text);
  for (const name of DESTINATION) {
    const text = value.metadata.get(name);
    if (text === undefined) metadata.delete(name);
    else metadata.set(name, text);
  }
  if (broadcast !== undefined) metadata.set(KEY.copies, String(broadcast.copies));
  return metadata.set(KEY.workerRank, String(rank));
}

/** Bytes of memory of the metadata of a result that its worker remembers. */
const MOST_OVERLAY = 2_048;

/** What the result of a worker carries; what is the same as for its last one is not made again. */
export function overlaid(worker: Worker, origin: Origin, result: Metadata): Metadata {
  const { metadata: task } = origin.value;
  // How many copies there are may have changed.
  if (origin.broadcast !== undefined) return metadataOf(origin, result, worker.rank);
  const { overlay } = worker;
  if (overlay?.task === task && overlay.result === result) return overlay.made;
  const made = metadataOf(origin, result, worker.rank);
  // Each worker holds one, so that only those that are likely to come again, small ones, are worth it.
  worker.overlay = memoryOfMetadata(made) <= MOST_OVERLAY ? { task, result, made } : undefined;
  return made;
}

const NULL_METADATA: Metadata = new Map([[KEY.null, '1']]);

/** What a null result tells of how its worker ended (S19). */
function toldOf({ why, how, lastWords, at }: WorkerEnd): Metadata {
  const told = new Map(NULL_METADATA).set(KEY.nullWhy, why);
  if (how !== undefined) told.set(KEY.nullHow, how);
  if (lastWords !== undefined) told.set(KEY.nullLastWords, lastWords);
  if (at !== undefined) told.set(KEY.nullAt, String(at));
  return told;
}

/** A result that says that there is none (S13). @param end as its sentinel reported it (S19) */
export const nullResultOf = (origin: Origin, rank: number, end?: WorkerEnd): Value => ({
  descriptor: TEXT_DESCRIPTOR,
  payload: '',
  metadata: metadataOf(origin, end === undefined ? NULL_METADATA : toldOf(end), rank),
});

/**
 * Those of a number of ranks. They keep nothing but what they are made of: the bytes of the value are needed no longer, and
 * the number of copies is the one of now.
 */
export function nullResultsOf(
  { value: { metadata, owner }, batch, broadcast }: Origin,
  ranks: Ranks,
  { end, reserve }: { end?: WorkerEnd | undefined; reserve?: NullReserve | undefined } = {},
): NullResults {
  const value = reserve?.value ?? { descriptor: 0, payload: '', metadata, owner };
  const origin = { value, batch, broadcast: broadcast && { copies: broadcast.copies } };
  return new NullResults(value, ranks, (rank) => nullResultOf(origin, rank, end), reserve);
}
