import { describe, expect, test } from 'vitest';
import {
  answersForAbsent,
  answersForDead,
  decideUnfinished,
  decideUntried,
  type Decision,
  type DeathPolicy,
  type UnfinishedTask,
} from '../../src/machines/dead-worker-policy.ts';

const TASK: UnfinishedTask = { attempts: 1, maxAttempts: 3, isCopy: false, workerStays: false };
const FAILED: UnfinishedTask = { ...TASK, workerStays: true };
const COPY: UnfinishedTask = { ...TASK, isCopy: true };
const FAILED_COPY: UnfinishedTask = { ...COPY, workerStays: true };
const last = (task: UnfinishedTask): UnfinishedTask => ({ ...task, attempts: 3 });

/** The actions under requeue, null and shutdown. */
const ROWS: readonly (readonly [string, UnfinishedTask, Decision, Decision, Decision])[] = [
  ['the task of a dead worker', TASK, 'requeue', 'answer', 'drop'],
  ['its last attempt', last(TASK), 'answer', 'answer', 'drop'],
  ['a task that its worker failed', FAILED, 'requeue', 'answer', 'drop'],
  ['its last attempt, failed', last(FAILED), 'answer', 'answer', 'drop'],
  ['the copy of a dead worker', COPY, 'answer', 'answer', 'drop'],
  ['a copy that its worker failed', FAILED_COPY, 'retry', 'answer', 'drop'],
  ['the last attempt at a copy', last(FAILED_COPY), 'answer', 'answer', 'drop'],
];

/** Whether dead ranks, absent ranks and absent ranks of a supervising sentinel are answered for. */
const answered = (policy: DeathPolicy): boolean[] => [
  answersForDead(policy),
  answersForAbsent(policy, false),
  answersForAbsent(policy, true),
];

describe('the policy for dead workers (S13, S7.1)', () => {
  test.each(ROWS)('decides about %s', (_what, task, requeue, answer, shutdown) => {
    expect(decideUnfinished('requeue', task)).toBe(requeue);
    expect(decideUnfinished('null', task)).toBe(answer);
    expect(decideUnfinished('shutdown', task)).toBe(shutdown);
  });

  test('gives an untried task to other workers and answers a copy, for every onDeadWorker (S19)', () => {
    expect(decideUntried({ isCopy: false })).toBe('requeue');
    expect(decideUntried({ isCopy: true })).toBe('answer');
  });

  test('answers only for ranks with a supervising sentinel under shutdown (S13, S19)', () => {
    expect(answered('requeue')).toEqual([true, true, true]);
    expect(answered('null')).toEqual([true, true, true]);
    expect(answered('shutdown')).toEqual([false, false, true]);
  });
});
