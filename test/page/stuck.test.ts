import { describe, expect, test } from 'vitest';
import { notices } from '../../src/page/lib/stuck.ts';
import type { SleighSummary } from '../../src/views/types.ts';

const sleigh = (fields: Partial<SleighSummary>): SleighSummary => ({
  name: 'job',
  title: 'job',
  state: 'serving',
  hasFailed: false,
  joinPhase: 'gathering.open',
  shutdown: 'up.running',
  workers: { 'registered.busy': 2 },
  queued: 5,
  running: 2,
  results: 0,
  ...fields,
});
const said = (fields: Partial<SleighSummary>): string[] =>
  notices(sleigh(fields)).map(({ kind, text }) => `${kind}: ${text}`);

describe('why a job may be stuck', () => {
  test('a job that goes on needs no word', () => expect(said({})).toEqual([]));

  test('dead workers are a trouble', () =>
    expect(said({ workers: { 'registered.busy': 1, dead: 1 } })).toEqual(['trouble: 1 worker has died']));

  test('tasks that nobody is there for are a trouble, and ranks whose workers never came are named', () =>
    expect(said({ workers: { declared: 3 }, running: 0 })).toEqual([
      'trouble: 5 tasks wait, and no worker is there to take them',
      'hint: 3 ranks were given out whose workers have not registered',
    ]));

  test('workers that all wait for tasks are told from a master that does not fetch', () => {
    const workers = { 'registered.waiting': 4 };
    expect(said({ workers, queued: 0, running: 0 })).toEqual([
      'hint: All workers wait for tasks: none is queued',
    ]);
    expect(said({ workers, queued: 0, running: 0, results: 3 })).toEqual([
      'hint: All workers wait for tasks: 3 results wait to be fetched by the master',
    ]);
  });

  test('a sleigh that has failed says that alone', () =>
    expect(said({ hasFailed: true, workers: { dead: 1 } })).toEqual([
      'trouble: It has failed by a fault of the server: waiting clients were answered, and it has ended',
    ]));

  test('a sleigh that ends by itself says so, and what becomes of its tasks', () =>
    expect(said({ state: 'windingDown', shutdown: 'shuttingDown.byItself', running: 0 })).toEqual([
      'trouble: It shuts down by itself, because it cannot continue',
      'hint: 5 tasks will not be done: the sleigh is shutting down',
    ]));
});
