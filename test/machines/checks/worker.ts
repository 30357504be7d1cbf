import { workerMachine } from '../../../src/machines/worker.ts';
import { anAsk, aStoring, type ChartChecks, type ChartTable, type Row } from '../../support/chart.ts';

const DIES: Row = ['dead', 'recoverWork', 'parent: worker.died, rank 3'];
const LEAVES: Row = ['left', 'leaveWork', 'parent: worker.left, rank 3'];

const registered = (state: string): Record<string, Row> => ({
  'registration.asked': [state, 'refuseDuplicate'],
  'result.stored': [state, 'refuseResult'],
  'sentinel.gone': DIES,
  'connection.closed': DIES,
  'death.reported': DIES,
  departed: LEAVES,
});

const table: ChartTable = {
  input: { rank: 3 },
  start: { context: { rank: 3 }, calls: [] },
  events: {
    'registration.asked': { type: 'registration.asked', storing: aStoring() },
    'task.asked, there is one': { type: 'task.asked', ask: anAsk(true), available: true },
    'task.asked, none, waits': { type: 'task.asked', ask: anAsk(true), available: false },
    'task.asked, none, Try': { type: 'task.asked', ask: anAsk(false), available: false },
    'task.offered': { type: 'task.offered', ask: anAsk(true) },
    'result.stored': { type: 'result.stored', storing: aStoring() },
    'group.closed': { type: 'group.closed' },
    'sentinel.gone': { type: 'sentinel.gone' },
    'connection.closed': { type: 'connection.closed' },
    'death.reported': { type: 'death.reported' },
    'waiting.ended': { type: 'waiting.ended' },
    departed: { type: 'departed' },
  },
  states: {
    // S2, S3, S6.1, S13
    declared: {
      after: [],
      on: {
        'registration.asked': ['registered.idle', 'acceptRegistration', 'parent: worker.registered, rank 3'],
        'group.closed': ['deadbeat'],
        'sentinel.gone': ['deadbeat'],
        'death.reported': ['declared'],
        departed: LEAVES,
      },
    },
    // S7
    'registered.idle': {
      after: ['registration.asked'],
      on: {
        ...registered('registered.idle'),
        'task.asked, there is one': ['registered.busy', 'giveTask'],
        'task.asked, none, waits': ['registered.waiting', 'letWait'],
        'task.asked, none, Try': ['registered.idle', 'tellNoTask'],
      },
    },
    // S7, S14
    'registered.waiting': {
      after: ['registration.asked', 'task.asked, none, waits'],
      on: {
        ...registered('registered.waiting'),
        'task.offered': ['registered.busy', 'giveTask'],
        'waiting.ended': ['registered.idle', 'tellSleighIsDead'],
      },
    },
    // S7, S7.1
    'registered.busy': {
      after: ['registration.asked', 'task.asked, there is one'],
      on: {
        ...registered('registered.busy'),
        'result.stored': ['registered.idle', 'completeTask'],
        'task.asked, there is one': ['registered.idle', 'failTask', 'askAgain'],
        'task.asked, none, waits': ['registered.idle', 'failTask', 'askAgain'],
        'task.asked, none, Try': ['registered.idle', 'failTask', 'askAgain'],
      },
    },
  },
  finals: {
    deadbeat: ['group.closed'],
    dead: ['registration.asked', 'connection.closed'],
    left: ['departed'],
  },
};

export const workerChecks: ChartChecks = { machine: workerMachine, table, stories: {} };
