import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { LEVELS, type Level } from './transport/log-levels.ts';
import { createLogger } from './transport/logger.ts';
import type { Credentials } from './transport/gate.ts';
import type { DataOptions, Storage } from './transport/data-folder.ts';
import type { SharedStoreOptions } from './cluster/cluster-options.ts';
import { isLoopback } from './wire/authority.ts';
import { TcpServer } from './transport/server.ts';
import type { TcpOptions } from './transport/tcp-options.ts';
import type { WebAddress, WebOptions } from './web/web-options.ts';
import { WithoutPage } from './web/without-page.ts';
import type { WebPage } from './web/web-page.ts';

export type { SharedStoreOptions } from './cluster/cluster-options.ts';
export { WebListenError, type WebAddress, type WebOptions } from './web/web-options.ts';

export interface ServerOptions extends TcpOptions {
  /** The address to listen on. The default is 127.0.0.1. */
  host?: string | undefined;
  /** The port (P1); 0 selects a free one. The default is 8765. */
  port?: number | undefined;
  /** Where the server keeps what survives it (D1). Without this option nothing does. */
  data?: DataOptions | undefined;
  /**
   * A store that this server shares with others: one of them owns the data, and the others forward their clients to it and
   * take over when it ends (D9 to D12). Excludes `data`.
   */
  store?: SharedStoreOptions | undefined;
  /** The web page. Without this option there is none. */
  web?: WebOptions | undefined;
  logLevel?: Level | undefined;
  /** Replaces the server's own logger, which writes to standard error. */
  logger?: Logger | undefined;
}

/** A running server. */
export interface Server {
  readonly host: string;
  readonly port: number;
  /** The address of its web page, if it has one. */
  readonly web: WebAddress | undefined;
  /** Resolves when it has stopped, by `close` or because a client requested it (P3). */
  readonly stopped: Promise<void>;
  /** Why it has ended by itself: its data could not be made durable (D6). */
  readonly failure: Error | undefined;
  /** The log level; may be changed at any time. */
  logLevel: Level;
  /**
   * Replaces certificates, token and addresses for later connections. Existing connections stay.
   * @throws Error if one of them cannot be used, or is of another kind than at the start; then nothing has changed
   */
  reload(credentials: Credentials): void;
  /**
   * Shuts down the jobs that do not survive the server (D8), lets clients take their remaining replies, then closes.
   * @param drain seconds in which clients may finish and disconnect before their connections are closed; the default
   *   is 0
   */
  close(options?: { drain?: number }): Promise<void>;
}

/**
 * Starts a server.
 * @returns the server, when it listens
 * @throws if it cannot start: a port in use, an invalid certificate, a temporary folder that cannot be written to, data
 *   that another server uses or that has a format that is not known
 */
export async function createServer(options: ServerOptions = {}): Promise<Server> {
  const logger = options.logger ?? createLogger(options.logLevel ?? 'info');
  const host = options.host ?? '127.0.0.1';
  // The web server starts first, because the handshake announces its port (P2.1).
  const page = options.web && (await listenForWeb(options.web, host, logger));
  let storage: Storage | undefined;
  try {
    if (options.store !== undefined) return await sharing({ ...options, host, logger }, options.store, page);
    storage = options.data && (await prepare(options.data));
    const tcp = new TcpServer(
      { ...options, deadman: options.deadman ?? isLoopback(host) },
      logger,
      page?.port,
      undefined,
      storage,
    );
    await tcp.listen(host, options.port ?? 8765);
    return serverOf(tcp, page, page?.show(tcp), logger);
  } catch (error) {
    await storage?.store.close();
    await page?.close();
    throw error;
  }
}

/** A server of several with one store. */
async function sharing(
  options: ServerOptions & { readonly host: string; readonly logger: Logger },
  store: SharedStoreOptions,
  page: WebPage | undefined,
): Promise<Server> {
  const { host, port = 8765, data, logger, deadman = isLoopback(host) } = options;
  // Loaded only if there is such a store.
  const { ClusterServer } = await import('./cluster/cluster-server.ts');
  const { checkedOptions } = await import('./cluster/cluster-options.ts');
  const shared = checkedOptions(store, {
    host,
    machine: hostname(),
    hasFolder: data !== undefined,
    hasTls: options.tls !== undefined,
  });
  const shown = page ?? new WithoutPage(logger);
  const cluster = await ClusterServer.start(
    { tcp: { ...options, deadman }, shared, logger, web: page && { port: page.port, base: page.base } },
    {
      begins: (whole) => shown.begin(whole),
      asked: async (question) => shown.answer(question),
      owns: (partition, tcp, figures) => shown.own(partition, tcp, figures),
      standsBy: (partition, owner) => shown.standBy(partition, owner),
    },
    { host, port },
  );
  return serverOf(cluster, page, page?.address, logger);
}

async function prepare(data: DataOptions): Promise<Storage> {
  // Loaded only if data is kept.
  const { prepareData } = await import('./transport/data-folder.ts');
  return prepareData(data);
}

/** @returns undefined if the page is optional and its port is in use */
async function listenForWeb(
  options: WebOptions,
  serverHost: string,
  logger: Logger,
): Promise<WebPage | undefined> {
  // Loaded only if there is a page: a server without one starts sooner, and uses less memory.
  const { WebPage } = await import('./web/web-page.ts');
  return WebPage.listen(options, serverHost, logger);
}

/** A server that listens by itself, or one of several. */
type Running = Pick<Server, 'host' | 'port' | 'stopped' | 'failure' | 'reload' | 'close'>;

function serverOf(
  tcp: Running,
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
    get failure() {
      return tcp.failure;
    },
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
