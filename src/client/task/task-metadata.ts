/** Metadata of tasks and results that master and workers of this client exchange. */

/** A variable of mode single: the cancelled batches that are not settled, by id, for sentinels. */
export const CANCELLED_BATCHES = '#cancelled';

/**
 * How the calls of a cancelled batch are ended: by their signal, with 500 ms to react, or with their worker, at once.
 */
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

/** The value of the result of a failed task. */
export interface TaskFailure {
  readonly code: TaskErrorCode;
  /** `TypeError: …`, or another thrown value as text. */
  readonly message: string;
  /** The message and where it was thrown, if known: the frames of the task, without those of this package. */
  readonly stack: string;
  /** The thrown value, as far as it can be sent; absent if nothing was thrown. */
  readonly thrown?: unknown;
  /** How its worker ended, if it did. */
  readonly death?: WorkerDeath | undefined;
}

/** How a worker ended. */
export interface WorkerDeath {
  /** `exit status 1`, `signal SIGKILL` …; empty if unknown. */
  readonly how: string;
  /** The end of its standard error output; empty if there was none. */
  readonly lastWords: string;
}

/** The outcome of one element of a chunk. */
export type ChunkOutcome = { readonly value: unknown } | { readonly failure: TaskFailure };

/** @returns the batch of an id, which for a call of `submit` is followed by a dot and the number of the call */
export const batchOfId = (id: string): string => id.split('.')[0] ?? id;

/** @returns the number of a batch among those of its master, with which its id ends */
export const batchNumber = (batch: string): number => Number(/\d+$/.exec(batchOfId(batch))?.[0] ?? 0);
