import { Chunk } from './chunk.ts';
import { claimed } from './claimed.ts';
import type { Found } from './connection.ts';
import { framesOf } from './stacks.ts';
import { ERROR, type TaskErrorCode, type TaskFailure } from './task-metadata.ts';
import { ForeignValue } from './values.ts';

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
   * - `worker-died`: so often that it is not tried again (S13)
   */
  readonly code: TaskErrorCode;
  /** Of the element; of `eachWorker` the rank of the worker. */
  readonly index: number;
  /** The rank of the worker, where there was one. */
  readonly worker: number | undefined;
  readonly #failure: TaskFailure;

  constructor(index: number, worker: number | undefined, failure: TaskFailure) {
    super(
      `element ${index}: ${failure.message}`,
      'thrown' in failure ? { cause: failure.thrown } : undefined,
    );
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

/**
 * @param sent the first of the elements of the task, and how many they are
 * @param maxAttempts how often it is tried (S13)
 */
export function outcomesOf(
  { value, metadata }: Found,
  { index, count }: { readonly index: number; readonly count: number },
  maxAttempts: number,
): Outcome[] {
  const worker = Number(metadata.get('nwsWorkerRank'));
  const indexes = Array.from({ length: count }, (_, i) => index + i);
  const failed = (at: number, failure: TaskFailure): Outcome => ({
    index: at,
    error: new TaskError(at, worker, failure),
  });
  if (metadata.get('nwsNull') === '1') {
    const died = `given up after ${maxAttempts} attempts: the worker died each time`;
    return indexes.map((at) => failed(at, failure('worker-died', died)));
  }
  if (value instanceof ForeignValue && value.why !== undefined) {
    const unreadable = failure('unreadable', value.why);
    return indexes.map((at) => failed(at, unreadable));
  }
  if (metadata.get(ERROR) === '1') return indexes.map((at) => failed(at, claimed<TaskFailure>(value)));
  if (!(value instanceof Chunk)) return [{ index, worker, value }];
  return Array.from(value, (each, i) =>
    'failure' in each ? failed(index + i, each.failure) : { index: index + i, worker, value: each.value },
  );
}

/** Of elements that never reached a worker. */
export function failedOutcomes(
  { index, count }: { readonly index: number; readonly count: number },
  reason: TaskFailure,
): OutcomeError[] {
  return Array.from({ length: count }, (_, i) => ({
    index: index + i,
    error: new TaskError(index + i, undefined, reason),
  }));
}

/** As `failedOutcomes`, of a task that was not taken. */
export const refusedOutcomes = (
  sent: { readonly index: number; readonly count: number },
  error: unknown,
): OutcomeError[] => failedOutcomes(sent, failure('not-sent', String(error)));

const failure = (code: TaskErrorCode, message: string): TaskFailure => ({ code, message, stack: message });
