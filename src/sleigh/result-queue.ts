import Denque from 'denque';
import type { Entity } from '../store/change.ts';
import type { StorageAccounting } from '../workspace/storage-accounting.ts';
import type { Value } from '../workspace/value.ts';
import { NullResults } from './null-results.ts';
import type { ResultRecords } from './result-record.ts';

/** The available results of one batch, oldest first, with accounting for their memory. */
export class ResultQueue {
  readonly #entries = new Denque<Value | NullResults>();
  readonly #accounting: StorageAccounting;
  readonly #record: ResultRecords;
  #length = 0;
  /** The number of the oldest entry. */
  #first = 0;

  constructor(accounting: StorageAccounting, record: ResultRecords) {
    this.#accounting = accounting;
    this.#record = record;
  }

  /** The results, as a store must have them. */
  *entities(): Generator<Entity> {
    const entries = this.#entries.toArray();
    for (const [at, entry] of entries.entries()) yield* this.#record.entities(this.#first + at, entry);
  }

  /** Takes up a result of before a restart, oldest first. @param number that of the entry */
  restore(number: number, entry: Value | NullResults): void {
    if (this.#entries.length === 0) this.#first = number;
    this.#keep(entry);
  }

  /** The number of results, including each one of a `NullResults`. */
  get length(): number {
    return this.#length;
  }

  add(result: Value): void {
    this.#keep(result);
    this.#record.put(this.#first + this.#entries.length - 1, result);
  }

  addNulls(nulls: NullResults): void {
    if (nulls.length === 0) return nulls.reserve?.give(nulls.ranks.places);
    nulls.keep();
    this.#keep(nulls);
    this.#record.put(this.#first + this.#entries.length - 1, nulls);
  }

  #keep(entry: Value | NullResults): void {
    this.#entries.push(entry);
    this.#length += entry instanceof NullResults ? entry.length : 1;
    if (!(entry instanceof NullResults)) return this.#accounting.keep(entry);
    entry.end?.keep();
    if (entry.reserve === undefined) this.#accounting.keepNulls(entry.value, entry.ranks.places);
  }

  #shift(): Value | NullResults | undefined {
    const entry = this.#entries.shift();
    if (entry !== undefined) this.#record.delete(this.#first++, entry);
    return entry;
  }

  /**
   * Removes the oldest result.
   * @param use called with it before its file, if any, is released
   * @returns false if there is none
   */
  take(use: (result: Value) => void): boolean {
    const entry = this.#entries.peekFront();
    const result = entry instanceof NullResults ? entry.shift() : entry;
    if (entry === undefined || result === undefined) return false;
    this.#length--;
    const isLast = !(entry instanceof NullResults) || entry.length === 0;
    if (isLast) this.#shift();
    else this.#record.moveCursor(entry);
    use(result);
    if (!(entry instanceof NullResults)) this.#accounting.drop(entry);
    else if (isLast) this.#dropNulls(entry);
    return true;
  }

  /** Some of them, for display. */
  slice(from: number, count: number): Value[] {
    const values: Value[] = [];
    let skip = from;
    for (let at = 0; at < this.#entries.length && values.length < count; at++) {
      const entry = this.#entries.peekAt(at);
      if (entry === undefined) break;
      const length = entry instanceof NullResults ? entry.length : 1;
      if (skip < length)
        values.push(...(entry instanceof NullResults ? entry.slice(skip, count - values.length) : [entry]));
      skip = Math.max(skip - length, 0);
    }
    return values;
  }

  #dropNulls({ value, ranks, reserve, end }: NullResults): void {
    end?.drop();
    if (reserve === undefined) this.#accounting.dropNulls(value, ranks.places);
    else reserve.give(ranks.places);
  }

  /** Drops entry by entry, oldest first. Yields the number of results of each. */
  *dropped(): Generator<number> {
    for (let entry = this.#shift(); entry !== undefined; entry = this.#shift()) {
      const length = entry instanceof NullResults ? entry.length : 1;
      this.#length -= length;
      if (entry instanceof NullResults) this.#dropNulls(entry);
      else this.#accounting.drop(entry);
      yield length;
    }
  }
}
