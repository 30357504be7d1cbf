import { backoffMachine } from '../../../src/machines/policies/backoff.ts';
import { recoveryMachine } from '../../../src/machines/policies/recovery.ts';
import type { DeathPolicy, Unfinished } from '../../../src/machines/dead-worker-policy.ts';
import type { ChartChecks, ChartTable, Row } from '../../support/chart.ts';

const unfinished = (onDeadWorker: DeathPolicy, facts: Partial<Unfinished> = {}) => ({
  type: 'task.unfinished',
  task: 1,
  rank: 2,
  host: 'ada',
  metadata: {},
  attempts: 1,
  maxAttempts: 3,
  isCopy: false,
  workerStays: false,
  onDeadWorker,
  ...facts,
});

const COPY = { isCopy: true, workerStays: true };
const EVENTS = {
  'task.unfinished, requeue': unfinished('requeue'),
  'task.unfinished, the second time': unfinished('requeue', { attempts: 2 }),
  'task.unfinished, the last time': unfinished('requeue', { attempts: 3 }),
  'task.unfinished, a copy of a dead worker': unfinished('requeue', { isCopy: true }),
  'task.unfinished, a failed copy': unfinished('requeue', COPY),
  'task.unfinished, a failed copy, the last time': unfinished('requeue', { ...COPY, attempts: 3 }),
  'task.unfinished, null': unfinished('null'),
  'task.unfinished, shutdown': unfinished('shutdown'),
};

/** S13, S7.1: what both machines decide. */
const DECIDED: Readonly<Record<string, Row>> = {
  'task.unfinished, the last time': ['answered', 'answer'],
  'task.unfinished, a copy of a dead worker': ['answered', 'answer'],
  'task.unfinished, a failed copy': ['retried', 'retry'],
  'task.unfinished, a failed copy, the last time': ['answered', 'answer'],
  'task.unfinished, null': ['answered', 'answer'],
  'task.unfinished, shutdown': ['dropped', 'drop'],
};
const FINALS = {
  requeued: ['task.unfinished, requeue'],
  retried: ['task.unfinished, a failed copy'],
  answered: ['task.unfinished, null'],
  dropped: ['task.unfinished, shutdown'],
};

const ofServer: ChartTable = {
  input: unfinished('requeue'),
  start: { context: {}, calls: [] },
  events: EVENTS,
  states: {
    deciding: {
      after: [],
      on: {
        ...DECIDED,
        'task.unfinished, requeue': ['requeued', 'requeue'],
        'task.unfinished, the second time': ['requeued', 'requeue'],
      },
    },
  },
  finals: FINALS,
};

const wait = (milliseconds: number): Row => ['waiting', `wait, milliseconds ${milliseconds}`];

const withBackoff: ChartTable = {
  ...ofServer,
  events: { ...EVENTS, 'wait.elapsed': { type: 'wait.elapsed' } },
  states: {
    deciding: {
      after: [],
      on: {
        ...DECIDED,
        'task.unfinished, requeue': wait(100),
        'task.unfinished, the second time': wait(200),
      },
    },
    waiting: { after: ['task.unfinished, requeue'], on: { 'wait.elapsed': ['requeued', 'requeue'] } },
  },
  finals: { ...FINALS, requeued: ['task.unfinished, requeue', 'wait.elapsed'] },
};

export const recoveryChecks: ChartChecks = { machine: recoveryMachine, table: ofServer, stories: {} };
export const backoffChecks: ChartChecks = { machine: backoffMachine, table: withBackoff, stories: {} };
