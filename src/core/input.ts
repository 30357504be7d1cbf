import { ByteQueue } from '../wire/byte-queue.ts';
import type { RequestBudget } from '../wire/request.ts';

/**
 * The bytes of one client that have arrived and are not read yet. Bytes that stay between two events count as memory
 * (P12).
 */
export class Input extends ByteQueue {
  readonly #room: RequestBudget;
  /** The bytes of memory that it has reserved. */
  #held = 0;

  constructor(room: RequestBudget) {
    super();
    this.#room = room;
  }

  /**
   * Copies the remaining bytes at the end of an event.
   * @returns whether there is memory for them
   */
  settle(): boolean {
    this.keep();
    const more = this.length - this.#held;
    if (more <= 0) this.#room.give(-more);
    else if (this.#room.take(more, this.#held) !== undefined) return false;
    this.#held += more;
    return true;
  }

  /** Discards everything. */
  drop(): void {
    this.pass(this.length);
    this.settle();
  }
}
