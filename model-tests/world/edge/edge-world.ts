import { createHash } from 'node:crypto';
import { pino } from 'pino';
import { AwakeTime } from '../../../src/transport/awake.ts';
import type { Edge } from '../../../src/transport/edge.ts';
import type { ListenerOptions } from '../../../src/transport/listening.ts';
import { TcpServer } from '../../../src/transport/server.ts';
import type { ClientEnd } from '../link.ts';
import { SMALL_LIMITS, World } from '../world.ts';
import { ServerProcess } from './server-process.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { SocketLink } from './socket-link.ts';
import { TransportAudit } from './transport-audit.ts';

/** What is wrong is told so often, at most. */
const MAX_WRONGS = 20;

/** The whole server behind simulated sockets, a simulated disk and a simulated clock. */
export class EdgeWorld extends World {
  readonly process: ServerProcess;
  readonly disk: SimulatedDisk;
  readonly #tcp: TcpServer;
  readonly #audit: TransportAudit;
  readonly #hash = createHash('sha256');
  #accept: ListenerOptions['accept'] = () => undefined;
  #connections = 0;
  /** Those that say what they wait for, until they have come to their end. */
  readonly clients: { readonly waitsFor: string | undefined }[] = [];

  /** @param Server the right one, or one with a fault in it */
  constructor(seed: number, Server: typeof TcpServer = TcpServer) {
    super(seed);
    this.process = new ServerProcess(this, () => this.#check());
    this.disk = new SimulatedDisk(this, this.process);
    const edge: Edge = {
      time: new AwakeTime(this.process),
      disk: this.disk,
      listener: ({ accept }) => {
        this.#accept = accept;
        return { host: 'simulated', port: 8765, listen: () => Promise.resolve(), close: () => undefined };
      },
      newRun: () => 'run7run7',
    };
    const logger = pino({ level: 'error' }, { write: (line) => void this.wrongs.push(`error: ${line}`) });
    const server = (): TcpServer =>
      new Server({ limits: SMALL_LIMITS, deadman: true }, logger, undefined, edge);
    // The last one accepts the connections.
    const unused = server();
    this.#tcp = server();
    this.#audit = new TransportAudit(this.#tcp, unused, this.process, this.disk);
  }

  get core() {
    return this.#tcp.core;
  }

  /** Between two events. */
  #check(): void {
    this.audit();
    const { uploads, unwritten } = this.#tcp.counts;
    if (uploads > 0 && unwritten === 0 && this.disk.calls === 0 && this.wrongs.length < MAX_WRONGS)
      this.wrongs.push(`${uploads} uploads are remembered, and all files are written`);
  }

  protected override findLostWakeUps(prods: boolean): string[] {
    return this.#audit.lostWakeUps(this.elapsed, prods);
  }

  #note(what: string): void {
    this.#hash.update(`${this.agenda.now} ${what}`);
  }

  connect(client: ClientEnd): SocketLink {
    const number = ++this.#connections;
    const link = new SocketLink(this, this.process, {
      received: (bytes) => {
        this.#note(`${number} ${bytes}`);
        client.received(bytes);
      },
      closed: (isClean) => {
        this.#note(`${number} ${isClean ? 'ends' : 'breaks'}`);
        client.closed(isClean);
      },
    });
    this.process.receive(() => this.#accept(link.socket, `10.0.0.${number}:4000`));
    return link;
  }

  traceHash(): string {
    this.#note(JSON.stringify([...this.faults.counts]));
    return this.#hash.digest('hex');
  }

  get leftovers() {
    const { counts, accounting } = this.core;
    return {
      ...counts,
      ...this.#tcp.counts,
      clients: this.clients.filter(({ waitsFor }) => waitsFor !== undefined).length,
      timersOutside: this.process.timers,
      openFiles: this.disk.open,
      namesOfFiles: this.disk.names.size,
      bytes: accounting.bytes,
      memory: accounting.memory,
      incoming: accounting.incoming.bytes,
      ...this.#audit.left,
    };
  }
}
