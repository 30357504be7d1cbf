import { describe, expect, it } from 'vitest';
import { memoryOfStore } from '../../src/sleigh/memory-of-store.ts';
import { memoryOfPlaces, PLACE } from '../../src/sleigh/null-reserve.ts';
import { memoryOfBatches } from '../../src/sleigh/batch-ref.ts';
import type { Metadata } from '../../src/wire/payload.ts';
import { COST, memoryOfMetadata } from '../../src/workspace/memory-budget.ts';

const NO_OWNER = { descriptor: 1, payload: '', owner: undefined };
const ofBatch = (id: string): Metadata => new Map([['batchId', id]]);

/** The memory that a store needs in a group of that many workers and sentinels. */
const memoryOf = (name: string, metadata: Metadata, registered = 0, size = registered): number =>
  memoryOfStore({ crew: { size }, joining: { context: { registered } } }, name, { ...NO_OWNER, metadata });

describe('the memory of the batches that a store may create (P12)', () => {
  it.each<[name: string, entries: Record<string, string>, texts: number, batches: number]>([
    ['without a name', {}, 0, 1],
    ['with a name', { batchId: 'abc' }, 3, 1],
    ['with a mailbox and no batch', { mailbox: 'box' }, 3, 2],
    ['with a mailbox and a batch', { mailbox: 'box', batchId: 'ab' }, 5, 2],
    ['with a mailbox and several batches', { mailbox: 'box', batchId: 'ab,c,' }, 6, 4],
  ])('%s', (_, entries, texts, batches) => {
    const metadata = new Map(Object.entries(entries));
    expect(memoryOfBatches(metadata)).toBe(texts + batches * COST.batch);
    expect(memoryOf('task', metadata, 5)).toBe(texts + batches * COST.batch);
  });

  it('is none for other variables', () => {
    for (const name of ['result', 'x', 'bye']) expect(memoryOf(name, ofBatch('b'), 5)).toBe(0);
  });
});

describe('the memory that a broadcast reserves', () => {
  it('is that of a null result for each copy, and for the ranks that were never there', () => {
    const each = COST.value + COST.range;
    const shared = memoryOfMetadata(ofBatch('b')) + memoryOfBatches(ofBatch('b'));
    const ofBroadcast = (registered: number) => memoryOf('broadcast', ofBatch('b'), registered, 0);
    expect(ofBroadcast(0)).toBe(shared + each + each);
    expect([1, 5].map((workers) => ofBroadcast(workers) - ofBroadcast(0))).toEqual([each, 5 * each]);
  });

  it('is that of a range of ranks before, between and behind all workers', () => {
    const [none = 0, ...some] = [0, 1, 7].map((size) => memoryOf('broadcast', ofBatch('b'), 0, size));
    expect(some.map((bytes) => bytes - none)).toEqual([COST.range, 7 * COST.range]);
  });
});

describe('the reserve for the null results of a broadcast (S13)', () => {
  it('holds their shared metadata as long as there is a place', () => {
    const shared = memoryOfMetadata(ofBatch('b')) + memoryOfBatches(ofBatch('b'));
    expect([0, 1, 2].map((places) => memoryOfPlaces(ofBatch('b'), places))).toEqual([
      0,
      shared + PLACE,
      shared + 2 * PLACE,
    ]);
  });
});
