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

  constructor(context: VariableContext) {
    this.#in = context;
  }

  get counts() {
    return this.#in.waiters.counts(this.#value === undefined ? 0 : 1);
  }

  store(value: Value): Refusal | undefined {
    this.#newest++;
    this.#forget();
    if (this.#in.waiters.offer(foundValue(value, this.#in.variableId, this.#newest)))
      this.#in.accounting.release(value);
    else {
      this.#in.accounting.keep(value);
      this.#value = value;
    }
    return undefined;
  }

  get(get: PendingGet): void {
    if (this.#in.waiters.mismatch(get, this.#in.variableId)) return;
    const isNew = (get.iterator?.index ?? -1) < this.#newest;
    if (this.#value === undefined || !isNew) return this.#in.waiters.waitOrRefuse(get);
    get.answer(foundValue(this.#value, this.#in.variableId, this.#newest));
    if (get.takes) this.#forget();
  }

  values(from: number): readonly Value[] {
    return this.#value === undefined || from > 0 ? [] : [this.#value];
  }

  *purge(reason: Refusal): Steps {
    yield* this.#in.waiters.refuseAll(reason);
    this.#forget();
  }

  #forget(): void {
    if (this.#value !== undefined) this.#in.accounting.drop(this.#value);
    this.#value = undefined;
  }
}
