import type { ByteQueue } from './byte-queue.ts';
import { NEED_DATA, NOT_A_NUMBER, pad4 } from './numbers.ts';
import { NO_METADATA, type Metadata } from './payload.ts';

/** Counts and lengths have four digits, so names and values of metadata end here; longer ones are cut (P4). */
const MOST_ENTRIES = 9_999;

/** Bytes of names and values that are worth remembering, and entries: each connection may do so. */
const REMEMBERED = 1_024;
const REMEMBERED_ENTRIES = 16;
/** What an entry takes in memory beside its texts. */
const ENTRY_OVERHEAD = 100;
/** The dictionary without entries. */
const NONE = Buffer.from('0000');

export function encodeDictionary(entries: Metadata): string {
  if (entries.size === 0) return '0000';
  let text = pad4(Math.min(entries.size, MOST_ENTRIES));
  let n = 0;
  for (const [name, value] of entries) {
    if (++n > MOST_ENTRIES) break;
    text += counted(name) + counted(value);
  }
  return text;
}

function counted(text: string): string {
  const cut = text.length > MOST_ENTRIES ? text.slice(0, MOST_ENTRIES) : text;
  return pad4(cut.length) + cut;
}

export const MALFORMED = 'malformed';

/** Reads one dictionary (P4), in whatever pieces it comes. */
export class DictionaryDecoder {
  #count = NEED_DATA;
  #length = NEED_DATA;
  #name: string | undefined;
  /** Made with the first entry: most connections never say one. */
  #entries: Map<string, string> | undefined;
  #bytes = 0;
  #isDropped = false;
  /** Bytes of memory that the last dictionary takes, as far as it was kept. */
  size = 0;
  readonly #limit: number;
  /** The last one that was kept: clients say the same again and again, and need no other map for it. */
  #last = NO_METADATA;
  #lastBytes = NONE;
  #lastSize = 0;
  /** Why the last dictionary was read but not kept, when it was over the limit. */
  excess: string | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** It has begun to come, and is not complete. */
  get isMidway(): boolean {
    return this.#count !== NEED_DATA;
  }

  /** Bytes of memory that what has come so far takes, as far as it is kept. */
  get held(): number {
    if (this.#isDropped) return 0;
    return Math.min(this.#bytes, this.#limit) + (this.#entries?.size ?? 0) * ENTRY_OVERHEAD;
  }

  /** It is over the limit already, complete or not. */
  get isOver(): boolean {
    return (
      this.#bytes > this.#limit || (this.#length !== NEED_DATA && this.#bytes + this.#length > this.#limit)
    );
  }
  /** Entries that are still to come, once it is known. */
  get announced(): number {
    return this.#count;
  }

  /** What has come is given up, and what comes until the end is not kept. */
  drop(): void {
    this.#isDropped = true;
    this.#entries = undefined;
  }

  /** @returns the dictionary, undefined while bytes are missing, or MALFORMED when a count or length is no number */
  next(input: ByteQueue): Metadata | typeof MALFORMED | undefined {
    if (this.#count === NEED_DATA) {
      if (input.skip(this.#lastBytes)) {
        this.excess = undefined;
        this.size = this.#lastSize;
        return this.#last;
      }
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
        if (this.#bytes <= this.#limit && !this.#isDropped)
          (this.#entries ??= new Map()).set(this.#name, text);
        this.#name = undefined;
        this.#count--;
      }
    }
    const entries = this.#entries ?? NO_METADATA;
    this.#entries = undefined;
    this.excess =
      this.#bytes > this.#limit
        ? `metadata of ${this.#bytes} bytes; the limit is ${this.#limit}.`
        : undefined;
    this.size = this.#isDropped ? 0 : Math.min(this.#bytes, this.#limit) + entries.size * ENTRY_OVERHEAD;
    // What was given up on the way is not all of it.
    const isSmall = this.#bytes <= REMEMBERED && entries.size <= REMEMBERED_ENTRIES;
    if (this.excess === undefined && !this.#isDropped && isSmall) {
      this.#last = entries;
      this.#lastSize = this.size;
      this.#lastBytes = Buffer.from(encodeDictionary(entries), 'latin1');
    }
    this.#isDropped = false;
    this.#count = NEED_DATA;
    this.#bytes = 0;
    return entries;
  }
}
