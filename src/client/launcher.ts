import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { NwsConnection } from './connection.ts';

export interface LauncherOptions {
  readonly host: string;
  readonly port: number;
  readonly workspace: string;
  /** How many to start. */
  readonly workers: number;
  /** The path of the module whose default export they call. */
  readonly module: string;
  /** Told of each worker that ends without being asked to: its rank, and how it ended. */
  readonly onDeath: (rank: number, how: string) => void;
}

const WORKER_PROCESS = fileURLToPath(new URL('worker-process.js', import.meta.url));
const STANDARD_ERROR = 2;
/** Milliseconds that workers have to end when asked to; one in the middle of a long call does not hear it. */
const PATIENCE = 1_000;

/** A sentinel that starts workers on this host, each in a process of its own, and ends them with the job (S2, S9). */
export class Launcher {
  /** Resolves when the last worker has ended, for whatever reason. */
  readonly gone: Promise<void>;
  readonly #connection: NwsConnection;
  readonly #options: LauncherOptions;
  readonly #children = new Set<ChildProcess>();
  #isEnding = false;
  #allGone: () => void = () => undefined;

  /** @throws NwsError or ConnectionLostError when no ranks are to be had; no worker is left then */
  static async start(options: LauncherOptions): Promise<Launcher> {
    const connection = await NwsConnection.open(options);
    const launcher = new Launcher(connection, options);
    try {
      await connection.useWorkspace(options.workspace);
      for (let i = 0; i < options.workers; i++) await launcher.#startWorker();
    } catch (error) {
      await launcher.end();
      throw error;
    }
    void launcher.#watch();
    return launcher;
  }

  private constructor(connection: NwsConnection, options: LauncherOptions) {
    this.#connection = connection;
    this.#options = options;
    this.gone = new Promise((resolve) => (this.#allGone = resolve));
  }

  /** S2. */
  async #startWorker(): Promise<void> {
    const { host, port, workspace, module } = this.#options;
    const rank = Number((await this.#connection.fetch(workspace, 'worker_ids')).value);
    if (rank < 0) throw new Error(`${workspace} takes no more workers`);
    const child = fork(WORKER_PROCESS, [host, String(port), workspace, String(rank), module], {
      // Standard output belongs to the results; what workers print goes beside it.
      stdio: ['ignore', STANDARD_ERROR, STANDARD_ERROR, 'ipc'],
    });
    this.#children.add(child);
    child.once('error', (error) => this.#ended(child, rank, error.message));
    child.once('exit', (code, signal) =>
      this.#ended(child, rank, signal === null ? `exit status ${code}` : `signal ${signal}`),
    );
  }

  #ended(child: ChildProcess, rank: number, how: string): void {
    if (!this.#children.delete(child)) return;
    if (!this.#isEnding || (child.exitCode !== 0 && !child.killed)) this.#options.onDeath(rank, how);
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

  /** Ends the workers, by force where asking does not help. @returns when the last one has gone */
  async end(): Promise<void> {
    this.#isEnding = true;
    // Workers that wait are told when their sentinel leaves (S14); others by the end of their channel.
    this.#connection.close();
    if (this.#children.size === 0) this.#allGone();
    for (const child of this.#children) if (child.connected) child.disconnect();
    const force = setTimeout(() => {
      for (const child of this.#children) child.kill('SIGKILL');
    }, PATIENCE);
    await this.gone;
    clearTimeout(force);
  }
}
