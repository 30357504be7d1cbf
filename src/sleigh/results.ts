import type { WorkerEnd } from '../machines/worker-end.ts';
import { KEY } from '../wire/names.ts';
import type { Metadata } from '../wire/payload.ts';
import { TEXT_DESCRIPTOR } from '../wire/reply.ts';
import { memoryOfMetadata } from '../workspace/memory-budget.ts';
import type { Value } from '../workspace/value.ts';
import type { Worker } from './agents.ts';
import type { BatchRef } from './batch-ref.ts';
import type { KeptEnd } from './kept-end.ts';
import { NullResults } from './null-results.ts';
import type { Ranks } from './ranks.ts';
import type { NullReserve } from './null-reserve.ts';
import type { Broadcast } from './task.ts';

/** The origin of a result: a task, a copy of a broadcast, or a broadcast that its worker never had. */
export interface Origin {
  readonly value: Value;
  readonly batch: BatchRef;
  /** The broadcast, whose copies are counted. */
  readonly broadcast?: Pick<Broadcast, 'copies'> | undefined;
}

/** The metadata of the task that determine where its result goes (S7, S21, S28). Those of the result do not override them. */
const DESTINATION = [KEY.batchId, KEY.mailbox, KEY.keepIn, KEY.keepAs];

/** The metadata of the task, overridden by those of the result (S7). */
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

/** The largest metadata of a result that its worker caches, in bytes. */
const MAX_OVERLAY = 2_048;

/** The metadata of a result. If they equal those of the last result, the same map is used. */
export function overlaid(worker: Worker, origin: Origin, result: Metadata): Metadata {
  const { metadata: task } = origin.value;
  // The number of copies may have changed.
  if (origin.broadcast !== undefined) return metadataOf(origin, result, worker.rank);
  const { overlay } = worker;
  if (overlay?.task === task && overlay.result === result) return overlay.made;
  const made = metadataOf(origin, result, worker.rank);
  // Each worker caches one map, so only small ones are cached, which are likely to recur.
  worker.overlay = memoryOfMetadata(made) <= MAX_OVERLAY ? { task, result, made } : undefined;
  return made;
}

const NULL_METADATA: Metadata = new Map([[KEY.null, '1']]);

/** The metadata of a null result about how its worker ended (S19). */
function metadataOfEnd({ why, how, lastWords, at }: WorkerEnd): Metadata {
  const metadata = new Map(NULL_METADATA).set(KEY.nullWhy, why);
  if (how !== undefined) metadata.set(KEY.nullHow, how);
  if (lastWords !== undefined) metadata.set(KEY.nullLastWords, lastWords);
  if (at !== undefined) metadata.set(KEY.nullAt, String(at));
  return metadata;
}

/**
 * A null result (S13).
 * @param end the report of the sentinel (S19)
 */
export const nullResultOf = (origin: Origin, rank: number, end?: WorkerEnd): Value => ({
  descriptor: TEXT_DESCRIPTOR,
  payload: '',
  metadata: metadataOf(origin, end === undefined ? NULL_METADATA : metadataOfEnd(end), rank),
});

/**
 * The null results of a number of ranks. They do not keep the bytes of the value, and carry the current number of
 * copies.
 */
export function nullResultsOf(
  { value: { metadata, owner }, batch, broadcast }: Origin,
  ranks: Ranks,
  { end, reserve }: { end?: KeptEnd | undefined; reserve?: NullReserve | undefined } = {},
): NullResults {
  const value = reserve?.value ?? { descriptor: 0, payload: '', metadata, owner };
  const origin = { value, batch, broadcast: broadcast && { copies: broadcast.copies } };
  const make = (rank: number): Value => nullResultOf(origin, rank, end?.end);
  return new NullResults(value, ranks, make, { end, reserve, copies: broadcast?.copies });
}

/** Whether it is a null result (S13), or one that says that its task has failed (C6). */
export const isFailure = (metadata: Metadata): boolean =>
  metadata.get(KEY.null) === '1' || metadata.get(KEY.error) === '1';
