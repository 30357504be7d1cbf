import type { ServerAddress } from './channel.ts';
import { startChild, type Child, type ChildKind } from './child.ts';
import { claimed } from './claimed.ts';
import { NwsConnection, type Found } from './connection.ts';
import { CANCELLED_BATCHES } from './task-metadata.ts';
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
  /** Told of each worker that ends without being asked to: its rank, and how it ended. */
  readonly onDeath: (rank: number, how: string) => void;
}

/** Milliseconds that workers have to end when asked to, or after a timeout; one deep in a call does not hear it. */
const PATIENCE = 1_000;

/**
 * Starts workers on this host, keeps watch while they work, tells them what is cancelled, and ends them with the job (S2,
 * S9). It answers for them, so that a worker that computes for hours is not taken for dead.
 */
export class Sentinel {
  /** Resolves when the last worker has ended, for whatever reason. */
  readonly gone: Promise<void>;
  readonly #connection: NwsConnection;
  /** Waits for word of cancelled batches. */
  readonly #listening: NwsConnection;
  readonly #options: SentinelOptions;
  readonly #children = new Set<Child>();
  #isEnding = false;
  #allGone: () => void = () => undefined;

  /** @throws NwsError or ConnectionLostError when no ranks are to be had; no worker is left then */
  static async start(options: SentinelOptions): Promise<Sentinel> {
    const { server, workspace } = options;
    const [connection, listening] = await Promise.all([
      NwsConnection.open(server),
      NwsConnection.open(server),
    ]);
    const sentinel = new Sentinel(connection, listening, options);
    try {
      for (const each of [connection, listening]) await each.useWorkspace(workspace, { create: false });
      for (let i = 0; i < options.workers; i++) await sentinel.#startWorker();
    } catch (error) {
      await sentinel.end();
      throw error;
    }
    void sentinel.#watch();
    void sentinel.#listen();
    return sentinel;
  }

  private constructor(connection: NwsConnection, listening: NwsConnection, options: SentinelOptions) {
    this.#connection = connection;
    this.#listening = listening;
    this.#options = options;
    this.gone = new Promise((resolve) => (this.#allGone = resolve));
  }

  /** S2. */
  async #startWorker(): Promise<void> {
    const { server, workspace, preload, kind } = this.#options;
    const rank = Number((await this.#connection.fetch(workspace, 'worker_ids')).value);
    if (rank < 0) throw new Error(`${workspace} takes no more workers`);
    const { host = '', port = '' } = server;
    const child = startChild(kind, 'worker-program.js', [host, String(port), workspace, String(rank)]);
    this.#children.add(child);
    this.#keepDeadlines(child);
    const order: WorkerOrder = { server, workspace, rank, preload };
    child.send(order);
    void child.ended.then((how) => this.#ended(child, rank, how));
  }

  /** A worker whose task blocks it past its timeout cannot end that itself, so it is ended. */
  #keepDeadlines(child: Child): void {
    let deadline: NodeJS.Timeout | undefined;
    child.onMessage((message) => {
      const { milliseconds } = claimed<WorkerMessage>(message);
      clearTimeout(deadline);
      if (milliseconds !== null) deadline = setTimeout(() => child.kill(), milliseconds + PATIENCE).unref();
    });
    void child.ended.then(() => clearTimeout(deadline));
  }

  #ended(child: Child, rank: number, how: string): void {
    this.#children.delete(child);
    if (!this.#isEnding) this.#options.onDeath(rank, how);
    if (this.#children.size === 0) this.#allGone();
  }

  /** S9: until the job is over, or the server gone. */
  async #watch(): Promise<void> {
    const { workspace } = this.#options;
    try {
      while ((await this.#connection.fetch(workspace, 'sentinel_alive')).value === '0');
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
        for (const child of this.#children) child.send({ batch: String(after?.value) });
      }
    } catch {
      // The connection is gone; `#watch` sees to that.
    }
  }

  /** Ends the workers, by force where asking does not help. @returns when the last one has gone */
  async end(): Promise<void> {
    this.#isEnding = true;
    // Workers that wait are told when their sentinel leaves (S14); others by their parent.
    this.#connection.close();
    this.#listening.close();
    if (this.#children.size === 0) this.#allGone();
    for (const child of this.#children) child.release();
    const force = setTimeout(() => {
      for (const child of this.#children) child.kill();
    }, PATIENCE);
    await this.gone;
    clearTimeout(force);
  }
}
