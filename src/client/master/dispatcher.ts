import { KEY, VARIABLE } from '../../wire/names.ts';
import { BatchReports } from './batch-reports.ts';
import { CallReports } from './call-reports.ts';
import { CancelMarks } from './cancel-marks.ts';
import { delay, type Clock } from '../clock.ts';
import type { Found } from '../connection/connection.ts';
import { ConnectionLostError, NwsError } from '../connection/errors.ts';
import type { ConnectionPool } from '../connection/connection-pool.ts';
import type { JobEndReason } from './job-end.ts';
import { Mailbox } from './mailbox.ts';
import { SleighError } from './sleigh-error.ts';
import { TaskGroup, type TaskGroupOptions, type TaskSender } from './task-group.ts';
import type { Sent } from './task-parts.ts';
import type { TaskFailure } from '../task/task-metadata.ts';
import type { EncodedValue } from '../values/values.ts';
import { SLEIGH } from '../errors/job.ts';

/** The number of groups besides the latest to which idle ones are kept, because they know the cost of their elements. */
const MAX_IDLE_GROUPS = 64;
/** Milliseconds between two checks of the state of the job. */
const LOOK_MS = 50;

/** A batch, or a call of `submit`, whose elements are under way. */
export interface Calls {
  /** The batch, if someone may cancel it. */
  readonly id?: string;
  cancelOnPage?(): void;
  /** @returns whether the failed element is called again */
  retry?(index: number): boolean;
  /** Resolves when nothing of it is left. */
  readonly settled: Promise<void>;
  /** The indexes of the elements under way. */
  readonly unfinished: readonly number[];
  /** The number of workers has changed. */
  windowChanged(): void;
  noWorkers(failure: TaskFailure): void;
  end(reason: unknown): void;
}

/** Receives the results of a broadcast. */
export interface BroadcastReceiver {
  received(result: Found): void;
  cancel(reason: unknown): void;
  noWorkers(failure: TaskFailure): void;
  end(error: unknown): void;
}

export interface DispatcherOptions {
  readonly lines: ConnectionPool;
  readonly workspace: string;
  readonly clock: Clock;
  /** The initial number of workers. */
  readonly workers: number;
  /** How often the job attempts a task (S13). */
  readonly maxAttempts: number;
  /** Whether elements that a dead worker left undone may be called again. */
  readonly mayRepeat: boolean;
  /** The mailbox for results (S21), which no other master of the job uses. */
  readonly mailbox: string;
  /** Current metadata that tasks carry in addition to their own. */
  readonly extra: () => Iterable<readonly [string, string]>;
  /** Called when no further results will arrive, before `end`. */
  readonly onEnd: (why: JobEndReason) => void;
}

/** Stores the tasks of all batches of a master, and passes each result to its batch. */
export class Dispatcher implements TaskSender {
  readonly marks: CancelMarks;
  readonly reports: BatchReports;
  /** What calls say while they run. */
  readonly callReports: CallReports;
  readonly mayRepeat: boolean;
  /** The hosts of the workers by rank, from their results. */
  readonly hosts = new Map<number, string>();
  readonly #options: DispatcherOptions;
  readonly #mailbox: Mailbox;
  #workers: number;
  #maxAttempts: number;
  readonly #groups = new Map<string, TaskGroup>();
  readonly #calls = new Set<Calls>();
  readonly #broadcasts = new Map<string, BroadcastReceiver>();
  /** Tasks without a result, by their number. */
  readonly #out = new Map<number, { readonly group: TaskGroup; readonly sent: Sent }>();
  #made = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const { lines, workspace, workers, maxAttempts, mayRepeat, clock } = options;
    this.marks = new CancelMarks(lines, workspace);
    this.callReports = new CallReports(lines, workspace);
    this.reports = new BatchReports({ lines, workspace, clock, sender: this });
    this.#maxAttempts = maxAttempts;
    this.mayRepeat = mayRepeat;
    this.#workers = workers;
    this.#mailbox = new Mailbox({
      lines,
      workspace,
      name: options.mailbox,
      onResult: (result) => this.#received(result),
      onEnd: (error) => this.#endAll(error),
    });
  }

  get maxAttempts(): number {
    return this.#maxAttempts;
  }

  /** From now on tasks are attempted so often, if that is more: processes with several ranks are started (S23.10). */
  raiseAttempts(maxAttempts: number): void {
    this.#maxAttempts = Math.max(this.#maxAttempts, maxAttempts);
  }

  get workers(): number {
    return this.#workers;
  }

  /** Sets the number of workers. If it decreases, tasks under way stay under way. */
  set workers(workers: number) {
    if (workers === this.#workers) return;
    this.#workers = workers;
    for (const group of this.#groups.values()) group.flush();
    for (const calls of this.#calls) calls.windowChanged();
  }

  /** Whether tasks are under way. */
  get isBusy(): boolean {
    return this.#calls.size > 0;
  }

  /** The group for elements of that kind. Elements with a fixed chunk size form a group for each batch. */
  group(options: Omit<TaskGroupOptions, 'sender'>): TaskGroup {
    if (options.chunkSize !== 'auto') return new TaskGroup({ ...options, sender: this });
    const key = JSON.stringify([options.loadFactor, ...options.metadata]);
    const known = this.#groups.get(key);
    const group = known ?? new TaskGroup({ ...options, sender: this });
    this.#groups.delete(key);
    this.#forgetIdleGroups();
    this.#groups.set(key, group);
    return group;
  }

  #forgetIdleGroups(): void {
    let tooMany = this.#groups.size - MAX_IDLE_GROUPS;
    for (const [key, { isIdle }] of this.#groups) {
      if (tooMany <= 0) return;
      if (!isIdle) continue;
      this.#groups.delete(key);
      tooMany--;
    }
  }

  add(calls: Calls): void {
    this.#calls.add(calls);
    void calls.settled.then(() => this.#calls.delete(calls));
  }

  /** Someone has cancelled a batch on the page of the server (S24.5). */
  cancel(batch: string): void {
    for (const calls of this.#calls) if (calls.id === batch) calls.cancelOnPage?.();
    this.#broadcasts.get(batch)?.cancel(new SleighError(SLEIGH.cancelledOnPage()));
  }

  /** Someone wants failed elements to be called again, on the page of the server (S24.6). */
  retry(batch: string, indexes: readonly number[]): void {
    const calls = [...this.#calls].find(({ id }) => id === batch);
    for (const index of indexes) if (calls?.retry?.(index) !== true) this.reports.tooLate(batch, index);
  }

  /** Passes results of the broadcast to the receiver until `removeBroadcast`. */
  addBroadcast(id: string, receiver: BroadcastReceiver): void {
    this.#broadcasts.set(id, receiver);
  }

  removeBroadcast(id: string): void {
    this.#broadcasts.delete(id);
  }

  /** Changes the number of expected results of broadcasts. */
  expect(change: number): void {
    this.#mailbox.expect(change);
  }

  /** The metadata of tasks and broadcasts: where their results go, and which fixed arguments workers may drop. */
  metadata(): Map<string, string> {
    return new Map([...this.#mailbox.metadata, ...this.extra()]);
  }

  /** Metadata of every task: which fixed arguments workers may drop. */
  extra(): Iterable<readonly [string, string]> {
    return this.#options.extra();
  }

  /** Metadata of tasks that do not say by themselves how often they are attempted. */
  attempts(): Iterable<readonly [string, string]> {
    const isRaised = this.#maxAttempts > this.#options.maxAttempts;
    return isRaised ? [[KEY.maxAttempts, String(this.#maxAttempts)]] : [];
  }

  /** The job has ended, as a request has shown. */
  failed(error: unknown): void {
    this.#endAll(error);
  }

  /** A result says on which host its worker is. */
  noteHost({ metadata }: Found): void {
    const host = metadata.get(KEY.host);
    if (host !== undefined) this.hosts.set(Number(metadata.get(KEY.workerRank)), host);
  }

  async send(
    group: TaskGroup,
    sent: Sent,
    value: EncodedValue,
    metadata: ReadonlyMap<string, string>,
  ): Promise<void> {
    const { lines, workspace } = this.#options;
    const number = this.#made++;
    const all = new Map([...this.attempts(), ...metadata, ...this.metadata(), [KEY.task, String(number)]]);
    this.#out.set(number, { group, sent });
    this.#mailbox.expect(1);
    try {
      await lines.main.storeEncoded(workspace, VARIABLE.task, value, all);
    } catch (error) {
      if (!this.#out.delete(number)) return;
      this.#mailbox.expect(-1);
      if (!isFinal(error)) throw error;
      this.#endAll(error);
    }
  }

  #received(result: Found): boolean {
    this.noteHost(result);
    const { metadata } = result;
    const number = metadata.get(KEY.task);
    if (number === undefined) {
      const receiver = this.#broadcasts.get(metadata.get(KEY.batchId) ?? '');
      receiver?.received(result);
      return receiver !== undefined;
    }
    const task = this.#out.get(Number(number));
    if (task === undefined) return false;
    this.#out.delete(Number(number));
    task.group.received(task.sent, result);
    return true;
  }

  /**
   * No worker can be had any more (S23.4): takes the available results, then fails all elements without one.
   * @returns when that is done, or the job has ended
   */
  async noWorkers(failure: TaskFailure): Promise<void> {
    const { clock } = this.#options;
    try {
      while (!(await this.#isStill())) await delay(clock, LOOK_MS);
      // The last results may still be on their way.
      await delay(clock, LOOK_MS);
    } catch (error) {
      return this.#endAll(error);
    }
    for (const calls of this.#calls) calls.noWorkers(failure);
    for (const receiver of this.#broadcasts.values()) receiver.noWorkers(failure);
    const out = [...this.#out.values()];
    this.#out.clear();
    this.#mailbox.expect(-out.length);
    for (const { group, sent } of out) group.fail(sent, failure);
  }

  /** Whether no worker is left that could answer, and all results have arrived. */
  async #isStill(): Promise<boolean> {
    const { lines, workspace } = this.#options;
    const [workers, { metadata }] = await Promise.all([
      lines.main.find(workspace, VARIABLE.rankCount),
      lines.main.find(workspace, VARIABLE.jobStatus, new Map([[KEY.all, '1']])),
    ]);
    const queued = Number(metadata.get(KEY.pending)) - Number(metadata.get(KEY.running));
    return Number(workers.value) === 0 && this.#out.size <= queued;
  }

  #endAll(error: unknown): void {
    const { onEnd } = this.#options;
    onEnd(error instanceof ConnectionLostError ? error : new SleighError(SLEIGH.ended(), [], error));
  }

  /**
   * No further results will arrive.
   * @param errorOf creates the error from the indexes of the elements that are not done
   */
  end(errorOf: (unfinished: readonly number[]) => unknown): void {
    this.reports.end();
    this.#out.clear();
    for (const calls of this.#calls) calls.end(errorOf(calls.unfinished));
    for (const receiver of this.#broadcasts.values()) receiver.end(errorOf([]));
  }
}

/** Whether the job has ended for good. */
export const isFinal = (error: unknown): boolean =>
  error instanceof ConnectionLostError || (error instanceof NwsError && error.code !== 'failed');
