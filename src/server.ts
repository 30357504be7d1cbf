import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { LEVELS, type Level } from './transport/log-levels.ts';
import { createLogger } from './transport/logger.ts';
import type { Credentials } from './transport/gate.ts';
import { isLoopback } from './transport/admission.ts';
import { TcpServer } from './transport/server.ts';
import type { TcpOptions } from './transport/tcp-options.ts';
import { authorityOf } from './wire/authority.ts';
import type { Optional } from './wire/with-defaults.ts';
import { LiveSite } from './web/live-site.ts';
import { WebServer, type ListenOptions } from './web/web-server.ts';

export interface WebOptions extends Optional<ListenOptions> {
  /** The page may delete and fetch, with a token: this one, or one that is made. */
  readonly write?: boolean | undefined;
  readonly token?: string | undefined;
  /** When its port is in use, the server goes on without a page and says so in its log. */
  readonly isOptional?: boolean | undefined;
}

export interface WebAddress {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** What deleting and fetching asks for; undefined where neither is possible. */
  readonly token: string | undefined;
}

/** The web page has no place to listen at. */
export class WebListenError extends Error {
  override readonly name = 'WebListenError';

  /** @param address HOST:PORT that was to be listened on */
  constructor(address: string, cause: unknown) {
    super(address, { cause });
  }
}

export interface ServerOptions extends TcpOptions {
  /** The address to listen on; 127.0.0.1 unless told. */
  host?: string | undefined;
  /** The port (P1); 0 takes a free one. 8765 unless told. */
  port?: number | undefined;
  /** The web page; there is none unless asked for. */
  web?: WebOptions | undefined;
  logLevel?: Level | undefined;
  /** Takes the place of the server's own, which writes to standard error. */
  logger?: Logger | undefined;
}

/** A running server. */
export interface Server {
  readonly host: string;
  readonly port: number;
  /** Where its web page is, if it has one. */
  readonly web: WebAddress | undefined;
  /** Resolves when it has stopped, by `close` or because a client asked for it (P3). */
  readonly stopped: Promise<void>;
  /** How much goes to the log; may be changed at any time. */
  logLevel: Level;
  /**
   * New certificates, token and addresses, for connections from now on; those that are there stay.
   * @throws Error when one cannot be used, or another kind is asked for than at the start; nothing has changed then
   */
  reload(credentials: Credentials): void;
  /**
   * Tells jobs and clients, lets them take what is left for them, and goes.
   * @param drain seconds in which clients may finish and leave by themselves, before their connections are closed: 0
   */
  close(options?: { drain?: number }): Promise<void>;
}

/**
 * Starts a server.
 * @returns it, when it listens
 * @throws when it cannot: a port in use, a certificate that is none, a temporary folder that cannot be written to
 */
export async function createServer(options: ServerOptions = {}): Promise<Server> {
  const logger = options.logger ?? createLogger(options.logLevel ?? 'info');
  const host = options.host ?? '127.0.0.1';
  // The web server comes first, since clients are told its port (P2.1).
  const web = options.web && (await listenForWeb(options.web, host, logger));
  try {
    const tcp = new TcpServer(
      { ...options, deadman: options.deadman ?? isLoopback(host) },
      logger,
      web?.port,
    );
    await tcp.listen(host, options.port ?? 8765);
    if (options.web !== undefined && web === undefined)
      logger.warn({ port: portOf(options.web) }, 'there is no web page: its port is in use');
    return serverOf(tcp, web, options.web, logger);
  } catch (error) {
    await web?.close();
    throw error;
  }
}

const portOf = ({ port = 8766 }: WebOptions): number => port;

/** @returns undefined when there may be no page, and is no port for it */
async function listenForWeb(
  options: WebOptions,
  serverHost: string,
  logger: Logger,
): Promise<WebServer | undefined> {
  const { host = serverHost, allowHosts, dist } = options;
  const port = portOf(options);
  try {
    return await WebServer.listen({ host, port, allowHosts, dist }, logger);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (options.isOptional === true && code === 'EADDRINUSE') return undefined;
    // What is wrong with the server's own address is told as such.
    if (options.host === undefined && code !== 'EADDRINUSE' && code !== 'EACCES') throw cause;
    throw new WebListenError(authorityOf(host, port), cause);
  }
}

function serverOf(
  tcp: TcpServer,
  web: WebServer | undefined,
  options: WebOptions | undefined,
  logger: Logger,
): Server {
  const token =
    options?.write === true ? (options.token ?? randomBytes(16).toString('base64url')) : undefined;
  const site = web && new LiveSite(tcp, { web, token, logger });
  if (site !== undefined) web?.show(site);
  const stopped = tcp.stopped.then(async () => {
    site?.close();
    await web?.close();
  });
  return {
    host: tcp.host,
    port: tcp.port,
    web: web && { host: web.host, port: web.port, url: web.url, token },
    stopped,
    get logLevel() {
      return LEVELS.find((level) => level === logger.level) ?? 'info';
    },
    set logLevel(level) {
      logger.level = level;
    },
    reload: (credentials) => tcp.reload(credentials),
    close: async (options) => {
      await tcp.close(options);
      await stopped;
    },
  };
}
