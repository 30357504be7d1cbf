import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { TcpServer } from '../transport/server.ts';
import type { ClusterFigures } from '../core/whole.ts';
import { drawingsIn } from './drawings.ts';
import { LiveSite } from './live-site.ts';
import type { MetricsPart } from './metrics-writer.ts';
import { OwnParts } from './own-parts.ts';
import type { Elsewhere, SiteHost } from './site-host.ts';
import { WebServer } from './web-server.ts';
import type { Whole } from '../core/whole.ts';
import { WholeSite } from './whole-site.ts';
import { WebListenError, type WebAddress, type WebOptions } from './web-options.ts';
import { authorityOf } from '../wire/authority.ts';

/** The web page of a server. */
export class WebPage {
  readonly #web: WebServer;
  readonly #token: string | undefined;
  readonly #logger: Logger;
  /** Where each partition is shown: at the root if there is one. */
  #hosts: readonly SiteHost[];
  /** What this server serves, by partition. */
  readonly #sites = new Map<number, LiveSite>();
  /** Undefined if there is one partition. */
  /** What is known of all partitions, if servers share the store. */
  #whole: Whole | undefined;
  #own: OwnParts | undefined;

  private constructor(web: WebServer, { write, token }: WebOptions, logger: Logger) {
    this.#web = web;
    this.#hosts = [web.root];
    this.#token = write === true ? (token ?? randomBytes(16).toString('base64url')) : undefined;
    this.#logger = logger;
  }

  /**
   * @param serverHost the default address of the page
   * @returns the page, when it listens; undefined if it is optional and its port is in use, which is logged
   * @throws WebListenError
   */
  static async listen(options: WebOptions, serverHost: string, logger: Logger): Promise<WebPage | undefined> {
    const { host = serverHost, port = 8766, allowHosts, base, dist } = options;
    try {
      return new WebPage(
        await WebServer.listen({ host, port, allowHosts, base, dist }, logger),
        options,
        logger,
      );
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
      if (options.isOptional === true && code === 'EADDRINUSE') {
        logger.warn({ port }, 'there is no web page: its port is in use');
        return undefined;
      }
      // An error of the server's own address is reported as such.
      if (options.host === undefined && code !== 'EADDRINUSE' && code !== 'EACCES') throw cause;
      throw new WebListenError(authorityOf(host, port), cause);
    }
  }

  get port(): number {
    return this.#web.port;
  }

  /** The base of its paths, without a slash at its end. */
  get base(): string {
    return this.#web.base;
  }

  get address(): WebAddress {
    const { host, port, url } = this.#web;
    return { host, port, url, token: this.#token };
  }

  /**
   * Shows this server, which is alone, from now on.
   * @returns the address of the page
   */
  show(tcp: TcpServer): WebAddress {
    this.#show(0, tcp, undefined);
    return this.address;
  }

  /** This server shares its store with others. With several partitions the root shows the whole. */
  begin(whole: Whole): void {
    this.#whole = whole;
    if (whole.partitions === 1) return this.#measure();
    this.#hosts = this.#web.divide(whole.partitions);
    const { root, dist } = this.#web;
    const own = (this.#own = new OwnParts(whole.defaultAt));
    root.show(new WholeSite(whole, own, { drawing: drawingsIn(dist), now }));
    this.#measure();
  }

  /**
   * Shows a partition from now on.
   * @param cluster what it tells about the servers that share its store
   */
  own(partition: number, tcp: TcpServer, cluster: ClusterFigures): void {
    this.#show(partition, tcp, cluster);
  }

  /**
   * Does not show a partition any more, and sends browsers to the page of another server.
   * @param owner the server to which clients are forwarded, with the address of its page if it has one; undefined if there is none
   */
  standBy(partition: number, owner: Elsewhere | undefined): void {
    this.#end(partition);
    this.#hosts[partition]?.redirect(owner);
    this.#measure();
  }

  /** @returns the answer to another server, as JSON; undefined if there is none */
  answer(question: string): string | undefined {
    const answer = this.#own?.answer(question);
    return answer && JSON.stringify(answer);
  }

  #show(partition: number, tcp: TcpServer, cluster: ClusterFigures | undefined): void {
    this.#end(partition);
    const { dist } = this.#web;
    const site = new LiveSite(tcp, { dist, token: this.#token, logger: this.#logger, cluster });
    this.#sites.set(partition, site);
    this.#own?.set(partition, site.views);
    this.#hosts[partition]?.show(site);
    this.#measure();
  }

  #end(partition: number): void {
    this.#sites.get(partition)?.close();
    this.#sites.delete(partition);
    this.#own?.delete(partition);
  }

  /** The metrics are those of what is shown now; a server of several without a partition has those of its process. */
  #measure(): void {
    const isDivided = this.#hosts.length > 1;
    const parts = Array.from(this.#sites, ([partition, site]) => ({
      ...site.measured,
      partition: isDivided ? partition : undefined,
    }));
    const isMeasured = this.#whole !== undefined || parts.length > 0;
    this.#web.measure(isMeasured ? this.#metricsOf(parts) : undefined);
  }

  /** Their library is loaded when they are read first: a server whose metrics nobody reads starts sooner. */
  #metricsOf(parts: readonly MetricsPart[]): () => Promise<string> {
    let text: (() => Promise<string>) | undefined;
    return async () => {
      const { metricsOf } = await import('./metrics.ts');
      text ??= metricsOf(this.#web, parts, this.#whole);
      return text();
    };
  }

  async close(): Promise<void> {
    for (const partition of this.#sites.keys()) this.#end(partition);
    await this.#web.close();
  }
}

const now = (): number => performance.timeOrigin + performance.now();
