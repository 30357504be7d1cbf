import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NOT_RECORDED } from '../../src/sleigh/job-changes.ts';
import { NullResults } from '../../src/sleigh/null-results.ts';
import { absentRanks, RangesOfRanks, RanksNotReached } from '../../src/sleigh/ranks.ts';
import { ResultQueue } from '../../src/sleigh/result-queue.ts';
import { ResultRecords } from '../../src/sleigh/result-record.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { NO_METADATA } from '../../src/wire/payload.ts';
import { StorageAccounting, ServerAccounting } from '../../src/workspace/storage-accounting.ts';
import { textOf, type Value } from '../../src/workspace/value.ts';

const valueOf = (payload: string): Value => ({ descriptor: 1, payload, metadata: NO_METADATA });
const nullsFor = (ranks: readonly number[]): NullResults => {
  const absent = absentRanks(
    50,
    Array.from({ length: 60 }, (_, rank) => rank).filter((rank) => !ranks.includes(rank)),
  );
  return new NullResults(valueOf('of the task'), new RangesOfRanks(absent), (rank) =>
    valueOf(`rank ${rank}`),
  );
};
const queueIn = (server: ServerAccounting): ResultQueue =>
  new ResultQueue(new StorageAccounting(server), new ResultRecords(1, NOT_RECORDED));
const ranksBelow50 = fc.uniqueArray(fc.nat({ max: 49 })).map((ranks) => ranks.toSorted((a, b) => a - b));

describe('absent ranks', () => {
  test('are the ranks below the limit that are not present, whatever ranks exist above it', () => {
    expect(absentRanks(5, [1, 2, 7])).toEqual([
      { from: 0, to: 1 },
      { from: 3, to: 5 },
    ]);
    expect(absentRanks(0, [])).toEqual([]);
    expect(new RangesOfRanks(absentRanks(100_000, [0])).length).toBe(99_999);
  });

  test('are listed in order, from any position', () => {
    const ranks = new RangesOfRanks(absentRanks(10, [0, 3, 4, 7]));
    const reached = new RanksNotReached(Float64Array.of(9, 2, 2, 9, 9, 1, 0, 9, 2, 2), 2, 6);
    for (const each of [ranks, reached])
      expect([0, 1, 2, 3, 7, 9, 10, 0].map((from) => each.next(from))).toEqual([
        1,
        1,
        2,
        5,
        8,
        9,
        undefined,
        1,
      ]);
  });
});

describe('the results of a batch (S7, S13)', () => {
  test('leave the queue in the order of their arrival, null results by rank, and are accounted for', () => {
    const entries = fc.array(fc.oneof(fc.string(), ranksBelow50), { maxLength: 10 });
    fc.assert(
      fc.property(entries, fc.nat({ max: 60 }), fc.nat({ max: 60 }), (given, from, count) => {
        const server = new ServerAccounting(DEFAULT_LIMITS, () => undefined);
        const queue = queueIn(server);
        for (const entry of given)
          if (typeof entry === 'string') queue.add(valueOf(entry));
          else queue.addNulls(nullsFor(entry));
        const expected = given.flatMap((entry) =>
          typeof entry === 'string' ? [entry] : entry.map((rank) => `rank ${rank}`),
        );
        const taken: string[] = [];
        const take = (): boolean => queue.take((result) => void taken.push(textOf(result)));
        for (let n = 0; n < from % (expected.length + 1); n++) take();
        expect(queue.slice(from, count).map(textOf)).toEqual(
          expected.slice(taken.length).slice(from, from + count),
        );
        expect(queue.length).toBe(expected.length - taken.length);
        while (take());
        expect([taken, queue.length, server.memory, server.bytes]).toEqual([expected, 0, 0, 0]);
      }),
    );
  });

  test('leave nothing behind when they are discarded together', () => {
    const server = new ServerAccounting(DEFAULT_LIMITS, () => undefined);
    const queue = queueIn(server);
    queue.add(valueOf('a'));
    queue.addNulls(nullsFor([1, 2, 30]));
    expect([...queue.dropped()]).toEqual([1, 3]);
    expect([queue.length, server.memory, server.bytes]).toEqual([0, 0, 0]);
  });
});
