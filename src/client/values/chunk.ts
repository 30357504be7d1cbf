import { CHUNK_LETTERS, itemsOfChunk, type ChunkItem } from '../../wire/chunk.ts';
import { decodeBody, encodeBody, encodeLenient, type Body } from './bodies.ts';
import { ForeignValue, PICKLE_DESCRIPTOR } from './foreign-value.ts';
import type { Lending } from './lending.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import { failureOf, TaskStopped } from '../task/task-failure.ts';
import type { ChunkOutcome, TaskErrorCode, TaskFailure } from '../task/task-metadata.ts';
import { BYTES } from '../errors/usage.ts';
import { TASK } from '../errors/job.ts';
import { rangeError } from '../../wire/error-kind.ts';

/**
 * Values in one task or result (C5). Each is encoded exactly as it would be alone, so its form does not depend on its
 * neighbours, and a value that cannot be sent or read fails alone. A failure takes the place of its value. Pure.
 *
 * On the wire each has a letter for its form, preceded by `!` for a failure, the length in bytes, a newline, and the
 * bytes.
 */
export class Chunk {
  readonly #parts: readonly ChunkItem[];

  /** @throws RangeError if the bytes are not a chunk */
  constructor(encoded: Buffer) {
    this.#parts = Array.from(itemsOfChunk(encoded), (item) => {
      if (item === undefined) throw rangeError(BYTES.noChunk());
      return item;
    });
  }

  get length(): number {
    return this.#parts.length;
  }

  get bytes(): number {
    return this.#parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** The value or failure at each place, decoded on demand. */
  *[Symbol.iterator](): Generator<ChunkOutcome, void, undefined> {
    for (const { form, isFailure, bytes } of this.#parts) {
      if (form === 'pickle') {
        yield { value: new ForeignValue(PICKLE_DESCRIPTOR, bytes) };
        continue;
      }
      let value: unknown;
      try {
        value = decodeBody(form, bytes);
      } catch (error) {
        yield { failure: failureOf(unreadable(bytes.length, error)) };
        continue;
      }
      yield isFailure ? { failure: unsafeCast<TaskFailure>(value) } : { value };
    }
  }
}

/** @returns the failure for a value that cannot be decoded */
export const unreadable = (length: number, cause: unknown): TaskStopped =>
  new TaskStopped(TASK.unreadable(length, String(cause)), { cause });

/** A value for a chunk, or the failure in its place. */
export interface ChunkPart {
  /** The encoded value or failure. */
  readonly body: Body;
  readonly failure: TaskFailure | undefined;
  /** Keeps the memory that the value refers to (S36). */
  readonly lent?: unknown;
  /** The variable at the server that has the value instead (S34.2). */
  readonly elementIn?: string;
}

/**
 * Encodes a value at once, because the program may change the object afterwards and yield it again.
 * @param name the name of the value in errors: `element`, `result` …
 * @param code the code of the failure if it cannot be sent
 */
export function chunkPart(
  outcome: ChunkOutcome,
  name: string,
  code: TaskErrorCode,
  lending?: Lending,
): ChunkPart {
  if ('failure' in outcome) return failedPart(outcome.failure);
  try {
    const body = encodeBody(outcome.value, name, lending);
    const copied = body.body === outcome.value ? copyOf(body) : body;
    return { body: copied, failure: undefined, lent: lending?.lent() };
  } catch (error) {
    return failedPart({ ...failureOf(error), code });
  }
}

const failedPart = (failure: TaskFailure): ChunkPart => ({ body: encodeLenient(failure), failure });

const copyOf = ({ type, body }: Body): Body => ({
  type,
  body: typeof body === 'string' ? body : Buffer.from(body),
});

export function encodeChunk(parts: readonly ChunkPart[]): Buffer {
  const pieces = parts.flatMap(({ failure, body: { type, body } }) => {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    return [`${failure === undefined ? '' : '!'}${CHUNK_LETTERS[type]}${length}\n`, body];
  });
  return pieces.every((piece) => typeof piece === 'string')
    ? Buffer.from(pieces.join(''))
    : Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)));
}
