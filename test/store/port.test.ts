import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { Link } from '../../src/cluster/link.ts';
import { Partition } from '../../src/cluster/partition.ts';
import { PostgresStore } from '../../src/cluster/postgres-store.ts';
import { prepareTables } from '../../src/cluster/schema.ts';
import type { Change, Key } from '../../src/store/change.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { prepareData } from '../../src/transport/data-folder.ts';
import { LmdbStore } from '../../src/transport/lmdb-store.ts';
import { byForm } from '../support/form.ts';
import { noPostgres, startPostgres, type Postgres } from '../support/postgres.ts';
import { entitiesOf } from '../support/shared-store.ts';

// What every store does, whatever it is made of.

interface Kind {
  readonly name: string;
  /** Why there can be none on this machine. */
  readonly without?: string | undefined;
  readonly begin: () => Promise<void>;
  /** One that contains nothing. */
  readonly make: () => Promise<Store>;
  readonly end: () => Promise<void>;
}

const nothing = (): Promise<void> => Promise.resolve();

function inFolder(): Kind {
  let folder = '';
  return {
    name: 'in a folder',
    begin: nothing,
    make: async () => {
      folder = mkdtempSync(join(tmpdir(), 'sleigh-port-'));
      await prepareData({ folder });
      return new LmdbStore(folder, 'everysec');
    },
    end: async () => rmSync(folder, { recursive: true }),
  };
}

function inPostgres(): Kind {
  let postgres: Postgres | undefined;
  return {
    name: 'in PostgreSQL',
    without: noPostgres,
    begin: async () => {
      postgres = await startPostgres();
    },
    make: async () => {
      if (postgres === undefined) throw new Error('PostgreSQL does not run');
      const link = new Link({ url: postgres.url, name: 'a', isUnsafe: true });
      await prepareTables(link, { partitions: 1 });
      await link.ask('DELETE FROM sleigh_entity');
      return new PostgresStore(link, new Partition(link, 0, 60_000), {
        name: 'a',
        address: '127.0.0.1:1',
        link: '127.0.0.1:2',
      });
    },
    end: async () => postgres?.[Symbol.asyncDispose](),
  };
}

const KINDS: readonly Kind[] = [
  { name: 'in memory', begin: nothing, make: () => Promise.resolve(new MemoryStore()), end: nothing },
  inFolder(),
  inPostgres(),
];

/** Few keys, so that changes meet. */
const key: fc.Arbitrary<Key> = fc.oneof(
  fc.tuple(fc.constant('workspace' as const), fc.integer({ min: 0, max: 2 })),
  fc.tuple(
    fc.constant('value' as const),
    fc.integer({ min: 0, max: 2 }),
    fc.integer({ min: 0, max: 1 }),
    fc.integer({ min: -300, max: 300 }),
  ),
);
const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('put' as const),
      key,
      fields: fc.record({ text: fc.string(), of: fc.integer() }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('delete' as const), key }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('clear' as const),
      prefix: fc.tuple(fc.constant('value' as const), fc.integer({ min: 0, max: 2 })),
    }),
  },
);

describe.each(KINDS)('a store $name', ({ without, begin, make, end }) => {
  if (without !== undefined) {
    it.skip(`is not tested: ${without}`);
    return;
  }
  beforeAll(begin);
  afterAll(end);

  it('commits puts, deletes and clears together, and gives entities back in the order of their keys', async () => {
    const store = await make();
    await store.claim();
    await store.commit([
      { type: 'put', key: ['value', 1, 2, 10], fields: { payload: Uint8Array.of(1, 2) } },
      { type: 'put', key: ['value', 1, 2, 9], fields: { payload: 'ÿ\0', metadata: [['a', 'b']] } },
      { type: 'put', key: ['value', 2, 1, 0], fields: { payload: 'kept' } },
      { type: 'put', key: ['workspace', 1], fields: { name: 'w', quota: undefined } },
    ]);
    const kept = await entitiesOf(store);
    expect(kept.map(({ key: [...parts] }) => parts.join(' '))).toEqual([
      'workspace 1',
      'value 1 2 9',
      'value 1 2 10',
      'value 2 1 0',
    ]);
    expect(kept[0]?.fields).toEqual({ name: 'w', quota: undefined });
    expect(kept[1]?.fields).toEqual({ payload: 'ÿ\0', metadata: [['a', 'b']] });
    const bytes = kept[2]?.fields['payload'];
    expect(bytes instanceof Uint8Array && [...bytes]).toEqual([1, 2]);
    await store.commit([
      { type: 'clear', prefix: ['value', 1] },
      { type: 'put', key: ['value', 1, 3, 0], fields: { payload: 'new' } },
      { type: 'delete', key: ['workspace', 1] },
    ]);
    expect((await entitiesOf(store)).map((entity) => entity.key)).toEqual([
      ['value', 1, 3, 0],
      ['value', 2, 1, 0],
    ]);
    await store.close();
  });

  it('has after any commits what a store in memory has', async () => {
    const store = await make();
    await store.claim();
    const memory = new MemoryStore();
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 20 }), async (changes) => {
        await store.commit(changes);
        memory.apply(changes);
        expect(await entitiesOf(store)).toEqual(memory.entities);
      }),
      { numRuns: byForm(30, 100, 1_000), seed: 1 },
    );
    await store.close();
  });

  it('loads many entities in portions, each once', async () => {
    const store = await make();
    await store.claim();
    const changes = Array.from({ length: 2_500 }, (_, at): Change => ({
      type: 'put',
      key: ['value', 0, 0, at],
      fields: { at },
    }));
    await store.commit(changes);
    expect((await entitiesOf(store)).map(({ fields }) => fields['at'])).toEqual(changes.map((_, at) => at));
    await store.close();
  });
});
