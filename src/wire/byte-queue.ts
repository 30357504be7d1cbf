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

  /** Up to `n` bytes, as many as are there, without a copy. */
  some(n: number): Buffer {
    const from = this.#at;
    this.#at = Math.min(from + n, this.#bytes.length);
    return this.#bytes.subarray(from, this.#at);
  }

  /** To be called when reading has come as far as it goes: what was read is not kept for the sake of the rest. */
  settle(): void {
    if (this.length === 0) this.#bytes = EMPTY;
    else if (this.#bytes.length > 2 * this.length)
      this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at)]);
    else return;
    this.#at = 0;
  }

  /** All that is left; the queue is empty afterwards. */
  rest(): Buffer {
    return this.some(this.length);
  }
}
