import { compareKeys, isBelow, textOfKey, type Change, type Entity, type Key } from './change.ts';
import type { Store } from './store.ts';

/** Entities with the same kind and first number, which are often deleted together. */
const groupOf = ([kind, number]: Key): string => textOfKey(number === undefined ? [kind] : [kind, number]);

/** Entities in memory: for tests, and to compare a store with the state of the core. */
export class MemoryStore implements Store {
  readonly #groups = new Map<string, Map<string, Entity>>();

  /** @param entities what was committed before */
  constructor(entities: Iterable<Entity> = []) {
    for (const entity of entities) this.#put(entity);
  }

  /** Ordered by their keys. */
  get entities(): readonly Entity[] {
    const entities: Entity[] = [];
    for (const group of this.#groups.values()) for (const entity of group.values()) entities.push(entity);
    return entities.sort((a, b) => compareKeys(a.key, b.key));
  }

  /** @returns the entity with this key */
  find(key: Key): Entity | undefined {
    return this.#groups.get(groupOf(key))?.get(textOfKey(key));
  }

  get size(): number {
    let size = 0;
    for (const group of this.#groups.values()) size += group.size;
    return size;
  }

  claim(): Promise<void> {
    return Promise.resolve();
  }

  async *load(): AsyncGenerator<readonly Entity[]> {
    yield this.entities;
  }

  commit(changes: readonly Change[]): Promise<void> {
    this.apply(changes);
    return Promise.resolve();
  }

  /** As `commit`, at once. */
  apply(changes: readonly Change[]): void {
    for (const change of changes)
      if (change.type === 'put') this.#put({ key: change.key, fields: change.fields });
      else if (change.type === 'delete') this.#groups.get(groupOf(change.key))?.delete(textOfKey(change.key));
      else this.#clear(change.prefix);
  }

  #put(entity: Entity): void {
    const name = groupOf(entity.key);
    let group = this.#groups.get(name);
    if (group === undefined) this.#groups.set(name, (group = new Map()));
    group.set(textOfKey(entity.key), entity);
  }

  #clear(prefix: Key): void {
    const groups = prefix.length > 1 ? [this.#groups.get(groupOf(prefix))] : this.#groups.values();
    for (const group of groups)
      for (const [text, { key }] of group ?? []) if (isBelow(key, prefix)) group?.delete(text);
    if (prefix.length === 2) this.#groups.delete(groupOf(prefix));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
