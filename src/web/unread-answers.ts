import type { ServerResponse } from 'node:http';
import { Unread, type Reader } from '../transport/unread.ts';

/** Bytes of answers and of streams that browsers have not taken, of all together; past it those end who have the most. */
export const MOST_UNREAD = 64 << 20;

class AnswerReader implements Reader {
  readonly response: ServerResponse;

  constructor(response: ServerResponse) {
    this.response = response;
  }

  get unread(): number {
    return this.response.writableLength;
  }
}

/** What is under way to browsers. */
export class UnreadAnswers {
  readonly #unread: Unread<AnswerReader>;
  readonly #readers = new WeakMap<ServerResponse, AnswerReader>();
  readonly #ended: (unread: number) => void;

  /** @param ended told of each that was ended, how much it had not read */
  constructor(ended: (unread: number) => void, limit = MOST_UNREAD) {
    this.#unread = new Unread(limit);
    this.#ended = ended;
  }

  /** Bytes; no less than there are. */
  get bytes(): number {
    return this.#unread.bytes;
  }

  /** Something was written to it. Its connection, or that of somebody who has taken even less, may end for it. */
  count(response: ServerResponse): void {
    let reader = this.#readers.get(response);
    if (reader === undefined) {
      const own = (reader = new AnswerReader(response));
      this.#readers.set(response, own);
      response.once('close', () => this.#unread.count(own, 0));
    }
    this.#unread.count(reader);
    for (const other of this.#unread.excess()) {
      this.#ended(other.unread);
      other.response.destroy();
    }
  }
}
