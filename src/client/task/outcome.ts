import { KEY } from '../../wire/names.ts';
import { Chunk } from '../values/chunk.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import type { Found } from '../connection/connection.ts';
import { framesOf } from './stacks.ts';
import type { ChunkOutcome, TaskErrorCode, TaskFailure } from './task-metadata.ts';
import { ForeignValue } from '../values/values.ts';

/**
 * A task that failed. Its `cause` is what was thrown: an error with its name, message, code, properties and causes, as
 * far as they can be sent, or whatever else. Its `stack` says where that was in the task, and then where the batch was begun.
 */
export class TaskError extends Error {
  override readonly name = 'TaskError';
  /**
   * - `threw`: its function did, or it could not be called, or its result could not be sent
   * - `timed-out`: it took longer than its timeout
   * - `cancelled`: its batch was
   * - `not-sent`: the element could not be sent, or the server did not take it
   * - `unreadable`: what came, the element or its result, cannot be decoded
   * - `not-loaded`: no worker can load its module
   * - `worker-died`: so often that it is not tried again (S13)
   * - `no-workers`: no worker can be had any more
   */
  readonly code: TaskErrorCode;
  /** Of the element; of `eachWorker` the rank of the worker. */
  readonly index: number;
  /** The rank of the worker, where there was one. */
  readonly worker: number | undefined;
  /** The exit status of the worker that the call ended, where it had one. */
  readonly exitStatus: number | undefined;
  /** The signal that ended the worker in this call, if one did: `SIGKILL` … */
  readonly signal: string | undefined;
  /** The end of what that worker printed on its standard error; undefined where there is nothing. */
  readonly lastWords: string | undefined;
  readonly #failure: TaskFailure;

  constructor(index: number, worker: number | undefined, failure: TaskFailure) {
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
    this.#failure = failure;
    this.stack = `${this.name}: ${this.message}${framesOf(failure.stack)}`;
  }

  /** What went wrong, without the index: `TypeError: …` */
  get reason(): string {
    return this.#failure.message;
  }

  /** The reason, and where it was thrown in the worker, when that is known. */
  get remoteStack(): string {
    return this.#failure.stack;
  }
}

/** What became of one element. */
export type Outcome<R = unknown> = OutcomeValue<R> | OutcomeError;

export interface OutcomeValue<R = unknown> {
  /** From 0. */
  readonly index: number;
  /** The rank of the worker that did it. */
  readonly worker: number;
  readonly value: R;
}

export interface OutcomeError {
  readonly index: number;
  readonly error: TaskError;
}

/** @returns how a task failed as a whole; undefined where it did not */
export function failureIn({ value, metadata }: Found): TaskFailure | undefined {
  if (value instanceof ForeignValue && value.why !== undefined) return failureOf('unreadable', value.why);
  return metadata.get(KEY.error) === '1' ? unsafeCast<TaskFailure>(value) : undefined;
}

/** @returns what became of each element of a task that its worker has answered: of a chunk as far as the worker came */
export const answersIn = ({ value }: Found): readonly ChunkOutcome[] =>
  value instanceof Chunk ? [...value] : [{ value }];

/** @param worker the rank of who answered */
export const outcomeOf = (index: number, worker: number, answer: ChunkOutcome): Outcome =>
  'failure' in answer ? failed(index, answer.failure, worker) : { index, worker, value: answer.value };

/** Of an element whose task failed. */
export const failed = (index: number, failure: TaskFailure, worker?: number): OutcomeError => ({
  index,
  error: new TaskError(index, worker, failure),
});

/** What says why an element has no result. */
export const failureOf = (code: TaskErrorCode, message: string): TaskFailure => ({
  code,
  message,
  stack: message,
});
