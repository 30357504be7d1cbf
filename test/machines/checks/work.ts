import { workMachine, type Asker } from '../../../src/machines/work.ts';
import type { ChartChecks, ChartTable, Row } from '../../support/chart.ts';

const task = (asker: Asker, waits: boolean, takes = true) => ({
  type: 'task.asked',
  request: 1,
  asker,
  takes,
  waits,
});
const result = (asker: Asker, waits: boolean, available: number) => ({
  type: 'result.asked',
  request: 1,
  asker,
  waits,
  available,
});
const stored = (asker: Asker) => ({ type: 'result.stored', request: 1, asker });

/** S7: as long as the job exists. */
const anywhere = (state: string): Record<string, Row> => ({
  'result.stored': [state, 'storeResult'],
  'result.stored, by an outsider': [state, 'refuseResult'],
  'result.stored, by one that has ended': [state, 'refuseResult'],
});

const table: ChartTable = {
  input: undefined,
  start: { context: {}, calls: [] },
  events: {
    'task.stored': { type: 'task.stored', request: 1 },
    'broadcast.stored': { type: 'broadcast.stored', request: 1 },
    'result.stored': stored('worker'),
    'result.stored, by an outsider': stored('outsider'),
    'result.stored, by one that has ended': stored('ended'),
    'task.asked': task('worker', true),
    'task.asked, found': task('worker', true, false),
    'task.asked, by one that has ended': task('ended', true),
    'task.asked, by an outsider': task('outsider', true),
    'task.asked, by an outsider, Try': task('outsider', false),
    'result.asked': result('outsider', true, 1),
    'result.asked, by a worker': result('worker', false, 1),
    'result.asked, by one that has ended': result('ended', true, 1),
    'result.asked, none, waits': result('outsider', true, 0),
    'result.asked, none, Try': result('outsider', false, 0),
    'task.returned': { type: 'task.returned', rank: 3 },
    'shutdown.started': { type: 'shutdown.started' },
  },
  states: {
    // S7, S8, S13, S18
    open: {
      after: [],
      on: {
        ...anywhere('open'),
        'task.stored': ['open', 'queueTask'],
        'broadcast.stored': ['open', 'storeBroadcast'],
        'task.asked': ['open', 'askWorker'],
        'task.asked, found': ['open', 'refuseFind'],
        'task.asked, by one that has ended': ['open', 'replyWorkerIsDead'],
        'task.asked, by an outsider': ['open', 'holdOutsider'],
        'task.asked, by an outsider, Try': ['open', 'replyNoValue'],
        'result.asked': ['open', 'giveResult'],
        'result.asked, by a worker': ['open', 'giveResult'],
        'result.asked, by one that has ended': ['open', 'replyWorkerIsDead'],
        'result.asked, none, waits': ['open', 'holdForResult'],
        'result.asked, none, Try': ['open', 'replyNoValue'],
        'task.returned': ['open', 'returnTask'],
        'shutdown.started': ['closed'],
      },
    },
    // S14
    closed: {
      after: ['shutdown.started'],
      on: {
        ...anywhere('closed'),
        'task.stored': ['closed', 'refuseShuttingDown'],
        'broadcast.stored': ['closed', 'refuseShuttingDown'],
        'task.asked': ['closed', 'replySleighIsDead'],
        'task.asked, found': ['closed', 'replySleighIsDead'],
        'task.asked, by one that has ended': ['closed', 'replySleighIsDead'],
        'task.asked, by an outsider': ['closed', 'replySleighIsDead'],
        'task.asked, by an outsider, Try': ['closed', 'replySleighIsDead'],
        'result.asked': ['closed', 'replySleighIsDead'],
        'result.asked, by a worker': ['closed', 'replySleighIsDead'],
        'result.asked, by one that has ended': ['closed', 'replySleighIsDead'],
        'result.asked, none, waits': ['closed', 'replySleighIsDead'],
        'result.asked, none, Try': ['closed', 'replySleighIsDead'],
        'task.returned': ['closed', 'giveUpTask'],
      },
    },
  },
  finals: {},
};

export const workChecks: ChartChecks = { machine: workMachine, table, stories: {} };
