import type { Value } from '../workspace/value.ts';
import type { JobChanges } from './job-changes.ts';
import type { KeptResults } from './kept-results.ts';
import type { BatchRef } from './batch-ref.ts';
import type { KeptEnd } from './kept-end.ts';
import type { NullReserve } from './null-reserve.ts';
import { NO_SHARE, type Share, type TaskOptions } from './task-options.ts';

/** The workers that declined a task (S19). */
export interface Declined {
  readonly ranks: ReadonlySet<number>;
  /** The last worker that declined it, and how that worker ended. */
  readonly last: { readonly rank: number; readonly end: KeptEnd | undefined };
}

/** A task, which one worker has at a time, or one worker's copy of a broadcast. */
export interface Task {
  /** That of the task among the tasks and broadcasts of its job, or of the broadcast that it is a copy of. */
  readonly number: number;
  readonly value: Value;
  /** Undefined for those without `batchId` (S7). */
  readonly batch: BatchRef;
  /** How often it has been given to a worker. */
  attempts: number;
  /** Its place in the queue: queued tasks are in the order of these numbers. */
  place: number;
  /** The number of attempts that it specifies itself (S19). */
  readonly maxAttempts: number | undefined;
  /** Its share of the queue (S28). */
  readonly share: Share;
  /** Undefined if no worker has declined it. */
  declined: Declined | undefined;
  /** While it is queued: the host whose workers alone may take it (S32). Undefined if every worker may. */
  onHost: string | undefined;
  /** Whether it has its result, although a worker has it still (S30). What that worker stores for it is discarded. */
  isSettled: boolean;
  /** The broadcast that it is a copy of. */
  readonly broadcast: Broadcast | undefined;
  /** Whether it is a copy for a worker that joined after the broadcast, for which the log does not wait (S17). */
  readonly isLate?: boolean;
}

/** The workers that get a broadcast: also those that join later, or only present ones (S17). */
export type Reach = 'present' | 'all';

/** A task for every worker (S8). All copies share one value, which is kept until no copy needs it. */
export interface Broadcast {
  readonly number: number;
  /** The number of its value among the tasks and broadcasts of its job. */
  readonly task: number;
  readonly value: Value;
  readonly batch: BatchRef;
  /** The number of copies so far. */
  copies: number;
  /** The number of unanswered copies of the log. */
  outstanding: number;
  /** Whether workers that join later also get it, until the job ends (S17). */
  isLasting: boolean;
  /** The memory of null results: one for each copy, and one for all ranks that it does not reach (P12). */
  readonly reserve: NullReserve;
  /** Whether the group has not closed since, so that the ranks that it does not reach are not known (S6.1). */
  isOpen: boolean;
}

/** The number of broadcasts that are dropped at once. Later completions of copies drop more. */
export const TRIMMED_AT_ONCE = 64;

/** A worker's position in the broadcasts. */
export interface Reader {
  readonly rank: number;
  /** Empty until it has registered. */
  readonly host: string;
  /** The number of the next broadcast that it gets. */
  nextBroadcast: number;
  /** Its position in the lasting broadcasts that preceded it, which come first (S17). */
  nextLasting: number;
  readonly lastingBefore: number;
  /** A copy that it must try again before all other tasks (S7.1). */
  retry: Task | undefined;
}

/** What of the tasks survives the server, beside the tasks and the broadcasts. */
export interface TasksState {
  /** The number of the oldest broadcast in the log. */
  readonly oldest: number;
  /** Whether all broadcasts are kept for workers that join later. */
  readonly isKeeping: boolean;
}

/** Whether it has a copy that is not in the log: of a lasting broadcast, or one to try again. */
export const hasOtherCopy = ({ nextLasting, lastingBefore, retry }: Reader): boolean =>
  nextLasting < lastingBefore || retry !== undefined;

export const copyOf = (broadcast: Broadcast): Task => ({
  number: broadcast.task,
  value: broadcast.value,
  batch: broadcast.batch,
  attempts: 0,
  place: 0,
  maxAttempts: undefined,
  share: NO_SHARE,
  declined: undefined,
  onHost: undefined,
  isSettled: false,
  broadcast,
});

/** A task that was just stored. */
export const newTask = (
  { value, batch, number, place }: Pick<Task, 'value' | 'batch' | 'number' | 'place'>,
  { maxAttempts, share }: TaskOptions,
): Task => ({
  number,
  value,
  batch,
  attempts: 0,
  place,
  maxAttempts,
  share,
  declined: undefined,
  onHost: undefined,
  isSettled: false,
  broadcast: undefined,
});

/** What the tasks of a job are made with. */
export interface TasksOptions {
  readonly keeping: boolean;
  readonly changes: JobChanges;
  readonly changed: () => void;
  readonly kept: KeptResults;
}
