import type { ByteQueue } from './byte-queue.ts';
import { NEED_DATA, NOT_A_NUMBER, pad4 } from './numbers.ts';
import { NO_METADATA, type Metadata } from './payload.ts';

/** Counts and lengths have four digits, so names and values of metadata end here; longer ones are cut (P4). */
const MOST = 9_999;

export function encodeDictionary(entries: Metadata): string {
  if (entries.size === 0) return '0000';
  let text = pad4(Math.min(entries.size, MOST));
  let n = 0;
  for (const [name, value] of entries) {
    if (++n > MOST) break;
    text += counted(name) + counted(value);
  }
  return text;
}

function counted(text: string): string {
  const cut = text.length > MOST ? text.slice(0, MOST) : text;
  return pad4(cut.length) + cut;
}

export const MALFORMED = 'malformed';

/** Reads one dictionary (P4), in whatever pieces it comes. */
export class DictionaryDecoder {
  #count = NEED_DATA;
  #length = NEED_DATA;
  #name: string | undefined;
  #entries = new Map<string, string>();
  #bytes = 0;
  #isDropped = false;
  /** Bytes of the last dictionary, as far as they were kept. */
  size = 0;
  readonly #limit: number;
  /** Why the last dictionary was read but not kept, when it was over the limit. */
  excess: string | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** It has begun to come, and is not complete. */
  get isMidway(): boolean {
    return this.#count !== NEED_DATA;
  }

  /** Bytes of what has come so far and is kept. */
  get held(): number {
    return this.#isDropped ? 0 : Math.min(this.#bytes, this.#limit);
  }

  /** What has come is given up, and what comes until the end is not kept. */
  drop(): void {
    this.#isDropped = true;
    this.#entries = new Map();
  }

  /** @returns the dictionary, undefined while bytes are missing, or MALFORMED when a count or length is no number */
  next(input: ByteQueue): Metadata | typeof MALFORMED | undefined {
    if (this.#count === NEED_DATA) {
      this.#count = input.number(4);
      if (this.#count === NEED_DATA) return undefined;
      if (this.#count === NOT_A_NUMBER) return MALFORMED;
    }
    while (this.#count > 0) {
      if (this.#length === NEED_DATA) {
        this.#length = input.number(4);
        if (this.#length === NEED_DATA) return undefined;
        if (this.#length === NOT_A_NUMBER) return MALFORMED;
      }
      const text = input.text(this.#length);
      if (text === undefined) return undefined;
      this.#length = NEED_DATA;
      this.#bytes += text.length;
      if (this.#name === undefined) this.#name = text;
      else {
        if (this.#bytes <= this.#limit && !this.#isDropped) this.#entries.set(this.#name, text);
        this.#name = undefined;
        this.#count--;
      }
    }
    const entries = this.#entries.size === 0 ? NO_METADATA : this.#entries;
    this.excess =
      this.#bytes > this.#limit
        ? `metadata of ${this.#bytes} bytes; the limit is ${this.#limit}.`
        : undefined;
    this.size = this.held;
    this.#count = NEED_DATA;
    this.#bytes = 0;
    this.#isDropped = false;
    if (entries !== NO_METADATA) this.#entries = new Map();
    return entries;
  }
}
