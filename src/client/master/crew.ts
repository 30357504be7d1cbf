import { SentinelEventReader } from './sentinel-event-reader.ts';
import { LaunchError, processes, type Launched, type LaunchOrder } from '../launchers/launcher.ts';
import type { ConnectionPool } from '../connection/connection-pool.ts';
import type { ThreadPort } from '../platform.ts';
import { restartBudget } from '../options/respawn.ts';
import type { LaunchOptions, SleighOptions } from '../options/sleigh-options.ts';
import type { ThreadMemory } from './thread-memory.ts';
import { pathOf } from '../task/task.ts';
import { LAUNCH } from '../errors/job.ts';

/** The part of an order that is the same for all workers of a sleigh. */
type CrewOrder = Pick<LaunchOrder, 'workspace' | 'unref' | 'reconnectGrace' | 'onDeath' | 'onOutput'>;

/** The workers that a master has started, at the beginning and later, and the output of all workers of its job. */
export class Crew {
  readonly #order: CrewOrder;
  readonly #lines: ConnectionPool;
  readonly #memory: ThreadMemory;
  readonly #launched = new Set<Launched>();
  #news: SentinelEventReader | undefined;
  #isStopped = false;

  constructor(lines: ConnectionPool, workspace: string, memory: ThreadMemory, options: SleighOptions) {
    const { onDeath, onOutput = (text) => process.stderr.write(text), unref } = options;
    this.#memory = memory;
    this.#lines = lines;
    this.#order = {
      workspace,
      unref,
      reconnectGrace: lines.main.grace,
      onDeath: (rank, how) => onDeath?.(rank, how),
      onOutput,
    };
  }

  /**
   * Also receives the output of workers that this master has not started.
   * @param lines connections that have opened the job's workspace
   */
  listen(lines: ConnectionPool): void {
    this.#news = new SentinelEventReader(lines, this.#order.workspace, this.#order);
  }

  /** @throws LaunchError; then nothing of it is left */
  async launch({
    workers,
    concurrency = 1,
    hosts = [],
    launch = processes(),
    preload,
    cwd,
    env,
    respawn,
    maxTasksPerWorker,
    maxMemory,
    execArgv,
    resourceLimits,
  }: LaunchOptions): Promise<Launched> {
    const limits = { respawn: restartBudget(respawn, workers * concurrency), maxTasksPerWorker, maxMemory };
    const node = { execArgv, resourceLimits };
    if (launch.sharesMemory === true) this.#memory.isShared = true;
    const launched = await launch.start({
      ...this.#order,
      ...limits,
      server: this.#lines.server,
      node,
      workers,
      ...(concurrency > 1 && { concurrency }),
      ...(launch.sharesMemory === true && {
        onMemoryPort: (port: ThreadPort) => this.#memory.listen(port),
      }),
      hosts,
      place: { cwd, env },
      preload: preload === undefined ? undefined : pathOf(preload),
    });
    if (this.#isStopped) {
      await launched.stop();
      throw new LaunchError(LAUNCH.stopped());
    }
    this.#launched.add(launched);
    void launched.gone.then(() => this.#launched.delete(launched));
    return launched;
  }

  /**
   * Ends them.
   * @returns when they have ended
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(Array.from(this.#launched, (launched) => launched.stop()));
    await this.#news?.close();
  }
}

/** @returns the options, with those of the start as defaults; another launcher has other hosts */
export const orAsAtTheStart = (options: LaunchOptions, start: LaunchOptions): LaunchOptions => {
  const { workers, launch, hosts } = options;
  return {
    workers,
    concurrency: options.concurrency ?? start.concurrency,
    launch: launch ?? start.launch,
    hosts: hosts ?? (launch === undefined ? start.hosts : undefined),
    preload: options.preload ?? start.preload,
    cwd: options.cwd ?? start.cwd,
    env: options.env ?? start.env,
    respawn: options.respawn ?? start.respawn,
    maxTasksPerWorker: options.maxTasksPerWorker ?? start.maxTasksPerWorker,
    maxMemory: options.maxMemory ?? start.maxMemory,
    execArgv: options.execArgv ?? start.execArgv,
    resourceLimits: options.resourceLimits ?? start.resourceLimits,
  };
};
