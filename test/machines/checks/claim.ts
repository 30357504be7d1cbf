import { claimMachine } from '../../../src/machines/claim.ts';
import type { ChartChecks, ChartTable } from '../../support/chart.ts';

const names = [
  'look.due',
  'lease.held',
  'store.unreachable',
  'claim.won',
  'claim.lost',
  'loaded',
  'surplus',
  'core.stopped',
  'fenced',
  'data.unusable',
  'store.failed',
  'dropped',
  'stop.asked',
];

const won = ['due', 'claim.won'];

const table: ChartTable = {
  input: undefined,
  start: { context: {}, calls: ['holdClients', 'look'] },
  events: {
    ...Object.fromEntries(names.map((type) => [type, { type }])),
    due: { type: 'lease.over', isDue: true },
    'not due': { type: 'lease.over', isDue: false },
  },
  states: {
    // D11, D12
    looking: {
      after: [],
      on: {
        due: ['claiming', 'holdClients', 'claim'],
        'not due': ['unowned', 'lookLater'],
        'lease.held': ['standingBy', 'forwardClients', 'lookLater'],
        'store.unreachable': ['looking', 'lookLater'],
        'look.due': ['looking', 'look'],
        surplus: ['looking'],
        'stop.asked': ['stopped', 'release'],
      },
    },
    // D19
    unowned: {
      after: ['not due'],
      on: {
        'look.due': ['unowned', 'look'],
        due: ['claiming', 'holdClients', 'claim'],
        'not due': ['unowned', 'lookLater'],
        'lease.held': ['standingBy', 'forwardClients', 'lookLater'],
        'store.unreachable': ['unowned', 'lookLater'],
        surplus: ['unowned'],
        'stop.asked': ['stopped', 'release'],
      },
    },
    standingBy: {
      after: ['lease.held'],
      on: {
        'look.due': ['standingBy', 'look'],
        'lease.held': ['standingBy', 'forwardClients', 'lookLater'],
        due: ['claiming', 'holdClients', 'claim'],
        'not due': ['unowned', 'holdClients', 'lookLater'],
        'store.unreachable': ['standingBy', 'lookLater'],
        surplus: ['standingBy'],
        'stop.asked': ['stopped', 'release'],
      },
    },
    // D11
    claiming: {
      after: ['due'],
      on: {
        'claim.won': ['loading', 'load'],
        'claim.lost': ['looking', 'holdClients', 'look'],
        'store.unreachable': ['unowned', 'lookLater'],
        surplus: ['claiming'],
        'stop.asked': ['stopped', 'release'],
      },
    },
    // D4, D6, D9, D23
    loading: {
      after: won,
      on: {
        loaded: ['owning', 'serveClients'],
        fenced: ['leaving', 'holdClients', 'dropData'],
        'store.unreachable': ['unowned', 'lookLater'],
        'data.unusable': ['leaving', 'noteFailure', 'holdClients', 'dropData'],
        'store.failed': ['failed', 'release'],
        surplus: ['loading'],
        'stop.asked': ['stopped', 'release'],
      },
    },
    owning: {
      after: [...won, 'loaded'],
      on: {
        surplus: ['handingOver', 'handOver'],
        'core.stopped': ['owning', 'stopServer'],
        fenced: ['leaving', 'holdClients', 'dropData'],
        'data.unusable': ['leaving', 'noteFailure', 'holdClients', 'dropData'],
        'store.failed': ['failed', 'release'],
        'stop.asked': ['stopped', 'release'],
      },
    },
    // D9, D19
    handingOver: {
      after: [...won, 'loaded', 'surplus'],
      on: {
        dropped: ['looking', 'holdClients', 'look'],
        fenced: ['handingOver'],
        surplus: ['handingOver'],
        'core.stopped': ['handingOver'],
        'data.unusable': ['handingOver', 'noteFailure'],
        'store.failed': ['failed', 'release'],
        'stop.asked': ['stopped', 'release'],
      },
    },
    // D9
    leaving: {
      after: [...won, 'fenced'],
      on: {
        dropped: ['looking', 'holdClients', 'look'],
        fenced: ['leaving'],
        'data.unusable': ['leaving'],
        'store.failed': ['leaving'],
        surplus: ['leaving'],
        'stop.asked': ['stopped', 'release'],
      },
    },
  },
  finals: { stopped: ['stop.asked'], failed: [...won, 'store.failed'] },
};

export const claimChecks: ChartChecks = { machine: claimMachine, table, stories: {} };
