import { decodeBody, encodeBody, encodeLenient, type Body, type BodyType } from './bodies.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import { failureOf, TaskStopped } from '../task/task-failure.ts';
import type { ChunkOutcome, TaskErrorCode, TaskFailure } from '../task/task-metadata.ts';

/**
 * Values that travel together (C5). Each is encoded by itself, exactly as it would be alone: what it arrives as does not
 * depend on its neighbours, and one that cannot be sent, or read, fails alone. In the place of one that has failed
 * already stands its failure. Pure.
 *
 * On the wire: for each a letter for its form, before that `!` for a failure, the length in bytes, a newline, the bytes.
 */
export class Chunk {
  readonly #parts: readonly EncodedPart[];

  /** @throws RangeError when the bytes are no chunk */
  constructor(encoded: Buffer) {
    this.#parts = [...partsOf(encoded)];
  }

  get length(): number {
    return this.#parts.length;
  }

  /** The value or failure at each place, decoded when it is its turn. */
  *[Symbol.iterator](): Generator<ChunkOutcome, void, undefined> {
    for (const { type, isFailure, bytes } of this.#parts) {
      let value: unknown;
      try {
        value = decodeBody(type, bytes);
      } catch (error) {
        yield { failure: failureOf(unreadable(bytes.length, error)) };
        continue;
      }
      yield isFailure ? { failure: unsafeCast<TaskFailure>(value) } : { value };
    }
  }
}

/** As it came. */
interface EncodedPart {
  readonly type: BodyType;
  readonly isFailure: boolean;
  readonly bytes: Buffer;
}

const LETTERS = { text: 't', json: 'j', bytes: 'b', uint8array: 'u', graph: 'g' } as const;
const TYPES = new Map<string, BodyType>(
  Object.entries(LETTERS).map(([type, letter]) => [letter, unsafeCast<BodyType>(type)]),
);
const HEAD = /^(!?)([a-z])(\d{1,15})$/;
const NEWLINE = 0x0a;

/** @returns why a value that has come cannot be used */
export const unreadable = (length: number, cause: unknown): TaskStopped =>
  new TaskStopped('unreadable', `its ${length} bytes cannot be decoded: ${String(cause)}`, { cause });

/** A value that is to travel in a chunk, or the failure that stands in its place. */
export interface ChunkPart {
  /** Of the value, or of the failure. */
  readonly body: Body;
  readonly failure: TaskFailure | undefined;
}

/**
 * Encodes a value when it is there: whoever made it may change it afterwards, and make the next one of it.
 * @param name what errors call it: `element`, `result` …
 * @param code of its failure when it cannot be sent
 */
export function chunkPart(outcome: ChunkOutcome, name: string, code: TaskErrorCode): ChunkPart {
  if ('failure' in outcome) return failedPart(outcome.failure);
  try {
    const body = encodeBody(outcome.value, name);
    return { body: body.body === outcome.value ? copyOf(body) : body, failure: undefined };
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
    return [`${failure === undefined ? '' : '!'}${LETTERS[type]}${length}\n`, body];
  });
  return pieces.every((piece) => typeof piece === 'string')
    ? Buffer.from(pieces.join(''))
    : Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)));
}

function* partsOf(encoded: Buffer): Generator<EncodedPart, void, undefined> {
  for (let at = 0; at < encoded.length;) {
    const end = encoded.indexOf(NEWLINE, at);
    const [, mark = '', letter = '', length = ''] = HEAD.exec(encoded.toString('latin1', at, end)) ?? [];
    const type = TYPES.get(letter);
    const start = end + 1;
    at = start + Number(length);
    if (end < 0 || type === undefined || at > encoded.length) throw new RangeError('this is no chunk');
    yield { type, isFailure: mark === '!', bytes: encoded.subarray(start, at) };
  }
}
