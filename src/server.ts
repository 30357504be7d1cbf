import type { Logger } from 'pino';
import { LEVELS, type Level } from './transport/log-levels.ts';
import { createLogger } from './transport/logger.ts';
import type { Credentials } from './transport/gate.ts';
import { isLoopback } from './transport/admission.ts';
import { TcpServer } from './transport/server.ts';
import type { TcpOptions } from './transport/tcp-options.ts';
import type { WebAddress, WebOptions } from './web/web-options.ts';
import type { WebPage } from './web/web-page.ts';

export { WebListenError, type WebAddress, type WebOptions } from './web/web-options.ts';

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
   * Notifies jobs and clients, lets them take the replies that are left for them, then closes.
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
  const page = options.web && (await listenForWeb(options.web, host, logger));
  try {
    const tcp = new TcpServer(
      { ...options, deadman: options.deadman ?? isLoopback(host) },
      logger,
      page?.port,
    );
    await tcp.listen(host, options.port ?? 8765);
    return serverOf(tcp, page, page?.show(tcp), logger);
  } catch (error) {
    await page?.close();
    throw error;
  }
}

/** @returns undefined when there may be no page, and is no port for it */
async function listenForWeb(
  options: WebOptions,
  serverHost: string,
  logger: Logger,
): Promise<WebPage | undefined> {
  // Loaded only where there is a page: a server without one starts sooner, and takes less memory.
  const { WebPage } = await import('./web/web-page.ts');
  return WebPage.listen(options, serverHost, logger);
}

function serverOf(
  tcp: TcpServer,
  page: WebPage | undefined,
  web: WebAddress | undefined,
  logger: Logger,
): Server {
  const stopped = tcp.stopped.then(() => page?.close());
  return {
    host: tcp.host,
    port: tcp.port,
    web,
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
