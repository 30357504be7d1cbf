import type { Progress } from './batch-options.ts';
import type { ServerAddress } from '../connection/server-address.ts';
import type { Launcher } from '../launchers/launcher.ts';
import type { Place } from '../sentinel/place.ts';
import type { Outcome } from '../task/outcomes.ts';
import type { Respawn } from './respawn.ts';
import type { ErrorHandling } from '../master/results.ts';
import type { OnAbort } from '../task/task-metadata.ts';

/** What becomes of the task of a worker that dies (S13). */
export type OnDeadWorker = 'requeue' | 'null' | 'shutdown';

/** Which workers are started. */
export interface LaunchOptions extends Place {
  /** How many; in a group that closes so many are expected (S4). 0 is possible where others may come (S17). */
  readonly workers: number;
  /** Where the workers run, for a launcher that reaches other hosts. */
  readonly hosts?: readonly string[] | undefined;
  /** How the workers are started: `processes()` unless told. */
  readonly launch?: Launcher | undefined;
  /**
   * A module that each worker loads before it registers, for what it does: its path, or its URL (`import.meta.resolve(…)`
   * finds one of a package). It need not export anything.
   */
  readonly preload?: URL | string | undefined;
  /**
   * Whether workers that end are replaced (S22): true unless told. `restarts` of them at once in `within` milliseconds; 10 for
   * each worker in 10,000 unless told. Beyond that each replacement waits twice as long as the one before, `maxDelay`
   * milliseconds at most, 5,000 unless told. Workers that end before they have registered, three times in a row for each
   * worker, are the end of it: see `no-workers`.
   */
  readonly respawn?: Respawn | undefined;
  /** Elements that a worker does before it is replaced by a new one; no limit unless told. */
  readonly maxTasksPerWorker?: number | undefined;
  /**
   * Bytes of memory above which a worker is replaced, between two elements: what a process occupies (RSS), what a thread has on
   * its heap. No limit unless told.
   */
  readonly maxMemory?: number | undefined;
}

export interface SleighOptions extends LaunchOptions {
  /** Where the server is; unless told, one for this job alone is started on this host, and ended with it. */
  readonly server?: ServerAddress | undefined;
  /** Where it is given, the server that is started for this job has a web page on this host, and this is told its address. */
  readonly onPage?: ((url: string) => void) | undefined;
  /**
   * `closing` unless told: the workers that are started, and no others. `elastic`: workers come and go while the job runs,
   * by `launch`, or by `sleigh worker` from anywhere (S17).
   */
  readonly join?: 'closing' | 'elastic' | undefined;
  /**
   * Seconds within which a worker that lost its connection may come back, with what it was doing, `Infinity` for no limit;
   * 0 unless told: it is dead at once (S18).
   */
  readonly reconnectGrace?: number | undefined;
  /**
   * `requeue` unless told: the task is tried again by another worker, up to `maxAttempts` times, and fails then. `null`:
   * it fails at once. `shutdown`: the job ends.
   */
  readonly onDeadWorker?: OnDeadWorker | undefined;
  /** 3 unless told. */
  readonly maxAttempts?: number | undefined;
  /** Who it is, for the listing (W10); `sleigh` unless told. The name of the workspace begins with it. */
  readonly label?: string | undefined;
  /** Told of each worker that ends without being asked to: its rank, and how it ended. */
  readonly onDeath?: ((rank: number, how: string) => void) | undefined;
  /**
   * Given what workers print, wherever they are and whoever has started them, and what goes wrong with their hosts, in whole
   * lines; standard error unless told.
   */
  readonly onOutput?: ((text: string) => void) | undefined;
  /** Closes the connections, whenever it is aborted: the job ends with them. */
  readonly signal?: AbortSignal | undefined;
}

/** What all tasks of a batch have in common. */
export interface TaskOptions<Errors extends ErrorHandling = ErrorHandling> {
  /** Cancels the batch: what is queued is not called, what runs is ended as `onAbort` says, and its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How calls are ended when the batch is cancelled. `ask` unless told: `context.signal` is aborted, and a worker whose call
   * has not ended within 500 ms is ended and replaced. `kill`: the worker is ended at once.
   */
  readonly onAbort?: OnAbort | undefined;
  /**
   * Milliseconds that one call may take, without limit unless told; its task fails then with `timed-out`, and `context.signal` is aborted. A call
   * that blocks the event loop is ended a second later, and its worker with it: see `onDeadWorker`.
   */
  readonly timeout?: number | undefined;
  /** `throw` unless told. */
  readonly errors?: Errors | undefined;
}

export interface EachElemOptions<Errors extends ErrorHandling = ErrorHandling> extends TaskOptions<Errors> {
  /** Tasks that are out for each worker that there is: 8 unless told. So much is held in memory, however many elements there are. */
  readonly loadFactor?: number | undefined;
  /**
   * Elements that travel together, as one task. `auto` unless told: one at first, then as many as take about 2 ms, 100
   * and 64 KiB at most. Those that take longer travel alone, and what a worker has not begun after 5 ms it gives back. When
   * it dies, what it had done of a chunk is called again: so `auto` is 1 unless `onDeadWorker` is `requeue`.
   */
  readonly chunkSize?: number | 'auto' | undefined;
  /** False: results come as they are ready, not in the order of the elements. */
  readonly ordered?: boolean | undefined;
  /** Told after each task that is answered, be it of one element or of several. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface EachWorkerOptions<
  Result = unknown,
  Errors extends ErrorHandling = ErrorHandling,
> extends TaskOptions<Errors> {
  /**
   * In an elastic group: `present`, unless told, is for the workers that are registered; `all` for everyone who comes
   * later as well, before all else, for the life of the job (S17).
   */
  readonly reach?: 'present' | 'all' | undefined;
  /** Told what became of the call on each worker that came later; its index is the rank. */
  readonly onLate?: ((outcome: Outcome<Result>) => void) | undefined;
}

/** `fixedArgs` must be there where the task's function says what they are. */
export type WithFixedArgs<FixedArgs> = unknown extends FixedArgs
  ? { readonly fixedArgs?: unknown }
  : { readonly fixedArgs: FixedArgs };
/** The options, which may be left out where nothing in them must be there. */
export type MaybeOptions<Options, FixedArgs> = unknown extends FixedArgs
  ? [options?: Options & WithFixedArgs<FixedArgs>]
  : [options: Options & WithFixedArgs<FixedArgs>];
