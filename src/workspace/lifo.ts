import { foundValue, type PendingGet } from './pending-get.ts';
import { refusal, type Refusal } from './refusal.ts';
import { eachInSteps, type Steps } from './steps.ts';
import type { Value } from './value.ts';
import type { Behaviour, VariableContext } from './behaviour.ts';
import { VARIABLES } from '../wire/refusals.ts';

const NO_IFIND = refusal(VARIABLES.noIfind());
const NO_IFETCH = refusal(VARIABLES.noIfetch());

/** Last in, first out (V3, V4). Its values have no numbers (V10.3). */
export class Lifo implements Behaviour {
  readonly mode: string = 'lifo';
  readonly #values: Value[] = [];
  readonly #in: VariableContext;

  constructor(context: VariableContext) {
    this.#in = context;
  }

  get counts() {
    return this.#in.waiters.counts(this.#values.length);
  }

  store(value: Value): Refusal | undefined {
    if (this.#in.waiters.offer(foundValue(value, this.#in.variableId))) this.#in.accounting.release(value);
    else {
      this.#in.accounting.keep(value);
      this.#values.push(value);
      this.#in.record.put(this.#values.length - 1, value);
    }
    return undefined;
  }

  get(get: PendingGet): void {
    if (this.#in.waiters.mismatch(get, this.#in.variableId)) return;
    if (get.iterator?.index !== undefined) return get.refuse(get.takes ? NO_IFETCH : NO_IFIND);
    const value = this.#values.at(-1);
    if (value === undefined) return this.#in.waiters.waitOrRefuse(get);
    get.answer(foundValue(value, this.#in.variableId));
    if (get.takes) {
      this.#values.pop();
      this.#in.record.delete(this.#values.length);
      this.#in.accounting.drop(value);
    }
  }

  values(from: number, count: number): readonly Value[] {
    const end = Math.max(this.#values.length - from, 0);
    return this.#values.slice(Math.max(end - count, 0), end).toReversed();
  }

  numbered(): Iterable<readonly [number: number, value: Value]> {
    return this.#values.entries();
  }

  restore(_number: number, value: Value): void {
    this.#values.push(value);
    this.#in.accounting.keep(value);
  }

  *purge(reason: Refusal): Steps {
    yield* this.#in.waiters.refuseAll(reason);
  }

  dispose(): Steps {
    return eachInSteps(this.#values.splice(0), (value) => this.#in.accounting.drop(value));
  }
}
