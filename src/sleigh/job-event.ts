/**
 * What happens in a job, as data, for plugins (S30). The names are those of the hooks that the plugin of 2009 had.
 */
import { isFile, sizeOf, type Payload } from '../wire/payload.ts';
import type { Value } from '../workspace/value.ts';
import { batchesIn } from './batch-ref.ts';
import type { Task } from './task.ts';

/** A value as a plugin sees it. */
export interface JobValue {
  readonly descriptor: number;
  /** The bytes as Latin-1; undefined for a large value, which is in a file. */
  readonly payload: string | undefined;
  /** Its size. */
  readonly bytes: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A task, or one worker's copy of a broadcast, as a plugin sees it. */
export interface JobTask {
  /** Unique among the tasks and broadcasts of its job; copies of a broadcast share it. */
  readonly number: number;
  /** The batches that it belongs to (S7, S21); none for a task without `batchId`. */
  readonly batchIds: readonly string[];
  readonly isCopy: boolean;
  /** How often it has been given to a worker. */
  readonly attempts: number;
  readonly value: JobValue;
}

/** The part of an event that depends on its type. */
export type JobHappening =
  /** A rank was reserved for a worker of that sentinel (S2), or for a replacement (S19). */
  | { readonly type: 'declare_worker'; readonly rank: number; readonly sentinel: number }
  /** The worker has registered (S3). */
  | { readonly type: 'register_worker'; readonly rank: number; readonly host: string }
  /** No worker has registered under the rank, and none can any more (S6.1). */
  | { readonly type: 'deadbeat_worker'; readonly rank: number }
  /** The worker has died (S13). With the task that it had; what becomes of that is decided after this event. */
  | { readonly type: 'dead_worker'; readonly rank: number; readonly task: JobTask | undefined }
  /** The waiting sentinels were answered by a heartbeat (S9). */
  | { readonly type: 'woke_sentinels'; readonly sentinels: number }
  /** The group has closed (S6.1). With the number of registered workers. */
  | { readonly type: 'group_close_pre'; readonly workers: number }
  /** The ranks that nobody registered under have become deadbeats. */
  | { readonly type: 'group_close_post'; readonly workers: number }
  /** A task was accepted (S7), and is not queued yet. */
  | { readonly type: 'new_unicast_pre'; readonly task: JobTask }
  /** The task is queued, or a worker that waited has it. */
  | { readonly type: 'new_unicast_post'; readonly task: JobTask }
  /** A broadcast was accepted (S8), and no worker has a copy. */
  | { readonly type: 'new_broadcast_pre'; readonly task: JobTask }
  /** The copies are there for the workers. Those that waited get them after this event. */
  | { readonly type: 'new_broadcast_post'; readonly task: JobTask }
  /** A worker was given the task. */
  | { readonly type: 'assign_task'; readonly rank: number; readonly task: JobTask }
  /** The task of a worker has a result, which no master can fetch yet. */
  | {
      readonly type: 'finish_task_pre';
      readonly rank: number;
      readonly task: JobTask;
      readonly result: JobValue;
    }
  /** A master that waited has the result, or it can be fetched. */
  | {
      readonly type: 'finish_task_post';
      readonly rank: number;
      readonly task: JobTask;
      readonly result: JobValue;
    };

/** Something that happened in a job. It is data: a plugin may keep it, send it elsewhere, or store it. */
export type JobEvent = JobHappening & {
  /** The name of the workspace of the job. */
  readonly job: string;
  /** Milliseconds since 1970. */
  readonly time: number;
};

/** Accepts what happens in a job; undefined when no plugin listens. */
export type EmitJobEvent = ((event: JobHappening) => void) | undefined;

/** The bytes of a value that is not in a file. */
const bytesOf = (payload: Payload): string | undefined =>
  isFile(payload)
    ? undefined
    : typeof payload === 'string'
      ? payload
      : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('latin1');

export const jobValueOf = ({ descriptor, payload, metadata }: Value): JobValue => ({
  descriptor,
  payload: bytesOf(payload),
  bytes: sizeOf(payload),
  metadata: Object.fromEntries(metadata),
});

export const jobTaskOf = ({ number, batch, broadcast, attempts, value }: Task): JobTask => ({
  number,
  batchIds: batchesIn(batch).filter((id) => id !== undefined),
  isCopy: broadcast !== undefined,
  attempts,
  value: jobValueOf(value),
});
