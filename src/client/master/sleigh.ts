import { KEY, VARIABLE, VERB } from '../../wire/names.ts';
import { JOB_REPORT } from '../../wire/job-report.ts';
import { checkOptions } from '../options/checked-options.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import { Crew, orAsAtTheStart } from './crew.ts';
import { Dispatcher } from './dispatcher.ts';
import { seconds, secondsText } from '../options/durations.ts';
import type { Batch } from './batch.ts';
import { beginBatch, type BeginArguments } from './each-elem.ts';
import { callEachWorker } from './each-worker.ts';
import { EitherSignal } from './either-signal.ts';
import { FixedArguments } from './fixed-arguments.ts';
import { LeftValues } from './left-values.ts';
import type { Launched } from '../launchers/launcher.ts';
import type { ConnectOptions } from '../connection/channel-options.ts';
import type { ServerAddress } from '../connection/server-address.ts';
import { ConnectionPool } from '../connection/connection-pool.ts';
import { NetWorkSpace } from '../workspace/net-work-space.ts';
import { checkLaunchOptions, checkSleighOptions, WAIT } from '../options/option-rules.ts';
import { failureOf } from '../task/outcome.ts';
import { thisHost, type Platform } from '../platform.ts';
import { startPrivateServer, type PrivateServer } from './private-server.ts';
import { Results, type ErrorHandling, type ResultOf } from './results.ts';
import { SleighError } from './sleigh-error.ts';
import { statusOf, type SleighStatus } from './sleigh-status.ts';
import type { Task } from '../task/task.ts';
import { CANCELLED_BATCHES } from '../task/task-metadata.ts';
import type {
  EachElemOptions,
  EachWorkerOptions,
  LaunchOptions,
  MaybeOptions,
  SleighOptions,
  SubmitOptions,
} from '../options/sleigh-options.ts';
import type { WaitOptions } from '../connection/waiting.ts';
import { JobEnd, type JobEndReason } from './job-end.ts';
import type { Scattered } from './scattered.ts';
import { followOrders } from './follow-orders.ts';
import { jobNames, type JobBeginning } from './job-names.ts';
import { attemptsOf, jobOpening, ranksOf } from './job-metadata.ts';
import { mustBeJob } from '../sentinel/must-be-job.ts';
import type { MasterJob } from './master-job.ts';
import { ThreadMemory } from './thread-memory.ts';
import { Submissions } from './submissions.ts';
import { SLEIGH } from '../errors/job.ts';
import { USAGE } from '../errors/usage.ts';
import { typeError } from '../../wire/error-kind.ts';

/** Milliseconds to wait, when the job is stopped, for a server that does not answer. */
const STOP_LIMIT_MS = 2_000;

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
  /** Whether the job stays when this program stops. */
  #keepsJob: boolean;
  readonly #crew: Crew;
  readonly #dispatcher: Dispatcher;
  readonly #fixedArguments: FixedArguments;
  readonly #job: MasterJob;
  readonly #submissions: Submissions;
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

  /**
   * Takes part as another master in a job that was started with a `name`. `stop` ends only this part.
   * @param name of the job
   * @throws NwsError `no-workspace` if there is no such job; an Error with the code `no-job` if it is a plain workspace; ConnectionLostError
   */
  static attach(name: string, server: ServerAddress): Promise<Sleigh> {
    return Sleigh.startOn(thisHost, { name, server, workers: 0 }, true);
  }

  /** @internal As `start`, on another platform. */
  static async startOn(platform: Platform, options: SleighOptions, isGuest = false): Promise<Sleigh> {
    checkSleighOptions(options);
    const { signal, unref } = options;
    signal?.throwIfAborted();
    const server = options.server === undefined ? await startPrivateServer(options) : undefined;
    let sleigh: Sleigh | undefined;
    try {
      const address = options.server ?? server?.address;
      // A private server ends with this process.
      const reconnectGrace = server === undefined ? (options.reconnectGrace ?? 'stored') : undefined;
      const names = jobNames(options, platform);
      const { workspace } = names;
      const about = { workspace, signal, unref, reconnectGrace } satisfies ConnectOptions;
      const lines = await ConnectionPool.open({ ...address, ...about }, platform);
      sleigh = new Sleigh(lines, options, { server, isGuest, names });
      await sleigh.#open(isGuest);
      return sleigh;
    } catch (error) {
      // A job with a name may be that of an earlier run, whose results stay.
      if (sleigh !== undefined && options.name !== undefined) sleigh.#keepsJob = true;
      await (sleigh?.stop() ?? server?.close());
      signal?.throwIfAborted();
      throw error;
    }
  }

  private constructor(lines: ConnectionPool, options: SleighOptions, beginning: JobBeginning) {
    const { server, isGuest, names } = beginning;
    const { workspace: name, mailbox, nextBatch } = names;
    this.#lines = lines;
    const { grace } = lines.main;
    this.#options = grace === 0 ? options : { reconnectGrace: grace, ...options };
    this.#server = server;
    this.#keepsJob = isGuest;
    this.workspace = new NetWorkSpace(lines, name);
    const memory = new ThreadMemory(lines.platform.secret());
    this.#fixedArguments = new FixedArguments(lines, name, memory);
    const { onDeadWorker = 'requeue' } = options;
    this.#dispatcher = new Dispatcher({
      lines,
      workspace: name,
      clock: lines.platform.clock,
      workers: ranksOf(options),
      maxAttempts: this.#maxAttempts,
      mayRepeat: onDeadWorker === 'requeue',
      mailbox,
      extra: () => this.#fixedArguments.metadata(),
      onEnd: (why) => this.#endAll(why),
    });
    this.#job = {
      lines,
      workspace: name,
      dispatcher: this.#dispatcher,
      fixedArguments: this.#fixedArguments,
      memory,
      end: this.#end,
      left: new LeftValues(lines, name, mailbox),
      isElastic: this.#isElastic,
      nextBatch,
    };
    this.#submissions = new Submissions(this.#job);
    this.#crew = new Crew(lines, name, memory, options);
  }

  async #open(isGuest: boolean): Promise<void> {
    const [{ main }, { name }] = [this.#lines, this.workspace];
    if (this.#server !== undefined) await main.request([VERB.deadman]);
    if (isGuest) await main.useWorkspace(name, { create: false });
    else await main.openWorkspace(name, jobOpening(this.#options, this.#maxAttempts, this.#isElastic));
    await mustBeJob(main, name);
    if (!this.#isElastic) await main.store(name, VARIABLE.workerCount, String(ranksOf(this.#options)));
    for (const each of [CANCELLED_BATCHES, JOB_REPORT.progress]) await main.declare(name, each, 'single');
    this.#crew.listen(this.#lines);
    followOrders(this.#dispatcher, this.#lines, name);
    void main.ended.then((lost) => this.#endAll(lost));
    if (this.#options.workers === 0) return;
    const launched = await this.#crew.launch(this.#options);
    // In an elastic group other workers may be present, or join.
    if (!this.#isElastic) void launched.gone.then((why) => this.#noWorkers(why));
  }

  /** The elements under way fail one by one; later batches fail as a whole (S23.4). */
  async #noWorkers(why: string): Promise<void> {
    if (this.#end.isDecided) return;
    const end = new SleighError(SLEIGH.noWorkers(why));
    this.#end.decide(end);
    await this.#dispatcher.noWorkers(failureOf({ code: 'no-workers', message: end.why }));
    this.#end.notify();
  }

  /**
   * Resolves when the job has ended, with the reason: a SleighError `stopped`, `no-workers` or `over`, or the
   * ConnectionLostError of the connection to the server. It never rejects.
   */
  get closed(): Promise<JobEndReason> {
    return this.#end.decided;
  }

  get #isElastic(): boolean {
    return this.#options.join === 'elastic' || this.#options.name !== undefined;
  }

  get #maxAttempts(): number {
    return attemptsOf(this.#options);
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
    const all = orAsAtTheStart(options, this.#options);
    this.#dispatcher.raiseAttempts(attemptsOf({ ...this.#options, ...all }));
    return this.#crew.launch(all);
  }

  /**
   * Calls a function for each element, on the workers. It starts at once, and continues at the pace at which the
   * results are taken.
   * @param elements any iterable, which may be endless: also the results of another batch, or promises
   */
  eachElem<Element, Result, FixedArgs, Errors extends ErrorHandling = 'throw'>(
    task: Task<Element, Result, FixedArgs>,
    elements: AsyncIterable<NoInfer<Element>> | Iterable<NoInfer<Element>>,
    ...[options]: MaybeOptions<EachElemOptions<Errors, NoInfer<Element>>, FixedArgs>
  ): Results<Result, Errors> {
    return new Results<Result, Errors>(this.begin(task, elements, options), options?.errors ?? 'throw');
  }

  /** @internal Begins the batch of `eachElem`. */
  begin(...args: BeginArguments): Promise<Batch> {
    return beginBatch(this.#job, ...args);
  }

  /**
   * Calls a function for one element, on a worker. Calls of the same function share tasks, as elements of one batch do,
   * so thousands may be under way at once.
   * @param element also a promise of it. The value of another `submit` stays at the server if it is large (S35).
   * @returns the result
   * @throws TaskError, whose index is the number of the call of that function, from 0; the reason of the signal;
   *   SleighError; ConnectionLostError
   */
  submit<Element, Result, FixedArgs>(
    task: Task<Element, Result, FixedArgs>,
    element: NoInfer<Element> | PromiseLike<NoInfer<Element>>,
    ...[options]: MaybeOptions<SubmitOptions, FixedArgs>
  ): Promise<Result> {
    return unsafeCast(this.#submissions.submit(task, element, options));
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
    const outcomes = await callEachWorker(this.#job, task, argument, options);
    return unsafeCast(outcomes.map((each) => ('error' in each ? each.error : each.value)));
  }

  /**
   * Sends a value that many batches and calls use to the server, once. Give the result as their `fixedArgs`.
   * @throws TypeError if it cannot be sent; NwsError if the server refuses it; SleighError; ConnectionLostError
   */
  async scatter<T>(value: T): Promise<Scattered<T>> {
    this.#end.throwIfDecided();
    return unsafeCast(await this.#fixedArguments.scatter(value));
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
    this.#endAll(new SleighError(SLEIGH.stopped()));
    const { main, platform } = this.#lines;
    const { name } = this.workspace;
    // A server that is gone is not awaited for long.
    const timer = platform.clock.startTimer(STOP_LIMIT_MS, () => this.#lines.close());
    // Notifies workers and sentinels on other hosts, if the server can be reached.
    if (this.#keepsJob) await this.#job.left.dropAll();
    else await main.store(name, VARIABLE.rideOver, '1').catch(() => undefined);
    timer.stop();
    await this.#crew.stop();
    if (!this.#keepsJob && this.#options.name !== undefined)
      await main.deleteWorkspace(name).catch(() => undefined);
    this.#lines.close();
    await this.#server?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #endAll(end: JobEndReason): void {
    this.#end.decide(end);
    this.#dispatcher.end((unfinished) => this.#end.error(unfinished));
    this.#end.notify();
  }
}
