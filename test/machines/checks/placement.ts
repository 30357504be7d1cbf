import { localityMachine } from '../../../src/machines/policies/locality.ts';
import type { QueuedTask } from '../../../src/machines/policies/policy-tasks.ts';
import type { ChartChecks } from '../../support/chart.ts';

/** A task that names a host where a worker is. */
const NAMED: QueuedTask = {
  task: 1,
  attempts: 0,
  host: 'ada',
  hosts: ['bob', 'ada'],
  metadata: { taskHost: 'ada' },
  milliseconds: 0,
  waits: 0,
};

const queued = (facts: Partial<QueuedTask> = {}) => ({ type: 'task.queued', ...NAMED, ...facts });

export const localityChecks: ChartChecks = {
  machine: localityMachine,
  table: {
    input: NAMED,
    start: { context: {}, calls: [] },
    events: {
      'task.queued': queued(),
      'task.queued, nobody is there': queued({ hosts: ['bob'] }),
      'task.queued, without a host': queued({ host: '' }),
      'wait.elapsed': { type: 'wait.elapsed', ...NAMED, waits: 1 },
      'task.taken': { type: 'task.taken' },
    },
    states: {
      deciding: {
        after: [],
        on: {
          'task.queued': ['waiting', 'onHost, host "ada", milliseconds 500'],
          'task.queued, nobody is there': ['anywhere', 'anywhere'],
          'task.queued, without a host': ['anywhere', 'anywhere'],
        },
      },
      waiting: {
        after: ['task.queued'],
        on: { 'wait.elapsed': ['anywhere', 'anywhere'], 'task.taken': ['taken'] },
      },
    },
    finals: {
      anywhere: ['task.queued, without a host'],
      taken: ['task.queued', 'task.taken'],
    },
  },
  stories: {},
};
