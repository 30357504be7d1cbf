import type { Logger } from 'pino';
import { NwsConnection } from '../client/connection/connection.ts';
import type { TcpServer } from '../transport/server.ts';
import { VERSION } from '../version.ts';
import type { ClusterFigures } from '../core/whole.ts';
import { valueView } from '../views/values.ts';
import { Views } from '../views/views.ts';
import { isFile, sizeOf } from '../wire/payload.ts';
import { Babelfishes } from './babelfish.ts';
import { drawingsIn } from './drawings.ts';
import { orderableJob } from '../views/orderable-job.ts';
import type { MetricsPart } from './metrics-writer.ts';
import type { Site } from './site.ts';
import type { Writes } from './writes.ts';

export interface LiveSiteOptions {
  /** The folder with the drawings; undefined if nobody looks at them. */
  readonly dist: string | undefined;
  /** Undefined if changes are disabled. */
  readonly token: string | undefined;
  readonly logger: Logger;
  /** Undefined if no other server shares its store. */
  readonly cluster: ClusterFigures | undefined;
}

/** Milliseconds between two samples of metrics. */
const SAMPLE = 1_000;

const now = (): number => performance.timeOrigin + performance.now();

/** The views of a running server. */
export class LiveSite implements Site {
  readonly views: Views;
  readonly writes: Writes | undefined;
  /** What its metrics are read from. */
  readonly measured: Omit<MetricsPart, 'partition'>;
  readonly #server: TcpServer;
  readonly #sampling: NodeJS.Timeout;
  /** Changes outside of the core: samples, and texts of babelfishes. */
  #changes = 0;
  #clients = 0;

  constructor(server: TcpServer, { dist, token, logger, cluster }: LiveSiteOptions) {
    this.#server = server;
    const { core, host, port, peek, endedJobs, durability: storage } = server;
    const { translate: babelfish } = new Babelfishes({
      connect: this.#connect,
      has: (workspace) => core.workspaces.find(workspace) !== undefined,
      arrived: () => this.#changes++,
    });
    const writable = token !== undefined;
    const startedAt = now();
    const drawing = dist === undefined ? () => '' : drawingsIn(dist);
    const about = {
      host,
      port,
      version: VERSION,
      startedAt,
      writable,
      now,
      drawing,
      peek,
      babelfish,
      endedJobs,
      storage,
      cluster,
    };
    this.views = new Views(core, about);
    this.writes = token === undefined ? undefined : this.#writes(token, logger);
    this.measured = { server, views: this.views, cluster };
    this.#sampling = setInterval(() => {
      try {
        this.views.sample();
      } catch (error) {
        logger.error({ error }, 'figures could not be taken');
      }
      this.#changes++;
    }, SAMPLE).unref();
  }

  readonly changes = (): number => this.#server.handling.count + this.#changes;
  readonly isReady = (): boolean => !this.#server.isStopping;

  readonly bytesOf = (workspace: string, variable: string, index: number) => {
    const { core, peek } = this.#server;
    const [value] = core.workspaces.find(workspace)?.find(variable)?.values(index, 1) ?? [];
    if (value === undefined) return undefined;
    const { payload } = value;
    const size = sizeOf(payload);
    return { size, read: () => (isFile(payload) ? peek(payload, size) : payload) };
  };

  readonly #connect = (): Promise<NwsConnection> => {
    const name = `web:${++this.#clients}`;
    return NwsConnection.over(this.#server.connect(name), name);
  };

  #writes(token: string, logger: Logger): Writes {
    const { core, peek } = this.#server;
    return {
      token,
      connect: this.#connect,
      nextSize: (workspace, variable) => {
        const [next] = core.workspaces.find(workspace)?.find(variable)?.values(0, 1) ?? [];
        return next && sizeOf(next.payload);
      },
      job: (workspace) => orderableJob(core, workspace),
      show: (value) => ({ value: valueView(value, { peek }) }),
      log: (what, fields) => logger.warn({ audit: true, ...fields }, what),
    };
  }

  close(): void {
    clearInterval(this.#sampling);
  }
}
