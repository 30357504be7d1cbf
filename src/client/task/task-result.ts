import { KEY } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';
import { failureOf } from './outcome.ts';
import { chunkPart, type ChunkPart } from '../values/chunk.ts';
import type { TaskFailure } from './task-metadata.ts';
import { encodeLeniently, encodeTogether, encodeValue, type EncodedValue } from '../values/values.ts';
import { TASK } from '../errors/job.ts';

/** The metadata of the result of a failed task. */
const FAILED: Metadata = new Map([[KEY.error, '1']]);

/** The result that a worker stores for a task. */
export interface TaskResult {
  readonly value: EncodedValue;
  readonly metadata: Metadata;
  /**
   * The result to store if the server refuses it, so that a value that is too large fails alone and not with its
   * whole chunk.
   * @returns undefined if there is nothing smaller
   */
  readonly without: (error: unknown) => TaskResult | undefined;
}

/** @throws UnsendableError */
export const resultOf = (result: unknown, metadata: Metadata): TaskResult => {
  const value = encodeValue(result, 'result');
  return { value, metadata, without: (error) => failedResult(refused(value.bytes.length, error)) };
};

/** Omits the largest values first: all that are more than half as large as the largest. */
export const chunkResult = (parts: readonly ChunkPart[], metadata: Metadata): TaskResult => ({
  value: encodeTogether(parts),
  metadata,
  without: (error) => {
    const limit = Math.max(...parts.map(sizeOf)) / 2;
    if (limit === 0) return undefined;
    const less = parts.map((part) => {
      const size = sizeOf(part);
      return size <= limit ? part : chunkPart({ failure: refused(size, error) }, 'result', 'threw');
    });
    return chunkResult(less, metadata);
  },
});

/** If the value or error is refused as well, only its size is stored. */
export const failedResult = (failure: TaskFailure): TaskResult => ({
  value: encodeLeniently(failure),
  metadata: FAILED,
  without: (error) => {
    const { code, message } = failure;
    if (!('thrown' in failure)) return undefined;
    const { message: short } = TASK.thrownNotSent(message.slice(0, SHORT), String(error));
    return failedResult({ code, message: short, stack: short });
  },
});

/** The length of a message that is sent alone. */
const SHORT = 200;

function refused(bytes: number, error: unknown): TaskFailure {
  return failureOf(TASK.resultRefused(bytes, String(error)));
}

/** The size of a value in bytes. A failure, which is kept, counts as 0. */
const sizeOf = ({ body: { body }, failure }: ChunkPart): number => (failure === undefined ? body.length : 0);
