import type { StorageAccounting } from '../workspace/storage-accounting.ts';
import { COST, memoryOfMetadata } from '../workspace/memory-budget.ts';
import type { Metadata } from '../wire/payload.ts';
import type { Value } from '../workspace/value.ts';
import { memoryOfBatches } from './batch-ref.ts';

/**
 * The memory of the null results of one broadcast, which share its metadata, and of the batches that they may create.
 */
export const memoryOfPlaces = (metadata: Metadata, places: number): number =>
  places === 0 ? 0 : memoryOfMetadata(metadata) + memoryOfBatches(metadata) + places * PLACE;

/** The memory of one null result, or of the entry for all ranks that were never there. */
export const PLACE = COST.value + COST.range;

/**
 * Reserves memory for the null results of one broadcast (S13). The death of a worker cannot be refused, so the memory
 * of its possible null result is reserved with each copy (P12). It is released when the copy is answered otherwise,
 * or when the null result is taken.
 */
export class NullReserve {
  readonly #accounting: StorageAccounting;
  /** The metadata of the null results. The bytes of the broadcast are not kept. */
  readonly value: Value;
  /** The number of the broadcast. */
  readonly broadcast: number;
  #places = 0;

  /** @param value the broadcast; its metadata are kept while anything is reserved */
  constructor(accounting: StorageAccounting, { metadata, owner }: Value, broadcast: number) {
    this.#accounting = accounting;
    this.broadcast = broadcast;
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
    this.#accounting.take('nullResults', bytes, owner);
  }
}
