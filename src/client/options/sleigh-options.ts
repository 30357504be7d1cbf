import type { Progress } from './batch-options.ts';
import type { ServerAddress } from '../connection/server-address.ts';
import type { Launcher } from '../launchers/launcher.ts';
import type { NodeOptions } from '../sentinel/node-flags.ts';
import type { Place } from '../sentinel/place.ts';
import type { Outcome } from '../task/outcomes.ts';
import type { Respawn } from './respawn.ts';
import type { Retry } from './retry.ts';
import type { Scattered } from '../master/scattered.ts';
import type { ErrorHandling } from '../master/results.ts';
import type { OnAbort } from '../task/task-metadata.ts';

/** What becomes of the task of a dead worker (S13). */
export type OnDeadWorker = 'requeue' | 'null' | 'shutdown';

/** The workers to start. */
export interface LaunchOptions extends Place, NodeOptions {
  /** The number of workers; a group that closes expects this many (S4). 0 is allowed if others may join (S17). */
  readonly workers: number;
  /**
   * The number of calls that each worker has under way at the same time, for tasks that wait: requests, files, timers. The
   * default is 1. A call that computes holds up the others of its worker. To the server each of these calls is a worker
   * with a rank, so `status`, `join` and the page count `workers × concurrency`.
   */
  readonly concurrency?: number | undefined;
  /** The hosts of the workers, for a launcher that reaches other hosts. */
  readonly hosts?: readonly string[] | undefined;
  /** How the workers are started. The default is `processes()`. */
  readonly launch?: Launcher | undefined;
  /**
   * A module that each worker loads before it registers: its path or its URL (`import.meta.resolve(…)` finds one of a
   * package). It needs no exports.
   */
  readonly preload?: URL | string | undefined;
  /**
   * Whether workers that end are replaced (S22). The default is true. The budget allows `restarts` immediate
   * replacements in `within` milliseconds; the default is 10 for each worker in 10,000 ms. Beyond it each replacement
   * waits twice as long as the one before, at most `maxDelay` milliseconds (5,000). If workers end before they have
   * registered, three times in a row for each worker, the job fails with `no-workers`.
   */
  readonly respawn?: Respawn | undefined;
  /** The number of elements after which a worker is replaced. The default is no limit. */
  readonly maxTasksPerWorker?: number | undefined;
  /**
   * Bytes of memory above which a worker is replaced between two elements: the resident memory (RSS) of a process,
   * the heap of a thread. The default is no limit.
   */
  readonly maxMemory?: number | undefined;
}

export interface SleighOptions extends LaunchOptions {
  /** The server. By default a private server is started on this host and ends with the job. */
  readonly server?: ServerAddress | undefined;
  /** If given, the private server has a web page on this host, and this function is called with its address. */
  readonly onPage?: ((url: string) => void) | undefined;
  /**
   * `closing` (the default): only the started workers. `elastic`: workers join and leave while the job runs, by
   * `launch` or by `sleigh worker` from anywhere (S17).
   */
  readonly join?: 'closing' | 'elastic' | undefined;
  /**
   * The name of the job, and of its workspace. A program that was killed and is started again with the same name goes on with
   * the same job; see `name` of `eachElem`. The group is elastic, and `stop` ends the job. Other programs use `Sleigh.attach`.
   * The default is a name that no other job has.
   */
  readonly name?: string | undefined;
  /**
   * Seconds within which a worker that lost its connection may come back with its task (S18), and the master and the sentinels
   * with their workers (P15); the server may lower the latter. The default is 60 on a server that keeps its data, which may be
   * started again meanwhile; on any other it is 0, and who loses its connection is dead at once. A private server has no grace
   * for the master.
   */
  readonly reconnectGrace?: number | undefined;
  /**
   * `requeue` (the default): another worker tries the task again, up to `maxAttempts` times; then it fails. `null`:
   * it fails at once. `shutdown`: the job ends.
   */
  readonly onDeadWorker?: OnDeadWorker | undefined;
  /**
   * The default is 3. With `concurrency`, an element whose worker ended while it ran other calls, too, is called again
   * alone, and that first attempt does not count. If only a later `launch` has `concurrency`, this applies to tasks
   * that are sent after it.
   */
  readonly maxAttempts?: number | undefined;
  /**
   * The label of the owner, for the listing (W10), and the beginning of the workspace's name. The default is
   * `sleigh`.
   */
  readonly label?: string | undefined;
  /** Called for each worker that ends unexpectedly, with its rank and how it ended. */
  readonly onDeath?: ((rank: number, how: string) => void) | undefined;
  /**
   * Called with the output of all workers and with errors of their hosts, in whole lines. By default they go to
   * standard error.
   */
  readonly onOutput?: ((text: string) => void) | undefined;
  /** With true the job does not keep its process alive. The default is false. */
  readonly unref?: boolean | undefined;
  /** Closes the connections when it is aborted, which ends the job. */
  readonly signal?: AbortSignal | undefined;
}

export interface SleighPoolOptions extends Omit<SleighOptions, 'unref'> {
  /** Milliseconds without a call after which the workers end. The default is 10,000. */
  readonly idleTimeout?: number | undefined;
}

/** What is called with what calls say while they run. An error that these functions throw cancels the calls. */
export interface CallListeners {
  /** Called with values of `context.progress`, soon after the call has said so; some may be skipped. */
  readonly onElementProgress?: ((progress: ElementProgress) => void) | undefined;
  /** Called with each line of `context.log`. By default the lines go to the output of the workers. */
  readonly onLog?: ((line: LogLine) => void) | undefined;
}

/** What a call has said by `context.progress`. */
export interface ElementProgress {
  /** The index of the element. */
  readonly index: number;
  /** The rank of the worker. */
  readonly worker: number;
  readonly value: unknown;
}

/** A line that a call has written by `context.log`. */
export interface LogLine {
  readonly index: number;
  readonly worker: number;
  readonly text: string;
}

/** The options of one call, and of the calls of a batch. */
export interface CallOptions extends CallListeners {
  /**
   * Cancels the batch or the call: queued elements are not called, running calls are ended as `onAbort` says, and the
   * reason is thrown.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * How running calls are ended when they are cancelled. `ask` (the default): `context.signal` is aborted, and a
   * worker whose call has not ended within 500 ms is killed and replaced. `kill`: the worker is killed at once.
   */
  readonly onAbort?: OnAbort | undefined;
  /**
   * The time limit of one call in milliseconds; the default is none. Beyond it the task fails with `timed-out`, and
   * `context.signal` is aborted. A call that blocks the event loop is ended by killing its worker, which is replaced.
   */
  readonly timeout?: number | undefined;
  /**
   * A whole number from -1,000 to 1,000; the default is 0. Queued elements of a higher priority are called first. Batches
   * of the same priority take turns, and so do the calls of `submit` of one function.
   */
  readonly priority?: number | undefined;
  /**
   * The host on which the elements should be called, as `os.hostname()` gives it there. It has an effect if the server has a
   * policy for it, such as `localityByHost` (S32). The default is none.
   */
  readonly host?: string | undefined;
  /** Whether and when a failed element is tried again. The default is never. */
  readonly retry?: Retry | undefined;
  /**
   * The seed of `context.random()`. The default is the number of the batch in its job, so give one where batches begin
   * at the same time.
   */
  readonly seed?: number | string | undefined;
}

/** The options of `submit`. */
export interface SubmitOptions extends CallOptions {
  /**
   * Memory of the element that is moved to the worker if that is a thread of this process: its ArrayBuffers have no bytes
   * here afterwards, and are not copied. To any other worker the bytes are sent, and the ArrayBuffers stay as they are. The
   * call is made once: if the worker ends meanwhile, it fails with `unreadable`.
   */
  readonly transfer?: readonly ArrayBuffer[] | undefined;
}

/** The options of all tasks of a batch. */
export interface TaskOptions<Errors extends ErrorHandling = ErrorHandling> extends CallOptions {
  /** The default is `throw`. */
  readonly errors?: Errors | undefined;
}

export interface EachElemOptions<
  Errors extends ErrorHandling = ErrorHandling,
  Element = never,
> extends TaskOptions<Errors> {
  /** The memory of an element that is moved to its worker; see `transfer` of `submit`. Such elements are sent alone. */
  readonly transfer?: ((element: Element) => readonly ArrayBuffer[]) | undefined;
  /**
   * The number of tasks under way for each worker. The default is 8. It bounds the memory, however many elements
   * there are.
   */
  readonly loadFactor?: number | undefined;
  /**
   * The number of elements in one task. `auto` (the default): one at first, then as many as take about 2 ms, at most
   * 100 elements and 64 KiB. Elements that take longer are sent alone, and a worker returns what it has not started
   * after 5 ms. When a worker dies, the completed elements of its chunk are called again; therefore `auto` is 1
   * unless `onDeadWorker` is `requeue`.
   */
  readonly chunkSize?: number | 'auto' | undefined;
  /** At most so many elements are sent in a second. The default is no limit. */
  readonly ratePerSecond?: number | undefined;
  /**
   * The name of the batch in its job, for an elastic group. Results of elements that are done stay on the server until all
   * outcomes were taken. A program that was started again, with the same elements in the same order, gets them again, and only
   * the missing elements are called. Failures are delivered again as well. A batch that is cancelled, or left early, is forgotten.
   * Each element is sent alone (`chunkSize` 1).
   */
  readonly name?: string | undefined;
  /** With false, results are returned as they arrive instead of in the order of the elements. */
  readonly ordered?: boolean | undefined;
  /** Called after each task that is answered; a task may contain several elements. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface EachWorkerOptions<
  Result = unknown,
  Errors extends ErrorHandling = ErrorHandling,
> extends Omit<TaskOptions<Errors>, keyof CallListeners | 'retry' | 'priority' | 'host'> {
  /**
   * In an elastic group: `present` (the default) for the workers that are registered; `all` also for every worker
   * that joins later, before its other tasks, until the job ends (S17).
   */
  readonly reach?: 'present' | 'all' | undefined;
  /** Called with the outcome of each worker that joined later; its index is the rank. */
  readonly onLate?: ((outcome: Outcome<Result>) => void) | undefined;
}

/** `fixedArgs` is required if the task's function declares them. */
export type WithFixedArgs<FixedArgs> = unknown extends FixedArgs
  ? { readonly fixedArgs?: unknown }
  : { readonly fixedArgs: FixedArgs | Scattered<FixedArgs> };
/** The options; they may be omitted if none is required. */
export type MaybeOptions<Options, FixedArgs> = unknown extends FixedArgs
  ? [options?: Options & WithFixedArgs<FixedArgs>]
  : [options: Options & WithFixedArgs<FixedArgs>];
