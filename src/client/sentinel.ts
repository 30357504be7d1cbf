import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerAddress } from './server-address.ts';
import { startChild, type Child, type ChildKind } from './child.ts';
import { claimed } from './claimed.ts';
import { startTimer, type Timer } from './durations.ts';
import { NwsConnection, type Found } from './connection.ts';
import { SentinelReports } from './sentinel-reports.ts';
import { CANCELLED_BATCHES, type OnAbort } from './task-metadata.ts';
import type { WorkerMessage, WorkerOrder } from './worker-program.ts';

export interface SentinelOptions {
  readonly server: ServerAddress;
  readonly workspace: string;
  /** How many to start. */
  readonly workers: number;
  /** What they are: processes, or threads of this one. */
  readonly kind: ChildKind;
  /** The path of a module that each loads before it registers; one that cannot ends. */
  readonly preload?: string | undefined;
  /** Whether what workers print goes to `logDebug` and `logError` of the job; else to standard error. */
  readonly logs?: boolean | undefined;
  /** What its launcher calls it, said with its `bye`. */
  readonly station?: string | undefined;
  /** Told of each worker that ends without being asked to: its rank, and how it ended. */
  readonly onDeath: (rank: number, how: string) => void;
}

/** There is nothing left to start. */
export class GroupFullError extends Error {
  override readonly name = 'GroupFullError';
}

/** Milliseconds that workers have to end when asked to, or after a timeout; one deep in a call does not hear it. */
const PATIENCE = 1_000;
/** Milliseconds that pass, at most, between the death of a worker and word of it. */
const MOMENT = 50;
/** How a worker ends that is not needed any more. */
const LEFT = 'exit status 0';

/**
 * Starts workers on this host, keeps watch while they work, tells them what is cancelled, and ends them with the job (S2,
 * S9). It answers for them, so that a worker that computes for hours is not taken for dead.
 */
export class Sentinel {
  /** Resolves when the last worker has ended, for whatever reason, and that is told. */
  readonly gone: Promise<void>;
  readonly #connection: NwsConnection;
  /** Waits for word of cancelled batches. */
  readonly #listening: NwsConnection;
  /** Never waits. */
  readonly #talking: NwsConnection;
  readonly #reports: SentinelReports;
  readonly #options: SentinelOptions;
  readonly #children = new Set<Child>();
  #isForcing = false;
  readonly #childrenGone: Promise<void>;
  #allGone: () => void = () => undefined;
  #started = 0;
  #isOver = false;
  #ending: Promise<void> | undefined;

  /**
   * @returns when they are on their way, perhaps fewer than wanted: see `started`
   * @throws NwsError, ConnectionLostError or GroupFullError when no ranks are to be had; no worker is left then
   */
  static async start(options: SentinelOptions): Promise<Sentinel> {
    const { server, workspace, workers } = options;
    const connection = await NwsConnection.open(server);
    const others = [NwsConnection.open(server), NwsConnection.open(server)] as const;
    const [listening, talking] = await Promise.all(others).catch((error: unknown) => {
      connection.close();
      throw error;
    });
    const sentinel = new Sentinel(connection, listening, talking, options);
    try {
      for (const each of [connection, listening, talking])
        await each.useWorkspace(workspace, { create: false });
      while (sentinel.#started < workers && (await sentinel.#startWorker()));
      if (sentinel.#started === 0) throw new GroupFullError(`${workspace} takes no more workers`);
    } catch (error) {
      await sentinel.end();
      throw error;
    }
    void sentinel.#watch();
    void sentinel.#listen();
    return sentinel;
  }

  private constructor(
    connection: NwsConnection,
    listening: NwsConnection,
    talking: NwsConnection,
    options: SentinelOptions,
  ) {
    this.#connection = connection;
    this.#listening = listening;
    this.#talking = talking;
    this.#reports = new SentinelReports(talking, options.workspace);
    this.#options = options;
    this.#childrenGone = new Promise((resolve) => (this.#allGone = resolve));
    this.gone = this.#childrenGone.then(() => this.end());
  }

  /** How many workers it has started: fewer than wanted where the job takes no more. */
  get started(): number {
    return this.#started;
  }

  /** S2. @returns false when the job takes no more */
  async #startWorker(): Promise<boolean> {
    const { server, workspace, preload, kind, logs } = this.#options;
    const rank = Number((await this.#connection.fetch(workspace, 'worker_ids')).value);
    if (rank < 0) return false;
    const { host = '', port = '' } = server;
    const args = [host, String(port), workspace, String(rank)];
    const child = startChild(kind, 'worker-program.js', args, logs);
    this.#started++;
    this.#children.add(child);
    if (child.output !== undefined) this.#reports.passOn(rank, child.output);
    this.#keepDeadlines(child);
    const order: WorkerOrder = { server, workspace, rank, preload };
    child.send(order);
    void child.ended.then((how) => this.#ended(child, rank, how));
    return true;
  }

  /** A worker whose task blocks it past its timeout cannot end that itself, so it is ended. */
  #keepDeadlines(child: Child): void {
    let deadline: Timer | undefined;
    child.onMessage((message) => {
      const { milliseconds } = claimed<WorkerMessage>(message);
      deadline?.stop();
      if (milliseconds !== null)
        deadline = startTimer(milliseconds + PATIENCE, () => child.kill(), { ref: false });
    });
    void child.ended.then(() => deadline?.stop());
  }

  #ended(child: Child, rank: number, how: string): void {
    this.#children.delete(child);
    // Those who wait for tasks leave when the job is over (S14.1). One that crashed just before it ended is told of.
    const hasLeft = this.#isForcing || (how === LEFT && (this.#isOver || this.#ending !== undefined));
    if (!hasLeft) {
      this.#options.onDeath(rank, how);
      void this.#reports.death(rank, how);
    }
    if (this.#children.size === 0) this.#allGone();
  }

  /** S9: until the job is over, or the server gone. */
  async #watch(): Promise<void> {
    const { workspace } = this.#options;
    try {
      while ((await this.#connection.fetch(workspace, 'sentinel_alive')).value === '0');
      this.#isOver = true;
      // A worker whose death has ended the job is heard of here a little later than there.
      await sleep(MOMENT);
    } catch {
      // There is nothing to stay for.
    }
    await this.end();
  }

  /** Passes on which batches are cancelled. */
  async #listen(): Promise<void> {
    const { workspace } = this.#options;
    try {
      for (let after: Found | undefined; ;) {
        after = await this.#listening.get('ifind', workspace, CANCELLED_BATCHES, { after });
        for (const batch of Object.keys(claimed<Record<string, OnAbort>>(after?.value ?? {})))
          for (const child of this.#children) child.send({ batch });
      }
    } catch {
      // The connection is gone; `#watch` sees to that.
    }
  }

  /** Ends the workers, by force where asking does not help. @returns when the last one has gone */
  end(): Promise<void> {
    return (this.#ending ??= this.#end());
  }

  async #end(): Promise<void> {
    // Workers that wait are told when their sentinel leaves (S14); others by their parent.
    this.#connection.close();
    this.#listening.close();
    if (this.#children.size === 0) this.#allGone();
    for (const child of this.#children) child.release();
    const force = setTimeout(() => {
      this.#isForcing = true;
      for (const child of this.#children) child.kill();
    }, PATIENCE);
    await this.#childrenGone;
    clearTimeout(force);
    const { station = '' } = this.#options;
    // Neither a server that does not answer is waited for, nor who holds the output of a worker that has gone.
    const told = this.#reports.bye(this.#started, station);
    await Promise.race([told, sleep(PATIENCE, undefined, { ref: false })]);
    this.#talking.close();
  }
}
