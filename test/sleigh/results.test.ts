import { describe, expect, test } from 'vitest';
import type { Worker } from '../../src/sleigh/agents.ts';
import { nullResultOf, overlaid } from '../../src/sleigh/results.ts';
import { KEY } from '../../src/wire/names.ts';
import type { Metadata } from '../../src/wire/payload.ts';
import { sleighsOf } from '../support/invariants.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';

function anyWorker(): Worker {
  const job = new Job(new SimulatedServer({ isStored: false }));
  job.openCrew(1);
  const [sleigh] = sleighsOf(job.server);
  if (sleigh === undefined) throw new Error('no job');
  return sleigh.crew.worker(0);
}

const TASK: Metadata = new Map([
  ['batchId', 'b'],
  ['note', 'of the task'],
]);
const originOf = (metadata = TASK) => ({ value: { descriptor: 1, payload: '', metadata }, batch: 'b' });
const entries = (metadata: Metadata): unknown => Object.fromEntries(metadata);

describe('the metadata of a result (S7)', () => {
  test('are those of the task, overridden by those of the worker, but not where it goes', () => {
    const result = new Map([
      ['note', 'of the result'],
      ['batchId', 'elsewhere'],
      ['mailbox', 'elsewhere'],
    ]);
    expect(entries(overlaid(anyWorker(), originOf(), result))).toEqual({
      batchId: 'b',
      note: 'of the result',
      nwsWorkerRank: '0',
    });
  });

  test('are made once for results of a worker that are alike, and again when they differ', () => {
    const worker = anyWorker();
    const [one, other] = [new Map([['x', '1']]), new Map([['x', '2']])];
    const made = overlaid(worker, originOf(), one);
    expect(overlaid(worker, originOf(), one)).toBe(made);
    expect(overlaid(worker, originOf(), other).get('x')).toBe('2');
    expect(overlaid(worker, originOf(new Map([['batchId', 'c']])), other).get('batchId')).toBe('c');
    expect(overlaid(worker, originOf(), one)).toEqual(made);
  });

  test('are not held for the next result when they are large', () => {
    const worker = anyWorker();
    overlaid(worker, originOf(), new Map([['x', 'y'.repeat(3_000)]]));
    expect(worker.overlay).toBeUndefined();
  });

  test('say how many copies there are now of a broadcast (S17)', () => {
    const worker = anyWorker();
    const result = new Map([['x', '1']]);
    const copies = (count: number): string | undefined =>
      overlaid(worker, { ...originOf(), broadcast: { copies: count } }, result).get('nwsCopies');
    expect([copies(1), copies(2)]).toEqual(['1', '2']);
  });
});

test('a null result says how its worker ended, as far as that is known (S13, S19)', () => {
  const known = { why: 'why', how: 'how', lastWords: 'words', at: 12 };
  expect(entries(nullResultOf(originOf(), 3).metadata)).toEqual({
    batchId: 'b',
    note: 'of the task',
    nwsNull: '1',
    nwsWorkerRank: '3',
  });
  const full = nullResultOf(originOf(), 3, known).metadata;
  const short = nullResultOf(originOf(), 3, {
    why: 'why',
    how: undefined,
    lastWords: undefined,
    at: undefined,
  }).metadata;
  expect([full.get(KEY.nullAt), full.size - short.size]).toEqual(['12', 3]);
  expect([...short.values()]).not.toContain('undefined');
});
