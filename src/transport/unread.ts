import { NO_OTHERS, type OthersUse } from '../workspace/others-use.ts';

/** A client that may have to be closed. */
export interface Reader {
  /** Bytes that were sent to it and that it has not taken. */
  readonly unread: number;
}

/**
 * The bytes that clients have not read, of all connections together (P12). Each connection is limited by itself
 * (P11), but thousands of them could use up the memory.
 */
export class Unread<Client extends Reader> {
  readonly #limit: number;
  readonly #others: Pick<OthersUse, 'unread'>;
  /** The clients that had unread bytes when they were last counted, and how many. */
  readonly #counted = new Map<Client, number>();
  #bytes = 0;

  constructor(limit: number, others: Pick<OthersUse, 'unread'> = NO_OTHERS) {
    this.#limit = limit;
    this.#others = others;
  }

  /** An upper bound of the current number: it decreases only when a client is counted again. */
  get bytes(): number {
    return this.#bytes;
  }

  count(client: Client, unread = client.unread): void {
    this.#bytes += unread - (this.#counted.get(client) ?? 0);
    if (unread > 0) this.#counted.set(client, unread);
    else this.#counted.delete(client);
  }

  /**
   * Returns the clients to close, so that the rest is well below the limit: those with the most unread bytes. The
   * last one stays, because its unread bytes are limited, and it may have received them just now.
   */
  excess(): Client[] {
    const limit = this.#limit - this.#others.unread;
    if (this.#bytes <= limit) return [];
    for (const client of this.#counted.keys()) this.count(client);
    if (this.#bytes <= limit) return [];
    const enough = (limit * 3) / 4;
    const byUnread = [...this.#counted].toSorted(([, a], [, b]) => b - a).map(([client]) => client);
    const gone: Client[] = [];
    for (const client of byUnread.slice(0, -1)) {
      if (this.#bytes <= enough) break;
      this.count(client, 0);
      gone.push(client);
    }
    return gone;
  }
}
