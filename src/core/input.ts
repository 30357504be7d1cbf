import { ByteQueue } from '../wire/byte-queue.ts';
import type { RequestBudget } from '../wire/request.ts';

/** What has come from one client and is not read yet. What lies here between two events is room that it takes (P12). */
export class Input extends ByteQueue {
  readonly #room: RequestBudget;
  /** Bytes of room that it has taken. */
  #held = 0;

  constructor(room: RequestBudget) {
    super();
    this.#room = room;
  }

  /** The event is over: what is left is copied. @returns whether there is room for it */
  settle(): boolean {
    this.keep();
    const more = this.length - this.#held;
    if (more === 0) return true;
    if (more < 0) this.#room.give(-more);
    else if (this.#room.take(more, this.#held) !== undefined) return false;
    this.#held += more;
    return true;
  }

  /** Nobody is going to read it. */
  drop(): void {
    this.pass(this.length);
    this.settle();
  }
}
