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

describe('the explanation why a job may be stuck', () => {
  test('is absent for a job that makes progress', () => expect(said({})).toEqual([]));

  test('reports dead workers as a problem', () =>
    expect(said({ workers: { 'registered.busy': 1, dead: 1 } })).toEqual(['trouble: 1 worker has died']));

  test('reports tasks without workers as a problem, and names ranks whose workers never joined', () =>
    expect(said({ workers: { reserved: 3 }, running: 0 })).toEqual([
      'trouble: 5 tasks wait, and no worker is there to take them',
      'hint: 3 ranks were given out whose workers have not registered',
    ]));

  test('distinguishes workers that all wait for tasks from a master that does not fetch', () => {
    const workers = { 'registered.waiting': 4 };
    expect(said({ workers, queued: 0, running: 0 })).toEqual([
      'hint: All workers wait for tasks: none is queued',
    ]);
    expect(said({ workers, queued: 0, running: 0, results: 3 })).toEqual([
      'hint: All workers wait for tasks: 3 results wait to be fetched by the master',
    ]);
  });

  test('is only the failure for a sleigh that has failed', () =>
    expect(said({ hasFailed: true, workers: { dead: 1 } })).toEqual([
      'trouble: It has failed by a fault of the server: waiting clients were answered, and it has ended',
    ]));

  test('states that a sleigh shuts down by itself, and what happens to its tasks', () =>
    expect(said({ state: 'shuttingDown', shutdown: 'shuttingDown.byItself', running: 0 })).toEqual([
      'trouble: It shuts down by itself, because it cannot continue',
      'hint: 5 tasks will not be done: the sleigh is shutting down',
    ]));
});
