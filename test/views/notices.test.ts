import { describe, expect, test } from 'vitest';
import { noticesOf, type JobFacts } from '../../src/views/notices.ts';

const PROGRESS: JobFacts['progress'] = {
  unit: 'elements',
  done: 10,
  failed: 0,
  total: 20,
  soFar: 20,
  rate: 1,
  remaining: 10_000,
};
const facts = (fields: Partial<JobFacts>): JobFacts => ({
  state: 'serving',
  hasFailed: false,
  joinPhase: 'gathering.open',
  shutdown: 'up.running',
  workers: { 'registered.busy': 2 },
  queued: 5,
  running: 2,
  results: 0,
  progress: PROGRESS,
  now: 1_000_000,
  masterWaits: true,
  registered: 2,
  expected: 2,
  waitForGroup: 0,
  lastCompletedAt: 999_000,
  usualMs: 1_000,
  longest: undefined,
  unanswered: 7,
  deadlines: { joining: undefined, grace: undefined, drain: undefined, returning: undefined },
  ...fields,
});
const said = (fields: Partial<JobFacts>): string[] =>
  Array.from(
    noticesOf(facts(fields)),
    ({ trouble, text }) => `${trouble === undefined ? 'hint' : 'trouble'}: ${text}`,
  );

describe('what is said of a job that may be stuck', () => {
  test('is nothing for a job that makes progress', () => expect(said({})).toEqual([]));

  test('names failed elements', () =>
    expect(said({ progress: { ...PROGRESS, failed: 375 } })).toEqual(['trouble: 375 elements failed']));

  test('names dead workers, and those that lost their connection', () =>
    expect(said({ workers: { 'registered.busy': 1, dead: 1, 'registered.disconnected': 2 } })).toEqual([
      'trouble: 1 worker has died',
      'trouble: 2 workers have lost the connection',
    ]));

  test('names tasks without workers, and ranks whose workers never joined', () =>
    expect(said({ workers: { reserved: 3 }, running: 0 })).toEqual([
      'trouble: 5 tasks wait, and no worker is there to take them',
      'hint: 3 ranks were given out whose workers have not registered',
    ]));

  test('distinguishes workers that all wait for tasks from a master that does not fetch', () => {
    const workers = { 'registered.waiting': 4 };
    expect(said({ workers, queued: 0, running: 0 })).toEqual([
      'hint: All workers wait for tasks: none is queued',
    ]);
    expect(said({ workers, queued: 0, running: 0, results: 3, masterWaits: false })).toEqual([
      'hint: All workers wait for tasks: 3 results wait to be fetched by the master',
      'trouble: The master does not fetch: 3 results wait',
    ]);
  });

  test('names a job in which nothing has finished for ten times as long as a task takes, and since when', () => {
    const stalled = { now: 1_000_000, lastCompletedAt: 1_000_000 - 61_000, usualMs: 6_000 };
    expect([...noticesOf(facts(stalled))]).toEqual([
      {
        trouble: 'nothing-finishes',
        text: 'Nothing has finished, although a task usually takes 6 s',
        began: stalled.lastCompletedAt,
      },
    ]);
    expect(said({ ...stalled, usualMs: 6_200 })).toEqual([]);
    expect(said({ ...stalled, running: 0, queued: 0 })).toEqual([]);
    expect(said({ now: 1_000_000, lastCompletedAt: 1_000_000 - 29_000, usualMs: 10 })).toEqual([]);
  });

  test('names the worker of a task that runs far longer than the others', () => {
    const longest = { rank: 3, milliseconds: 45_000 };
    expect([...noticesOf(facts({ longest }))]).toEqual([
      {
        trouble: 'long-task',
        text: 'Worker 3 runs a task far longer than the others, which take 1 s',
        began: 955_000,
      },
    ]);
    expect(said({ longest, usualMs: 4_600 })).toEqual([]);
  });

  test('names a group that clients wait for, with those that are missing', () => {
    expect(said({ waitForGroup: 1, registered: 2, expected: 4 })).toEqual([
      'trouble: Waiting for workers: 2 of 4 registered',
    ]);
    expect(said({ waitForGroup: 1, registered: 2, expected: 4, joinPhase: 'closed' })).toEqual([]);
  });

  test('names what happens next by itself, and when', () => {
    const deadlines = { joining: 1, grace: 2, drain: 3, returning: 4 };
    const nexts = (fields: Partial<JobFacts>) =>
      Array.from(noticesOf(facts({ deadlines, ...fields })), ({ trouble, deadline }) => [trouble, deadline]);
    expect(nexts({ waitForGroup: 1 })).toEqual([['waiting-for-workers', { what: 'closes', at: 1 }]]);
    expect(nexts({ workers: {}, running: 0 })).toEqual([['no-workers', { what: 'the job ends', at: 2 }]]);
    expect(nexts({ state: 'shuttingDown', shutdown: 'shuttingDown.byRequest', unanswered: 0 })).toEqual([
      [undefined, { what: 'the job ends', at: 3 }],
    ]);
    expect(nexts({ workers: { 'registered.busy': 1, 'registered.disconnected': 1 } })).toEqual([
      ['lost-connections', { what: 'counts as dead', at: 4 }],
    ]);
  });

  test('is only the fault for a sleigh that has failed', () =>
    expect(said({ hasFailed: true, workers: { dead: 1 } })).toEqual([
      'trouble: It has failed by a fault of the server: waiting clients were answered, and it has ended',
    ]));

  test('says that a job is lost, with what was dropped and why', () => {
    const ended = { state: 'shuttingDown', shutdown: 'shuttingDown.byItself', running: 0, queued: 0 };
    expect(said({ ...ended, unanswered: 62, workers: { dead: 4 } })).toEqual([
      'trouble: The job has failed: 62 tasks dropped, every worker died',
    ]);
    expect(said({ ...ended, unanswered: 1, workers: { dead: 1, left: 3 } })).toEqual([
      'trouble: The job has failed: 1 task dropped, 1 worker died',
    ]);
    expect(said({ ...ended, unanswered: 0 })).toEqual([
      'trouble: It shuts down by itself, because it cannot continue',
    ]);
  });

  test('says what becomes of the tasks of a job that was stopped', () =>
    expect(said({ state: 'shuttingDown', shutdown: 'shuttingDown.byRequest' })).toEqual([
      'hint: 7 tasks will not be done: the job was stopped',
    ]));
});
