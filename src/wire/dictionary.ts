import { BOUNDS } from './bounds.ts';
import type { ByteQueue } from './byte-queue.ts';
import { NEED_DATA, NOT_A_NUMBER, pad4 } from './numbers.ts';
import { NO_METADATA, type Metadata } from './payload.ts';

/** The largest dictionary that is remembered, in bytes. Each connection may remember one. */
const REMEMBERED = 1_024;
const REMEMBERED_ENTRIES = 16;
/** The memory of an entry in addition to its texts, in bytes. */
const ENTRY_OVERHEAD = 100;
/** The empty dictionary. */
const NONE = Buffer.from('0000');

export function encodeDictionary(entries: Metadata): string {
  if (entries.size === 0) return '0000';
  let text = pad4(Math.min(entries.size, BOUNDS.metadataTextBytes.value));
  let n = 0;
  for (const [name, value] of entries) {
    if (++n > BOUNDS.metadataTextBytes.value) break;
    text += counted(name) + counted(value);
  }
  return text;
}

function counted(text: string): string {
  const cut =
    text.length > BOUNDS.metadataTextBytes.value ? text.slice(0, BOUNDS.metadataTextBytes.value) : text;
  return pad4(cut.length) + cut;
}

export const MALFORMED = 'malformed';

/** Reads one dictionary (P4), which may arrive in pieces of any size. */
export class DictionaryDecoder {
  #count = NEED_DATA;
  #length = NEED_DATA;
  #name: string | undefined;
  /** Created with the first entry, because most connections send none. */
  #entries: Map<string, string> | undefined;
  #bytes = 0;
  #isDropped = false;
  /** The memory that the last dictionary takes, in bytes, as far as it was kept. */
  size = 0;
  readonly #limit: number;
  /** The last small dictionary. Clients send the same one repeatedly, and these share one map. */
  #last = NO_METADATA;
  #lastBytes = NONE;
  #lastSize = 0;
  /** The bytes of the last dictionary, if it was discarded because it was over the limit. */
  excess: number | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether a dictionary has begun and is not complete. */
  get isMidway(): boolean {
    return this.#count !== NEED_DATA;
  }

  /** The memory of the incomplete dictionary so far, in bytes. */
  get held(): number {
    if (this.#isDropped) return 0;
    return Math.min(this.#bytes, this.#limit) + (this.#entries?.size ?? 0) * ENTRY_OVERHEAD;
  }

  /** Whether it is over the limit already, complete or not. */
  get isOver(): boolean {
    return (
      this.#bytes > this.#limit || (this.#length !== NEED_DATA && this.#bytes + this.#length > this.#limit)
    );
  }
  /** The number of entries that are still to come, if known. */
  get announced(): number {
    return this.#count;
  }

  /** Discards what has arrived, and everything up to the end of the dictionary. */
  drop(): void {
    this.#isDropped = true;
    this.#entries = undefined;
  }

  /** @returns the dictionary, undefined while bytes are missing, or MALFORMED if a count or length is not a number */
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
    this.excess = this.#bytes > this.#limit ? this.#bytes : undefined;
    this.size = this.#isDropped ? 0 : Math.min(this.#bytes, this.#limit) + entries.size * ENTRY_OVERHEAD;
    // A dictionary that was discarded in part is not remembered.
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
