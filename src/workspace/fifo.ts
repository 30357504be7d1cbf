import Denque from 'denque';
import { Capacity, FULL } from './capacity.ts';
import { give } from './lease-keeper.ts';
import { foundValue, type PendingGet } from './pending-get.ts';
import { sizeOf } from '../wire/payload.ts';
import { refusal, type Refusal } from './refusal.ts';
import { eachInSteps, type Steps } from './steps.ts';
import type { Value } from './value.ts';
import type { Behaviour, VariableContext } from './behaviour.ts';
import type { WaitingStore } from './waiting-store.ts';
import { VARIABLES } from '../wire/refusals.ts';

const BEYOND_HEAD = refusal(VARIABLES.beyondHead());
const NO_LEASES = refusal(VARIABLES.noLeases('bounded'));

interface Numbered {
  readonly number: number;
  readonly value: Value;
}

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
  /** Values before these that were leased and have returned, in the order of their numbers (V13.2). */
  readonly #earlier: Numbered[] = [];
  readonly #in: VariableContext;
  /** The number of the first of `#values`, or of the next value. */
  #first = 0;
  #emptyAt = 0;
  readonly #bounds: RingBounds | undefined;
  #bytes = 0;
  #capacity: Capacity | undefined;

  constructor(context: VariableContext, bounds?: RingBounds) {
    this.#in = context;
    this.#bounds = bounds;
  }

  get emptyAt(): number {
    return this.#emptyAt;
  }

  get counts() {
    return this.#in.waiters.counts(this.#length);
  }

  get capacity(): number | undefined {
    return this.#capacity?.count;
  }
  get storers(): number {
    return this.#capacity?.length ?? 0;
  }
  waiting(): Iterable<WaitingStore> {
    return this.#capacity?.stores ?? [];
  }

  limit(capacity: number): void {
    this.#capacity = new Capacity(capacity, this.#in.accounting);
  }

  /** Values that clients have taken for a time count, because they may return (V14.1). */
  get isFull(): boolean {
    const { leases } = this.#in.leasePlace;
    return this.#capacity !== undefined && this.#length + leases.size >= this.#capacity.count;
  }

  storeLater(store: WaitingStore): void {
    this.#capacity?.wait(store);
  }

  /** Lets stores that wait store their values, the one that has waited longest first, while there is room. */
  #admit(): void {
    while (!this.isFull) {
      const store = this.#capacity?.next();
      if (store === undefined) return;
      this.#put(store.value);
      store.stored();
    }
  }

  removed(): void {
    this.#admit();
  }

  store(value: Value): Refusal | undefined {
    if (this.isFull) return FULL;
    this.#in.accounting.keep(value);
    this.#put(value);
    return undefined;
  }

  /** Gives a value that is kept to a client that waits, or adds it. */
  #put(value: Value): void {
    const number = this.#first + this.#values.length;
    const { waiters, variableId, leasePlace } = this.#in;
    const outcome = waiters.offer(foundValue(value, variableId, number), value, leasePlace);
    if (outcome !== undefined) {
      // A waiting fetch took the value, so its number is used. A fetch waits only while the fifo is empty.
      this.#first = number + 1;
      this.#isEmpty();
      if (outcome === 'taken') this.#in.accounting.drop(value);
    } else {
      this.#values.push(value);
      this.#in.record.put(number, value);
      if (this.#bounds !== undefined) this.#makeRoom(value, this.#bounds);
    }
  }

  #makeRoom(newest: Value, { count, bytes }: RingBounds): void {
    this.#bytes += bytesOf(newest);
    while (this.#values.length > 1 && (this.#values.length > count || this.#bytes > bytes)) this.#dropHead();
  }

  #dropHead(): void {
    const head = this.#removeHead();
    if (head !== undefined) this.#in.accounting.drop(head);
  }

  #removeHead(): Value | undefined {
    const earlier = this.#earlier.shift();
    const value = earlier?.value ?? this.#values.shift();
    if (value === undefined) return undefined;
    this.#in.record.delete(earlier?.number ?? this.#first++);
    if (this.#length === 0) this.#isEmpty();
    if (this.#bounds !== undefined) this.#bytes -= bytesOf(value);
    return value;
  }

  get #length(): number {
    return this.#earlier.length + this.#values.length;
  }

  /** @returns the value at that place from the head */
  #at(place: number): Numbered | undefined {
    const after = place - this.#earlier.length;
    if (after < 0) return this.#earlier[place];
    const value = this.#values.peekAt(after);
    return value && { number: this.#first + after, value };
  }

  /** @returns the place of the first value after that number, or of the next value to come */
  #placeAfter(number: number): number {
    const earlier = this.#earlier.findIndex((each) => each.number > number);
    return earlier >= 0 ? earlier : this.#earlier.length + Math.max(number + 1 - this.#first, 0);
  }

  returned(number: number, value: Value): void {
    const { waiters, variableId, leasePlace, accounting, record } = this.#in;
    const outcome = waiters.offer(foundValue(value, variableId, number), value, leasePlace);
    if (outcome === 'taken') {
      accounting.drop(value);
      this.#admit();
    }
    if (outcome !== undefined) return;
    record.put(number, value);
    // Leases mostly return in the order of their numbers, so its place is near the end.
    const before = this.#earlier.findLastIndex((each) => each.number < number);
    this.#earlier.splice(before + 1, 0, { number, value });
  }

  #isEmpty(): void {
    this.#emptyAt = this.#first;
    this.#in.record.changed();
  }

  get(get: PendingGet): void {
    if (this.#in.waiters.mismatch(get, this.#in.variableId)) return;
    if (get.lease !== undefined && this.#bounds !== undefined) return get.refuse(NO_LEASES);
    // The first value after the iterator's that is still present.
    const at = this.#placeAfter(get.iterator?.index ?? -1);
    // V10.1, even if the fifo is empty: the awaited value would not be at the head when it comes.
    if (get.takes && at > 0) return get.refuse(BEYOND_HEAD);
    const next = this.#at(at);
    if (next === undefined) return this.#in.waiters.waitOrRefuse(get);
    const found = foundValue(next.value, this.#in.variableId, next.number);
    if (!get.takes) return get.answer(found);
    if (give(get, found, next.value, this.#in.leasePlace)) this.#removeHead();
    else this.#dropHead();
    this.#admit();
  }

  values(from: number, count: number): readonly Value[] {
    const values: Value[] = [];
    while (values.length < count) {
      const next = this.#at(from + values.length);
      if (next === undefined) break;
      values.push(next.value);
    }
    return values;
  }

  *numbered(): Generator<readonly [number: number, value: Value]> {
    let place = 0;
    for (let each = this.#at(place); each !== undefined; each = this.#at(++place))
      yield [each.number, each.value];
  }

  restoreEmptyAt(number: number): void {
    this.#emptyAt = this.#first = number;
  }

  restore(number: number, value: Value): void {
    this.#in.accounting.keep(value);
    if (this.#values.length === 0 && number < this.#emptyAt) this.#earlier.push({ number, value });
    else {
      // Values that follow a gap were not leased, and those before it have returned (V13.2).
      if (number !== this.#first + this.#values.length) this.#allAreEarlier();
      if (this.#values.length === 0) this.#first = number;
      this.#values.push(value);
    }
    if (this.#bounds !== undefined) this.#bytes += bytesOf(value);
  }

  #allAreEarlier(): void {
    for (const value of this.#values.toArray()) this.#earlier.push({ number: this.#first++, value });
    this.#values.clear();
  }

  *purge(reason: Refusal): Steps {
    yield* this.#in.waiters.refuseAll(reason);
    yield* this.#capacity?.refuseAll(reason) ?? [];
  }

  dispose(): Steps {
    const values = [...this.#earlier.splice(0).map(({ value }) => value), ...this.#values.toArray()];
    return eachInSteps(values, (value) => this.#in.accounting.drop(value));
  }
}
