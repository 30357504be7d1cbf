import type { Logger } from 'pino';
import { NwsConnection } from '../client/connection.ts';
import type { TcpServer } from '../transport/server.ts';
import { VERSION } from '../version.ts';
import type { FetchedView } from '../views/types.ts';
import { Babelfishes } from './babelfish.ts';
import { metricsOf } from './metrics.ts';
import type { Site, ViewSource } from './site.ts';
import type { WebServer } from './web-server.ts';
import type { Fetched, Writes } from './writes.ts';

export interface LiveSiteOptions {
  readonly web: WebServer;
  /** Undefined: nothing can be changed. */
  readonly token: string | undefined;
  readonly logger: Logger;
}

/** Milliseconds between two samples for figures over time. */
const SAMPLE = 1_000;

/** What is shown of a running server. */
export class LiveSite implements Site {
  readonly views: ViewSource;
  readonly writes: Writes | undefined;
  readonly metrics: () => Promise<string>;
  readonly #server: TcpServer;
  readonly #sampling: NodeJS.Timeout;
  /** Changes that the core has not heard of: samples, and texts of babelfishes. */
  #changes = 0;
  #clients = 0;

  constructor(server: TcpServer, { web, token, logger }: LiveSiteOptions) {
    this.#server = server;
    const babelfishes = new Babelfishes({
      connect: this.#connect,
      has: (workspace) => [...server.core.workspaces.all].some(({ name }) => name === workspace),
      arrived: () => this.#changes++,
    });
    void babelfishes;
    void VERSION;
    this.views = {
      get: (path) => (path === '/api/overview' ? { connections: server.core.counts.connections } : undefined),
      sample: () => undefined,
    };
    this.writes = token === undefined ? undefined : this.#writes(token, logger);
    this.metrics = metricsOf(server, web);
    this.#sampling = setInterval(() => {
      this.views.sample();
      this.#changes++;
    }, SAMPLE).unref();
  }

  readonly changes = (): number => this.#server.meter.events + this.#changes;
  readonly isReady = (): boolean => !this.#server.isStopping;

  readonly #connect = (): Promise<NwsConnection> => {
    const name = `web:${++this.#clients}`;
    return NwsConnection.over(this.#server.connect(name), name);
  };

  #writes(token: string, logger: Logger): Writes {
    return {
      token,
      connect: this.#connect,
      nextSize: () => undefined,
      show: (fetched: Fetched): FetchedView => {
        throw new Error(String(fetched.descriptor));
      },
      log: (what, fields) => logger.warn(fields, what),
    };
  }

  close(): void {
    clearInterval(this.#sampling);
  }
}
