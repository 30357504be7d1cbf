import { KEY, VARIABLE, VERB } from '../../wire/names.ts';
import { JOB_REPORT } from '../../wire/job-report.ts';
import { Batch } from './batch.ts';
import { BroadcastResults } from './broadcast-results.ts';
import { checkOptions } from '../options/checked-options.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import { Crew, orAsAtTheStart } from './crew.ts';
import { Dispatcher } from './dispatcher.ts';
import { seconds, secondsText } from '../options/durations.ts';
import { EitherSignal } from './either-signal.ts';
import { FixedArguments, type FunctionName } from './fixed-arguments.ts';
import type { Launched } from '../launchers/launcher.ts';
import { ConnectionPool } from '../connection/connection-pool.ts';
import { NetWorkSpace } from '../workspace/net-work-space.ts';
import {
  checkElements,
  checkLaunchOptions,
  checkSleighOptions,
  checkTask,
  EACH_ELEM,
  EACH_WORKER,
  WAIT,
} from '../options/option-rules.ts';
import { failureOf } from '../task/outcome.ts';
import { thisHost, type Platform } from '../platform.ts';
import { startPrivateServer, type PrivateServer } from './private-server.ts';
import { Results, type ErrorHandling, type ResultOf } from './results.ts';
import type { SleighErrorCode } from './sleigh-error.ts';
import { callSite } from '../task/stacks.ts';
import { statusOf, type SleighStatus } from './sleigh-status.ts';
import type { Task } from '../task/task.ts';
import { CANCELLED_BATCHES } from '../task/task-metadata.ts';
import type {
  EachElemOptions,
  EachWorkerOptions,
  LaunchOptions,
  MaybeOptions,
  SleighOptions,
} from '../options/sleigh-options.ts';
import type { WaitOptions } from '../connection/waiting.ts';
import { followCrew } from './follow-crew.ts';
import { JobEnd } from './job-end.ts';
import { jobMetadata } from './job-metadata.ts';
import { SLEIGH } from '../errors/job.ts';
import { USAGE } from '../errors/usage.ts';
import { typeError, type ErrorText } from '../../wire/error-kind.ts';

const LOAD_FACTOR = 8;
const MAX_ATTEMPTS = 3;
/**
 * A job and its master: workers that call functions for elements, in parallel.
 *
 * ```ts
 * const sleigh = await Sleigh.start({ workers: 4 });
 * const squares = await sleigh.eachElem(square, [1, 2, 3]);
 * await sleigh.stop();
 * ```
 *
 * Everything ends with the process of the master, however that ends: workers, workspace, and a private server.
 */
export class Sleigh implements AsyncDisposable {
  /** The workspace of the job, in which master and workers may share variables. It is deleted with the job. */
  readonly workspace: NetWorkSpace;
  readonly #options: SleighOptions;
  readonly #lines: ConnectionPool;
  readonly #server: PrivateServer | undefined;
  readonly #crew: Crew;
  readonly #dispatcher: Dispatcher;
  readonly #fixedArguments: FixedArguments;
  #made = 0;
  readonly #end = new JobEnd();
  #stopping: Promise<void> | undefined;

  /**
   * Starts workers, and a private server if none is given.
   * @returns when they are starting; tasks can be sent at once
   * @throws ConnectionLostError, NwsError, or an Error of the launcher; then nothing is left running
   */
  static start(options: SleighOptions): Promise<Sleigh> {
    return Sleigh.startOn(thisHost, options);
  }

  /** @internal As `start`, on another platform. */
  static async startOn(platform: Platform, options: SleighOptions): Promise<Sleigh> {
    checkSleighOptions(options);
    options.signal?.throwIfAborted();
    const server = options.server === undefined ? await startPrivateServer(options.onPage) : undefined;
    let sleigh: Sleigh | undefined;
    try {
      const address = options.server ?? server?.address;
      const lines = await ConnectionPool.open({ ...address, signal: options.signal }, platform);
      sleigh = new Sleigh(lines, options, server);
      await sleigh.#open();
      return sleigh;
    } catch (error) {
      await (sleigh?.stop() ?? server?.close());
      options.signal?.throwIfAborted();
      throw error;
    }
  }

  private constructor(lines: ConnectionPool, options: SleighOptions, server: PrivateServer | undefined) {
    // The workspace belongs to the connection that owns it (W6), so its name must be unique.
    const { hostname, pid } = lines.platform;
    const name = `${options.label ?? 'sleigh'} ${hostname} ${pid} ${lines.platform.secret().slice(0, 8)}`;
    this.#lines = lines;
    this.#options = options;
    this.#server = server;
    this.workspace = new NetWorkSpace(lines, name);
    this.#fixedArguments = new FixedArguments(lines, name);
    const { onDeadWorker = 'requeue', workers } = options;
    this.#dispatcher = new Dispatcher({
      lines,
      workspace: name,
      clock: lines.platform.clock,
      workers,
      maxAttempts: this.#maxAttempts,
      mayRepeat: onDeadWorker === 'requeue',
      extra: () => this.#fixedArguments.metadata(),
    });
    const { onDeath, onOutput = (text) => process.stderr.write(text) } = options;
    this.#crew = new Crew({
      server: lines.server,
      workspace: name,
      onDeath: (rank, how) => onDeath?.(rank, how),
      onOutput,
    });
  }

  async #open(): Promise<void> {
    const { main } = this.#lines;
    const { workers, label = 'sleigh' } = this.#options;
    const metadata = jobMetadata(this.#options, this.#maxAttempts, this.#isElastic);
    if (this.#server !== undefined) await main.request([VERB.deadman]);
    await main.openWorkspace(this.workspace.name, { label, metadata });
    if (!this.#isElastic) await main.store(this.workspace.name, VARIABLE.workerCount, String(workers));
    for (const variable of [CANCELLED_BATCHES, JOB_REPORT.progress])
      await main.declare(this.workspace.name, variable, 'single');
    this.#crew.listen(this.#lines);
    if (workers === 0 && this.#isElastic) return;
    const launched = await this.#crew.launch(this.#options);
    // In an elastic group other workers may be present, or join.
    if (!this.#isElastic) void launched.gone.then((why) => this.#noWorkers(why));
  }

  /** The elements under way fail one by one; later batches fail as a whole (S23.4). */
  async #noWorkers(why: string): Promise<void> {
    if (this.#end.isDecided) return;
    const end = SLEIGH.noWorkers(why);
    this.#end.decide(end);
    await this.#dispatcher.noWorkers(failureOf(end));
    this.#end.notify();
  }

  get #isElastic(): boolean {
    return this.#options.join === 'elastic';
  }

  get #maxAttempts(): number {
    const { onDeadWorker, maxAttempts = MAX_ATTEMPTS } = this.#options;
    return onDeadWorker === 'null' ? 1 : maxAttempts;
  }

  /** The host of each worker that has sent a result, by rank. */
  get hosts(): ReadonlyMap<number, string> {
    return this.#dispatcher.hosts;
  }

  /** The number of workers requested at the start. */
  get workers(): number {
    return this.#options.workers;
  }

  /**
   * Starts more workers for an elastic group, by default with the launcher and on the hosts of `start`. They also get
   * tasks that were stored before. `stop` of the returned object releases these workers; other workers try their
   * tasks again.
   * @returns when they are starting
   * @throws TypeError if the group closes; LaunchError; SleighError
   */
  async launch(options: LaunchOptions): Promise<Launched> {
    checkLaunchOptions(options);
    if (!this.#isElastic) throw typeError(USAGE.groupCloses());
    this.#end.throwIfDecided();
    return this.#crew.launch(orAsAtTheStart(options, this.#options));
  }

  /**
   * Calls a function for each element, on the workers. It starts at once, and continues at the pace at which the
   * results are taken.
   * @param elements any iterable, which may be endless
   */
  eachElem<Element, Result, FixedArgs, Errors extends ErrorHandling = 'throw'>(
    task: Task<Element, Result, FixedArgs>,
    elements: AsyncIterable<NoInfer<Element>> | Iterable<NoInfer<Element>>,
    ...[options]: MaybeOptions<EachElemOptions<Errors>, FixedArgs>
  ): Results<Result, Errors> {
    return new Results<Result, Errors>(this.#begin(task, elements, options), options?.errors ?? 'throw');
  }

  async #begin(
    task: FunctionName,
    elements: AsyncIterable<unknown> | Iterable<unknown>,
    options: EachElemOptions & { readonly fixedArgs?: unknown } = {},
  ): Promise<Batch> {
    checkTask(task);
    checkElements(elements);
    checkOptions('eachElem', options, EACH_ELEM);
    const { loadFactor = LOAD_FACTOR, chunkSize = 'auto', ordered = true, onProgress } = options;
    const { signal, onAbort = 'ask' } = options;
    signal?.throwIfAborted();
    const metadata = await this.#fixedArguments.metadataOf(task, options);
    this.#end.throwIfDecided();
    const id = String(++this.#made);
    const batch = new Batch({
      id,
      elements,
      group: this.#dispatcher.group({
        metadata,
        loadFactor,
        // If a task has only one attempt, or its failure ends the job, elements do not share tasks, so that none is
        // blamed for another.
        chunkSize: chunkSize === 'auto' && !this.#dispatcher.mayRepeat ? 1 : chunkSize,
      }),
      isOrdered: ordered,
      marks: this.#dispatcher.marks,
      onAbort,
      onProgress,
      report: this.#dispatcher.reports.begin(id, task),
    });
    const wasBusy = this.#dispatcher.isBusy;
    this.#dispatcher.add(batch);
    if (this.#isElastic && !wasBusy) void followCrew(this.#dispatcher, this.#lines, this.workspace.name);
    this.#forgetWhen(batch.settled, metadata, signal, () => batch.cancel(signal?.reason));
    return batch;
  }

  /**
   * Cancels the batch when the signal is aborted. Releases the signal and the fixed arguments when the batch is
   * settled.
   */
  #forgetWhen(
    settled: Promise<void>,
    metadata: ReadonlyMap<string, string>,
    signal: AbortSignal | undefined,
    cancel: () => void,
  ): void {
    signal?.addEventListener('abort', cancel);
    if (signal?.aborted === true) cancel();
    void settled.then(() => {
      signal?.removeEventListener('abort', cancel);
      const variable = metadata.get(KEY.fixedArgs);
      return variable === undefined ? undefined : this.#fixedArguments.delete(variable);
    });
  }

  /**
   * Calls a function once on every worker. In a group that closes this includes workers that join later (S8). Workers
   * that never join, or died before, are known when the group closes, after at most a minute; see `join`. In an
   * elastic group it includes the present workers, and with `reach` every worker that joins later (S17); `join` waits
   * for workers that are starting.
   * @returns the results of the present workers, in the order of the ranks
   * @throws TaskError, whose index is the rank, unless errors are collected; TypeError for a `reach` in a group that
   *   closes; SleighError, NwsError, ConnectionLostError
   */
  async eachWorker<Argument, Result, FixedArgs, Errors extends ErrorHandling = 'throw'>(
    task: Task<Argument, Result, FixedArgs>,
    argument: NoInfer<Argument>,
    ...[options]: MaybeOptions<EachWorkerOptions<NoInfer<Result>, Errors>, FixedArgs>
  ): Promise<ResultOf<Result, Errors>[]> {
    const calledFrom = callSite();
    checkTask(task);
    checkOptions('eachWorker', options, EACH_WORKER);
    const { signal, reach, errors = 'throw', onAbort = 'ask', onLate } = options ?? {};
    signal?.throwIfAborted();
    if (reach !== undefined && !this.#isElastic) throw typeError(USAGE.reachNeedsElastic());
    const metadata = await this.#fixedArguments.metadataOf(task, options);
    metadata.set(KEY.everyone, '1');
    if (reach !== undefined) metadata.set(KEY.reach, reach);
    this.#end.throwIfDecided();
    const results = await BroadcastResults.ask(argument, metadata, {
      lines: this.#lines,
      workspace: this.workspace.name,
      dispatcher: this.#dispatcher,
      id: String(++this.#made),
      onAbort,
      calledFrom,
      isLasting: reach === 'all',
    });
    results.onLate = (outcome) => onLate?.(unsafeCast(outcome));
    this.#forgetWhen(results.settled, metadata, signal, () => results.cancel(signal?.reason));
    try {
      const outcomes = await results.present(errors);
      return unsafeCast(outcomes.map((each) => ('error' in each ? each.error : each.value)));
    } catch (error) {
      results.cancel(error);
      throw error;
    }
  }

  /** The numbers of workers and tasks. */
  status(): Promise<SleighStatus> {
    return statusOf(this.#lines.main, this.workspace.name);
  }

  /**
   * Waits for all workers that are starting. A group that closes does so then: no worker can join any more (S5). An
   * elastic group does not change (S17).
   * @param delay seconds to wait for missing workers; `Infinity` for no limit
   * @returns the number of workers that have joined
   * @throws RangeError or TypeError for an invalid delay; SleighError, NwsError, ConnectionLostError
   */
  async join(delay: number, options: WaitOptions = {}): Promise<number> {
    checkOptions('join', options, WAIT);
    const metadata = new Map([[KEY.delay, secondsText(seconds('delay', delay))]]);
    using either = new EitherSignal(this.#end.signal, options.signal);
    const wait = { ...options, signal: either.signal };
    const { value } = await this.#lines.wait(this.workspace.name, 'the group was not closed', wait, (line) =>
      line.fetch(this.workspace.name, VARIABLE.status, metadata),
    );
    return Number(value);
  }

  /**
   * Ends the job and its workers. Running batches end with a SleighError.
   * @returns when nothing is left
   */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.#endAll(SLEIGH.stopped());
    // Notifies workers and sentinels on other hosts, if the server can be reached.
    await this.#lines.main.store(this.workspace.name, VARIABLE.rideOver, '1').catch(() => undefined);
    await this.#crew.stop();
    this.#lines.close();
    await this.#server?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #endAll(end: ErrorText<SleighErrorCode>): void {
    this.#end.decide(end);
    this.#dispatcher.end((unfinished) => this.#end.error(unfinished));
    this.#end.notify();
  }
}
