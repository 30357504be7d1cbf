/** Small pieces are copied together: each buffer of its own costs some hundred bytes beside its content. */
const BLOCK = 16_384;
/** The part of a value that has to be there before room is made for all of it: who announces much holds little. */
const EARNEST = 1 / 4;

const NOTHING = Buffer.alloc(0);

/** A value of known size that comes in pieces. What is held is at most four times what has come. */
export class BufferBuilder {
  #size = 0;
  #come = 0;
  /** Blocks of what came first. */
  #blocks: Buffer[] = [];
  /** Room of the last block. */
  #left = 0;
  /** Room for all, and all that has come, once it is enough. */
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
    for (const block of this.#blocks) at += block.copy(whole, at, 0, Math.min(block.length, this.#come - at));
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

  /** All of it, when all has come; nothing is left here. */
  take(): Buffer {
    const whole = this.#whole ?? NOTHING;
    this.drop();
    return whole;
  }

  drop(): void {
    this.#come = 0;
    this.#blocks = [];
    this.#left = 0;
    this.#whole = undefined;
  }
}
