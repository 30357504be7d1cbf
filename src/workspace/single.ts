import { give } from './lease-keeper.ts';
import { foundValue, type PendingGet } from './pending-get.ts';
import type { Refusal } from './refusal.ts';
import type { Steps } from './steps.ts';
import type { Value } from './value.ts';
import type { Behaviour, VariableContext } from './behaviour.ts';

/** Holds at most one value; a store replaces it (V3). Values are numbered like those of a fifo (V10.2). */
export class Single implements Behaviour {
  readonly mode = 'single';
  readonly #in: VariableContext;
  #value: Value | undefined;
  /** The number of the newest value. */
  #newest = -1;
  #emptyAt = 0;

  constructor(context: VariableContext) {
    this.#in = context;
  }

  get emptyAt(): number {
    return this.#emptyAt;
  }

  get counts() {
    return this.#in.waiters.counts(this.#value === undefined ? 0 : 1);
  }

  store(value: Value): Refusal | undefined {
    this.#forget();
    this.#newest++;
    const { waiters, variableId, leasePlace } = this.#in;
    const outcome = waiters.offer(foundValue(value, variableId, this.#newest), value, leasePlace);
    if (outcome !== undefined) {
      this.#isEmpty();
      if (outcome === 'leased') this.#in.accounting.keep(value);
      else this.#in.accounting.release(value);
    } else {
      this.#in.accounting.keep(value);
      this.#value = value;
      this.#in.record.put(this.#newest, value);
    }
    return undefined;
  }

  get(get: PendingGet): void {
    if (this.#in.waiters.mismatch(get, this.#in.variableId)) return;
    const isNew = (get.iterator?.index ?? -1) < this.#newest;
    if (this.#value === undefined || !isNew) return this.#in.waiters.waitOrRefuse(get);
    const found = foundValue(this.#value, this.#in.variableId, this.#newest);
    if (!get.takes) return get.answer(found);
    if (give(get, found, this.#value, this.#in.leasePlace)) this.#remove();
    else this.#forget();
    this.#isEmpty();
  }

  /** A newer value has replaced it, or it is the value again. */
  returned(number: number, value: Value): void {
    const { waiters, variableId, leasePlace, accounting, record } = this.#in;
    if (number !== this.#newest) return accounting.drop(value);
    const outcome = waiters.offer(foundValue(value, variableId, number), value, leasePlace);
    if (outcome === 'taken') accounting.drop(value);
    if (outcome !== undefined) return;
    this.#value = value;
    record.put(number, value);
  }

  values(from: number): readonly Value[] {
    return this.#value === undefined || from > 0 ? [] : [this.#value];
  }

  *numbered(): Generator<readonly [number: number, value: Value]> {
    if (this.#value !== undefined) yield [this.#newest, this.#value];
  }

  restoreEmptyAt(number: number): void {
    this.#emptyAt = number;
    this.#newest = number - 1;
  }

  restore(number: number, value: Value): void {
    this.#newest = number;
    this.#value = value;
    this.#in.accounting.keep(value);
  }

  *purge(reason: Refusal): Steps {
    yield* this.#in.waiters.refuseAll(reason);
    this.#forget();
  }

  #forget(): void {
    if (this.#value === undefined) return;
    this.#in.accounting.drop(this.#value);
    this.#remove();
  }

  #remove(): void {
    this.#in.record.delete(this.#newest);
    this.#value = undefined;
  }

  #isEmpty(): void {
    this.#emptyAt = this.#newest + 1;
    this.#in.record.changed();
  }
}
