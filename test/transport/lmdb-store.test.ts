import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Change, Key } from '../../src/store/change.ts';
import { LmdbStore } from '../../src/transport/lmdb-store.ts';
import type { SyncMode } from '../../src/transport/sync-modes.ts';
import { openField } from '../support/open-fields.ts';
import { openIn } from '../support/open-files.ts';
import { entitiesOf } from '../support/shared-store.ts';

// The folder of a store; test/store/port.test.ts has what every store does.

let folder: string;
const stores: LmdbStore[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sleigh-lmdb-'));
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(folder, { recursive: true });
});

function storeIn(where: string, sync: SyncMode = 'always'): LmdbStore {
  const store = new LmdbStore(where, sync);
  stores.push(store);
  return store;
}

async function claimed(where: string, sync: SyncMode = 'always'): Promise<LmdbStore> {
  const store = storeIn(where, sync);
  await store.claim();
  return store;
}

const put = (...numbers: number[]): Change => ({
  type: 'put',
  key: ['value', ...numbers],
  fields: { descriptor: 0 },
});
const keysOf = async (store: LmdbStore): Promise<readonly Key[]> =>
  (await entitiesOf(store)).map(({ key }) => key);

const filesIn = (where: string, name: RegExp): string[] =>
  readdirSync(where).filter((each) => name.test(each));

/** What a crash of the process leaves at this moment. @returns its folder */
function crash(where: string, name = /^(data\.mdb|recent\.\d)$/): string {
  const next = join(where, 'crashed');
  mkdirSync(next);
  for (const file of filesIn(where, name)) copyFileSync(join(where, file), join(next, file));
  return next;
}

describe('a store in a folder', () => {
  it('clears what begins with a key, and nothing beside it', async () => {
    const store = await claimed(folder);
    await store.commit([put(1, 1, 0), put(1, 2, 0), put(1, 2, 7), put(1, 3, 0), put(2, 1, 0)]);
    await store.commit([{ type: 'clear', prefix: ['value', 1, 2] }]);
    expect(await keysOf(store)).toEqual([
      ['value', 1, 1, 0],
      ['value', 1, 3, 0],
      ['value', 2, 1, 0],
    ]);
    expect(store.bytes).toBe(statSync(join(folder, 'data.mdb')).size);
  });

  it('loads a thousand entities at once', async () => {
    const store = await claimed(folder);
    await store.commit(Array.from({ length: 1_001 }, (_, at) => put(at)));
    const sizes: number[] = [];
    for await (const portion of store.load()) sizes.push(portion.length);
    expect(sizes).toEqual([1_000, 1]);
  });

  it('that is closed has nothing open, and takes nothing', async () => {
    for (const sync of ['always', 'everysec'] as const) {
      const store = await claimed(folder, sync);
      await store.commit([put(1)]);
      await store.close();
      expect(openIn(folder)).toEqual([]);
      await expect(store.commit([put(2)])).rejects.toThrow('the store is not claimed');
      expect(() => store.bytes).toThrow('the store is not claimed');
    }
    expect(filesIn(folder, /socket|recent/)).toEqual([]);
  });

  it('says why the disk did not take a commit', async () => {
    const store = await claimed(folder);
    const db = openField(store, 'opened', Object);
    // As LMDB says it.
    for (const [thrown, said] of [
      [{ commitError: Promise.reject(new Error('ENOSPC')) }, 'ENOSPC'],
      [{ commitError: undefined }, 'Commit failed'],
      [{}, 'Commit failed'],
    ] as const) {
      Reflect.set(db, 'transaction', () => Promise.reject(Object.assign(new Error('Commit failed'), thrown)));
      await expect(store.commit([put(1)])).rejects.toThrow(said);
    }
  });

  it('has the number of the last commit on the disk, and who uses it, before all entities', async () => {
    const store = await claimed(folder, 'everysec');
    await store.commit([put(1)]);
    await store.close();
    const db = open({ path: folder });
    expect([...db.getRange()].map(({ key, value }) => [key, typeof value])).toEqual([
      [-2, 'string'],
      [-1, 'string'],
      [expect.any(Array), 'object'],
    ]);
    expect([db.get(-2), db.get(-1)]).toEqual(['1', expect.stringMatching(/^sleigh-[\da-f]{8}\.socket$/)]);
    await db.close();
  });
});

describe('the claim of a folder of data', () => {
  it('is refused while another store has it, which is not disturbed', async () => {
    const first = await claimed(folder);
    for (let attempt = 0; attempt < 2; attempt++)
      await expect(claimed(folder)).rejects.toMatchObject({ code: 'data-in-use' });
    expect(filesIn(folder, /socket$/)).toHaveLength(1);
    await first.commit([put(1)]);
    await first.close();
    expect(await keysOf(await claimed(folder))).toEqual([['value', 1]]);
  });

  it('is given to one of two stores that find at the same time that nobody has it', async () => {
    await (await claimed(folder)).close();
    const outcomes = await Promise.allSettled([claimed(folder), claimed(folder)]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('a store whose disk follows (D21)', () => {
  it('has after each crash of its process what it had committed', async () => {
    const first = await claimed(folder, 'everysec');
    for (const number of [1, 2, 3]) await first.commit([put(number)]);
    const second = crash(folder);
    const again = await claimed(second, 'everysec');
    expect(await keysOf(again)).toEqual([
      ['value', 1],
      ['value', 2],
      ['value', 3],
    ]);
    await again.commit([put(4)]);
    const third = crash(second);
    expect(await keysOf(await claimed(third, 'always'))).toHaveLength(4);
    // It waits for the disk, and leaves no log for others.
    expect(filesIn(third, /recent/)).toEqual([]);
  });

  it('has on the disk what it says is there', async () => {
    const store = await claimed(folder, 'everysec');
    await store.commit([put(1)]);
    await store.onDisk();
    const disk = crash(folder, /^data\.mdb$/);
    expect(await keysOf(await claimed(disk))).toEqual([['value', 1]]);
  });

  it('loads what the disk does not have yet, and keeps nothing of a commit without changes', async () => {
    const store = await claimed(folder, 'everysec');
    await store.commit([]);
    expect(statSync(join(folder, 'recent.0')).size).toBe(0);
    await store.commit([put(1)]);
    expect(await keysOf(store)).toEqual([['value', 1]]);
  });
});
