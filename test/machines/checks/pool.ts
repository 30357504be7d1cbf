import { expect } from 'vitest';
import { FAILED_STARTS_PER_WORKER, poolMachine } from '../../../src/machines/pool/pool.ts';
import { checkEach, Recording, type ChartChecks, type ChartTable, type Row } from '../../support/chart.ts';

/** One restart at once in ten seconds; then each replacement is delayed longer, up to a second. */
const budget = { restarts: 1, within: 10_000, maxDelay: 1_000 };
const input = { workers: 2, budget };

const END = { rank: 1, how: 'exit status 7', task: 'tried', why: 'died', words: 'out of luck', at: 0 };
const ended = (details: object): { type: string } =>
  Object.assign({ type: 'worker.ended' }, { end: END, wasReady: true, isPlanned: false, now: 0 }, details);

/** States in which no worker is started any more. */
const ending = (state: string, exits: readonly string[] = []): Record<string, Row> => ({
  ...Object.fromEntries(
    ['worker.ended', 'worker.ended, late', 'worker.ended, planned', 'worker.ended, unready'].map(
      (event): [string, Row] => [
        event,
        ['stopped', ...exits, 'notifyStopped, reason "the workers were told to go"'],
      ],
    ),
  ),
  'worker.ready': [state],
  'rank.given': [state],
  'rank.refused': [state],
  'replacement.due': [state],
});

const ONE_LESS = { living: 0 };
const lessAtTheEnd = {
  'worker.ended': ONE_LESS,
  'worker.ended, late': ONE_LESS,
  'worker.ended, planned': ONE_LESS,
  'worker.ended, unready': ONE_LESS,
};

const table: ChartTable = {
  input,
  isInterpreted: true,
  start: {
    context: { ...input, living: 0, awaited: 2, restarts: [], delayed: 0, failedStarts: 0, reason: '' },
    calls: ['askForRanks, count 2'],
  },
  events: {
    'rank.given': { type: 'rank.given', rank: 1 },
    'rank.refused': { type: 'rank.refused' },
    'worker.ready': { type: 'worker.ready' },
    'worker.ended': ended({}),
    'worker.ended, late': ended({ now: 20_000 }),
    'worker.ended, planned': ended({ isPlanned: true }),
    'worker.ended, unready': ended({ wasReady: false }),
    'replacement.due': { type: 'replacement.due', rank: 1 },
    'drain.asked': { type: 'drain.asked', milliseconds: 500 },
    'drain.elapsed': { type: 'drain.elapsed' },
    'stop.asked': { type: 'stop.asked' },
  },
  states: {
    // S22.8, S22.9: one of two runs, and one is starting.
    supervising: {
      after: ['rank.given'],
      changes: {
        'rank.given': { living: 2, awaited: 0 },
        'rank.refused': { awaited: 0 },
        'worker.ended': { living: 0, awaited: 2, restarts: [0] },
        'worker.ended, late': { living: 0, awaited: 2, restarts: [20_000] },
        'worker.ended, planned': { living: 0, awaited: 2 },
        'worker.ended, unready': { living: 0, awaited: 2, failedStarts: 1 },
        'drain.asked': { awaited: 0, reason: 'the workers were told to go' },
        'stop.asked': { awaited: 0, reason: 'the workers were told to go' },
      },
      on: {
        'rank.given': ['supervising', 'startWorker, rank 1'],
        'rank.refused': ['supervising'],
        'worker.ready': ['supervising'],
        'worker.ended': ['supervising', 'askForReplacement, rank 1'],
        'worker.ended, late': ['supervising', 'askForReplacement, rank 1'],
        'worker.ended, planned': ['supervising', 'askForReplacement, rank 1'],
        'worker.ended, unready': ['supervising', 'startReplacementTimer, rank 1, milliseconds 100'],
        'replacement.due': ['supervising', 'askForReplacement, rank 1'],
        'drain.asked': [
          'draining',
          'stopReplacementTimers',
          'askWorkersToLeave',
          'startDrainTimer, milliseconds 500',
        ],
        'stop.asked': ['stopping', 'stopReplacementTimers', 'releaseWorkers'],
      },
    },
    // S22.12
    draining: {
      after: ['rank.given', 'drain.asked'],
      changes: lessAtTheEnd,
      on: {
        ...ending('draining', ['stopDrainTimer']),
        'drain.asked': ['draining'],
        'drain.elapsed': ['stopping', 'stopDrainTimer', 'releaseWorkers'],
        'stop.asked': ['stopping', 'stopDrainTimer', 'releaseWorkers'],
      },
    },
    // S22.13
    stopping: {
      after: ['rank.given', 'stop.asked'],
      changes: lessAtTheEnd,
      on: {
        ...ending('stopping'),
        'drain.asked': ['stopping'],
        'stop.asked': ['stopping'],
      },
    },
  },
  finals: { stopped: ['stop.asked'] },
};

/** The commands of such a pool at the last of these events, and the number of live and awaited workers. */
type Story = readonly [
  name: string,
  input: object,
  events: readonly object[],
  calls: readonly string[],
  counts: readonly [living: number, awaited: number],
];

const given = { type: 'rank.given', rank: 1 };
const ready = { type: 'worker.ready' };
const refused = { type: 'rank.refused' };
const unready = ended({ wasReady: false });
const one = { workers: 1, budget };
const without = { workers: 2, budget: undefined };
const stopped = (reason: string): string => `notifyStopped, reason ${JSON.stringify(reason)}`;
const waits = (milliseconds: number): string => `startReplacementTimer, rank 1, milliseconds ${milliseconds}`;
/** A pool of one worker, several of whose starts have failed. */
const failing = (times: number): object[] => Array.from({ length: times }, () => [given, unready]).flat();
const GIVEN_UP = FAILED_STARTS_PER_WORKER;
const LAST_WORDS = 'exit status 7: out of luck';

const STORIES: readonly Story[] = [
  [
    'a second end within the period of the budget is delayed (S22.9)',
    one,
    [given, ended({}), given, ended({ now: 9_999 })],
    [waits(100)],
    [0, 1],
  ],
  [
    'the third end is delayed twice as long',
    one,
    [given, ended({}), given, ended({}), given, ended({})],
    [waits(200)],
    [0, 1],
  ],
  [
    'no replacement is delayed longer than the maximum',
    one,
    [given, ended({}), ...Array.from({ length: 6 }, () => [given, ended({})]).flat()],
    [waits(1_000)],
    [0, 1],
  ],
  [
    'after a quiet period the next end is not delayed',
    one,
    [given, ended({}), given, ended({}), given, ended({ now: 10_000 })],
    ['askForReplacement, rank 1'],
    [0, 1],
  ],
  [
    'the delays start again from the beginning after that',
    one,
    [
      given,
      ended({}),
      given,
      ended({}),
      given,
      ended({}),
      given,
      ended({ now: 10_000 }),
      given,
      ended({ now: 10_001 }),
    ],
    [waits(100)],
    [0, 1],
  ],
  [
    'an end that is part of the work does not use the budget (S22.8)',
    one,
    [given, ended({ isPlanned: true }), given, ended({})],
    ['askForReplacement, rank 1'],
    [0, 1],
  ],
  ['starts that fail wait longer and longer (S22.10)', one, failing(2), [waits(200)], [0, 1]],
  [
    'failed starts are delayed by the round and not by the worker',
    input,
    [given, given, unready, unready],
    [waits(100)],
    [0, 2],
  ],
  [
    'starts that fail repeatedly are given up',
    one,
    failing(GIVEN_UP),
    [
      'stopReplacementTimers',
      stopped(`${GIVEN_UP} workers in a row ended before they were ready; the last one: ${LAST_WORDS}`),
    ],
    [0, 0],
  ],
  [
    'a worker that became ready between them resets the count',
    one,
    [...failing(GIVEN_UP - 1), given, ready, unready],
    [waits(100)],
    [0, 1],
  ],
  [
    'the remaining workers are released when it gives up',
    input,
    [given, ...Array.from({ length: 2 * GIVEN_UP }, () => [given, unready]).flat()],
    ['stopReplacementTimers', 'releaseWorkers'],
    [1, 0],
  ],
  [
    'a pool without replacements continues with the remaining workers (S22.8)',
    without,
    [given, given, ended({})],
    [],
    [1, 0],
  ],
  [
    'a pool without replacements stops with its last worker',
    without,
    [given, refused, ended({})],
    ['stopReplacementTimers', stopped(`every worker has ended; the last one: ${LAST_WORDS}`)],
    [0, 0],
  ],
  [
    'a pool without replacements waits for workers that are starting',
    without,
    [given, ended({})],
    [],
    [0, 1],
  ],
  [
    'it stops when it can get no rank (S22.11)',
    one,
    [refused],
    ['stopReplacementTimers', stopped('the job accepts no more workers')],
    [0, 0],
  ],
  ['it continues when it can get one of two ranks', input, [refused, given], ['startWorker, rank 1'], [1, 0]],
  [
    'it stops when the last of its workers may not be replaced',
    one,
    [given, ended({}), refused],
    ['stopReplacementTimers', stopped('the job accepts no more workers')],
    [0, 0],
  ],
  [
    'a draining pool without workers stops at once (S22.12)',
    one,
    [{ type: 'drain.asked', milliseconds: 5 }],
    ['stopReplacementTimers', stopped('the workers were told to go')],
    [0, 0],
  ],
  [
    'a draining pool continues until its last worker has ended',
    input,
    [given, given, { type: 'drain.asked', milliseconds: 5 }, ended({})],
    [],
    [1, 0],
  ],
  [
    'a stopping pool continues until its last worker has ended (S22.13)',
    input,
    [given, given, { type: 'stop.asked' }, ended({})],
    [],
    [1, 0],
  ],
  [
    'a stopping pool without workers has stopped',
    one,
    [{ type: 'stop.asked' }],
    ['stopReplacementTimers', stopped('the workers were told to go')],
    [0, 0],
  ],
  [
    'it reports why it has given up when its last worker has ended',
    input,
    [given, ...failing(2 * GIVEN_UP), ended({})],
    [stopped(`${2 * GIVEN_UP} workers in a row ended before they were ready; the last one: ${LAST_WORDS}`)],
    [0, 0],
  ],
  [
    'a worker that was ready is replaced, however many starts have failed',
    input,
    [given, ...failing(2 * GIVEN_UP - 1), ended({})],
    ['askForReplacement, rank 1'],
    [0, 2],
  ],
];

export const poolChecks: ChartChecks = {
  machine: poolMachine,
  table,
  stories: {
    'a pool': checkEach(STORIES, (machine, of, events, calls, [living, awaited]) => {
      const recording = new Recording(machine, of);
      for (const event of events) {
        recording.takeCalls();
        recording.send(Object.assign({ type: '' }, event));
      }
      expect(recording.takeCalls()).toEqual(calls);
      expect(recording.context).toMatchObject({ living, awaited });
    }),
  },
};
