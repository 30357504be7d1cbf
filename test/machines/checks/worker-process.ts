import { expect } from 'vitest';
import { workerProcessMachine } from '../../../src/machines/pool/worker-process.ts';
import { checkEach, Recording, type ChartChecks, type ChartTable, type Row } from '../../support/chart.ts';

interface End {
  readonly task: string;
  readonly why: string;
  readonly words?: string;
  readonly at?: number;
}

/** The report of an end, as the table states it. */
const reported = ({ task, why, words = '', at = 0 }: End, wasReady: boolean, isPlanned: boolean): string => {
  const end = { how: 'exit status 1', task, why, words, at };
  return `reportEnd, end ${JSON.stringify(end)}, wasReady ${wasReady}, isPlanned ${isPlanned}`;
};

const DIED: End = { task: 'tried', why: 'died' };
const TIMED_OUT: End = { task: 'failed', why: 'timed-out', at: 2 };
const CANCELLED: End = { task: 'failed', why: 'cancelled', at: 2 };
const NOT_LOADED: End = { task: 'declined', why: 'not-loaded', at: 2 };

/** A call of batch 7, the last but one of its chunk, with a time limit of one second. */
const lasts = (details: object): { type: string } =>
  Object.assign(
    { type: 'call.lasts' },
    { call: 5, batch: '7', at: 2, limit: 1_000, isLoading: false },
    details,
  );

const ended = (details: object): { type: string } =>
  Object.assign({ type: 'child.ended' }, { how: 'exit status 1', company: 'alone', killedFor: '' }, details);

const noted = ({ task, why }: End) => ({ call: 5, batch: '7', at: 2, limit: 1_750, task, why });

/** That report with another end, for a process with several ranks (S22.14). */
const reportedAs = (report: string, task: string, why: string): string =>
  report
    .replace(/"task":"[^"]*"/, `"task":"${task}"`)
    .replace(/"why":"[^"]*"/, `"why":"${why}"`)
    .replace(/isPlanned (true|false)/, `isPlanned ${why === 'beside'}`);

/** A worker that has left, or is killed, ends in the same way whatever ran beside it. */
const endsSo = (exits: readonly string[], end: string): Record<string, Row> => ({
  'child.ended': ['ended', ...exits, end],
  'child.ended, waiting': ['ended', ...exits, end],
  'child.ended, waiting for a late call': ['ended', ...exits, end],
  'child.ended, beside a late call': ['ended', ...exits, end],
});

/** In every state: notifications, and the events that end it. */
const anywhere = (state: string, exits: readonly string[], end: string): Record<string, Row> => ({
  'leave.asked': [state, 'askToLeave'],
  'worker.leaving': ['leaving', ...exits, 'startTimer, milliseconds 1000'],
  'worker.leaving, without the module': ['leaving', ...exits, 'startTimer, milliseconds 1000'],
  'release.asked': ['leaving', ...exits, 'releaseProcess', 'startTimer, milliseconds 1000'],
  'child.ended': ['ended', ...exits, end],
  'child.ended, waiting': ['ended', ...exits, reportedAs(end, 'untried', 'died')],
  'child.ended, waiting for a late call': ['ended', ...exits, reportedAs(end, 'untried', 'beside')],
  'child.ended, beside a late call': ['ended', ...exits, reportedAs(end, 'tried', 'beside')],
  'batch.cancelled, of another': [state],
  'batch.cancelled, ask': [state],
  'batch.cancelled, kill': [state],
  'call.ended': [state],
  'call.condemned': [state],
  'call.condemned, another': [state],
});

const LEAVES = { task: 'untried', why: 'max-tasks', words: '' };
const LEAVES_WITHOUT = { task: 'declined', why: 'not-loaded', words: 'cannot load it' };
const RELEASED = { task: 'untried', why: 'told-to-go' };
const DEATH = { task: 'tried', why: 'died' };

/** The changes of events in every state. */
const changes = {
  'worker.leaving': LEAVES,
  'worker.leaving, without the module': LEAVES_WITHOUT,
  'release.asked': RELEASED,
  'child.ended': DEATH,
  'child.ended, waiting': { task: 'untried', why: 'died' },
  'child.ended, waiting for a late call': { task: 'untried', why: 'beside' },
  'child.ended, beside a late call': { task: 'tried', why: 'beside' },
};

const CONDEMNS = ['condemnCall, call 5', 'startTimer, milliseconds 1000'];

const busy = (state: string): Record<string, Row> => ({
  ...anywhere(state, ['stopTimer'], reported({ ...DIED, at: 2 }, true, false)),
  'call.ended': ['ready', 'stopTimer'],
  'timer.elapsed': ['condemning', 'stopTimer', ...CONDEMNS],
  'batch.cancelled, ask': ['busy.heeding', 'stopTimer', 'startTimer, milliseconds 500'],
  'batch.cancelled, kill': ['condemning', 'stopTimer', ...CONDEMNS],
});

const busyChanges = {
  ...changes,
  'batch.cancelled, ask': { task: 'failed', why: 'cancelled' },
  'batch.cancelled, kill': { task: 'failed', why: 'cancelled' },
};

const table: ChartTable = {
  isInterpreted: true,
  input: undefined,
  start: {
    context: {
      call: 0,
      batch: '',
      at: 0,
      limit: Infinity,
      task: 'tried',
      why: 'died',
      words: '',
      wasReady: false,
    },
    calls: ['startTimer, milliseconds 120000'],
  },
  events: {
    'worker.registered': { type: 'worker.registered' },
    'call.lasts': lasts({ cancelled: 'no' }),
    'call.lasts, loading': lasts({ cancelled: 'no', isLoading: true }),
    'call.lasts, cancelled': lasts({ cancelled: 'ask' }),
    'call.lasts, loading and cancelled': lasts({ cancelled: 'ask', isLoading: true }),
    'call.lasts, cancelled at once': lasts({ cancelled: 'kill' }),
    'call.ended': { type: 'call.ended' },
    'call.condemned': { type: 'call.condemned', call: 5 },
    'call.condemned, another': { type: 'call.condemned', call: 4 },
    'batch.cancelled, of another': { type: 'batch.cancelled', batch: '8', how: 'kill' },
    'batch.cancelled, ask': { type: 'batch.cancelled', batch: '7', how: 'ask' },
    'batch.cancelled, kill': { type: 'batch.cancelled', batch: '7', how: 'kill' },
    'timer.elapsed': { type: 'timer.elapsed' },
    'leave.asked': { type: 'leave.asked' },
    'worker.leaving': { type: 'worker.leaving', why: 'max-tasks', words: '' },
    'worker.leaving, without the module': {
      type: 'worker.leaving',
      why: 'not-loaded',
      words: 'cannot load it',
    },
    'release.asked': { type: 'release.asked' },
    'child.ended': ended({}),
    'child.ended, waiting': ended({ company: 'waiting' }),
    'child.ended, waiting for a late call': ended({ company: 'waiting', killedFor: 'timed-out' }),
    'child.ended, beside a late call': ended({ company: 'together', killedFor: 'cancelled' }),
  },
  states: {
    // S22.1
    starting: {
      after: [],
      changes: { ...changes, 'worker.registered': { wasReady: true }, 'timer.elapsed': DEATH },
      on: {
        ...anywhere('starting', ['stopTimer'], reported(DIED, false, false)),
        'worker.registered': ['ready', 'stopTimer'],
        'timer.elapsed': ['stopping', 'stopTimer', 'killProcess'],
      },
    },
    // S22.2, S22.3
    ready: {
      after: ['worker.registered'],
      changes: {
        ...changes,
        'call.lasts': noted(TIMED_OUT),
        'call.lasts, loading': noted(NOT_LOADED),
        'call.lasts, cancelled': noted(CANCELLED),
        'call.lasts, loading and cancelled': noted(CANCELLED),
        'call.lasts, cancelled at once': noted(CANCELLED),
      },
      on: {
        ...anywhere('ready', [], reported(DIED, true, false)),
        'call.lasts': ['busy.calling', 'startTimer, milliseconds 1750'],
        'call.lasts, loading': ['busy.loading', 'startTimer, milliseconds 1750'],
        'call.lasts, cancelled': ['busy.heeding', 'startTimer, milliseconds 500'],
        'call.lasts, loading and cancelled': ['busy.heeding', 'startTimer, milliseconds 500'],
        'call.lasts, cancelled at once': ['condemning', ...CONDEMNS],
      },
    },
    'busy.calling': {
      after: ['worker.registered', 'call.lasts'],
      changes: busyChanges,
      on: busy('busy.calling'),
    },
    'busy.loading': {
      after: ['worker.registered', 'call.lasts, loading'],
      changes: busyChanges,
      on: busy('busy.loading'),
    },
    'busy.heeding': {
      after: ['worker.registered', 'call.lasts, cancelled'],
      changes,
      on: { ...busy('busy.heeding'), 'batch.cancelled, ask': ['busy.heeding'] },
    },
    // S22.4
    condemning: {
      after: ['worker.registered', 'call.lasts, cancelled at once'],
      changes,
      on: {
        ...anywhere('condemning', ['stopTimer'], reported({ ...DIED, at: 2 }, true, false)),
        'call.condemned': ['stopping', 'stopTimer', 'killProcess'],
        'call.ended': ['ready', 'stopTimer'],
        'timer.elapsed': ['stopping', 'stopTimer', 'killProcess'],
      },
    },
    // S22.5
    leaving: {
      after: ['worker.registered', 'worker.leaving'],
      on: {
        ...anywhere('leaving', ['stopTimer'], ''),
        ...endsSo(['stopTimer'], reported({ task: 'untried', why: 'max-tasks' }, true, true)),
        'leave.asked': ['leaving'],
        'worker.leaving': ['leaving'],
        'worker.leaving, without the module': ['leaving'],
        'release.asked': ['leaving', 'releaseProcess'],
        'timer.elapsed': ['leaving', 'killProcess'],
      },
    },
    // S22.4, S22.7
    stopping: {
      after: ['worker.registered', 'call.lasts', 'timer.elapsed', 'call.condemned'],
      changes: { 'child.ended, beside a late call': { task: 'tried' } },
      on: {
        ...anywhere('stopping', [], ''),
        ...endsSo([], reported(TIMED_OUT, true, true)),
        // S22.14
        'child.ended, beside a late call': ['ended', reported({ ...TIMED_OUT, task: 'tried' }, true, true)],
        'leave.asked': ['stopping'],
        'worker.leaving': ['stopping'],
        'worker.leaving, without the module': ['stopping'],
        'release.asked': ['stopping'],
      },
    },
  },
  finals: { ended: ['child.ended'] },
};

/** Its end after these events. */
const endsAs = (name: string, events: readonly string[], end: string, last = ended({})) => ({
  name,
  events,
  end,
  last,
});

const ENDINGS = [
  endsAs(
    'killed for a limit while it loads',
    ['call.lasts, loading', 'timer.elapsed', 'call.condemned'],
    reported(NOT_LOADED, true, false),
  ),
  endsAs(
    'killed for a cancelled batch',
    ['call.lasts, cancelled', 'timer.elapsed', 'timer.elapsed'],
    reported(CANCELLED, true, true),
  ),
  endsAs(
    'killed for a batch that is cancelled without notice',
    ['call.lasts', 'batch.cancelled, kill', 'call.condemned'],
    reported(CANCELLED, true, true),
  ),
  endsAs(
    'killed for a batch that is cancelled while it loads',
    ['call.lasts, loading', 'batch.cancelled, ask', 'batch.cancelled, kill', 'call.condemned'],
    reported(CANCELLED, true, true),
  ),
  endsAs(
    'killed for a limit beside other calls',
    ['call.lasts', 'timer.elapsed', 'call.condemned'],
    reported({ task: 'tried', why: 'timed-out', at: 2 }, true, true),
    ended({ company: 'together' }),
  ),
  endsAs(
    'killed for a cancelled batch beside other calls',
    ['call.lasts', 'batch.cancelled, kill', 'call.condemned'],
    reported(CANCELLED, true, true),
    ended({ company: 'together' }),
  ),
  endsAs(
    'dead beside a call that died by itself',
    ['call.lasts'],
    reported({ ...DIED, at: 2 }, true, false),
    ended({ company: 'together', killedFor: 'died' }),
  ),
  endsAs(
    'ended because the module is missing',
    ['worker.leaving, without the module'],
    reported({ task: 'declined', why: 'not-loaded', words: 'cannot load it' }, true, false),
  ),
  endsAs('released', ['release.asked'], reported({ task: 'untried', why: 'told-to-go' }, true, false)),
  endsAs(
    'released in a call',
    ['call.lasts', 'release.asked', 'timer.elapsed'],
    reported({ task: 'untried', why: 'told-to-go', at: 2 }, true, false),
  ),
  endsAs(
    'dead after a call that ended in time',
    ['call.lasts', 'timer.elapsed', 'call.ended'],
    reported({ ...DIED, at: 2 }, true, false),
  ),
  endsAs(
    'replaced for its memory',
    ['worker.leaving, for its memory'],
    reported({ task: 'untried', why: 'max-memory' }, true, true),
  ),
] as const;

const MORE_EVENTS: ChartTable['events'] = {
  'worker.leaving, for its memory': { type: 'worker.leaving', why: 'max-memory', words: '' },
};

export const workerProcessChecks: ChartChecks = {
  machine: workerProcessMachine,
  table,
  stories: {
    'the end of a worker': checkEach(
      ENDINGS.map(({ name, events, end, last }) => [name, events, end, last] as const),
      (machine, events, end, last) => {
        const named = (name: string) => MORE_EVENTS[name] ?? table.events[name] ?? { type: name };
        const recording = new Recording(machine, table.input).send(
          { type: 'worker.registered' },
          ...events.map(named),
        );
        recording.takeCalls();
        recording.send(last);
        expect(recording.takeCalls().at(-1)).toBe(end);
      },
    ),
  },
};
