import { isFile } from '../wire/payload.ts';
import { give } from './lease-keeper.ts';
import type { LeasePlace } from './leasing.ts';
import type { PendingGet, Found } from './pending-get.ts';
import type { StorageAccounting } from './storage-accounting.ts';
import { ID_MISMATCH, NO_VALUE_YET, type Refusal } from './refusal.ts';
import { eachInSteps, type InSteps, type Steps } from './steps.ts';
import type { Value } from './value.ts';
import { WaitingLine } from './waiting-line.ts';

/** The gets that wait for a value of one variable. */
export class Waiters {
  readonly finders = new WaitingLine();
  readonly fetchers = new WaitingLine();
  readonly #accounting: StorageAccounting;
  readonly #inSteps: InSteps;

  constructor(accounting: StorageAccounting, inSteps: InSteps) {
    this.#accounting = accounting;
    this.#inSteps = inSteps;
  }

  counts(values: number) {
    return { values, fetchers: this.fetchers.length, finders: this.finders.length };
  }

  /** Handles a get that finds no value: it waits, or is refused if it is a Try form (V4). */
  waitOrRefuse(get: PendingGet): void {
    if (get.waits) (get.takes ? this.fetchers : this.finders).add(get);
    else get.refuse(NO_VALUE_YET);
  }

  /**
   * Gives a new value to every find, then to the fetch that has waited longest (V5).
   * @returns whether a fetch took it, for good or for a time (V13); undefined if none waits
   */
  offer(found: Found, value: Value, place: LeasePlace): 'taken' | 'leased' | undefined {
    if (this.finders.length > 0) this.#inSteps(this.#answer(this.finders.takeAll(), found));
    const fetcher = this.fetchers.shift();
    if (fetcher === undefined) return undefined;
    return give(fetcher, found, value, place) ? 'leased' : 'taken';
  }

  /** Refuses an iteration that began on another variable of this name (V10). */
  mismatch(get: PendingGet, variableId: string): boolean {
    if (get.iterator === undefined || get.iterator.variableId === variableId) return false;
    get.refuse(ID_MISMATCH);
    return true;
  }

  /**
   * Answers in steps, because there may be thousands of finds. The value may be taken before the last of them has it.
   */
  *#answer(finders: readonly PendingGet[], found: Found): Steps {
    const { payload } = found;
    if (isFile(payload)) this.#accounting.lend(payload);
    yield* eachInSteps(finders, (finder) => {
      if (!finder.ended) finder.answer(found);
    });
    if (isFile(payload)) this.#accounting.takeBack(payload);
  }

  *refuseAll(reason: Refusal): Steps {
    yield* eachInSteps(this.finders.drain(), (get) => get.refuse(reason));
    yield* eachInSteps(this.fetchers.drain(), (get) => get.refuse(reason));
  }
}
