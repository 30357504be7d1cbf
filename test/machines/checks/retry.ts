import { expect } from 'vitest';
import { retryMachine, type RetryEvent } from '../../../src/machines/pool/retry.ts';
import { checkEach, Recording, type ChartChecks, type ChartTable } from '../../support/chart.ts';

const failed = (attempt: number, mayRetry = true): RetryEvent => ({
  type: 'attempt.failed',
  attempt,
  mayRetry,
  milliseconds: 10 * attempt,
});
const elapsed: RetryEvent = { type: 'timer.elapsed' };

const table: ChartTable = {
  input: { attempts: 3 },
  isInterpreted: true,
  start: { context: { attempts: 3, attempt: 1 }, calls: [] },
  events: {
    'first failed': failed(1),
    'second failed': failed(2),
    'last failed': failed(3),
    'failed for good': failed(1, false),
    'timer.elapsed': elapsed,
    withdrawn: { type: 'withdrawn' },
  },
  states: {
    // S27.1
    trying: {
      after: [],
      on: {
        'first failed': ['waiting', 'startTimer, milliseconds 10'],
        'second failed': ['waiting', 'startTimer, milliseconds 20'],
        'last failed': ['givenUp'],
        'failed for good': ['givenUp'],
        withdrawn: ['givenUp'],
      },
      changes: { 'first failed': { attempt: 2 }, 'second failed': { attempt: 3 } },
    },
    // S27.2, S27.3
    waiting: {
      after: ['first failed'],
      on: {
        'timer.elapsed': ['trying', 'stopTimer', 'tryAgain, attempt 2'],
        withdrawn: ['givenUp', 'stopTimer'],
      },
    },
  },
  finals: { givenUp: ['withdrawn'] },
};

export const retryChecks: ChartChecks = {
  machine: retryMachine,
  table,
  stories: {
    'each further attempt has the next number (S27.1)': checkEach<[events: RetryEvent[], last: string]>(
      [
        ['the second', [failed(1), elapsed], 'tryAgain, attempt 2'],
        ['the third', [failed(1), elapsed, failed(2), elapsed], 'tryAgain, attempt 3'],
        ['one of another attempt than was counted', [failed(2), elapsed], 'tryAgain, attempt 3'],
      ],
      (machine, events, last) =>
        expect(
          new Recording(machine, { attempts: 3 })
            .send(...events)
            .takeCalls()
            .at(-1),
        ).toBe(last),
    ),
  },
};
