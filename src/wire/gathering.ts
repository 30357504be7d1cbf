/** Smaller pieces are copied together: each buffer of its own costs some hundred bytes beside its content. */
const SMALL = 16_384;

/** A value that comes in pieces, of any size. What is held is about as large as the value so far. */
export class Gathering {
  #parts: Buffer[] = [];
  /** What small pieces are copied into, and how much of it is used. */
  #block: Buffer | undefined;
  #used = 0;

  add(piece: Buffer): void {
    if (piece.length >= SMALL || this.#parts.length === 0) {
      this.#endBlock();
      this.#parts.push(piece);
      return;
    }
    for (let at = 0; at < piece.length;) {
      this.#block ??= Buffer.allocUnsafeSlow(SMALL);
      const copied = piece.copy(this.#block, this.#used, at);
      at += copied;
      this.#used += copied;
      if (this.#used === SMALL) this.#endBlock();
    }
  }

  #endBlock(): void {
    if (this.#block !== undefined) this.#parts.push(this.#block.subarray(0, this.#used));
    this.#block = undefined;
    this.#used = 0;
  }

  /** All of it; nothing is left here. */
  take(): Buffer {
    this.#endBlock();
    const [first] = this.#parts;
    const all = first !== undefined && this.#parts.length === 1 ? first : Buffer.concat(this.#parts);
    this.#parts = [];
    return all;
  }

  drop(): void {
    this.#block = undefined;
    this.#used = 0;
    this.#parts = [];
  }
}
