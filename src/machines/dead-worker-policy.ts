/**
 * What becomes of the work of a worker that has ended, or has failed its task. Pure decisions: `src/sleigh/recovery.ts`
 * asks for one and carries it out.
 *
 * - S13 The policy decides about the task of a worker that died. Under `shutdown` nobody is answered for: the job ends.
 * - S7.1, S8 A copy of a broadcast is tried again by the same worker, which has failed it and stays.
 * - S19 What a sentinel reports decides, whatever the policy: a task that was not begun is for others, and a copy, which is
 *       nobody else's, is answered for. Ranks whose sentinel supervises are answered for under every policy.
 */

/** What becomes of the task of a worker that dies, and of its job (S13). */
export type DeathPolicy = 'shutdown' | 'requeue' | 'null';

/** A task, or a copy of a broadcast, that its worker did not finish. */
export interface UnfinishedTask {
  /** How often it has been given to a worker. */
  readonly attempts: number;
  /** How often it may be. */
  readonly maxAttempts: number;
  readonly isCopy: boolean;
  /** The worker failed the task and is still there. */
  readonly workerStays: boolean;
}

/**
 * `requeue`: others try it. `retry`: the same worker tries it again. `answer`: its master gets a null result. `drop`: nobody
 * is told.
 */
export type Decision = 'requeue' | 'retry' | 'answer' | 'drop';

/** S13, S7.1. */
export function decideUnfinished(policy: DeathPolicy, task: UnfinishedTask): Decision {
  const mayTryAgain = policy === 'requeue' && task.attempts < task.maxAttempts;
  if (mayTryAgain && !task.isCopy) return 'requeue';
  if (mayTryAgain && task.workerStays) return 'retry';
  return answersForDead(policy) ? 'answer' : 'drop';
}

/** S19: for a task that was given to a worker, and that it did not begin or declined. */
export const decideUntried = ({ isCopy }: Pick<UnfinishedTask, 'isCopy'>): 'requeue' | 'answer' =>
  isCopy ? 'answer' : 'requeue';

/** S13: whether null results stand for what a dead worker does not answer. */
export const answersForDead = (policy: DeathPolicy): boolean => policy !== 'shutdown';

/** S13, S19: whether null results stand for the broadcasts that never reached a rank. */
export const answersForAbsent = (policy: DeathPolicy, isSupervised: boolean): boolean =>
  answersForDead(policy) || isSupervised;
