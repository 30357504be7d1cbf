import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Batch } from './batch.ts';
import type { ConnectionOptions } from './channel.ts';
import { claimed } from './claimed.ts';
import { encodeValue } from './values.ts';
import { processes, type Launched } from './launcher.ts';
import { Lines } from './lines.ts';
import { NetWorkSpace } from './net-work-space.ts';
import { outcomesOf } from './outcome.ts';
import { startPrivateServer, type PrivateServer } from './private-server.ts';
import { Results, type ErrorHandling, type ResultOf } from './results.ts';
import { SleighError, type SleighErrorCode } from './sleigh-error.ts';
import type { Task } from './task.ts';
import { CANCELLED_BATCHES, FIXED_ARGS, FUNCTION, MODULE, TIMEOUT } from './task-metadata.ts';
import type {
  EachElemOptions,
  MaybeOptions,
  SleighOptions,
  SleighStatus,
  TaskOptions,
} from './sleigh-options.ts';
import type { WaitOptions } from './waiting.ts';

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
  #launched: Launched | undefined;
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
  static async start(options: SleighOptions): Promise<Sleigh> {
    const server = options.server === undefined ? await startPrivateServer() : undefined;
    let sleigh: Sleigh | undefined;
    try {
      const address = options.server ?? server?.address ?? {};
      const signal = options.signal && { signal: options.signal };
      const connection: ConnectionOptions = { ...address, ...signal };
      const lines = await Lines.open(connection);
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
    const name = [options.label ?? 'sleigh', hostname(), process.pid, randomBytes(4).toString('hex')].join(
      ' ',
    );
    this.#lines = lines;
    this.#options = options;
    this.#server = server;
    this.workspace = new NetWorkSpace(lines, name);
  }

  async #open(): Promise<void> {
    const { main, server } = this.#lines;
    const { workers, hosts = [], launch = processes(), preload, onDeath, label = 'sleigh' } = this.#options;
    const { onDeadWorker = 'requeue', onOutput = (text) => process.stderr.write(text) } = this.#options;
    const metadata = new Map([
      ['wstype', 'sleigh'],
      ['onDeadWorker', onDeadWorker],
      ['maxAttempts', String(this.#maxAttempts)],
    ]);
    if (this.#server !== undefined) await main.request(['deadman']);
    await main.openWorkspace(this.workspace.name, { label, metadata });
    await main.store(this.workspace.name, 'workerCount', String(workers));
    await main.declare(this.workspace.name, CANCELLED_BATCHES, 'fifo');
    this.#launched = await launch.start({
      server,
      workspace: this.workspace.name,
      workers,
      hosts,
      preload,
      onDeath: (rank, how) => onDeath?.(rank, how),
      onOutput,
    });
    void this.#launched.gone.then(() => this.#endBatches('no-workers', 'every worker has ended'));
  }

  get #maxAttempts(): number {
    const { onDeadWorker, maxAttempts = MAX_ATTEMPTS } = this.#options;
    return onDeadWorker === 'null' ? 1 : maxAttempts;
  }

  /** How many workers were asked for. */
  get workers(): number {
    return this.#options.workers;
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
      window: Math.max(1, Math.round(loadFactor * this.workers)),
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
    void batch.settled.then(() => {
      signal?.removeEventListener('abort', cancel);
      this.#batches.delete(batch);
      return this.#forget(metadata);
    });
    return batch;
  }

  /**
   * Calls a function once on every worker, those that join later, too (S8). Workers that never join, or died before, are
   * known when the group is closed: a minute later at most, or see `join`.
   * @returns the results, in the order of the ranks
   * @throws TaskError, whose index is the rank, unless errors are collected; SleighError, NwsError, ConnectionLostError
   */
  async eachWorker<Argument, Result, FixedArgs, Errors extends ErrorHandling = 'throw'>(
    task: Task<Argument, Result, FixedArgs>,
    argument: NoInfer<Argument>,
    ...[options]: MaybeOptions<TaskOptions<Errors>, FixedArgs>
  ): Promise<ResultOf<Result, Errors>[]> {
    options?.signal?.throwIfAborted();
    const { main } = this.#lines;
    const { name } = this.workspace;
    const metadata = await this.#metadataOf(task, options);
    this.#throwIfEnded();
    const id = this.#nextId();
    const ids = new Map([['batchId', id]]);
    // Reading it settles how many answers there will be (S4, S13).
    const expected = Number((await main.find(name, 'workerCount')).value);
    await main.store(name, 'broadcast', argument, new Map([...metadata, ...ids]));
    const results: unknown[] = [];
    const signal = this.#orOver(options?.signal);
    try {
      for (let n = 0; n < expected; n++) {
        const what = 'not every worker answered';
        const found = await this.#lines.wait(name, what, { signal }, (connection) =>
          connection.fetch(name, 'result', ids),
        );
        const rank = Number(found.metadata.get('nwsWorkerRank'));
        const [outcome] = outcomesOf(found, { index: rank, count: 1 }, this.#maxAttempts);
        if (outcome === undefined) continue;
        if ('value' in outcome) results[rank] = outcome.value;
        else if (options?.errors === 'collect') results[rank] = outcome.error;
        else throw outcome.error;
      }
    } catch (error) {
      main.store(name, CANCELLED_BATCHES, id).catch(() => undefined);
      throw error;
    } finally {
      void this.#forget(metadata);
    }
    return claimed(results);
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
   * Begins the join phase: nobody may join when all are there, or after a while (S5).
   * @param delay seconds that are waited for those who are missing
   * @returns how many workers have joined, when it is closed
   */
  async join(delay: number, options: WaitOptions = {}): Promise<number> {
    const { name } = this.workspace;
    const metadata = new Map([['delay', String(delay)]]);
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
    await this.#launched?.stop();
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
    { fixedArgs, timeout }: TaskOptions & { readonly fixedArgs?: unknown } = {},
  ): Promise<Map<string, string>> {
    const metadata = new Map([
      [MODULE, module],
      [FUNCTION, name],
    ]);
    if (timeout !== undefined) metadata.set(TIMEOUT, String(timeout));
    if (fixedArgs === undefined) return metadata;
    const { main } = this.#lines;
    const encoded = encodeValue(fixedArgs);
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
