import { describe, expect, test } from 'vitest';
import { KeptResults } from '../../src/sleigh/kept-results.ts';
import type { Value } from '../../src/workspace/value.ts';
import { sleighsOf } from '../support/invariants.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';

function begin() {
  const server = new SimulatedServer({ isStored: false });
  const job = new Job(server, { join: 'elastic' });
  const [sleigh] = sleighsOf(server);
  if (sleigh === undefined) throw new Error('no job');
  return { server, job, sleigh, kept: new KeptResults(sleigh.workspace) };
}

const task = (keepAs: string, keepIn = 'v'): Map<string, string> =>
  new Map([
    ['keepIn', keepIn],
    ['keepAs', keepAs],
  ]);
const valueOf = (keepAs: string): Value => ({ descriptor: 1, payload: 'done', metadata: task(keepAs) });
const known = (kept: KeptResults, ...keys: readonly string[]): boolean[] =>
  keys.map((key) => kept.knows({ variable: 'v', key }));

describe('the keys of tasks whose results are kept (S29)', () => {
  test('are known while a task is queued or running, in its variable only', () => {
    const { kept } = begin();
    for (const key of ['a', 'b']) kept.began(task(key));
    kept.began(task('c', 'w'));
    kept.began(new Map([['keepIn', 'v']]));
    expect(known(kept, 'a', 'b', 'c')).toEqual([true, true, false]);
    kept.ended(task('a'));
    expect(known(kept, 'a', 'b')).toEqual([false, true]);
    kept.ended(task('b'));
    kept.ended(task('b'));
    expect(known(kept, 'a', 'b')).toEqual([false, false]);
    expect(kept.knows({ variable: 'w', key: 'c' })).toBe(true);
    kept.began(task('a'));
    expect(known(kept, 'a', 'b')).toEqual([true, false]);
  });

  test('are those of all values that are there already, and of those that come', () => {
    const { job, kept } = begin();
    expect(known(kept, 'a')).toEqual([false]);
    for (const key of ['a', 'b', 'c'])
      job.master.store('v', 'done', { metadata: { keepIn: 'v', keepAs: key } });
    expect(known(kept, 'a', 'b', 'c', 'd')).toEqual([true, true, true, false]);
    kept.add({ variable: 'v', key: 'd' }, valueOf('d'));
    expect(known(kept, 'a', 'd')).toEqual([true, true]);
    // Who takes a value from the variable does not make its task unknown.
    job.master.get('fetch', 'v');
    expect(known(kept, 'a')).toEqual([true]);
    job.master.delete('v');
    expect(known(kept, 'a', 'd')).toEqual([false, false]);
  });

  test('are not those of results that the variable refuses', () => {
    const { job, kept } = begin();
    job.master.declare('v', '__time');
    kept.add({ variable: 'v', key: 'a' }, valueOf('a'));
    expect(known(kept, 'a')).toEqual([false]);
  });
});

describe('the clients that wait for a task (S7)', () => {
  test('are the workers, and after them others, which never get one', () => {
    const { job, sleigh } = begin();
    const { line } = sleigh.work;
    const outsider = job.visitor();
    outsider.wait('fetch', 'task');
    const { workers } = job.openCrew(2);
    for (const worker of workers) worker.wait('fetch', 'task');
    const ids = [...workers, outsider].map(({ client }) => client.id);
    expect(Array.from(line, ({ client }) => client.id)).toEqual(ids);
    expect([line.length, line.workers]).toEqual([3, 2]);
    job.task('a');
    expect([line.length, line.workers, workers[0]?.reply().value]).toEqual([2, 1, 'a']);
    job.task('b');
    job.task('c');
    expect([outsider.isWaiting, line.length, line.workers]).toEqual([true, 1, 0]);
  });
});
