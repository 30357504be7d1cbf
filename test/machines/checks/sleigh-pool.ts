import { sleighPoolMachine, type SleighPoolEvent } from '../../../src/machines/pool/sleigh-pool.ts';
import type { ChartChecks, ChartTable } from '../../support/chart.ts';

const names: readonly SleighPoolEvent['type'][] = [
  'call.made',
  'calls.ended',
  'job.started',
  'job.failed',
  'job.closed',
  'idle.elapsed',
  'close.asked',
];

const table: ChartTable = {
  input: undefined,
  isInterpreted: true,
  start: { context: {}, calls: [] },
  events: Object.fromEntries(names.map((type) => [type, { type }])),
  states: {
    // S25.1
    empty: {
      after: [],
      tags: ['takes-calls'],
      on: {
        'call.made': ['starting', 'holdProcess', 'startJob'],
        'calls.ended': ['empty'],
        'job.started': ['empty'],
        'job.failed': ['empty'],
        'job.closed': ['empty'],
        'close.asked': ['closed'],
      },
    },
    starting: {
      after: ['call.made'],
      tags: ['takes-calls'],
      on: {
        'call.made': ['starting'],
        'calls.ended': ['starting'],
        'job.started': ['busy', 'releaseProcess', 'holdProcess'],
        'job.failed': ['empty', 'releaseProcess'],
        'job.closed': ['starting'],
        'close.asked': ['closed', 'releaseProcess', 'stopJob'],
      },
    },
    // S25.2, S25.4
    busy: {
      after: ['call.made', 'job.started'],
      tags: ['takes-calls'],
      on: {
        'call.made': ['busy'],
        'calls.ended': ['idle', 'releaseProcess', 'startIdleTimer'],
        'job.started': ['busy'],
        'job.failed': ['busy'],
        'job.closed': ['empty', 'releaseProcess', 'stopJob'],
        'close.asked': ['closed', 'releaseProcess', 'stopJob'],
      },
    },
    // S25.3, S25.4
    idle: {
      after: ['call.made', 'job.started', 'calls.ended'],
      tags: ['takes-calls'],
      on: {
        'call.made': ['busy', 'stopIdleTimer', 'holdProcess'],
        'calls.ended': ['idle'],
        'job.started': ['idle'],
        'job.failed': ['idle'],
        'job.closed': ['empty', 'stopIdleTimer', 'stopJob'],
        'idle.elapsed': ['empty', 'stopIdleTimer', 'stopJob'],
        'close.asked': ['closed', 'stopIdleTimer', 'stopJob'],
      },
    },
  },
  // S25.5
  finals: { closed: ['close.asked'] },
};

export const sleighPoolChecks: ChartChecks = { machine: sleighPoolMachine, table, stories: {} };
