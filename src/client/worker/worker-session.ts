import { KEY, VARIABLE } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';
import { delay } from '../clock.ts';
import type { Found, NwsConnection } from '../connection/connection.ts';
import { ConnectionLostError, NwsError } from '../connection/errors.ts';
import { thisHost, type Platform } from '../platform.ts';

export interface WorkerSessionOptions {
  /** Makes a connection to the server: at the start, and each time that one is lost. */
  readonly open: () => Promise<NwsConnection>;
  readonly workspace: string;
  readonly rank: number;
  /** Kept with the registration (S3). */
  readonly description: Metadata;
  /** This host, unless told. */
  readonly platform?: Platform;
}

/** A worker lost its connection and cannot have its place again; the message says why. */
export class NotBackError extends Error {
  override readonly name = 'NotBackError';
}

/** Milliseconds between two tries to come back: at first, and at most. */
const SHORTEST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;
/** Milliseconds that it tries beyond the grace: the server may have noticed later than the worker that it was lost. */
const BEYOND = 2_000;

/**
 * A worker's place in a job (S3): a rank, held over one connection after another where the job lets lost workers come back
 * (S18). That begins the moment that a connection is lost, whatever the worker is at.
 */
export class WorkerSession {
  /** The task that the worker has, or has sent the result of without having seen a reply. */
  task: Found | undefined;
  /**
   * Resolves when the connection is lost and there is no coming back in this job, or the job has gone.
   * @throws NotBackError when there is, and it failed
   */
  readonly over: Promise<void>;
  readonly #options: WorkerSessionOptions;
  readonly #platform: Platform;
  readonly #session: string;
  /** Milliseconds; 0 where lost is lost. */
  #grace = 0;
  /** On which it is registered, when it is again; rejected when it is over. */
  #registered: Promise<NwsConnection>;
  /** The latest, while it is not lost. */
  #connection: NwsConnection | undefined;
  #settle: (end: Promise<void>) => void = () => undefined;

  /** @throws NwsError when it may not register; ConnectionLostError */
  static async make(options: WorkerSessionOptions): Promise<WorkerSession> {
    const registration = new WorkerSession(options);
    await registration.#registered;
    return registration;
  }

  private constructor(options: WorkerSessionOptions) {
    this.#options = options;
    this.#platform = options.platform ?? thisHost;
    this.#session = this.#platform.secret();
    this.over = new Promise((resolve) => (this.#settle = resolve));
    this.over.catch(() => undefined);
    this.#registered = this.#begin();
  }

  /**
   * Makes requests, and makes them again on the next connection when one is lost meanwhile.
   * @throws what `request` throws; the end, when it is over
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

  /** Gives the place up. */
  leave(): void {
    this.#connection?.close();
    this.#settle(Promise.resolve());
  }

  /** The reply to the first one may be lost, too; where that is the end, the server says so. */
  async #begin(): Promise<NwsConnection> {
    try {
      return await this.#register();
    } catch (error) {
      if (!(error instanceof ConnectionLostError && error.code === 'lost')) throw error;
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
      const told = await connection.store(workspace, VARIABLE.workerIds, String(rank), metadata);
      this.#grace = 1_000 * Number(told.get(KEY.grace) ?? 0);
      // Its result has been received, or it has failed.
      if (told.get(KEY.busy) === '0') this.task = undefined;
    } catch (error) {
      connection.close();
      throw error;
    }
    this.#connection = connection;
    void connection.ended.then((error) => this.#lose(connection, error));
    return connection;
  }

  /** Heard of once for each connection, from whoever notices first. */
  #lose(connection: NwsConnection, error: ConnectionLostError): void {
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    this.#registered = this.#comeBack(error);
    this.#registered.catch((end: unknown) =>
      this.#settle(end instanceof NotBackError ? Promise.reject(end) : Promise.resolve()),
    );
  }

  async #comeBack(lost: ConnectionLostError): Promise<NwsConnection> {
    // Whatever this side has ended itself would end in the same way again.
    if (this.#grace === 0 || lost.code !== 'lost') throw lost;
    const { clock } = this.#platform;
    const end = clock.now() + this.#grace + BEYOND;
    for (let pause = SHORTEST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      // Not all workers of a network that comes back at the same moment.
      await delay(clock, pause * (0.5 + this.#platform.random()));
      try {
        return await this.#register();
      } catch (error) {
        if (error instanceof NwsError && error.code !== 'failed') throw error;
        const why = error instanceof Error ? error.message : String(error);
        if (!(error instanceof ConnectionLostError))
          throw new NotBackError(`it lost its connection, and may not come back: ${why}`, { cause: error });
        if (clock.now() < end) continue;
        const seconds = this.#grace / 1_000;
        throw new NotBackError(
          `it lost its connection, and could not come back within ${seconds} seconds: ${why}`,
          {
            cause: error,
          },
        );
      }
    }
  }
}
