import { KEY } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';

/** What master and workers of this client say to each other in the metadata of tasks and results. */

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
  const ids = metadata.get(KEY.batchId);
  const shares = metadata.get(KEY.shares);
  if (ids === undefined || shares === undefined) return () => ids;
  const counts = shares.split(',').map(Number);
  const batches = ids.split(',').flatMap((id, i) => Array.from({ length: counts[i] ?? 0 }, () => id));
  return (place) => batches[place];
}
