import type { StorageAccounting } from '../workspace/storage-accounting.ts';
import { COST, memoryOfMetadata } from '../workspace/memory-budget.ts';
import type { Metadata } from '../wire/payload.ts';
import type { Value } from '../workspace/value.ts';
import { memoryOfBatches } from './batch-ref.ts';

/** Bytes of memory of the null results of one broadcast, which share its metadata, and of the batches that they may begin. */
export const memoryOfPlaces = (metadata: Metadata, places: number): number =>
  places === 0 ? 0 : memoryOfMetadata(metadata) + memoryOfBatches(metadata) + places * PLACE;

/** Of one of them, or of those of all ranks that were never there, which are one entry. */
export const PLACE = COST.value + COST.range;

/**
 * Memory for the results that say that there is none of one broadcast (S13). A worker that dies cannot be refused, so the
 * place of the null result that it may come to is taken with each copy (P12), and given back when the copy is answered
 * otherwise, or when the null result is taken.
 */
export class NullReserve {
  readonly #holdings: StorageAccounting;
  /** What null results are made of: the bytes of what is broadcast are not held. */
  readonly value: Value;
  #places = 0;

  /** @param value what is broadcast: its metadata is held for as long as there is a place */
  constructor(holdings: StorageAccounting, { metadata, owner }: Value) {
    this.#holdings = holdings;
    this.value = { descriptor: 0, payload: '', metadata, owner };
  }

  take(places: number): void {
    this.#set(this.#places + places);
  }

  give(places: number): void {
    this.#set(this.#places - places);
  }

  #set(places: number): void {
    const { metadata, owner } = this.value;
    const bytes = memoryOfPlaces(metadata, places) - memoryOfPlaces(metadata, this.#places);
    this.#places = places;
    this.#holdings.take('nullResults', bytes, owner);
  }
}
