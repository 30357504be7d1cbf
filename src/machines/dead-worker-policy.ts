/**
 * Decides about the work of a worker that has ended or has failed its task. The functions are pure. The machine in
 * `policies/recovery.ts` decides about tasks with them, and `src/sleigh/recovery.ts` carries out the decisions.
 *
 * - S13 The policy decides about the task of a worker that died. Under `shutdown` there are no null results, because
 *   the job ends.
 * - S7.1, S8 A copy of a broadcast is tried again by the same worker, which has failed it and stays.
 * - S19 The report of a sentinel takes precedence over the policy: a task that was not begun goes to other workers, and
 *   a copy, which no other worker can take, gets a null result. Ranks with a supervising sentinel get null results
 *   under every policy.
 */

/** What happens to the task of a worker that dies, and to its job (S13). */
export type DeathPolicy = 'shutdown' | 'requeue' | 'null';

/** A task, or a copy of a broadcast, that its worker did not finish. */
export interface UnfinishedTask {
  /** The number of times it has been handed out. */
  readonly attempts: number;
  /** The number of times it may be handed out. */
  readonly maxAttempts: number;
  readonly isCopy: boolean;
  /** The worker failed the task and is still there. */
  readonly workerStays: boolean;
}

/** A task that its worker did not finish, as a machine gets it. It is data. */
export interface Unfinished extends UnfinishedTask {
  /** The option of the job (S1). */
  readonly onDeadWorker: DeathPolicy;
  /** The number of the task in its job. */
  readonly task: number;
  /** The rank and the host of the worker that had it. */
  readonly rank: number;
  readonly host: string;
  /** The metadata of the task. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * `requeue`: other workers try it. `retry`: the same worker tries it again. `answer`: its master gets a null result.
 * `drop`: there is no result.
 */
export type Decision = 'requeue' | 'retry' | 'answer' | 'drop';

/** S13, S7.1. */
export function decideUnfinished(policy: DeathPolicy, task: UnfinishedTask): Decision {
  const mayTryAgain = policy === 'requeue' && task.attempts < task.maxAttempts;
  if (mayTryAgain && !task.isCopy) return 'requeue';
  if (mayTryAgain && task.workerStays) return 'retry';
  return answersForDead(policy) ? 'answer' : 'drop';
}

/** S19: for a task that was handed to a worker, which did not begin it or declined it. */
export const decideUntried = ({ isCopy }: Pick<UnfinishedTask, 'isCopy'>): 'requeue' | 'answer' =>
  isCopy ? 'answer' : 'requeue';

/** S13: whether a dead worker's unanswered copies get null results. */
export const answersForDead = (policy: DeathPolicy): boolean => policy !== 'shutdown';

/** S13, S19: whether the broadcasts that never reached a rank get null results for it. */
export const answersForAbsent = (policy: DeathPolicy, isSupervised: boolean): boolean =>
  answersForDead(policy) || isSupervised;
