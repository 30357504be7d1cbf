import type { PendingStore } from '../machines/pending-store.ts';
import type { PendingGet } from '../workspace/pending-get.ts';

/**
 * The requests that are being carried out, by number. Events name a request by its number, so that they are data. The
 * implementations of actions look the request up here.
 */
export class PendingRequests {
  readonly #gets = new Map<number, PendingGet>();
  readonly #stores = new Map<number, PendingStore>();
  #last = 0;

  /** @returns its number, which is valid until `clear` */
  add(get: PendingGet): number {
    this.#gets.set(++this.#last, get);
    return this.#last;
  }
  addStore(store: PendingStore): number {
    this.#stores.set(++this.#last, store);
    return this.#last;
  }

  /** @throws if no request of that number is being carried out */
  get(request: number): PendingGet {
    return found(this.#gets.get(request), request);
  }
  store(request: number): PendingStore {
    return found(this.#stores.get(request), request);
  }

  /** All requests have been carried out. Those that wait are kept in their lines. */
  clear(): void {
    this.#gets.clear();
    this.#stores.clear();
  }
}

function found<Request>(request: Request | undefined, number: number): Request {
  if (request === undefined) throw new Error(`request ${number} is not under way`);
  return request;
}
