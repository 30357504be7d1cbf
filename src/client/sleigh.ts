import { Answers } from './answers.ts';
import { Batch } from './batch.ts';
import { claimed } from './claimed.ts';
import { Crew } from './crew.ts';
import { milliseconds, seconds, secondsText } from './durations.ts';
import { encodeValue } from './values.ts';
import type { Launched } from './launcher.ts';
import { Lines } from './lines.ts';
import { NetWorkSpace } from './net-work-space.ts';
import { thisHost, type Platform } from './platform.ts';
import { startPrivateServer, type PrivateServer } from './private-server.ts';
import { Results, type ErrorHandling, type ResultOf } from './results.ts';
import { SleighError, type SleighErrorCode } from './sleigh-error.ts';
import type { Task } from './task.ts';
import { CANCELLED_BATCHES, FIXED_ARGS, FUNCTION, MODULE, TIMEOUT } from './task-metadata.ts';
import type {
  EachElemOptions,
  EachWorkerOptions,
  LaunchOptions,
  MaybeOptions,
  SleighOptions,
  SleighStatus,
  TaskOptions,
} from './sleigh-options.ts';
import type { WaitOptions } from './waiting.ts';
import { followCrew } from './follow-crew.ts';

/** A task without its types. */
type FunctionName = Pick<Task, 'module' | 'name'>;

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
 * Everything goes with the process of the master, however that ends: workers, workspace, and a server of its own.
 */
export class Sleigh implements AsyncDisposable {
  /** The workspace of the job, in which master and workers may share variables. It goes with the job. */
  readonly workspace: NetWorkSpace;
  readonly #options: SleighOptions;
  readonly #lines: Lines;
  readonly #server: PrivateServer | undefined;
  readonly #batches = new Set<Batch>();
  readonly #crew: Crew;
  #made = 0;
  /** Why nothing can be handed out any more. */
  #end: { readonly code: SleighErrorCode; readonly why: string } | undefined;
  /** Aborted then. */
  readonly #over = new AbortController();
  #stopping: Promise<void> | undefined;

  /**
   * Starts workers, and a server where none is given.
   * @returns when they are on their way: tasks can be handed out at once
   * @throws ConnectionLostError, NwsError, or an Error of the launcher; nothing is left running then
   */
  static start(options: SleighOptions): Promise<Sleigh> {
    return Sleigh.startOn(thisHost, options);
  }

  /** @internal As `start`, on another platform. */
  static async startOn(platform: Platform, options: SleighOptions): Promise<Sleigh> {
    seconds('reconnectGrace', options.reconnectGrace ?? 0);
    const server = options.server === undefined ? await startPrivateServer(options.onPage) : undefined;
    let sleigh: Sleigh | undefined;
    try {
      const address = options.server ?? server?.address ?? {};
      const signal = options.signal && { signal: options.signal };
      const lines = await Lines.open({ ...address, ...signal }, platform);
      sleigh = new Sleigh(lines, options, server);
      await sleigh.#open();
      return sleigh;
    } catch (error) {
      await (sleigh?.stop() ?? server?.close());
      throw error;
    }
  }

  private constructor(lines: Lines, options: SleighOptions, server: PrivateServer | undefined) {
    // It goes with the connection that owns it (W6), so it needs a name that nobody else has.
    const { hostname, pid } = lines.platform;
    const name = `${options.label ?? 'sleigh'} ${hostname} ${pid} ${lines.platform.secret().slice(0, 8)}`;
    this.#lines = lines;
    this.#options = options;
    this.#server = server;
    this.workspace = new NetWorkSpace(lines, name);
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
    const { workers, label = 'sleigh', onDeadWorker = 'requeue', reconnectGrace } = this.#options;
    const metadata = new Map([
      ['wstype', 'sleigh'],
      ['onDeadWorker', onDeadWorker],
      ['maxAttempts', String(this.#maxAttempts)],
    ]);
    if (this.#isElastic) metadata.set('join', 'elastic');
    if (reconnectGrace !== undefined) metadata.set('reconnectGrace', secondsText(reconnectGrace));
    if (this.#server !== undefined) await main.request(['deadman']);
    await main.openWorkspace(this.workspace.name, { label, metadata });
    if (!this.#isElastic) await main.store(this.workspace.name, 'workerCount', String(workers));
    await main.declare(this.workspace.name, CANCELLED_BATCHES, 'fifo');
    if (workers === 0 && this.#isElastic) return;
    const launched = await this.#crew.launch(this.#options);
    // Others may be there, or come.
    if (this.#isElastic) return;
    void launched.gone.then(() => this.#endBatches('no-workers', 'every worker has ended'));
  }

  get #isElastic(): boolean {
    return this.#options.join === 'elastic';
  }

  get #maxAttempts(): number {
    const { onDeadWorker, maxAttempts = MAX_ATTEMPTS } = this.#options;
    return onDeadWorker === 'null' ? 1 : maxAttempts;
  }

  /** How many workers were asked for when it started. */
  get workers(): number {
    return this.#options.workers;
  }

  /**
   * Starts more workers for an elastic group, by the launcher and on the hosts of `start` unless told; what is handed out
   * already is for them as well. To `stop` what is returned lets them go: tasks that they were doing are tried elsewhere.
   * @returns when they are on their way
   * @throws TypeError when the group closes; LaunchError; SleighError
   */
  launch(options: LaunchOptions): Promise<Launched> {
    if (!this.#isElastic)
      return Promise.reject(
        new TypeError("no workers can be added to a group that closes: start it with join: 'elastic'"),
      );
    if (this.#end !== undefined) return Promise.reject(this.#endError());
    const { launch, hosts, preload } = this.#options;
    return this.#crew.launch({ preload, ...(options.launch === undefined && { launch, hosts }), ...options });
  }

  /**
   * Calls a function for each element, on the workers. Handing out begins at once, and goes on at the pace of whoever
   * takes the results.
   * @param elements any iterable, an endless one, too
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
    const { loadFactor = LOAD_FACTOR, chunkSize = 'auto', ordered = true, onProgress, signal } = options;
    if (!(loadFactor > 0)) throw new RangeError(`loadFactor must be more than 0, not ${loadFactor}`);
    if (chunkSize !== 'auto' && !(Number.isInteger(chunkSize) && chunkSize >= 1))
      throw new RangeError(`chunkSize must be a whole number from 1, or auto, not ${chunkSize}`);
    const { onDeadWorker = 'requeue' } = this.#options;
    signal?.throwIfAborted();
    const metadata = await this.#metadataOf(task, options);
    this.#throwIfEnded();
    const batch = new Batch({
      lines: this.#lines,
      workspace: this.workspace.name,
      id: this.#nextId(),
      elements,
      metadata,
      loadFactor,
      // What is tried once, and what ends the job when it fails, is not made of parts that might be innocent.
      chunkSize: chunkSize === 'auto' && onDeadWorker !== 'requeue' ? 1 : chunkSize,
      workers: this.workers,
      isOrdered: ordered,
      maxAttempts: this.#maxAttempts,
      onProgress,
    });
    this.#batches.add(batch);
    const cancel = (): void => batch.cancel(signal?.reason);
    signal?.addEventListener('abort', cancel);
    if (signal?.aborted === true) cancel();
    if (this.#isElastic) void followCrew(batch, this.#lines, this.workspace.name);
    void batch.settled.then(() => {
      signal?.removeEventListener('abort', cancel);
      this.#batches.delete(batch);
      return this.#forget(metadata);
    });
    return batch;
  }

  /**
   * Calls a function once on every worker. In a group that closes also on those that join later (S8); workers that never
   * join, or died before, are known when it is closed: a minute later at most, or see `join`. In an elastic group on those
   * that are there, and, if `reach` says so, on everyone who comes (S17); `join` waits for those who are on their way.
   * @returns the results of those who are there, in the order of the ranks
   * @throws TaskError, whose index is the rank, unless errors are collected; TypeError for a `reach` in a group that closes;
   *   SleighError, NwsError, ConnectionLostError
   */
  async eachWorker<Argument, Result, FixedArgs, Errors extends ErrorHandling = 'throw'>(
    task: Task<Argument, Result, FixedArgs>,
    argument: NoInfer<Argument>,
    ...[options]: MaybeOptions<EachWorkerOptions<NoInfer<Result>, Errors>, FixedArgs>
  ): Promise<ResultOf<Result, Errors>[]> {
    const { signal: given, reach, errors = 'throw', onLate } = options ?? {};
    given?.throwIfAborted();
    if (reach !== undefined && !this.#isElastic)
      throw new TypeError("reach is for an elastic group: start the sleigh with join: 'elastic'");
    const metadata = await this.#metadataOf(task, options);
    if (reach !== undefined) metadata.set('reach', reach);
    this.#throwIfEnded();
    const id = this.#nextId();
    const answers = await Answers.ask(argument, metadata, {
      lines: this.#lines,
      workspace: this.workspace.name,
      id,
      maxAttempts: this.#maxAttempts,
    });
    const signal = this.#orOver(given);
    try {
      const outcomes = await answers.present(signal, errors);
      if (reach === 'all') void answers.late(signal, (outcome) => onLate?.(claimed(outcome)));
      return claimed(outcomes.map((each) => ('error' in each ? each.error : each.value)));
    } catch (error) {
      this.#lines.main.store(this.workspace.name, CANCELLED_BATCHES, id).catch(() => undefined);
      throw error;
    } finally {
      if (reach !== 'all') void this.#forget(metadata);
    }
  }

  /** How many workers there are, and tasks. */
  async status(): Promise<SleighStatus> {
    const { main } = this.#lines;
    const { name } = this.workspace;
    const [workers, expected, group, job] = await Promise.all([
      main.find(name, 'rankCount'),
      main.find(name, 'workerCount'),
      main.find(name, 'join_status'),
      main.find(name, 'jobStatus', new Map([['all', '1']])),
    ]);
    return {
      workers: Number(workers.value),
      expected: Number(expected.value),
      group: claimed(group.value),
      pending: Number(job.metadata.get('nwsPending')),
      running: Number(job.metadata.get('nwsRunning')),
    };
  }

  /**
   * Waits for all workers that are on their way. A group that closes does so then: nobody may join any more (S5); an elastic
   * one stays as it is (S17).
   * @param delay seconds that are waited for those who are missing; `Infinity` for no limit
   * @returns how many workers have joined
   * @throws RangeError or TypeError for a delay that is none; SleighError, NwsError, ConnectionLostError
   */
  async join(delay: number, options: WaitOptions = {}): Promise<number> {
    const { name } = this.workspace;
    const metadata = new Map([['delay', secondsText(seconds('delay', delay))]]);
    const wait = { ...options, signal: this.#orOver(options.signal) };
    const found = await this.#lines.wait(name, 'the group was not closed', wait, (connection) =>
      connection.fetch(name, 'status', metadata),
    );
    return Number(found.value);
  }

  /** Ends the job and its workers; batches that are under way end with a SleighError. @returns when nothing is left */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.#endBatches('stopped', 'the job was stopped');
    // Workers and sentinels elsewhere are told, if anybody can be.
    await this.#lines.main.store(this.workspace.name, 'Sleigh ride over', '1').catch(() => undefined);
    await this.#crew.stop();
    this.#lines.close();
    await this.#server?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #endBatches(code: SleighErrorCode, why: string): void {
    this.#end ??= { code, why };
    for (const batch of this.#batches) batch.end(this.#endError(batch.unfinished));
    this.#over.abort(this.#endError());
  }

  #throwIfEnded(): void {
    if (this.#end !== undefined) throw this.#endError();
  }

  #endError(unfinished: readonly number[] = []): SleighError {
    const { code, why } = this.#end ?? { code: 'over', why: 'the job is over' };
    return new SleighError(code, why, unfinished);
  }

  /** Ends a wait when nothing can come any more, too. */
  #orOver(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#over.signal : AbortSignal.any([this.#over.signal, signal]);
  }

  #nextId(): string {
    return String(++this.#made);
  }

  /** What goes with each task of a batch. The fixed arguments are stored, once (S11). */
  async #metadataOf(
    { module, name }: FunctionName,
    { fixedArgs, timeout = Infinity }: TaskOptions & { readonly fixedArgs?: unknown } = {},
  ): Promise<Map<string, string>> {
    const metadata = new Map([
      [MODULE, module],
      [FUNCTION, name],
    ]);
    const limit = milliseconds('timeout', timeout);
    if (limit !== Infinity) metadata.set(TIMEOUT, String(limit));
    if (fixedArgs === undefined) return metadata;
    const { main } = this.#lines;
    const encoded = encodeValue(fixedArgs, 'fixedArgs');
    const variable = String((await main.find(this.workspace.name, 'fixedargID')).value);
    await main.storeEncoded(this.workspace.name, variable, encoded);
    return metadata.set(FIXED_ARGS, variable);
  }

  /** The fixed arguments of a batch that has ended. */
  async #forget(metadata: ReadonlyMap<string, string>): Promise<void> {
    const variable = metadata.get(FIXED_ARGS);
    if (variable === undefined) return;
    await this.#lines.main.deleteVariable(this.workspace.name, variable).catch(() => undefined);
  }
}
