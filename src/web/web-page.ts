import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { TcpServer } from '../transport/server.ts';
import type { Cluster } from '../views/cluster.ts';
import { LiveSite } from './live-site.ts';
import { WebServer } from './web-server.ts';
import { WebListenError, type WebAddress, type WebOptions } from './web-options.ts';
import { authorityOf } from '../wire/authority.ts';

/** The web page of a server. */
export class WebPage {
  readonly #web: WebServer;
  readonly #token: string | undefined;
  readonly #logger: Logger;
  #site: LiveSite | undefined;

  private constructor(web: WebServer, { write, token }: WebOptions, logger: Logger) {
    this.#web = web;
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
   * Shows this server from now on.
   * @param cluster what it tells about the servers that share its store; undefined if it is alone
   * @returns the address of the page
   */
  show(tcp: TcpServer, cluster?: Cluster): WebAddress {
    this.#site?.close();
    this.#site = new LiveSite(tcp, { web: this.#web, token: this.#token, logger: this.#logger, cluster });
    this.#web.show(this.#site);
    return this.address;
  }

  /**
   * Shows nothing, and sends browsers to the page of another server.
   * @param owner the server to which clients are forwarded, with the address of its page if it has one; undefined if there is none
   */
  standBy(owner: { readonly web?: string | undefined } | undefined): void {
    this.#site?.close();
    this.#site = undefined;
    this.#web.redirect(owner);
  }

  async close(): Promise<void> {
    this.#site?.close();
    await this.#web.close();
  }
}
