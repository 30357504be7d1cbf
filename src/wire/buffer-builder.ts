/** Small pieces are copied together, because each buffer costs some hundred bytes in addition to its content. */
const BLOCK = 16_384;
/**
 * The part of a value that must arrive before memory for all of it is allocated. A client that announces a large
 * value and sends little thus uses little memory.
 */
const EARNEST = 1 / 4;

const NOTHING = Buffer.alloc(0);

/** Assembles a value of known size from pieces. It allocates at most four times the size of what has arrived. */
export class BufferBuilder {
  #size = 0;
  #come = 0;
  /** The first pieces. */
  #blocks: Buffer[] = [];
  /** Free bytes in the last block. */
  #left = 0;
  /** The final buffer with all that has arrived, once enough has arrived. */
  #whole: Buffer | undefined;

  begin(size: number): void {
    this.#size = size;
  }

  /** @param piece is copied */
  add(piece: Buffer): void {
    if (this.#whole === undefined && this.#come + piece.length >= this.#size * EARNEST) this.#makeRoom();
    if (this.#whole === undefined) this.#addToBlocks(piece);
    else piece.copy(this.#whole, this.#come);
    this.#come += piece.length;
  }

  #makeRoom(): void {
    const whole = Buffer.allocUnsafeSlow(this.#size);
    let at = 0;
    // All but the last are full. What the last one has beyond the pieces so far is overwritten by the next.
    for (const block of this.#blocks) at += block.copy(whole, at);
    this.#blocks = [];
    this.#whole = whole;
  }

  #addToBlocks(piece: Buffer): void {
    for (let at = 0; at < piece.length;) {
      let block = this.#blocks.at(-1);
      if (block === undefined || this.#left === 0) {
        block = Buffer.allocUnsafeSlow(Math.max(BLOCK, piece.length - at));
        this.#blocks.push(block);
        this.#left = block.length;
      }
      const copied = piece.copy(block, block.length - this.#left, at);
      at += copied;
      this.#left -= copied;
    }
  }

  /** Returns the complete value and releases it. */
  take(): Buffer {
    const whole = this.#whole ?? NOTHING;
    this.drop();
    return whole;
  }

  drop(): void {
    this.#come = 0;
    this.#blocks = [];
    this.#whole = undefined;
  }
}
