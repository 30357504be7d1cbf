import Denque from 'denque';
import { foundValue, type PendingGet } from './pending-get.ts';
import { sizeOf } from '../wire/payload.ts';
import { refusal, type Refusal } from './refusal.ts';
import { eachInSteps, type Steps } from './steps.ts';
import type { Value } from './value.ts';
import type { Behaviour, VariableContext } from './behaviour.ts';
import { VARIABLES } from '../wire/refusals.ts';

const BEYOND_HEAD = refusal(VARIABLES.beyondHead());

/** The limits of a bounded fifo (S20). */
export interface RingBounds {
  readonly count: number;
  /** Bytes of values and metadata together. */
  readonly bytes: number;
}

const bytesOf = ({ payload, metadata }: Value): number => {
  let bytes = sizeOf(payload);
  for (const [name, text] of metadata) bytes += name.length + text.length;
  return bytes;
};

/**
 * First in, first out (V3, V4). Values are numbered from 0, and keep their numbers when others are removed (V10).
 * With bounds, a store removes the oldest values to make room, but never the newest one (S20).
 */
export class Fifo implements Behaviour {
  readonly mode = 'fifo';
  readonly #values = new Denque<Value>();
  readonly #in: VariableContext;
  /** The number of the value at the head. */
  #first = 0;
  #emptyAt = 0;
  readonly #bounds: RingBounds | undefined;
  #bytes = 0;

  constructor(context: VariableContext, bounds?: RingBounds) {
    this.#in = context;
    this.#bounds = bounds;
  }

  get emptyAt(): number {
    return this.#emptyAt;
  }

  get counts() {
    return this.#in.waiters.counts(this.#values.length);
  }

  store(value: Value): Refusal | undefined {
    const number = this.#first + this.#values.length;
    if (this.#in.waiters.offer(foundValue(value, this.#in.variableId, number))) {
      // A waiting fetch consumed the value, so its number is used. A fetch waits only while the fifo is empty.
      this.#first = number + 1;
      this.#isEmpty();
      this.#in.accounting.release(value);
    } else {
      this.#in.accounting.keep(value);
      this.#values.push(value);
      this.#in.record.put(number, value);
      if (this.#bounds !== undefined) this.#makeRoom(value, this.#bounds);
    }
    return undefined;
  }

  #makeRoom(newest: Value, { count, bytes }: RingBounds): void {
    this.#bytes += bytesOf(newest);
    while (this.#values.length > 1 && (this.#values.length > count || this.#bytes > bytes)) this.#dropHead();
  }

  #dropHead(): void {
    const value = this.#values.shift();
    if (value === undefined) return;
    this.#in.record.delete(this.#first++);
    if (this.#values.length === 0) this.#isEmpty();
    if (this.#bounds !== undefined) this.#bytes -= bytesOf(value);
    this.#in.accounting.drop(value);
  }

  #isEmpty(): void {
    this.#emptyAt = this.#first;
    this.#in.record.changed();
  }

  get(get: PendingGet): void {
    if (this.#in.waiters.mismatch(get, this.#in.variableId)) return;
    // The first value after the iterator's that is still present.
    const at = Math.max((get.iterator?.index ?? -1) + 1 - this.#first, 0);
    // V10.1, even if the fifo is empty: the awaited value would not be at the head when it comes.
    if (get.takes && at > 0) return get.refuse(BEYOND_HEAD);
    const value = this.#values.peekAt(at);
    if (value === undefined || at >= this.#values.length) return this.#in.waiters.waitOrRefuse(get);
    get.answer(foundValue(value, this.#in.variableId, this.#first + at));
    if (get.takes) this.#dropHead();
  }

  values(from: number, count: number): readonly Value[] {
    const values: Value[] = [];
    for (let at = from; at < Math.min(from + count, this.#values.length); at++) {
      const value = this.#values.peekAt(at);
      if (value !== undefined) values.push(value);
    }
    return values;
  }

  *numbered(): Generator<readonly [number: number, value: Value]> {
    for (let at = 0; at < this.#values.length; at++) {
      const value = this.#values.peekAt(at);
      if (value !== undefined) yield [this.#first + at, value];
    }
  }

  restoreEmptyAt(number: number): void {
    this.#emptyAt = this.#first = number;
  }

  restore(number: number, value: Value): void {
    if (this.#values.length === 0) this.#first = number;
    this.#values.push(value);
    this.#in.accounting.keep(value);
    if (this.#bounds !== undefined) this.#bytes += bytesOf(value);
  }

  *purge(reason: Refusal): Steps {
    yield* this.#in.waiters.refuseAll(reason);
  }

  dispose(): Steps {
    const values = this.#values.toArray();
    this.#values.clear();
    return eachInSteps(values, (value) => this.#in.accounting.drop(value));
  }
}
