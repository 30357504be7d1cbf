import { CAPACITY } from '../wire/capacity-refusals.ts';
import { refusal, type Refusal } from './refusal.ts';
import { eachInSteps, type Steps } from './steps.ts';
import type { StorageAccounting } from './storage-accounting.ts';
import { WaitingLine } from './waiting-line.ts';
import type { WaitingStore } from './waiting-store.ts';

export const FULL = refusal(CAPACITY.full());

/** How many values a fifo holds at most, and the stores that wait for room (V14). Their values count in memory. */
export class Capacity {
  readonly count: number;
  readonly #accounting: StorageAccounting;
  readonly #stores = new WaitingLine<WaitingStore>();

  constructor(count: number, accounting: StorageAccounting) {
    this.count = count;
    this.#accounting = accounting;
  }

  get stores(): Iterable<WaitingStore> {
    return this.#stores;
  }
  get length(): number {
    return this.#stores.length;
  }

  wait(store: WaitingStore): void {
    this.#accounting.keep(store.value);
    this.#stores.add(store, () => this.#accounting.drop(store.value));
  }

  /** @returns the store that has waited longest, whose value is kept */
  next(): WaitingStore | undefined {
    return this.#stores.shift();
  }

  refuseAll(reason: Refusal): Steps {
    return eachInSteps(this.#stores.drain(), (store) => {
      this.#accounting.drop(store.value);
      store.refuse(reason);
    });
  }
}
