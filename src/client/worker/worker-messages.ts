/** The messages between a sentinel and its workers. They are plain data, sent as JSON between processes. */
import type { Company } from '../../machines/pool/company.ts';
import type { ServerAddress } from '../connection/server-address.ts';
import type { OnAbort } from '../task/task-metadata.ts';

/** The cancelled batches that are not settled, by id, with the value of `onAbort`. */
export type CancelledBatches = Readonly<Record<string, OnAbort>>;

/** The order of a worker, which is its first message. */
export interface WorkerOrder {
  readonly type: 'order';
  readonly server: ServerAddress;
  readonly workspace: string;
  readonly rank: number;
  /** The number of calls of its process at once: the process gets an order for each. The default is 1. */
  readonly concurrency?: number | undefined;
  /** The path of a module that it loads before it registers. */
  readonly preload?: string | undefined;
  /** The number of elements after which it leaves. */
  readonly maxTasks?: number | undefined;
  /** Bytes of memory above which it leaves. */
  readonly maxMemory?: number | undefined;
  /** Seconds within which it waits for a server that cannot be reached at the start. */
  readonly reconnectGrace?: number | undefined;
  readonly cancelled: CancelledBatches;
}

export type MessageToWorker =
  | WorkerOrder
  | { readonly type: 'cancelled'; readonly batches: CancelledBatches }
  /** It completes its element, then leaves. */
  | { readonly type: 'leave' }
  /** The job has ended, so it ends at once. */
  | { readonly type: 'release' }
  /** The current call must not complete any more: see `condemned`. */
  | { readonly type: 'condemn'; readonly call: number; readonly rank?: number | undefined };

/** Why a worker leaves by itself, between two elements. */
export type LeaveReason =
  | 'told-to-go'
  | 'max-tasks'
  | 'max-memory'
  | 'not-loaded'
  | 'timed-out'
  | 'cancelled'
  | 'threw'
  | 'cut-off';

/** A call that takes long enough to be reported. */
export interface CallSeen {
  /** Increases with each call of this worker. */
  readonly call: number;
  /** The batch of its task. */
  readonly batch: string;
  /** Its place in the chunk, from 0. */
  readonly at: number;
  /** Its time limit in milliseconds; null if there is none. */
  readonly limit: number | null;
  /** Whether it is still loading the module, before the actual call. */
  readonly isLoading: boolean;
}

/** From a worker that is a thread to its master: the memory that a value refers to (S36). */
export interface MemoryRequest {
  readonly asked: number;
  readonly references: readonly string[];
}

/** The answer, in the order of the references. */
export interface MemoryAnswer {
  readonly asked: number;
  /** Undefined where the memory is gone. */
  readonly memory: readonly (ArrayBufferLike | undefined)[];
}

/** The rank that a message is about; absent if its process has only one. */
interface AboutRank {
  readonly rank?: number | undefined;
}

export type MessageFromWorker =
  | MessageAboutRank
  /** Sent before its call begins, and when its result is stored. */
  | { readonly type: 'company'; readonly rank: number; readonly company: Company };

/** A message of one rank. */
export type MessageAboutRank = AboutRank & RankMessage;

type RankMessage =
  /** It has registered (S3). */
  | { readonly type: 'ready' }
  | ({ readonly type: 'call' } & CallSeen)
  /** The reported call has ended. */
  | { readonly type: 'idle' }
  /** That call cannot complete any more: killing the worker now kills it during that call. */
  | { readonly type: 'condemned'; readonly call: number }
  /** It has no task, and ends. */
  | { readonly type: 'leaving'; readonly why: LeaveReason; readonly words: string };

/** Encodes messages as lines of JSON for a stream of bytes. */
export const lineOf = (message: MessageToWorker | MessageFromWorker): string =>
  `${JSON.stringify(message)}\n`;

/** @returns a function that accepts pieces of such a stream and passes on each message */
export function messagesFrom(onMessage: (message: unknown) => void): (piece: string) => void {
  let rest = '';
  return (piece) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onMessage(JSON.parse(line));
  };
}
