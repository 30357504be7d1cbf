/** Milliseconds for which a server that could not be reached is not tried again. */
const AVOIDED_MS = 60_000;

/** What a process knows of the servers that share one store. */
export class StoreServers {
  #store: string | undefined;
  readonly #met = new Set<string>();
  /** By address: until when it is not tried. */
  readonly #avoided = new Map<string, number>();

  /** The name of their store, when one of them has said it (D24). */
  get store(): string | undefined {
    return this.#store;
  }

  /** The addresses at which this process has reached one of them. */
  get met(): readonly string[] {
    return [...this.#met];
  }

  hasMet(address: string): boolean {
    return this.#met.has(address);
  }

  /**
   * A server was reached at this address. The one that the program names may have another store than before; then those of the
   * earlier store are forgotten, because they would not lead to the same data.
   * @param store undefined if it does not say that it shares one
   */
  meet(address: string, store: string | undefined): void {
    if (store !== this.#store) this.#met.clear();
    this.#store = store;
    if (store !== undefined) this.#met.add(address);
    this.#avoided.delete(address);
  }

  /** It cannot be reached from here at this address. @param now milliseconds */
  avoid(address: string, now: number): void {
    this.#avoided.set(address, now + AVOIDED_MS);
  }

  isAvoided(address: string, now: number): boolean {
    return (this.#avoided.get(address) ?? 0) > now;
  }
}

/**
 * The servers beside the one that a program names.
 * @param first HOST:PORT of that one
 * @param lists others, those that are tried earlier first
 */
export const serversBeside = (first: string, ...lists: readonly (readonly string[])[]): string[] => [
  ...new Set(lists.flat().filter((address) => address !== first)),
];

/** What a process knows of servers that share stores, by the address of the server that the program names. */
export class KnownServers {
  readonly #stores = new Map<string, StoreServers>();

  /** @param first HOST:PORT of that server */
  from(first: string): StoreServers {
    const known = this.#stores.get(first);
    if (known !== undefined) return known;
    const servers = new StoreServers();
    this.#stores.set(first, servers);
    return servers;
  }
}
