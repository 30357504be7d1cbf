import { compareKeys, isBelow, textOfKey, type Change, type Entity } from './change.ts';
import type { Store } from './store.ts';

/** Entities in memory: for tests, and to compare a store with the state of the core. */
export class MemoryStore implements Store {
  readonly #entities = new Map<string, Entity>();

  /** @param entities what was committed before */
  constructor(entities: Iterable<Entity> = []) {
    for (const entity of entities) this.#entities.set(textOfKey(entity.key), entity);
  }

  /** Ordered by their keys. */
  get entities(): readonly Entity[] {
    return [...this.#entities.values()].sort((a, b) => compareKeys(a.key, b.key));
  }

  get size(): number {
    return this.#entities.size;
  }

  claim(): Promise<void> {
    return Promise.resolve();
  }

  async *load(): AsyncGenerator<Entity> {
    yield* this.entities;
  }

  commit(changes: readonly Change[]): Promise<void> {
    this.apply(changes);
    return Promise.resolve();
  }

  /** As `commit`, at once. */
  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.type === 'put')
        this.#entities.set(textOfKey(change.key), { key: change.key, fields: change.fields });
      else if (change.type === 'delete') this.#entities.delete(textOfKey(change.key));
      else
        for (const [text, { key }] of this.#entities)
          if (isBelow(key, change.prefix)) this.#entities.delete(text);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
