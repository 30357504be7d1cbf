import { constants } from 'node:buffer';
import type { ByteQueue } from '../../wire/byte-queue.ts';
import { DictionaryDecoder, MALFORMED } from '../../wire/dictionary.ts';
import { NOT_A_NUMBER } from '../../wire/numbers.ts';
import type { Metadata } from '../../wire/payload.ts';
import type { ReplyValue } from '../../wire/reply.ts';

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

/** What comes before the bytes of the value. */
export interface ReplyHead {
  readonly status: string;
  readonly metadata: Metadata;
  readonly value: (Omit<ReceivedValue, 'payload'> & { readonly size: number }) | undefined;
}

/** Bytes of the longest buffer that there is; what is longer can be read in parts only. */
const LONGEST_VALUE_BYTES = constants.MAX_LENGTH;

const EMPTY = Buffer.alloc(0);
const STATUS_WIDTH = 4;
const FIELD = 20;
/** Status, descriptor, the two halves of the cookie, length. */
const LONG_HEAD_WIDTH = STATUS_WIDTH + 4 * FIELD;

/** Replies with metadata and cookies (P3, P7) out of bytes, in whatever pieces these come. Knows no socket. */
export class ReplyDecoder {
  readonly #input: ByteQueue;
  readonly #dictionary = new DictionaryDecoder(Number.POSITIVE_INFINITY);
  #metadata: Metadata | undefined;
  /** Bytes of the value that are still to come. */
  #left = 0;
  /** Of a reply that is read whole. */
  #head: ReplyHead | undefined;
  #whole: Buffer = EMPTY;
  #filled = 0;

  constructor(input: ByteQueue) {
    this.#input = input;
  }

  /** Bytes of the value that `part` has not given yet. */
  get left(): number {
    return this.#left;
  }

  /** Whether the value is longer than any buffer. */
  get isTooLarge(): boolean {
    return this.#left > LONGEST_VALUE_BYTES;
  }

  /**
   * @param isLong the verb says which form its reply has (P7.2)
   * @returns the next reply, undefined while bytes are missing, or MALFORMED: the connection is of no use any more
   */
  next(isLong: boolean): Reply | typeof MALFORMED | undefined {
    if (this.#head === undefined) {
      const head = this.head(isLong);
      if (head === undefined || head === MALFORMED) return head;
      if (this.isTooLarge) return MALFORMED;
      this.#head = head;
    }
    for (let part = this.part(); part !== undefined; part = this.part()) this.#gather(part);
    return this.#left > 0 ? undefined : this.#finished(this.#head);
  }

  /** A part that is all of it is taken as it is; others are copied, once, to where they belong. */
  #gather(part: Buffer): void {
    if (this.#filled === 0) {
      if (this.#left === 0) this.#whole = part;
      else this.#whole = Buffer.allocUnsafeSlow(part.length + this.#left);
    }
    if (this.#whole !== part) part.copy(this.#whole, this.#filled);
    this.#filled += part.length;
  }

  #finished({ status, metadata, value }: ReplyHead): Reply {
    const payload = this.#whole;
    this.#head = undefined;
    this.#whole = EMPTY;
    this.#filled = 0;
    if (value === undefined) return { status, metadata, value };
    const { descriptor, variableId, index } = value;
    return { status, metadata, value: { descriptor, variableId, index, payload } };
  }

  /** @returns the next reply but for its bytes, which `part` gives; as `next` else */
  head(isLong: boolean): ReplyHead | typeof MALFORMED | undefined {
    if (this.#metadata === undefined) {
      const metadata = this.#dictionary.next(this.#input);
      if (metadata === undefined || metadata === MALFORMED) return metadata;
      this.#metadata = metadata;
    }
    if (this.#input.length < (isLong ? LONG_HEAD_WIDTH : STATUS_WIDTH)) return undefined;
    const head = this.#readHead(this.#metadata, isLong);
    this.#metadata = undefined;
    return head;
  }

  /** @returns bytes of the value that are there; undefined when there are none, or no more to come */
  part(): Buffer | undefined {
    if (this.#left === 0 || this.#input.length === 0) return undefined;
    const part = this.#input.some(this.#left);
    this.#left -= part.length;
    return part;
  }

  #readHead(metadata: Metadata, isLong: boolean): ReplyHead | typeof MALFORMED {
    const status = this.#text(STATUS_WIDTH);
    if (!/^\d{4}$/.test(status)) return MALFORMED;
    if (!isLong) return { metadata, status, value: undefined };
    const descriptor = this.#input.number(FIELD);
    const variableId = this.#text(FIELD).trimEnd();
    const index = this.#input.number(FIELD);
    const size = this.#input.number(FIELD);
    if ([descriptor, index, size].includes(NOT_A_NUMBER)) return MALFORMED;
    this.#left = size;
    return { metadata, status, value: { descriptor, variableId, index, size } };
  }

  #text(width: number): string {
    return this.#input.text(width) ?? '';
  }
}
