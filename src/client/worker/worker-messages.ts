/** What a sentinel and its workers say to each other. Messages are plain data, as JSON between processes. */
import type { ServerAddress } from '../connection/server-address.ts';
import type { OnAbort } from '../task/task-metadata.ts';

/** Batches that are cancelled and not settled yet, by their id, and how: see `onAbort`. */
export type CancelledBatches = Readonly<Record<string, OnAbort>>;

/** What a worker is to do: its first message. */
export interface WorkerOrder {
  readonly type: 'order';
  readonly server: ServerAddress;
  readonly workspace: string;
  readonly rank: number;
  /** The path of a module that it loads before it registers. */
  readonly preload?: string | undefined;
  /** How many elements it does before it leaves. */
  readonly maxTasks?: number | undefined;
  /** Bytes of memory above which it leaves. */
  readonly maxMemory?: number | undefined;
  readonly cancelled: CancelledBatches;
}

export type MessageToWorker =
  | WorkerOrder
  | { readonly type: 'cancelled'; readonly batches: CancelledBatches }
  /** It finishes the element that it has, and leaves. */
  | { readonly type: 'leave' }
  /** The job is over: it ends at once. */
  | { readonly type: 'release' }
  /** The call that it is in must not end any more: see `condemned`. */
  | { readonly type: 'condemn'; readonly call: number };

/** Why a worker leaves by itself, between two elements. */
export type LeaveReason =
  'told-to-go' | 'max-tasks' | 'max-memory' | 'not-loaded' | 'timed-out' | 'threw' | 'cut-off';

/** A call that takes long enough to be told of. */
export interface CallSeen {
  /** Rises with each call of this worker. */
  readonly call: number;
  /** The batch of its task. */
  readonly batch: string;
  /** Its place in the chunk, from 0. */
  readonly at: number;
  /** Milliseconds that it may take; null where there is no limit. */
  readonly limit: number | null;
  /** Whether it loads the module, which is not a call of the task's yet. */
  readonly isLoading: boolean;
}

export type MessageFromWorker =
  /** It has registered (S3). */
  | { readonly type: 'ready' }
  | ({ readonly type: 'call' } & CallSeen)
  /** The call that was told of last has ended. */
  | { readonly type: 'idle' }
  /** That call does not end any more: whoever kills the worker now kills it in that call. */
  | { readonly type: 'condemned'; readonly call: number }
  /** It has nothing in hand, and ends. */
  | { readonly type: 'leaving'; readonly why: LeaveReason; readonly words: string };

/** Messages as lines of JSON over a stream of bytes. */
export const lineOf = (message: MessageToWorker | MessageFromWorker): string =>
  `${JSON.stringify(message)}\n`;

/** @returns takes pieces of such a stream, and hands out each message */
export function messagesFrom(onMessage: (message: unknown) => void): (piece: string) => void {
  let rest = '';
  return (piece) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onMessage(JSON.parse(line));
  };
}
