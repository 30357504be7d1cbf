/** What master and workers of this client say to each other in the metadata of tasks and results. */

/** Every task: the module and the name of its function (C4). */
export const MODULE = 'module';
export const FUNCTION = 'function';
/** The number of the task in its batch; results come back with it (S7). */
export const NUMBER = 'task';
/** `1`: the value is a chunk of elements, and so is the result, of their outcomes (C5). */
export const CHUNK = 'chunk';
/** Milliseconds after which no other element of a chunk is begun: its result has fewer outcomes then. */
export const BUDGET = 'budget';
/** Of the result of a task with a budget that did not fail: milliseconds until it was ready to be sent. */
export const TOOK = 'took';
/** The variable with the fixed arguments (S11). */
export const FIXED_ARGS = 'fixedArgs';
/** Milliseconds that one call may take. */
export const TIMEOUT = 'timeout';
/** `1`: the task failed; the value is a TaskFailure. */
export const ERROR = 'error';

/** A fifo of batches that are cancelled, for sentinels to read. */
export const CANCELLED_BATCHES = '#cancelled';

/** Why a task has no result. */
export type TaskErrorCode = 'threw' | 'timed-out' | 'cancelled' | 'not-sent' | 'unreadable' | 'worker-died';

/** The value of a failed task's result. */
export interface TaskFailure {
  readonly code: TaskErrorCode;
  /** `TypeError: …`, or what else was thrown. */
  readonly message: string;
  /** The message and where it was thrown, when that is known: the frames of the task, not those of this package. */
  readonly stack: string;
  /** What was thrown, as far as it can be sent; there is none where nothing was. */
  readonly thrown?: unknown;
}

/** What became of one element of a chunk. */
export type ChunkOutcome = { readonly value: unknown } | { readonly failure: TaskFailure };
