import type { ByteQueue } from '../wire/byte-queue.ts';
import { DictionaryDecoder, MALFORMED } from '../wire/dictionary.ts';
import { NOT_A_NUMBER } from '../wire/numbers.ts';
import type { Metadata } from '../wire/payload.ts';
import type { ReplyValue } from '../wire/reply.ts';

/** The value of a long reply (P7). */
export interface ReceivedValue extends ReplyValue {
  readonly payload: Buffer;
}

/** A reply as it came (P6, P7). Names and reasons in it are Latin-1. */
export interface Reply {
  readonly status: string;
  readonly metadata: Metadata;
  /** Undefined in a short reply. */
  readonly value: ReceivedValue | undefined;
}

const STATUS_WIDTH = 4;
const FIELD = 20;
/** Status, descriptor, the two halves of the cookie, length. */
const LONG_HEAD_WIDTH = STATUS_WIDTH + 4 * FIELD;

interface Head {
  readonly metadata: Metadata;
  readonly status: string;
  readonly value: Omit<ReceivedValue, 'payload'> | undefined;
}

/** Replies with metadata and cookies (P3, P7) out of bytes, in whatever pieces these come. Knows no socket. */
export class ReplyDecoder {
  readonly #input: ByteQueue;
  readonly #dictionary = new DictionaryDecoder(Number.POSITIVE_INFINITY);
  #metadata: Metadata | undefined;
  #head: Head | undefined;
  /** Bytes of the value that are still to come. */
  #left = 0;
  #parts: Buffer[] = [];

  constructor(input: ByteQueue) {
    this.#input = input;
  }

  /**
   * @param isLong the verb says which form its reply has (P7.2)
   * @returns the next reply, undefined while bytes are missing, or MALFORMED: the connection is of no use any more
   */
  next(isLong: boolean): Reply | typeof MALFORMED | undefined {
    if (this.#metadata === undefined) {
      const metadata = this.#dictionary.next(this.#input);
      if (metadata === undefined || metadata === MALFORMED) return metadata;
      this.#metadata = metadata;
    }
    if (this.#head === undefined) {
      if (this.#input.length < (isLong ? LONG_HEAD_WIDTH : STATUS_WIDTH)) return undefined;
      const head = this.#readHead(this.#metadata, isLong);
      if (head === MALFORMED) return MALFORMED;
      this.#head = head;
    }
    if (this.#left > 0) {
      // Gathered as it comes: a queue that had to hold it whole would copy it again and again.
      const part = this.#input.some(this.#left);
      this.#parts.push(part);
      this.#left -= part.length;
      if (this.#left > 0) return undefined;
    }
    return this.#finished(this.#head);
  }

  #readHead(metadata: Metadata, isLong: boolean): Head | typeof MALFORMED {
    const status = this.#text(STATUS_WIDTH);
    if (!/^\d{4}$/.test(status)) return MALFORMED;
    if (!isLong) return { metadata, status, value: undefined };
    const descriptor = this.#input.number(FIELD);
    const variableId = this.#text(FIELD).trimEnd();
    const index = this.#input.number(FIELD);
    this.#left = this.#input.number(FIELD);
    if ([descriptor, index, this.#left].includes(NOT_A_NUMBER)) return MALFORMED;
    return { metadata, status, value: { descriptor, variableId, index } };
  }

  #text(width: number): string {
    return this.#input.text(width) ?? '';
  }

  #finished({ metadata, status, value }: Head): Reply {
    const payload =
      this.#parts.length === 1 && this.#parts[0] !== undefined ? this.#parts[0] : Buffer.concat(this.#parts);
    this.#metadata = undefined;
    this.#head = undefined;
    this.#parts = [];
    return { status, metadata, value: value && { ...value, payload } };
  }
}
