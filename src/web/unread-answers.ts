import { BOUNDS } from '../wire/bounds.ts';
import type { ServerResponse } from 'node:http';
import { Unread, type Reader } from '../transport/unread.ts';

class AnswerReader implements Reader {
  readonly response: ServerResponse;

  constructor(response: ServerResponse) {
    this.response = response;
  }

  get unread(): number {
    return this.response.writableLength;
  }
}

/** The bytes that are on their way to browsers. */
export class UnreadAnswers {
  readonly #unread: Unread<AnswerReader>;
  readonly #readers = new WeakMap<ServerResponse, AnswerReader>();
  readonly #ended: (unread: number) => void;

  /** @param ended called for each connection that was closed, with its unread bytes */
  constructor(ended: (unread: number) => void, limit = BOUNDS.webUnreadBytes.value) {
    this.#unread = new Unread(limit);
    this.#ended = ended;
  }

  /** An upper bound of the current number of bytes. */
  get bytes(): number {
    return this.#unread.bytes;
  }

  /** Must be called after a write. It may close the connection, or another one with more unread bytes. */
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
