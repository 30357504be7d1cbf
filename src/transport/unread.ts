/** A client that may have to go. */
export interface Reader {
  /** Bytes that were sent to it, and that it has not taken. */
  readonly unread: number;
}

/** What clients have not read, of all connections together (P12). Each is bounded by itself (P11); thousands are not. */
export class Unread<Client extends Reader> {
  readonly #limit: number;
  /** Those who had something unread when they were counted last, and how much. */
  readonly #counted = new Map<Client, number>();
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** No less than there is: it shrinks only when somebody is counted again. */
  get bytes(): number {
    return this.#bytes;
  }

  count(client: Client, unread = client.unread): void {
    this.#bytes += unread - (this.#counted.get(client) ?? 0);
    if (unread > 0) this.#counted.set(client, unread);
    else this.#counted.delete(client);
  }

  /**
   * Who has to go, so that the rest is under the limit with some room: those with the most unread. The last one stays: what
   * it alone has not read is bounded, and it may just have been given that.
   */
  excess(): Client[] {
    if (this.#bytes <= this.#limit) return [];
    for (const client of this.#counted.keys()) this.count(client);
    if (this.#bytes <= this.#limit) return [];
    const enough = (this.#limit * 3) / 4;
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
