import type { RestartBudget } from '../../machines/pool/restart-budget.ts';
import { DIED, NOT_LOADED, TIMED_OUT, type WorkerEnd } from '../../machines/pool/worker-process-setup.ts';
import { KEY, VARIABLE, VERB } from '../../wire/names.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import type { ChildKind } from './child.ts';
import { delay } from '../clock.ts';
import type { NodeOptions } from './node-flags.ts';
import type { Found, NwsConnection } from '../connection/connection.ts';
import { connectWithin } from '../connection/reconnect.ts';
import { thisHost, type Platform } from '../platform.ts';
import { followOrders } from './follow-orders.ts';
import { mustBeJob } from './must-be-job.ts';
import { SentinelEventWriter } from './sentinel-event-writer.ts';
import type { ServerAddress } from '../connection/server-address.ts';
import { CANCELLED_BATCHES } from '../task/task-metadata.ts';
import type { CancelledBatches } from '../worker/worker-messages.ts';
import { WorkerReports } from './worker-reports.ts';
import type { OutputStream } from './worker-host.ts';
import { WorkerPool } from './worker-pool.ts';
import { PROCESS } from '../errors/job.ts';
import { fault } from '../../wire/error-kind.ts';

/** The order of a sentinel, as plain data. */
export interface SentinelOrder {
  readonly server: ServerAddress;
  readonly workspace: string;
  /** The number of worker processes to start. */
  readonly workers: number;
  /** The number of ranks, and thereby of calls at once, of each process (S22.14). The default is 1. */
  readonly concurrency?: number | undefined;
  /** The path of a module that each worker loads before it registers. A worker that cannot load it ends. */
  readonly preload?: string | undefined;
  /** How workers that end are replaced; false for no replacement. */
  readonly respawn?: RestartBudget | false | undefined;
  /** The number of elements after which a worker is replaced. */
  readonly maxTasksPerWorker?: number | undefined;
  /** Bytes of memory above which a worker is replaced. */
  readonly maxMemory?: number | undefined;
  /**
   * Seconds within which the server is awaited at the start, and within which it may come back when it has lost the server
   * (P15). By default the server must be there at the start, and decides later: a server that keeps its data allows it.
   */
  readonly reconnectGrace?: number | undefined;
  /** Flags of Node for the workers, and the limits of their memory. */
  readonly node?: NodeOptions | undefined;
}

export interface SentinelOptions extends SentinelOrder {
  /** The kind of the workers: processes, or threads of this process. */
  readonly kind: ChildKind;
  /** The name that its launcher uses for it, sent with its `bye`. */
  readonly station?: string | undefined;
  /** Called for each worker that ends unexpectedly, with its rank and how it ended. */
  readonly onDeath: (rank: number, how: string) => void;
  /** Called with the output of workers, in whole lines. By default it goes to `logDebug` and `logError` of the job. */
  readonly onOutput?: (text: string) => Promise<void>;
  readonly platform?: Platform;
}

/** The job accepts no further workers. */
export class GroupFullError extends Error {
  override readonly name = 'GroupFullError';
}

/** Milliseconds to wait at the end for a server that does not answer. */
const BYE_LIMIT_MS = 1_000;
/** The longest time between the death of a worker and the notification, in milliseconds. */
const WORD_OF_DEATH_MS = 50;
/** The ends that are reported to the program that started the workers. */
const DEATHS: ReadonlySet<string> = new Set([DIED, TIMED_OUT, NOT_LOADED]);

/**
 * Starts workers on this host, supervises and replaces them, notifies them of cancelled batches, and ends them with
 * the job (S2, S9, S19). It sends the heartbeats for them, so a worker that computes for hours is not considered
 * dead.
 */
export class Sentinel {
  /** Resolves with the reason when the last worker has ended and that is reported. */
  readonly gone: Promise<string>;
  /** The number of ranks that it started at first, which is lower than wanted if the job accepts no more. */
  readonly started: number;
  readonly #connections: Connections;
  readonly #options: SentinelOptions;
  readonly #reports: SentinelEventWriter;
  readonly #platform: Platform;
  readonly #pool: WorkerPool;
  #isOver = false;
  #hasLeft = false;

  /**
   * @returns when they are starting, perhaps fewer than wanted: see `started`
   * @throws NwsError, ConnectionLostError, NoJobError or GroupFullError if there are no ranks; then no worker is left
   */
  static async start(options: SentinelOptions): Promise<Sentinel> {
    const { server, workspace, platform = thisHost, reconnectGrace = 'stored' } = options;
    const connect = (): Promise<NwsConnection> => platform.connect({ ...server, workspace, reconnectGrace });
    const connections = await connectWithin({
      clock: platform.clock,
      random: () => platform.random(),
      grace: reconnectGrace === 'stored' ? 0 : 1_000 * reconnectGrace,
      attempt: () => Connections.open(connect, workspace),
    });
    try {
      const session = platform.secret();
      const reports = new SentinelEventWriter(connections.talking, workspace, session, platform);
      const ranks = new Ranks(connections, workspace, session);
      const { talking } = connections;
      // Nobody else reads what the workers do.
      const watch = talking.serverHasPage
        ? new WorkerReports({ connection: talking, workspace, platform })
        : undefined;
      const reconnectGrace = connections.watching.grace;
      const details = { ...options, reconnectGrace };
      const pool = new WorkerPool(poolOptions(details, platform, reports, ranks, watch));
      const started = await pool.begun;
      if (ranks.error !== undefined && started === 0) throw ranks.error;
      if (started === 0) throw new GroupFullError(PROCESS.groupFull(workspace).message);
      return new Sentinel(options, { platform, connections, reports, pool, watch, started });
    } catch (error) {
      connections.close();
      throw error;
    }
  }

  private constructor(
    options: SentinelOptions,
    parts: {
      readonly platform: Platform;
      readonly connections: Connections;
      readonly reports: SentinelEventWriter;
      readonly pool: WorkerPool;
      readonly watch: WorkerReports | undefined;
      readonly started: number;
    },
  ) {
    this.#options = options;
    this.#platform = parts.platform;
    this.#connections = parts.connections;
    this.#reports = parts.reports;
    this.#pool = parts.pool;
    this.started = parts.started;
    this.gone = this.#pool.stopped.then((reason) => {
      parts.watch?.end();
      return this.#leave(reason);
    });
    void this.#watch();
    void this.#followCancelled();
    if (this.#connections.talking.serverHasPage) void this.#followOrders();
  }

  /** Whether the job has ended, or the server cannot be reached. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Waits in `sentinel_alive` (S9) until the job has ended, or the server cannot be reached. */
  async #watch(): Promise<void> {
    const { workspace } = this.#options;
    try {
      while ((await this.#connections.watching.fetch(workspace, VARIABLE.sentinelAlive)).value === '0');
      this.#isOver = true;
      // If the death of a worker has ended the job, this process may learn of it a little later than the server.
      await delay(this.#platform.clock, WORD_OF_DEATH_MS);
    } catch {
      // The job has ended, or the connection is lost, perhaps because this side has closed it.
      this.#isOver = !this.#hasLeft;
    }
    this.#pool.stop();
  }

  /** Passes on the list of cancelled batches. */
  async #followCancelled(): Promise<void> {
    const { workspace } = this.#options;
    try {
      const { listening } = this.#connections;
      const find = (after?: Found): Promise<Found | undefined> =>
        listening.get(VERB.ifind, workspace, CANCELLED_BATCHES, { after });
      for (let found = await find(); ; found = await find(found))
        this.#pool.setCancelled(unsafeCast<CancelledBatches>(found?.value ?? {}));
    } catch {
      // The connection is lost; `#watch` handles that.
    }
  }

  /** Kills the workers that the page stops (S24.5). */
  async #followOrders(): Promise<void> {
    const { workspace } = this.#options;
    const connection = await this.#connections.another(workspace).catch(() => undefined);
    if (connection === undefined) return;
    await followOrders(connection, workspace, (order) => {
      if (order.order === 'stop') this.#pool.kill(order.rank);
    });
  }

  /**
   * Lets the workers complete their calls.
   * @param milliseconds the time limit for that
   * @returns when they have ended
   */
  async drain(milliseconds: number): Promise<void> {
    this.#pool.drain(milliseconds);
    await this.gone;
  }

  /**
   * Ends the workers, and kills those that do not end.
   * @returns when the last one has ended
   */
  async end(): Promise<void> {
    this.#pool.stop();
    await this.gone;
  }

  async #leave(reason: string): Promise<string> {
    const { station = '', concurrency = 1 } = this.#options;
    const told = this.#reports.bye(Math.ceil(this.started / concurrency), station, reason);
    await Promise.race([told, delay(this.#platform.clock, BYE_LIMIT_MS)]);
    this.#hasLeft = true;
    this.#connections.close();
    return reason;
  }
}

function poolOptions(
  options: SentinelOptions,
  platform: Platform,
  reports: SentinelEventWriter,
  ranks: Ranks,
  watch: WorkerReports | undefined,
): ConstructorParameters<typeof WorkerPool>[0] {
  const { kind, workers, server, workspace, preload, respawn, maxTasksPerWorker } = options;
  const { maxMemory, reconnectGrace, concurrency = 1 } = options;
  const { onDeath, onOutput = () => Promise.resolve() } = options;
  const isOwnOutput = options.onOutput === undefined;
  const report = async (end: WorkerEnd, isFirst: boolean): Promise<void> => {
    const isDeath = isFirst && DEATHS.has(end.why);
    if (isDeath) onDeath(end.rank, end.how);
    const told = [reports.end(end)];
    if (isDeath && isOwnOutput) told.push(reports.death(end.rank, end.how));
    await Promise.all(told);
  };
  return {
    platform,
    kind,
    workers: workers * concurrency,
    concurrency,
    budget: respawn === false ? undefined : respawn,
    node: options.node,
    order: { server, workspace, preload, maxTasks: maxTasksPerWorker, maxMemory, reconnectGrace },
    askForRank: (replaces) => ranks.ask(replaces),
    report,
    onOutput: (rank: number, stream: OutputStream, lines: string) => {
      const variable = stream === 'stdout' ? VARIABLE.logDebug : VARIABLE.logError;
      if (isOwnOutput) return reports.output(rank, variable, lines);
      if (watch !== undefined) reports.copy(rank, variable, lines);
      return onOutput(`${lines}\n`);
    },
    watch,
  };
}

/** Fetches ranks from the server (S2, S19). */
class Ranks {
  /** The error of the server when it gave no rank. */
  error: unknown;
  readonly #connections: Connections;
  readonly #workspace: string;
  readonly #session: string;

  constructor(connections: Connections, workspace: string, session: string) {
    this.#connections = connections;
    this.#workspace = workspace;
    this.#session = session;
  }

  async ask(replaces?: number): Promise<number | undefined> {
    const { watching, talking } = this.#connections;
    const metadata = new Map<string, string>([[KEY.session, this.#session]]);
    if (replaces !== undefined) metadata.set(KEY.replaces, String(replaces));
    try {
      // The connection that asks first becomes the sentinel (S2). Later it is blocked in sentinel_alive.
      const connection = replaces === undefined ? watching : talking;
      const rank = Number((await connection.fetch(this.#workspace, VARIABLE.workerIds, metadata)).value);
      return rank < 0 ? undefined : rank;
    } catch (error) {
      this.error = error;
      return undefined;
    }
  }
}

/** A sentinel has three connections, because a blocked one answers no other request (P5.2). */
class Connections {
  /** For `sentinel_alive`. */
  readonly watching: NwsConnection;
  /** For the list of cancelled batches. */
  readonly listening: NwsConnection;
  /** For requests that do not wait. */
  readonly talking: NwsConnection;
  readonly #connect: () => Promise<NwsConnection>;
  #further: NwsConnection | undefined;
  #isClosed = false;

  static async open(connect: () => Promise<NwsConnection>, workspace: string): Promise<Connections> {
    const opened = await Promise.allSettled([connect(), connect(), connect()]);
    const connections = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    try {
      const failed = opened.find((each) => each.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      for (const each of connections) await each.useWorkspace(workspace, { create: false });
      const [watching, listening, talking] = connections;
      if (watching === undefined || listening === undefined || talking === undefined)
        throw fault('three connections are needed');
      await mustBeJob(talking, workspace);
      return new Connections(connect, watching, listening, talking);
    } catch (error) {
      for (const each of connections) each.close();
      throw error;
    }
  }

  private constructor(
    connect: () => Promise<NwsConnection>,
    watching: NwsConnection,
    listening: NwsConnection,
    talking: NwsConnection,
  ) {
    this.#connect = connect;
    this.watching = watching;
    this.listening = listening;
    this.talking = talking;
  }

  /** A further connection, for a wait. */
  async another(workspace: string): Promise<NwsConnection> {
    const connection = await this.#connect();
    this.#further = connection;
    if (this.#isClosed) connection.close();
    await connection.useWorkspace(workspace, { create: false });
    return connection;
  }

  close(): void {
    this.#isClosed = true;
    for (const each of [this.watching, this.listening, this.talking, this.#further]) each?.close();
  }
}
