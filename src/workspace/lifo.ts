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

  constructor(surroundings: VariableContext) {
    this.#in = surroundings;
  }

  get counts() {
    return this.#in.waiters.counts(this.#values.length);
  }

  store(value: Value): Refusal | undefined {
    if (this.#in.waiters.offer(foundValue(value, this.#in.variableId))) this.#in.holdings.release(value);
    else {
      this.#in.holdings.keep(value);
      this.#values.push(value);
    }
    return undefined;
  }

  get(ask: PendingGet): void {
    if (this.#in.waiters.mismatch(ask, this.#in.variableId)) return;
    if (ask.iterator?.index !== undefined) return ask.refuse(ask.takes ? NO_IFETCH : NO_IFIND);
    const value = this.#values.at(-1);
    if (value === undefined) return this.#in.waiters.waitOrRefuse(ask);
    ask.answer(foundValue(value, this.#in.variableId));
    if (ask.takes) {
      this.#values.pop();
      this.#in.holdings.drop(value);
    }
  }

  values(from: number, count: number): readonly Value[] {
    const end = Math.max(this.#values.length - from, 0);
    return this.#values.slice(Math.max(end - count, 0), end).toReversed();
  }

  *purge(reason: Refusal): Steps {
    yield* this.#in.waiters.refuseAll(reason);
  }

  dispose(): Steps {
    return eachInSteps(this.#values.splice(0), (value) => this.#in.holdings.drop(value));
  }
}
