import { isDeepStrictEqual } from 'node:util';
import type { Command } from '../../src/core/commands.ts';
import type { Core } from '../../src/core/core.ts';
import { textOfKey, type Change, type Entity, type Fields, type Kind } from '../../src/store/change.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';

/** Comparing takes longer than an event: it follows those that change something while there are few entities, and some. */
const FEW = 100;
const COMPARED_EVENTS = 50;

/** As `isDeepStrictEqual`, and faster for records, whose fields are mostly not objects. */
function areSame(one: Fields, other: Fields): boolean {
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every(
      (name) =>
        Object.hasOwn(other, name) &&
        (Object.is(one[name], other[name]) ||
          (typeof one[name] === 'object' && isDeepStrictEqual(one[name], other[name]))),
    )
  );
}

/** @returns what differs, by key */
export function differences(stored: Iterable<Entity>, projected: Iterable<Entity>): string[] {
  const left = new Map([...stored].map(({ key, fields }) => [textOfKey(key), fields]));
  const wrong: string[] = [];
  for (const { key, fields } of projected) {
    const text = textOfKey(key);
    const kept = left.get(text);
    left.delete(text);
    if (kept === undefined) wrong.push(`${text} is not in the store`);
    else if (!areSame(kept, fields))
      wrong.push(`${text} is ${JSON.stringify(fields)}, and in the store ${JSON.stringify(kept)}`);
  }
  for (const text of left.keys()) wrong.push(`${text} is only in the store`);
  return wrong;
}

const idsOf = (entities: readonly Entity[]): Set<Entity['fields'][string]> =>
  new Set(entities.map(({ fields }) => fields['id']));

/** Numbers of which only the order counts: the places of queued tasks, and when workers and sentinels changed last. */
const ORDERED: ReadonlyMap<Kind, string> = new Map([
  ['place', 'place'],
  ['worker', 'since'],
  ['sentinel', 'since'],
]);

/** The values of a field that only orders, by their order. */
function orderOf(entities: readonly Entity[], field: string): ReadonlyMap<unknown, number> {
  const values = entities.flatMap(({ key, fields }) =>
    ORDERED.get(key[0]) === field ? [fields[field]] : [],
  );
  const sorted = [...new Set(values.map(Number))].sort((a, b) => a - b);
  return new Map(sorted.map((value, at) => [value, at]));
}

/**
 * Without what may differ after a restart: the ids of variables that were made since, which have the name of the run in
 * them (V9); the positions of empty batches, which only say whose totals are forgotten first; and the numbers of results,
 * and others of which only the order counts.
 */
export function withoutNewIds(entities: readonly Entity[], before: readonly Entity[]): Entity[] {
  const known = idsOf(before);
  const orders = new Map([...ORDERED.values()].map((field) => [field, orderOf(entities, field)]));
  const results = new Map<string, number>();
  return entities.map(({ key, fields }) => {
    const ordered = ORDERED.get(key[0]);
    if (ordered !== undefined)
      return { key, fields: { ...fields, [ordered]: orders.get(ordered)?.get(fields[ordered]) } };
    if (key[0] === 'variable' && !known.has(fields['id'])) return { key, fields: { ...fields, id: 'new' } };
    if (key[0] === 'result') {
      const [kind, workspace = 0, number = 0] = key;
      const inbox = `${workspace}/${number}`;
      const position = results.get(inbox) ?? 0;
      results.set(inbox, position + 1);
      return { key: [kind, workspace, number, position], fields };
    }
    const isEmpty = key[0] === 'batch' && fields['spentAt'] !== undefined;
    return { key, fields: isEmpty ? { ...fields, spentAt: 0 } : fields };
  });
}

/**
 * Follows a core with a store in memory. The projection law: after each event the store, with all changes applied, has
 * exactly what the core says that survives it.
 */
export class Projection {
  readonly store = new MemoryStore();
  readonly #core: Core;
  #events = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /**
   * Called after each event.
   * @returns what differs
   */
  follow(): string[] {
    const changes = this.#core.takeChanges();
    return changes === undefined ? [] : this.committed(changes);
  }

  /**
   * Called when all changes so far were taken.
   * @returns what differs once they are in the store
   */
  committed(changes: readonly Change[]): string[] {
    this.store.apply(changes);
    const isCompared = ++this.#events >= Math.max(COMPARED_EVENTS, this.store.size / 4);
    if (isCompared) this.#events = 0;
    const isCheap = changes.length > 0 && this.store.size <= FEW;
    return isCompared || isCheap ? this.differences() : [];
  }

  #isEqual(): boolean {
    let count = 0;
    for (const { key, fields } of this.#core.entities()) {
      const kept = this.store.find(key);
      if (kept === undefined || !areSame(kept.fields, fields)) return false;
      count++;
    }
    return count === this.store.size;
  }

  /** What differs now. */
  differences(): string[] {
    return this.#isEqual() ? [] : differences(this.store.entities, this.#core.entities());
  }
}

/**
 * What a server has after a crash: it takes up a store, and every connection has closed. Recovering twice equals once.
 * @param core one that has had no event
 * @param perform is given the commands of the core
 */
export function recovered(
  entities: readonly Entity[],
  core: Core,
  now: number,
  perform: (command: Command) => void = () => undefined,
): Projection {
  const projection = new Projection(core);
  for (const entity of entities) core.restore(entity, now);
  projection.store.apply(entities.map((entity) => ({ type: 'put', ...entity })));
  for (const command of core.recover(now)) perform(command);
  projection.follow();
  const wrong = projection.differences();
  if (wrong.length > 0) throw new Error(`after recovering: ${wrong.join('\n')}`);
  return projection;
}
