import type { Answer, StoreLink } from './link.ts';
import { fault } from '../wire/error-kind.ts';

/** A connection, and how many use it. */
interface Shared {
  readonly link: StoreLink;
  users: number;
}

/** Connections to the store that the partitions of a server share, so that many partitions need few of them. */
export class LinkPool {
  readonly #all: readonly Shared[];

  /** @param make makes a connection, which opens itself when it is used */
  constructor(count: number, make: () => StoreLink) {
    this.#all = Array.from({ length: count }, () => ({ link: make(), users: 0 }));
  }

  /** A share of the connection that has the fewest users. Closing it leaves the connection to the others. */
  take(): StoreLink {
    const [first, ...others] = this.#all;
    if (first === undefined) throw fault('there are no connections to the store');
    const shared = others.reduce((least, each) => (each.users < least.users ? each : least), first);
    return new SharedLink(shared);
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map(({ link }) => link.close()));
  }
}

class SharedLink implements StoreLink {
  readonly #shared: Shared;
  #isClosed = false;

  constructor(shared: Shared) {
    this.#shared = shared;
    shared.users++;
  }

  ask(text: string, values?: readonly unknown[], name?: string): Promise<Answer> {
    return this.#isClosed
      ? Promise.reject(fault('the connection to the store is closed'))
      : this.#shared.link.ask(text, values, name);
  }

  close(): Promise<void> {
    if (!this.#isClosed) this.#shared.users--;
    this.#isClosed = true;
    return Promise.resolve();
  }
}
