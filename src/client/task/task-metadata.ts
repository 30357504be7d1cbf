import type { Metadata } from '../../wire/payload.ts';

/** What master and workers of this client say to each other in the metadata of tasks and results. */

/** Every task: the module and the name of its function (C4). */
export const MODULE = 'module';
export const FUNCTION = 'function';
/** The number of the task among those of its master; results come back with it (S7). */
export const NUMBER = 'task';
/** Where the results of a master go, those of all its batches (S21). */
export const MAILBOX = 'mailbox';
/** Of a chunk with elements of several batches: how many there are of each, in the order of `batchId`, with commas. */
export const SHARES = 'shares';
/** How often the task is tried (S19). */
export const MAX_ATTEMPTS = 'maxAttempts';
/** `1`: the value is a chunk of elements, and so is the result, of their outcomes (C5). */
export const CHUNK = 'chunk';
/** Milliseconds after which no other element of a chunk is begun: its result has fewer outcomes then. */
export const BUDGET = 'budget';
/** Of the result of a task with a budget that did not fail: milliseconds until it was ready to be sent. */
export const TOOK = 'took';
/** Of each result: the host of its worker. */
export const HOST = 'host';
/** The variable with the fixed arguments (S11). */
export const FIXED_ARGS = 'fixedArgs';
/** The number of the oldest fixed arguments that are still needed: workers drop those before. */
export const FIXED_ARGS_FROM = 'fixedArgsFrom';
/** Milliseconds that one call may take. */
export const TIMEOUT = 'timeout';
/** `1`: each worker gets a copy of the task, so that none can leave it to another. */
export const EVERYONE = 'everyone';
/** `1`: the task failed; the value is a TaskFailure. */
export const ERROR = 'error';

/** A single: the batches that are cancelled and not settled yet, by their ids, for sentinels to read. */
export const CANCELLED_BATCHES = '#cancelled';

/** How the calls of a cancelled batch are ended: by their signal, with 500 ms to heed it, or with their worker, at once. */
export type OnAbort = 'ask' | 'kill';

/** Why a task has no result. */
export type TaskErrorCode =
  | 'threw'
  | 'timed-out'
  | 'cancelled'
  | 'not-sent'
  | 'unreadable'
  | 'not-loaded'
  | 'worker-died'
  | 'no-workers';

/** The value of a failed task's result. */
export interface TaskFailure {
  readonly code: TaskErrorCode;
  /** `TypeError: …`, or what else was thrown. */
  readonly message: string;
  /** The message and where it was thrown, when that is known: the frames of the task, not those of this package. */
  readonly stack: string;
  /** What was thrown, as far as it can be sent; there is none where nothing was. */
  readonly thrown?: unknown;
  /** How its worker ended, where it did. */
  readonly death?: WorkerDeath | undefined;
}

/** How a worker ended. */
export interface WorkerDeath {
  /** `exit status 1`, `signal SIGKILL` …; empty where nobody knows. */
  readonly how: string;
  /** The end of what it printed on its standard error; empty where there was nothing. */
  readonly lastWords: string;
}

/** What became of one element of a chunk. */
export type ChunkOutcome = { readonly value: unknown } | { readonly failure: TaskFailure };

/** @returns tells the batch of the element at each place of a task: a chunk may have elements of several */
export function batchOfPlace(metadata: Metadata): (place: number) => string | undefined {
  const ids = metadata.get('batchId');
  const shares = metadata.get(SHARES);
  if (ids === undefined || shares === undefined) return () => ids;
  const counts = shares.split(',').map(Number);
  const batches = ids.split(',').flatMap((id, i) => Array.from({ length: counts[i] ?? 0 }, () => id));
  return (place) => batches[place];
}
