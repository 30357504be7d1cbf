import { speculationMachine } from '../../../src/machines/policies/speculation.ts';
import type { RunningTask } from '../../../src/machines/policies/policy-tasks.ts';
import type { ChartChecks } from '../../support/chart.ts';

/** A task that has run three times as long as the three others, while a worker waits. */
const LATE: RunningTask = {
  task: 1,
  attempts: 1,
  maxAttempts: 3,
  onDeadWorker: 'requeue',
  rank: 2,
  host: 'ada',
  metadata: {},
  milliseconds: 3_000,
  finished: 3,
  medianMilliseconds: 1_000,
  waitingWorkers: 1,
};

const given = (facts: Partial<RunningTask> = {}) => ({ type: 'task.running', ...LATE, ...facts });
const looked = (facts: Partial<RunningTask> = {}) => ({ type: 'watch.elapsed', ...LATE, ...facts });
const WATCH = 'watch, milliseconds 1000';

export const speculationChecks: ChartChecks = {
  machine: speculationMachine,
  table: {
    input: LATE,
    start: { context: {}, calls: [] },
    events: {
      'task.running': given(),
      'task.running, its second attempt': given({ attempts: 2 }),
      'task.running, its last attempt': given({ attempts: 3 }),
      'task.running, null': given({ onDeadWorker: 'null' }),
      'task.running, shutdown': given({ onDeadWorker: 'shutdown' }),
      'watch.elapsed, late': looked(),
      'watch.elapsed, not yet late': looked({ milliseconds: 2_999 }),
      'watch.elapsed, too few others': looked({ finished: 2 }),
      'watch.elapsed, nobody waits': looked({ waitingWorkers: 0 }),
      'task.ended': { type: 'task.ended' },
    },
    states: {
      beginning: {
        after: [],
        on: {
          'task.running': ['watching', WATCH],
          'task.running, its second attempt': ['watching', WATCH],
          'task.running, its last attempt': ['alone', 'runAlone'],
          'task.running, null': ['alone', 'runAlone'],
          'task.running, shutdown': ['alone', 'runAlone'],
        },
      },
      watching: {
        after: ['task.running'],
        on: {
          'watch.elapsed, late': ['copied', 'copy'],
          'watch.elapsed, not yet late': ['watching', WATCH],
          'watch.elapsed, too few others': ['watching', WATCH],
          'watch.elapsed, nobody waits': ['watching', WATCH],
          'task.ended': ['ended'],
        },
      },
    },
    finals: {
      copied: ['task.running', 'watch.elapsed, late'],
      alone: ['task.running, null'],
      ended: ['task.running', 'task.ended'],
    },
  },
  stories: {},
};
