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
    'sleigh.over': { type: 'sleigh.over' },
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
        'task.asked, by one that has ended': ['open', 'tellWorkerIsDead'],
        'task.asked, by an outsider': ['open', 'letOutsiderWait'],
        'task.asked, by an outsider, Try': ['open', 'tellNoValue'],
        'result.asked': ['open', 'giveResult'],
        'result.asked, by a worker': ['open', 'giveResult'],
        'result.asked, by one that has ended': ['open', 'tellWorkerIsDead'],
        'result.asked, none, waits': ['open', 'letMasterWait'],
        'result.asked, none, Try': ['open', 'tellNoValue'],
        'task.returned': ['open', 'returnTask'],
        'sleigh.over': ['closed'],
      },
    },
    // S14
    closed: {
      after: ['sleigh.over'],
      on: {
        ...anywhere('closed'),
        'task.stored': ['closed', 'refuseShuttingDown'],
        'broadcast.stored': ['closed', 'refuseShuttingDown'],
        'task.asked': ['closed', 'tellSleighIsDead'],
        'task.asked, found': ['closed', 'tellSleighIsDead'],
        'task.asked, by one that has ended': ['closed', 'tellSleighIsDead'],
        'task.asked, by an outsider': ['closed', 'tellSleighIsDead'],
        'task.asked, by an outsider, Try': ['closed', 'tellSleighIsDead'],
        'result.asked': ['closed', 'tellSleighIsDead'],
        'result.asked, by a worker': ['closed', 'tellSleighIsDead'],
        'result.asked, by one that has ended': ['closed', 'tellSleighIsDead'],
        'result.asked, none, waits': ['closed', 'tellSleighIsDead'],
        'result.asked, none, Try': ['closed', 'tellSleighIsDead'],
        'task.returned': ['closed', 'giveUpTask'],
      },
    },
  },
  finals: {},
};

export const workChecks: ChartChecks = { machine: workMachine, table, stories: {} };
