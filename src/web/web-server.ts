import { BOUNDS } from '../wire/bounds.ts';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { processTime } from '../transport/awake.ts';
import { answer, answerJson, answerProblem, answerText, Problem, SECURITY_HEADERS } from './answers.ts';
import { distFolder } from './dist.ts';
import { belowBase, normalBase } from './base-path.ts';
import { authorityOf } from '../wire/authority.ts';
import { Hosts } from './hosts.ts';
import { decodePart } from '../views/path-part.ts';
import { pageOfOldAddress } from './old-pages.ts';
import { SiteHost, viewsOf, type Call } from './site-host.ts';
import { StaticFiles } from './static-files.ts';
import { TimeShare } from './time-share.ts';
import { Turns } from './turns.ts';
import { UnreadAnswers } from './unread-answers.ts';
import { write } from './writes.ts';
import { PROBLEM } from './problems.ts';
import { fault } from '../wire/error-kind.ts';
import { readHandler, type ReadHandler } from './routes.ts';

/** Where a web server listens, and which requests it accepts. */
export interface ListenOptions {
  readonly host: string;
  /** 0 selects a free port. */
  readonly port: number;
  /** Host names that are accepted in addition to its address; a name without a port allows any port. */
  readonly allowHosts?: readonly string[] | undefined;
  /**
   * The path of the page on its proxy, such as `/cluster`; the default is ''. Requests are answered with and without it,
   * because a proxy may remove it.
   */
  readonly base?: string | undefined;
  /** The default is the folder that `npm run build` creates. */
  readonly dist?: string | undefined;
}

/** The pages of the front end, by the first part of their path. Its router handles the rest. */
const PAGES = new Set(['', 'workspaces', 'clients', 'sleighs', 'ended', 'charts', 'replay', 'about']);
/** What a server answers although another one has the data. */
const OF_THIS_SERVER = new Set(['healthz', 'readyz', 'metrics']);
const INDEX = '/index.html';

/** The number of connections: one for each viewer, and as many for requests. */
export const MAX_CONNECTIONS = 2 * BOUNDS.viewers.value;

/**
 * Serves the page, the views as JSON and as streams, metrics, and health checks. It is independent of the Sleigh
 * server.
 */
export class WebServer {
  /** The folder of the page and the drawings. */
  readonly dist: string;
  /** The base of its paths, without a slash at its end. */
  readonly base: string;
  readonly #http: Server;
  readonly #files: StaticFiles;
  readonly #logger: Logger;
  readonly #turns = new Turns();
  readonly #share = new TimeShare();
  readonly #unread = new UnreadAnswers((unread) =>
    this.#logger.warn({ unread }, 'a connection of the web page was ended: it does not read'),
  );
  #hosts = new Hosts('', 0, []);
  /** What is at the root. */
  readonly root: SiteHost;
  /** What is below `/p/N/`, by N; empty if the data is not divided. */
  #partitions: readonly SiteHost[] = [];
  /** The text for Prometheus; undefined if there is none. */
  #metrics: (() => Promise<string>) | undefined;

  /**
   * Listens. Requests are answered 503 until there is something to `show`.
   * @throws if it cannot listen
   */
  static async listen(options: ListenOptions, logger: Logger): Promise<WebServer> {
    const server = new WebServer(options.dist ?? distFolder(), options.base ?? '', logger);
    const { host, port, allowHosts = [] } = options;
    await new Promise<void>((resolve, reject) => {
      server.#http.once('error', reject);
      server.#http.listen({ host, port }, () => {
        server.#http.off('error', reject);
        server.#http.on('error', (error) => logger.error({ error }, 'the web server failed'));
        resolve();
      });
    });
    server.#hosts = new Hosts(host, server.port, [...allowHosts, authorityOf(server.host, server.port)]);
    return server;
  }

  private constructor(dist: string, base: string, logger: Logger) {
    this.dist = dist;
    this.base = normalBase(base);
    this.#logger = logger;
    this.root = this.#newHost();
    this.#files = new StaticFiles([
      {
        at: '/',
        folder: `${dist}/page`,
        endings: ['.html', '.js', '.css', '.svg', '.png', '.ico', '.woff2', '.txt'],
      },
      { at: '/charts/', folder: `${dist}/charts`, endings: ['.svg', '.json', '.mmd', '.css'] },
    ]);
    this.#http = createServer(
      {
        maxHeaderSize: BOUNDS.webHeaderBytes.value,
        // `Turns` measures these times, in time during which the process ran.
        headersTimeout: 0,
        requestTimeout: 0,
        keepAliveTimeout: BOUNDS.webIdleMs.value,
        noDelay: true,
      },
      (request, response) => {
        this.#turns.begin(request, response);
        void this.#handle(request, response);
      },
    );
    this.#http.on('connection', (socket) => this.#turns.watch(socket));
    this.#http.timeout = BOUNDS.webStillMs.value;
    // After a sleep the time of a connection begins again, because a request may be in the socket (P13).
    this.#http.on('timeout', (socket) => {
      if (processTime.hasJustWoken()) socket.setTimeout(socket.timeout ?? BOUNDS.webStillMs.value);
      else socket.destroy();
    });
    this.#http.maxConnections = MAX_CONNECTIONS;
  }

  get #address() {
    const address = this.#http.address();
    if (address === null || typeof address === 'string') throw fault('the web server does not listen');
    return address;
  }
  get host(): string {
    return this.#address.address;
  }
  get port(): number {
    return this.#address.port;
  }
  /** Its URL for a browser on this machine. */
  get url(): string {
    const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[this.host] ?? this.host;
    return `http://${authorityOf(host, this.port)}${this.base}/`;
  }

  /** The number of open streams, and of the different views that they show. */
  get counts(): { readonly viewers: number; readonly views: number } {
    const all = [this.root, ...this.#partitions].map(({ counts }) => counts);
    const sum = (of: 'viewers' | 'views'): number => all.reduce((total, counts) => total + counts[of], 0);
    return { viewers: sum('viewers'), views: sum('views') };
  }

  /**
   * The data is divided: each partition has a site of its own, below `/p/N/`.
   * @returns where they are shown
   */
  divide(partitions: number): readonly SiteHost[] {
    this.#partitions = Array.from({ length: partitions }, () => this.#newHost());
    return this.#partitions;
  }

  /** @param metrics the text for Prometheus; undefined while there is none */
  measure(metrics: (() => Promise<string>) | undefined): void {
    this.#metrics = metrics;
  }

  #newHost(): SiteHost {
    return new SiteHost({
      failed: (error) => this.#logger.error({ error }, 'a view could not be made'),
      sent: (stream) => this.#unread.count(stream),
    });
  }

  /** Ends all streams and connections. */
  async close(): Promise<void> {
    for (const host of [this.root, ...this.#partitions]) host.close();
    const closed = new Promise((resolve) => this.#http.close(resolve));
    this.#http.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    try {
      await this.#answer(request, response);
      this.#unread.count(response);
    } catch (error) {
      if (response.headersSent) return void response.destroy();
      answerProblem(response, this.#problemOf(error));
    }
  }

  #problemOf(error: unknown): Problem {
    if (error instanceof Problem) return error;
    if (error instanceof URIError) return new Problem(PROBLEM.badPath());
    this.#logger.error({ error }, 'a web request failed');
    return new Problem(PROBLEM.wentWrong());
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#hosts.allows(request.headers.host, request.socket.localAddress))
      throw new Problem(PROBLEM.hostNotAllowed());
    if (hasBody(request)) throw new Problem(PROBLEM.noBody(), { Connection: 'close' });
    const target = request.url ?? '';
    if (!target.startsWith('/')) throw new Problem(PROBLEM.noPath());
    // Resolves `..` and its encodings like browsers.
    const { pathname: full, search, searchParams } = new URL(`http://page${target}`);
    if (full === this.base && full !== '')
      return void response.writeHead(302, { Location: `${full}/${search}` }).end();
    const path = belowBase(this.base, full);
    const { host, pathname } = this.#hostOf(path);
    if (pathname === '') return void response.writeHead(302, { Location: `${full}/${search}` }).end();
    const [first = '', ...segments] = pathname.slice(1).split('/');
    const call = { pathname, search, searchParams, first, request, response, host };
    const { elsewhere } = OF_THIS_SERVER.has(first) ? {} : host;
    if (elsewhere !== undefined)
      return void response.writeHead(307, { Location: elsewhere + path.slice(1) + search }).end();
    if (first === 'api' && (request.method === 'POST' || request.method === 'DELETE'))
      return answerJson(response, 200, await write(host.site?.writes, request, segments.map(decodePart)));
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw new Problem(PROBLEM.wrongMethod(request.method ?? ''), { Allow: 'GET, HEAD' });
    return this.#reads[readHandler(pathname)](call);
  }

  /** @returns what a path asks for, and the path below it: '' for `/p/N` without a slash at its end */
  #hostOf(path: string): { readonly host: SiteHost; readonly pathname: string } {
    const [, number, below = ''] = /^\/p\/(\d{1,5})(\/.*)?$/.exec(path) ?? [];
    if (number === undefined || this.#partitions.length === 0) return { host: this.root, pathname: path };
    const host = this.#partitions[Number(number)];
    if (host === undefined) throw new Problem(PROBLEM.noPartition(number, this.#partitions.length));
    return { host, pathname: below };
  }

  readonly #reads: Readonly<Record<ReadHandler, (call: CallOfHost) => Promise<void> | void>> = {
    view: async (call) => {
      const { pathname: path, searchParams: query } = call;
      await call.host.site?.prepare?.([{ path, query }]);
      return this.#share.run(() => call.host.answerView(call));
    },
    stream: async (call) => {
      await call.host.site?.prepare?.(viewsOf(call));
      return this.#share.run(() => call.host.answerStream(call));
    },
    bytes: (call) => this.#share.run(() => call.host.answerBytes(call)),
    health: ({ response }) => answerText(response, 200, 'ok'),
    readiness: ({ response }) =>
      this.#isReady ? answerText(response, 200, 'ready') : answerText(response, 503, 'not ready'),
    metrics: ({ response }) => this.#share.run(() => this.#answerMetrics(response)),
    oldPage: ({ pathname, search, response }) => {
      const up = '../'.repeat(pathname.split('/').length - 2);
      response.writeHead(302, { Location: up + pageOfOldAddress(search.slice(1)) }).end();
    },
    file: (call) => this.#answerFile(call),
  };

  /** Whether clients are served, here or by another server. One without an owner makes only its own clients wait. */
  get #isReady(): boolean {
    const hosts = this.#partitions.length > 0 ? this.#partitions : [this.root];
    return hosts.some(({ isReady }) => isReady);
  }

  async #answerMetrics(response: ServerResponse): Promise<void> {
    if (this.#metrics === undefined) throw new Problem(PROBLEM.noMetrics());
    answer(response, 200, 'text/plain; version=0.0.4; charset=utf-8', await this.#metrics());
  }

  async #answerFile({ pathname: path, first, request, response }: Call): Promise<void> {
    if (this.#files.has(path)) return this.#files.serve(path, request, response);
    const isPage = PAGES.has(first);
    if (!isPage && request.headers.accept?.includes('text/html') !== true)
      throw new Problem(PROBLEM.noPage());
    if (!this.#files.has(INDEX)) throw new Problem(PROBLEM.notBuilt());
    // `/workspaces/a` is in one folder, `/` in none.
    const folders = path.split('/').length - 2;
    return this.#files.serve(INDEX, request, response, { status: isPage ? 200 : 404, folders });
  }
}

interface CallOfHost extends Call {
  readonly host: SiteHost;
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
