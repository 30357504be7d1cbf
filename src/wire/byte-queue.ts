import { NEED_DATA, readNumber } from './numbers.ts';

const EMPTY = Buffer.alloc(0);

/** Bytes that have come and are not read yet. What is asked for comes whole or not at all. */
export class ByteQueue {
  #bytes: Buffer = EMPTY;
  #at = 0;

  get length(): number {
    return this.#bytes.length - this.#at;
  }

  push(chunk: Buffer): void {
    this.#bytes = this.length === 0 ? chunk : Buffer.concat([this.#bytes.subarray(this.#at), chunk]);
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

  /** Up to `n` bytes, as many as are there, without a copy. */
  some(n: number): Buffer {
    const from = this.#at;
    this.#at = Math.min(from + n, this.#bytes.length);
    return this.#bytes.subarray(from, this.#at);
  }

  /** All that is left; the queue is empty afterwards. */
  rest(): Buffer {
    return this.some(this.length);
  }
}
