import { KEY } from '../../wire/names.ts';
import { Chunk } from '../values/chunk.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import type { Found } from '../connection/connection.ts';
import { framesOf } from './stacks.ts';
import type { ChunkOutcome, TaskErrorCode, TaskFailure } from './task-metadata.ts';
import { ForeignValue } from '../values/foreign-value.ts';
import type { ErrorText } from '../../wire/error-kind.ts';

/**
 * A task that failed. Its `cause` is what was thrown: an error with its name, message, code, properties and causes,
 * as far as they can be sent, or any other value. Its `stack` has the lines of the task, and then those where the
 * batch was started.
 */
export class TaskError extends Error {
  override readonly name = 'TaskError';
  /**
   * - `threw`: its function threw, could not be called, or its result could not be sent
   * - `timed-out`: it took longer than its timeout
   * - `cancelled`: its batch was cancelled
   * - `not-sent`: the element could not be sent, or the server refused it
   * - `unreadable`: the element or its result cannot be decoded
   * - `not-loaded`: no worker can load its module
   * - `worker-died`: its workers died, and it has no attempts left (S13)
   * - `no-workers`: no worker can be had any more
   */
  readonly code: TaskErrorCode;
  /** The index of the element; for `eachWorker` the rank of the worker. */
  readonly index: number;
  /** The rank of the worker, if there was one. */
  readonly worker: number | undefined;
  /** The exit status of the worker that the call ended, if it has one. */
  readonly exitStatus: number | undefined;
  /** The signal that ended the worker during this call, if any: `SIGKILL` … */
  readonly signal: string | undefined;
  /** The end of that worker's standard error output; undefined if there is none. */
  readonly lastWords: string | undefined;
  /** The number of the call that failed, from 1: see `retry`. */
  readonly attempt: number;
  readonly #failure: TaskFailure;

  constructor(index: number, worker: number | undefined, failure: TaskFailure, attempt = 1) {
    super(
      `element ${index}: ${failure.message}`,
      'thrown' in failure ? { cause: failure.thrown } : undefined,
    );
    const { how = '', lastWords = '' } = failure.death ?? {};
    const [, status] = /^exit status (\d+)$/.exec(how) ?? [];
    const [, signal] = /^signal (\S+)$/.exec(how) ?? [];
    this.exitStatus = status === undefined ? undefined : Number(status);
    this.signal = signal;
    this.lastWords = lastWords === '' ? undefined : lastWords;
    this.code = failure.code;
    this.index = index;
    this.worker = worker;
    this.attempt = attempt;
    this.#failure = failure;
    this.stack = `${this.name}: ${this.message}${framesOf(failure.stack)}`;
  }

  /** The reason without the index: `TypeError: …` */
  get reason(): string {
    return this.#failure.message;
  }

  /** The reason, and where it was thrown in the worker, if known. */
  get remoteStack(): string {
    return this.#failure.stack;
  }
}

/** The outcome of one element. */
export type Outcome<R = unknown> = OutcomeValue<R> | OutcomeError;

export interface OutcomeValue<R = unknown> {
  /** From 0. */
  readonly index: number;
  /** The rank of its worker. */
  readonly worker: number;
  readonly value: R;
}

export interface OutcomeError {
  readonly index: number;
  readonly error: TaskError;
}

/** @returns how a task failed as a whole; undefined if it did not */
export function failureIn({ value, metadata }: Found): TaskFailure | undefined {
  if (value instanceof ForeignValue && value.why !== undefined)
    return failureOf({ code: 'unreadable', message: value.why });
  return metadata.get(KEY.error) === '1' ? unsafeCast<TaskFailure>(value) : undefined;
}

/** In place of a value that stays at the server (S34): its size. */
export class LeftBytes {
  readonly bytes: number;

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

/** @returns the outcomes of the elements of a task; of a chunk as many as the worker processed */
export function answersIn({ value, metadata }: Found): readonly ChunkOutcome[] {
  const left = metadata.get(KEY.left);
  if (left !== undefined) return [{ value: new LeftBytes(Number(left)) }];
  return value instanceof Chunk ? [...value] : [{ value }];
}

/** @param worker the rank of the worker that answered */
export const outcomeOf = (index: number, worker: number, answer: ChunkOutcome, attempt?: number): Outcome =>
  'failure' in answer
    ? failed(index, answer.failure, worker, attempt)
    : { index, worker, value: answer.value };

/** The outcome of an element whose task failed. */
export const failed = (
  index: number,
  failure: TaskFailure,
  worker?: number,
  attempt?: number,
): OutcomeError => ({
  index,
  error: new TaskError(index, worker, failure, attempt),
});

/** The reason why an element has no result. */
export const failureOf = (text: ErrorText<TaskErrorCode>): TaskFailure => ({ ...text, stack: text.message });
