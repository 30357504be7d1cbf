import { NEED_DATA, readNumber } from './numbers.ts';

const EMPTY = Buffer.alloc(0);

/** Bytes that have arrived and are not read yet. Reads return all requested bytes or nothing. */
export class ByteQueue {
  #bytes: Buffer = EMPTY;
  #at = 0;

  get length(): number {
    return this.#bytes.length - this.#at;
  }

  /** @param chunk read in place; call `keep` before it changes */
  push(chunk: Buffer): void {
    this.#bytes = this.length === 0 ? chunk : Buffer.concat([this.#bytes.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /** Copies the remaining bytes, so that the caller may reuse the chunk. */
  keep(): void {
    this.#bytes = this.length === 0 ? EMPTY : Buffer.from(this.#bytes.subarray(this.#at));
    this.#at = 0;
  }

  /** @returns NEED_DATA, NOT_A_NUMBER or the number; it is consumed in the latter two cases */
  number(width: number): number {
    if (this.length < width) return NEED_DATA;
    this.#at += width;
    return readNumber(this.#bytes, this.#at - width, width);
  }

  /** The next `n` bytes as a Latin-1 string, or undefined while there are fewer. */
  text(n: number): string | undefined {
    if (this.length < n) return undefined;
    this.#at += n;
    return this.#bytes.toString('latin1', this.#at - n, this.#at);
  }

  /** @returns whether the next bytes are these; if so they are consumed */
  skip(bytes: Buffer): boolean {
    const end = this.#at + bytes.length;
    if (end > this.#bytes.length || bytes.compare(this.#bytes, this.#at, end) !== 0) return false;
    this.#at = end;
    return true;
  }

  /** Up to `n` available bytes, without a copy. They are valid until the chunk changes. */
  lend(n: number): Buffer {
    const from = this.#at;
    return this.#bytes.subarray(from, from + this.pass(n));
  }

  /** A copy of up to `n` available bytes. */
  some(n: number): Buffer {
    return Buffer.from(this.lend(n));
  }

  /**
   * Skips up to `n` bytes.
   * @returns the number of skipped bytes
   */
  pass(n: number): number {
    const from = this.#at;
    this.#at = Math.min(from + n, this.#bytes.length);
    return this.#at - from;
  }

  /** All remaining bytes. The queue is empty afterwards. */
  rest(): Buffer {
    return this.some(this.length);
  }
}
