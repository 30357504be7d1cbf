import { give } from './lease-keeper.ts';
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
    const outcome = this.#offer(value);
    if (outcome === 'taken') this.#in.accounting.release(value);
    else this.#in.accounting.keep(value);
    if (outcome === undefined) this.#push(value);
    return undefined;
  }

  #offer(value: Value) {
    const { waiters, variableId, leasePlace } = this.#in;
    return waiters.offer(foundValue(value, variableId), value, leasePlace);
  }

  #push(value: Value): void {
    this.#values.push(value);
    this.#in.record.put(this.#values.length - 1, value);
  }

  returned(_number: number, value: Value): void {
    const outcome = this.#offer(value);
    if (outcome === 'taken') this.#in.accounting.drop(value);
    if (outcome === undefined) this.#push(value);
  }

  get(get: PendingGet): void {
    if (this.#in.waiters.mismatch(get, this.#in.variableId)) return;
    if (get.iterator?.index !== undefined) return get.refuse(get.takes ? NO_IFETCH : NO_IFIND);
    const value = this.#values.at(-1);
    if (value === undefined) return this.#in.waiters.waitOrRefuse(get);
    const found = foundValue(value, this.#in.variableId);
    if (!get.takes) return get.answer(found);
    const isLeased = give(get, found, value, this.#in.leasePlace);
    this.#values.pop();
    this.#in.record.delete(this.#values.length);
    if (!isLeased) this.#in.accounting.drop(value);
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
