import { claimMachine } from '../../../src/machines/claim.ts';
import type { ChartChecks, ChartTable } from '../../support/chart.ts';

const names = [
  'look.due',
  'lease.held',
  'lease.over',
  'store.unreachable',
  'claim.won',
  'claim.lost',
  'loaded',
  'fenced',
  'store.failed',
  'dropped',
  'stop.asked',
];

const won = ['lease.over', 'claim.won'];

const table: ChartTable = {
  input: undefined,
  start: { context: {}, calls: ['holdClients', 'look'] },
  events: Object.fromEntries(names.map((type) => [type, { type }])),
  states: {
    // D11, D12
    looking: {
      after: [],
      on: {
        'lease.over': ['claiming', 'holdClients', 'claim'],
        'lease.held': ['standingBy', 'forwardClients', 'lookLater'],
        'store.unreachable': ['looking', 'lookLater'],
        'look.due': ['looking', 'look'],
        'stop.asked': ['stopped', 'release'],
      },
    },
    standingBy: {
      after: ['lease.held'],
      on: {
        'look.due': ['standingBy', 'look'],
        'lease.held': ['standingBy', 'forwardClients', 'lookLater'],
        'lease.over': ['claiming', 'holdClients', 'claim'],
        'store.unreachable': ['standingBy', 'lookLater'],
        'stop.asked': ['stopped', 'release'],
      },
    },
    // D11
    claiming: {
      after: ['lease.over'],
      on: {
        'claim.won': ['loading', 'load'],
        'claim.lost': ['looking', 'holdClients', 'look'],
        'store.unreachable': ['looking', 'holdClients', 'look'],
        'stop.asked': ['stopped', 'release'],
      },
    },
    // D4, D6, D9
    loading: {
      after: won,
      on: {
        loaded: ['owning', 'serveClients'],
        fenced: ['leaving', 'holdClients', 'dropData'],
        'store.unreachable': ['looking', 'holdClients', 'look'],
        'store.failed': ['failed', 'release'],
        'stop.asked': ['stopped', 'release'],
      },
    },
    owning: {
      after: [...won, 'loaded'],
      on: {
        fenced: ['leaving', 'holdClients', 'dropData'],
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
        'store.failed': ['leaving'],
        'stop.asked': ['stopped', 'release'],
      },
    },
  },
  finals: { stopped: ['stop.asked'], failed: [...won, 'store.failed'] },
};

export const claimChecks: ChartChecks = { machine: claimMachine, table, stories: {} };
