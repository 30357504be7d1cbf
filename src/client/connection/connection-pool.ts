import type { ServerAddress } from './server-address.ts';
import type { ConnectOptions } from './channel-options.ts';
import type { NwsConnection } from './connection.ts';
import { serversBeside } from './known-servers.ts';
import { ConnectionLostError } from './errors.ts';
import { thisHost, type Platform } from '../platform.ts';
import { connectWithin } from './reconnect.ts';
import { Waiting, type WaitOptions } from './waiting.ts';
import { CONNECTION } from '../errors/connection.ts';
import { authorityOf } from '../../wire/authority.ts';

/** The number of idle connections that are kept. */
const MAX_IDLE = 8;

/** A connection for a request that waits or takes long. */
interface Line {
  readonly connection: NwsConnection;
  /** The workspaces that it has opened (W5). */
  readonly used: Set<string>;
}

/** @param keep reserves the connection until then, although the result is available already */
type Use<T> = (connection: NwsConnection, keep: (until: Promise<unknown>) => void) => Promise<T>;

/**
 * The connections of one program to one server: `main` for requests that are answered at once, in order, and one for
 * each request that waits (P5.3).
 */
export class ConnectionPool {
  readonly main: NwsConnection;
  readonly #options: ConnectOptions;
  readonly platform: Platform;
  readonly #idle: Line[] = [];
  readonly #busy = new Set<Line>();
  #isClosed = false;

  /** @throws ConnectionLostError */
  static async open(options: ConnectOptions, platform = thisHost): Promise<ConnectionPool> {
    return new ConnectionPool(await platform.connect(options), options, platform);
  }

  private constructor(main: NwsConnection, options: ConnectOptions, platform: Platform) {
    this.main = main;
    this.#options = options;
    this.platform = platform;
  }

  /** The address of the server, and how to connect to it, or to another one with the same store that this process knows (D24). */
  get server(): ServerAddress {
    const { host, port, tls, token, followOwner } = this.#options;
    const others = this.#others();
    return {
      ...(host !== undefined && { host }),
      ...(port !== undefined && { port }),
      ...(others.length > 0 && { others }),
      ...(tls && { tls }),
      ...(token !== undefined && { token }),
      ...(followOwner !== undefined && { followOwner }),
    };
  }

  #others(): readonly string[] {
    const { host = '127.0.0.1', port = 8765, others = [] } = this.#options;
    const first = authorityOf(host, port);
    return serversBeside(first, others, this.platform.servers.from(first).met);
  }

  /**
   * Provides a connection that has opened the workspace, until `use` has finished, and until what it passes to `keep`
   * has.
   */
  async lend<T>(workspace: string, use: Use<T>): Promise<T> {
    const line = this.#idle.pop() ?? (await this.#openLine(workspace));
    this.#busy.add(line);
    let until: Promise<unknown> | undefined;
    try {
      if (!line.used.has(workspace)) await line.connection.useWorkspace(workspace, { create: false });
      line.used.add(workspace);
      return await use(line.connection, (promise) => {
        until = promise;
      });
    } finally {
      if (until === undefined) this.#takeBack(line);
      else void until.then(() => this.#takeBack(line));
    }
  }

  #takeBack(line: Line): void {
    this.#busy.delete(line);
    if (this.#isClosed || this.#idle.length >= MAX_IDLE) line.connection.close();
    else if (!line.connection.isLost) this.#idle.push(line);
  }

  /**
   * Provides a connection for a request that waits.
   * @returns the answer, also if it arrived just before the wait was to end, so that no value is lost
   * @throws the reason of the signal, or TimeoutError
   */
  async wait<T>(workspace: string, what: string, options: WaitOptions, use: Use<T>): Promise<T> {
    using waiting = new Waiting(options, what, this.main.clock);
    return await this.lend(workspace, (connection, keep) =>
      waiting.withdrawing(connection, () => use(connection, keep)),
    );
  }

  async #openLine(workspace: string): Promise<Line> {
    if (this.#isClosed) throw new ConnectionLostError(CONNECTION.closedHere(this.main.address));
    return { connection: await this.#connect(workspace), used: new Set() };
  }

  /** The server may come back within the grace of the program's session. */
  #connect(workspace: string): Promise<NwsConnection> {
    return connectWithin({
      clock: this.main.clock,
      random: () => this.platform.random(),
      grace: 1_000 * this.main.grace,
      attempt: () => this.platform.connect({ ...this.#options, workspace }),
      isOver: () => this.#isClosed,
    });
  }

  close(): void {
    this.#isClosed = true;
    this.main.close();
    for (const { connection } of [...this.#idle, ...this.#busy]) connection.close();
    this.#idle.length = 0;
  }
}
