/** The tasks that the machines of policies decide about. Programs import these types, so this file needs no XState. */
import type { DeathPolicy } from '../dead-worker-policy.ts';

/** A task that exactly one worker has, as a machine gets it. It is data. */
export interface RunningTask {
  /** The number of the task in its job. */
  readonly task: number;
  /** The number of times it has been handed out, second copies included. */
  readonly attempts: number;
  /** The number of times it may be handed out. */
  readonly maxAttempts: number;
  /** The option of the job (S1). */
  readonly onDeadWorker: DeathPolicy;
  /** The rank and the host of the worker that has it. */
  readonly rank: number;
  readonly host: string;
  /** The metadata of the task. */
  readonly metadata: Readonly<Record<string, string>>;
  /** How long that worker has had it, in milliseconds. */
  readonly milliseconds: number;
  /** How many of the last tasks of its batch with a result are known: at most 32, and 0 after a restart of the server. */
  readonly finished: number;
  /** The median of the times that those took, in milliseconds; 0 if there are none. */
  readonly medianMilliseconds: number;
  /** The number of workers that wait for a task. */
  readonly waitingWorkers: number;
}

/** A queued task, as a machine gets it. It is data. */
export interface QueuedTask {
  /** The number of the task in its job. */
  readonly task: number;
  /** How often it has been handed out before. */
  readonly attempts: number;
  /** The host that its metadata name (`taskHost`); empty if they name none. */
  readonly host: string;
  /** The hosts where registered workers are. */
  readonly hosts: readonly string[];
  /** The metadata of the task. */
  readonly metadata: Readonly<Record<string, string>>;
  /** How long it has been queued, in milliseconds. */
  readonly milliseconds: number;
  /** How often it has waited for workers of a host since it was queued. After three times it may go anywhere only. */
  readonly waits: number;
}
