import { pino } from 'pino';
import { AwakeTime } from '../../../src/transport/awake.ts';
import type { Edge } from '../../../src/transport/edge.ts';
import type { ListenerOptions } from '../../../src/transport/listening.ts';
import { TcpServer } from '../../../src/transport/server.ts';
import type { ClientEnd } from '../link.ts';
import { SMALL_LIMITS } from '../small-limits.ts';
import type { World } from '../world.ts';
import { ServerProcess } from './server-process.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { SocketLink } from './socket-link.ts';
import { TransportAudit } from './transport-audit.ts';

/** The folder for large values of a server with a store. */
const BLOBS = '/data/blobs';

interface EdgeServerOptions {
  /** The right one, or one with a fault in it. */
  readonly Server: typeof TcpServer;
  readonly run: string;
  /** The one that has ended, whose files are on the disk. */
  readonly before: EdgeServer | undefined;
  /** Called before each event. */
  readonly check: () => void;
}

/** One run of the whole server, behind simulated sockets, a simulated disk and a simulated clock. */
export class EdgeServer {
  readonly process: ServerProcess;
  readonly disk: SimulatedDisk;
  readonly tcp: TcpServer;
  readonly audit: TransportAudit;
  /** Whether clients can connect. */
  isListening: boolean;
  readonly #world: World;
  readonly #links = new Set<SocketLink>();
  #accept: ListenerOptions['accept'] = () => undefined;

  constructor(world: World, { Server, run, before, check }: EdgeServerOptions) {
    this.#world = world;
    this.process = new ServerProcess(world, check);
    this.disk = new SimulatedDisk(world, this.process, before?.disk);
    const { store } = world;
    this.isListening = store === undefined;
    const edge: Edge = {
      time: new AwakeTime(this.process),
      disk: this.disk,
      listener: ({ accept }) => {
        this.#accept = accept;
        return {
          host: 'simulated',
          port: 8765,
          listen: () => {
            this.isListening = !this.process.hasEnded;
            return Promise.resolve();
          },
          close: () => (this.isListening = false),
        };
      },
      newRun: () => run,
    };
    const logger = pino({ level: 'error' }, { write: (line) => void world.wrongs.push(`error: ${line}`) });
    const storage = store && { store, blobs: BLOBS, sync: 'always' as const };
    const server = (): TcpServer =>
      new Server({ limits: SMALL_LIMITS, deadman: true }, logger, undefined, edge, storage);
    // The last one accepts the connections.
    const unused = server();
    this.tcp = server();
    this.audit = new TransportAudit(this.tcp, unused, this.process, this.disk);
    if (store === undefined) return;
    store.usedBy({ core: this.tcp.core, receive: (act) => this.process.receive(act) });
    this.tcp
      .listen('simulated', 8765)
      .catch((error: unknown) => world.wrongs.push(`the server cannot be started: ${String(error)}`));
  }

  /** It ends without a word, and sometimes its machine does. */
  end(): void {
    this.isListening = false;
    this.process.end();
    this.disk.serverDies(this.#world.random.chance(0.5));
    for (const link of this.#links) link.serverDies();
  }

  connect(client: ClientEnd, name: string): SocketLink {
    const link = new SocketLink(this.#world, this.process, client);
    this.#links.add(link);
    link.socket.once('close', () => this.#links.delete(link));
    this.process.receive(() => this.#accept(link.socket, name));
    return link;
  }
}
