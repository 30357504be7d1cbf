import type { ByteQueue } from './byte-queue.ts';
import { DictionaryDecoder, MALFORMED } from './dictionary.ts';
import { NOT_A_NUMBER } from './numbers.ts';
import type { Metadata } from './payload.ts';
import type { ReplyValue } from './reply.ts';

/** The value of a long reply (P7). */
export interface ReceivedValue extends ReplyValue {
  readonly payload: Buffer;
}

/** A reply (P6, P7). Names and reasons in it are Latin-1. */
export interface Reply {
  readonly status: string;
  readonly metadata: Metadata;
  /** Undefined in a short reply. */
  readonly value: ReceivedValue | undefined;
}

/** The part of a reply before the bytes of the value. */
export interface ReplyHead {
  readonly status: string;
  readonly metadata: Metadata;
  readonly value: (Omit<ReceivedValue, 'payload'> & { readonly size: number }) | undefined;
}

const EMPTY = Buffer.alloc(0);
const STATUS_WIDTH = 4;
const FIELD = 20;
/** Status, descriptor, the two parts of the cookie, length. */
const LONG_HEAD_WIDTH = STATUS_WIDTH + 4 * FIELD;

/** Decodes replies with metadata and cookies (P3, P7) from bytes in pieces of any size. It uses no socket. */
export class ReplyDecoder {
  readonly #input: ByteQueue;
  readonly #longest: number;
  readonly #dictionary = new DictionaryDecoder(Number.POSITIVE_INFINITY);
  #metadata: Metadata | undefined;
  /** The bytes of the value that have not arrived. */
  #left = 0;
  /** The head of a reply that is read as a whole. */
  #head: ReplyHead | undefined;
  #whole: Buffer = EMPTY;
  #filled = 0;

  /** @param longest the size in bytes of the longest value that is read as a whole; longer ones are read in parts */
  constructor(input: ByteQueue, longest = Number.POSITIVE_INFINITY) {
    this.#input = input;
    this.#longest = longest;
  }

  /** The bytes of the value that `part` has not returned yet. */
  get left(): number {
    return this.#left;
  }

  /** Whether the value is too long to be read as a whole. */
  get isTooLarge(): boolean {
    return this.#left > this.#longest;
  }

  /**
   * @param isLong whether the verb has long replies (P7.2)
   * @returns the next reply, undefined while bytes are missing, or MALFORMED if the connection cannot be used any
   *   more
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

  /** A part that is the whole value is used directly. Others are copied once to their place. */
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

  /** @returns the next reply without the bytes of its value, which `part` returns; otherwise as `next` */
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

  /** @returns available bytes of the value; undefined if there are none, or the value is complete */
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
