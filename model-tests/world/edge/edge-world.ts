import { createHash } from 'node:crypto';
import type { Core } from '../../../src/core/core.ts';
import { TcpServer } from '../../../src/transport/server.ts';
import type { ClientEnd } from '../link.ts';
import { World, type WorldOptions } from '../world.ts';
import { EdgeServer } from './edge-server.ts';
import type { ServerProcess } from './server-process.ts';
import type { SocketLink } from './socket-link.ts';

/** What is wrong is told so often, at most. */
const MAX_WRONGS = 20;

interface EdgeWorldOptions extends WorldOptions {
  /** The right one, or one with a fault in it. */
  readonly Server?: typeof TcpServer;
}

/** The whole server behind simulated sockets, a simulated disk and a simulated clock. */
export class EdgeWorld extends World {
  readonly #Server: typeof TcpServer;
  readonly #hash = createHash('sha256');
  #server: EdgeServer;
  #connections = 0;
  /** Those that say what they wait for, until they have come to their end. */
  readonly clients: { readonly waitsFor: string | undefined }[] = [];

  constructor(seed: number, { Server = TcpServer, ...options }: EdgeWorldOptions = {}) {
    super(seed, options);
    this.#Server = Server;
    this.#server = this.#newServer();
  }

  #newServer(before?: EdgeServer): EdgeServer {
    const check = (): void => this.#check();
    return new EdgeServer(this, { Server: this.#Server, run: this.newRun(), before, check });
  }

  get core(): Core {
    return this.#server.tcp.core;
  }
  get process(): ServerProcess {
    return this.#server.process;
  }
  get isListening(): boolean {
    return this.#server.isListening;
  }

  protected endServer(): void {
    this.#server.end();
  }
  protected startServer(): void {
    this.#server = this.#newServer(this.#server);
  }

  /** Between two events. */
  #check(): void {
    const { tcp, disk } = this.#server;
    this.audit();
    const { uploads, unwritten } = tcp.counts;
    if (uploads > 0 && unwritten === 0 && disk.calls === 0 && this.wrongs.length < MAX_WRONGS)
      this.wrongs.push(`${uploads} uploads are remembered, and all files are written`);
  }

  protected override findLostWakeUps(prods: boolean): string[] {
    return this.#server.audit.lostWakeUps(this.elapsed, prods);
  }

  #note(what: string): void {
    this.#hash.update(`${this.agenda.now} ${what}`);
  }

  override connect(client: ClientEnd): SocketLink {
    this.mustListen();
    const number = ++this.#connections;
    const noted: ClientEnd = {
      received: (bytes) => {
        this.#note(`${number} ${bytes}`);
        client.received(bytes);
      },
      closed: (isClean) => {
        this.#note(`${number} ${isClean ? 'ends' : 'breaks'}`);
        client.closed(isClean);
      },
    };
    return this.#server.connect(noted, `10.0.0.${number}:4000`);
  }

  traceHash(): string {
    this.#note(JSON.stringify([...this.faults.counts]));
    return this.#hash.digest('hex');
  }

  get leftovers() {
    const { tcp, process, disk, audit } = this.#server;
    const { counts, accounting, sessions } = tcp.core;
    return {
      ...counts,
      ...tcp.counts,
      sessions: sessions.count,
      clients: this.clients.filter(({ waitsFor }) => waitsFor !== undefined).length,
      timersOutside: process.timers,
      openFiles: disk.open,
      namesOfFiles: disk.names.size,
      bytes: accounting.bytes,
      memory: accounting.memory,
      incoming: accounting.incoming.bytes,
      ...audit.left,
    };
  }
}
