import { PendingStore } from '../machines/pending-store.ts';
import { PendingGet } from '../workspace/pending-get.ts';

/**
 * The requests that are being carried out, by number. Events name a request by its number, so that they are data. The
 * implementations of actions look the request up here.
 */
export class PendingRequests {
  /** The next numbers in order. An array, because there is almost always one, and a map would cost as much as its task. */
  readonly #requests: (PendingGet | PendingStore)[] = [];
  /** The number of requests that have been carried out. */
  #carriedOut = 0;

  /** @returns its number, which is valid until `clear` */
  add(request: PendingGet | PendingStore): number {
    return this.#carriedOut + this.#requests.push(request);
  }

  /** @throws if no request of that number is being carried out, or if it is a store */
  get(number: number): PendingGet {
    const request = this.#requests[number - this.#carriedOut - 1];
    return request instanceof PendingGet ? request : notUnderWay('get', number);
  }

  /** @throws if no request of that number is being carried out, or if it is a get */
  store(number: number): PendingStore {
    const request = this.#requests[number - this.#carriedOut - 1];
    return request instanceof PendingStore ? request : notUnderWay('store', number);
  }

  /** All requests have been carried out. Those that wait are kept in their lines. */
  clear(): void {
    this.#carriedOut += this.#requests.length;
    // Its memory stays, which setting its length would free.
    while (this.#requests.length > 0) this.#requests.pop();
  }
}

function notUnderWay(what: string, number: number): never {
  throw new Error(`no ${what} with the number ${number} is under way`);
}
