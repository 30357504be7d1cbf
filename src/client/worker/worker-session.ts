import { reasonOf } from '../../wire/error-kind.ts';
import { KEY, VARIABLE } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';
import type { Found, NwsConnection } from '../connection/connection.ts';
import { ConnectionLostError, NwsError } from '../connection/errors.ts';
import { reconnect } from '../connection/reconnect.ts';
import { thisHost, type Platform } from '../platform.ts';
import { PROCESS } from '../errors/job.ts';

export interface WorkerSessionOptions {
  /** Connects to the server: at the start, and each time that the connection is lost. */
  readonly open: () => Promise<NwsConnection>;
  readonly workspace: string;
  readonly rank: number;
  /** The metadata of the registration (S3). */
  readonly description: Metadata;
  /** Seconds within which the server is awaited at the start. The default is 0; later the job says how long (S18). */
  readonly reconnectGrace?: number | undefined;
  /** The default is this host. */
  readonly platform?: Platform;
}

/** A worker lost its connection and could not come back. The message says why. */
export class NotBackError extends Error {
  override readonly name = 'NotBackError';
}

/**
 * A worker's registration in a job (S3). It may span several connections if the job lets lost workers come back
 * (S18). The worker tries to come back as soon as its connection is lost, even during a call.
 */
export class WorkerSession {
  /** The current task, or the one whose result was sent without a reply so far. */
  task: Found | undefined;
  /**
   * Resolves when the connection is lost and the job lets no worker come back, or the job has ended.
   * @throws NotBackError if it may come back, and that failed
   */
  readonly over: Promise<void>;
  readonly #options: WorkerSessionOptions;
  readonly #platform: Platform;
  readonly #session: string;
  /** Milliseconds; 0 if lost workers cannot come back. */
  #grace: number;
  /** The connection on which it is registered, or will be again; rejected when it has ended. */
  #registered: Promise<NwsConnection>;
  /** The latest connection, while it is not lost. */
  #connection: NwsConnection | undefined;
  #settle: (end: Promise<void>) => void = () => undefined;

  /** @throws NwsError if the registration is refused; ConnectionLostError */
  static async make(options: WorkerSessionOptions): Promise<WorkerSession> {
    const registration = new WorkerSession(options);
    await registration.#registered;
    return registration;
  }

  private constructor(options: WorkerSessionOptions) {
    this.#options = options;
    this.#platform = options.platform ?? thisHost;
    this.#session = this.#platform.secret();
    this.#grace = 1_000 * (options.reconnectGrace ?? 0);
    this.over = new Promise((resolve) => (this.#settle = resolve));
    this.over.catch(() => undefined);
    this.#registered = this.#begin();
  }

  /**
   * Makes requests, and repeats them on the next connection if one is lost meanwhile.
   * @throws what `request` throws; the reason of the end, when it has ended
   */
  async use<T>(request: (connection: NwsConnection) => Promise<T>): Promise<T> {
    for (;;) {
      const connection = await this.#registered;
      try {
        return await request(connection);
      } catch (error) {
        if (!(error instanceof ConnectionLostError)) throw error;
        this.#lose(connection, error);
      }
    }
  }

  /** Ends the registration. */
  leave(): void {
    this.#connection?.close();
    this.#settle(Promise.resolve());
  }

  /** Repeats the registration if its reply is lost. If the server does not allow that, it says so. */
  async #begin(): Promise<NwsConnection> {
    try {
      return await this.#register();
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) throw error;
      if (this.#grace > 0) return this.#tryAgain();
      if (error.code !== 'lost') throw error;
      return this.#register();
    }
  }

  async #register(): Promise<NwsConnection> {
    const { open, workspace, rank, description } = this.#options;
    const connection = await open();
    try {
      await connection.useWorkspace(workspace, { create: false });
      const number = this.task?.metadata.get(KEY.taskNumber);
      const metadata = new Map(description).set(KEY.session, this.#session);
      if (number !== undefined) metadata.set(KEY.doing, number);
      const reply = await connection.store(workspace, VARIABLE.workerIds, String(rank), metadata);
      this.#grace = 1_000 * Number(reply.get(KEY.grace) ?? 0);
      // Its result has been received, or it has failed.
      if (reply.get(KEY.busy) === '0') this.task = undefined;
    } catch (error) {
      connection.close();
      throw error;
    }
    this.#connection = connection;
    void connection.ended.then((error) => this.#lose(connection, error));
    return connection;
  }

  /** Called once for each connection, by whatever notices the loss first. */
  #lose(connection: NwsConnection, error: ConnectionLostError): void {
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    this.#registered = this.#comeBack(error);
    this.#registered.catch((end: unknown) =>
      this.#settle(end instanceof NotBackError ? Promise.reject(end) : Promise.resolve()),
    );
  }

  async #comeBack(lost: ConnectionLostError): Promise<NwsConnection> {
    // If this side has ended the connection, it would end the next one in the same way.
    if (this.#grace === 0 || lost.code !== 'lost') throw lost;
    return this.#tryAgain();
  }

  async #tryAgain(): Promise<NwsConnection> {
    const { clock } = this.#platform;
    const random = (): number => this.#platform.random();
    try {
      return await reconnect({ clock, random, grace: this.#grace, attempt: () => this.#register() });
    } catch (error) {
      if (error instanceof NwsError && error.code !== 'failed') throw error;
      const why = reasonOf(error);
      const text =
        error instanceof ConnectionLostError
          ? PROCESS.notBackInTime(this.#grace / 1_000, why)
          : PROCESS.mayNotReturn(why);
      throw new NotBackError(text.message, { cause: error });
    }
  }
}
