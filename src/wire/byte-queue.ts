import { NEED_DATA, readNumber } from './numbers.ts';

const EMPTY = Buffer.alloc(0);

/** Bytes that have come and are not read yet. What is asked for comes whole or not at all. */
export class ByteQueue {
  #bytes: Buffer = EMPTY;
  #at = 0;

  get length(): number {
    return this.#bytes.length - this.#at;
  }

  /** @param chunk read in place: what is left of it later is to be told to `keep` before it changes */
  push(chunk: Buffer): void {
    this.#bytes = this.length === 0 ? chunk : Buffer.concat([this.#bytes.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /** Copies what is left: the chunk may change from now on. */
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

  /** @returns whether these very bytes come next; then they are consumed */
  skip(bytes: Buffer): boolean {
    const end = this.#at + bytes.length;
    if (end > this.#bytes.length || bytes.compare(this.#bytes, this.#at, end) !== 0) return false;
    this.#at = end;
    return true;
  }

  /** Up to `n` bytes, as many as are there, in place: to be copied before the chunk changes. */
  lend(n: number): Buffer {
    const from = this.#at;
    return this.#bytes.subarray(from, from + this.pass(n));
  }

  /** A copy of up to `n` bytes, of as many as are there. */
  some(n: number): Buffer {
    return Buffer.from(this.lend(n));
  }

  /** Leaves out up to `n` bytes. @returns how many */
  pass(n: number): number {
    const from = this.#at;
    this.#at = Math.min(from + n, this.#bytes.length);
    return this.#at - from;
  }

  /** All that is left; the queue is empty afterwards. */
  rest(): Buffer {
    return this.some(this.length);
  }
}
