import { describe, expect, it } from 'vitest';
import { memoryOfBatch } from '../../src/sleigh/batch-ref.ts';
import { JobChanges } from '../../src/sleigh/job-changes.ts';
import { TotalsOfBatches } from '../../src/sleigh/totals.ts';
import { ChangeRecorder } from '../../src/store/change-recorder.ts';
import { RecordReader } from '../../src/store/record.ts';
import { BOUNDS } from '../../src/wire/bounds.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { ServerAccounting, StorageAccounting } from '../../src/workspace/storage-accounting.ts';

const KEPT = BOUNDS.emptyBatches.value;

function newTotals() {
  const server = new ServerAccounting(DEFAULT_LIMITS, () => undefined);
  const recorder = new ChangeRecorder();
  const changes = new JobChanges({ number: 1, changes: recorder });
  const totals = new TotalsOfBatches(new StorageAccounting(server), changes);
  return { totals, recorder, memory: () => server.budget.byKind.batches };
}

/** A batch had one task, and is empty. */
function spend(totals: TotalsOfBatches, id: string): void {
  const batch = totals.begin(id);
  totals.count(batch, { accepted: 1, answered: 1, failed: 0 });
  totals.end(batch);
}

const idsOf = (totals: TotalsOfBatches): (string | undefined)[] => Array.from(totals.spent, ({ id }) => id);
const names = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, at) => `b${from + at}`);

describe('the totals of empty batches (S7)', () => {
  it('are kept for the newest ones, in the order in which they became empty', () => {
    const { totals, memory } = newTotals();
    for (const id of names(0, KEPT)) spend(totals, id);
    expect(idsOf(totals)).toEqual(names(0, KEPT));
    spend(totals, 'b0');
    expect(idsOf(totals)).toEqual([...names(1, KEPT), 'b0']);
    spend(totals, 'last');
    const kept = [...names(2, KEPT), 'b0', 'last'];
    expect(idsOf(totals)).toEqual(kept);
    expect(memory()).toBe(kept.reduce((sum, id) => sum + memoryOfBatch(id), 0));
    totals.forgetSpent();
    expect([idsOf(totals), memory()]).toEqual([[], 0]);
  });

  it('continue with the same number when a batch is used again', () => {
    const { totals } = newTotals();
    spend(totals, 'a');
    spend(totals, 'b');
    const again = totals.begin('a');
    expect(again).toEqual({ number: 1, id: 'a', accepted: 1, answered: 1, failed: 0, spentAt: undefined });
    totals.count(again, { accepted: 3, answered: 2, failed: 1 });
    expect(again).toMatchObject({ accepted: 4, answered: 3, failed: 1 });
    expect(totals.overall).toEqual({ accepted: 5, answered: 4, failed: 1 });
    expect(totals.newNumber()).toBe(3);
  });

  it('are not kept for a batch that had no task', () => {
    const { totals, memory, recorder } = newTotals();
    totals.end(totals.begin('a'));
    expect([idsOf(totals), memory()]).toEqual([[], 0]);
    expect(recorder.take().map(({ type }) => type)).toEqual(['delete']);
    expect([...totals.entities([])]).toEqual([]);
  });

  it('are deleted from the store when they are forgotten', () => {
    const { totals, recorder } = newTotals();
    spend(totals, 'a');
    recorder.take();
    totals.forgetSpent();
    expect(recorder.take()).toEqual([{ type: 'delete', key: ['batch', 1, 1] }]);
  });

  it('keep their order and their numbers over a restart (D8)', () => {
    const before = newTotals().totals;
    for (const id of ['a', 'b', 'c', 'a']) spend(before, id);
    const current = before.begin('d');
    before.count(current, { accepted: 2, answered: 1, failed: 1 });
    const { totals, memory } = newTotals();
    const entities = [...before.entities([current])];
    for (const entity of entities) totals.restore(entity.key[2] ?? 0, RecordReader.of(entity));
    expect([...totals.entities([current])]).toEqual(entities);
    expect(idsOf(totals)).toEqual(['b', 'c', 'a']);
    expect(totals.overall).toEqual(before.overall);
    expect(memory()).toBe(4 * memoryOfBatch('a'));
    expect(totals.newNumber()).toBe(5);
    spend(totals, 'b');
    const order = Array.from(totals.spent, ({ id, spentAt = 0 }) => ({ id, spentAt }));
    expect(order.map(({ id }) => id)).toEqual(['c', 'a', 'b']);
    expect(order.toSorted((one, other) => one.spentAt - other.spentAt)).toEqual(order);
  });
});
