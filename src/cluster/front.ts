import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { NODE_LOOP } from '../transport/event-loop.ts';
import { Listener } from '../transport/listener.ts';
import type { Listening, ListenerOptions } from '../transport/listening.ts';
import { authorityOf } from '../wire/authority.ts';
import { parseWhole } from '../wire/numbers.ts';
import { joinedPair } from '../transport/joined-pair.ts';
import { isSameAddress, type LinkAddress } from './member.ts';
import { LinkListener, stopReading, type Introduction, type LinkOptions } from './link-listener.ts';
import { PartitionLog } from './partition-log.ts';
import { isQuestion } from './question.ts';
import { ForwardedClients, type ConnectOwner, type ForwardingOptions } from './forwarded-clients.ts';

/** Milliseconds for which a server that connects for a client waits until this one owns the data. */
const HOLD_MS = 60_000;

interface Waiting {
  readonly partition: number;
  readonly socket: Socket;
  /** Accepts it again. */
  readonly go: () => void;
  readonly timer: NodeJS.Timeout;
}

/** Who owns a partition. */
type Mode =
  | { readonly type: 'hold' }
  | { readonly type: 'forward'; readonly to: LinkAddress; readonly place: string }
  | { readonly type: 'serve'; readonly core: ListenerOptions };

const HOLD: Mode = { type: 'hold' };

export interface FrontOptions extends ForwardingOptions, LinkOptions {
  readonly logger: Logger;
  /** Another server asks something about this one. @returns the answer; undefined if there is none */
  readonly asked?: ((question: string) => Promise<string | undefined>) | undefined;
}

/**
 * The listening sockets of one server of several. The server reads the requests of clients that connect, and sends each to the
 * owner of its partition, in this process or in another one; requests wait while nobody owns the partition. A second port is
 * for the requests that other servers send. They are served or their connections are closed, so no request is forwarded twice.
 */
export class Front {
  readonly #clients: Listener;
  readonly #link: LinkListener;
  readonly #logger: Logger;
  readonly #log: PartitionLog;
  readonly #most: number;
  /** Only servers with the same store know it. */
  readonly #secret: string;
  readonly #asked: FrontOptions['asked'];
  /** Those of other servers. */
  readonly #waiting = new Set<Waiting>();
  readonly #forwarded: ForwardedClients;
  /** By partition. */
  readonly #modes: Mode[];
  /** The last owner of each partition that was known: this server, or HOST:PORT of another one. */
  readonly #owners: (ListenerOptions | string | undefined)[];

  constructor({ secret, linkTls, asked, ...options }: FrontOptions) {
    const { gate, logger, partitions } = options;
    this.#secret = secret;
    this.#asked = asked;
    this.#logger = logger;
    this.#log = new PartitionLog(logger, NODE_LOOP);
    this.#modes = Array.from({ length: partitions }, () => HOLD);
    this.#owners = Array.from({ length: partitions }, () => undefined);
    this.#forwarded = new ForwardedClients(options);
    this.#most = this.#forwarded.limits.connectionCount;
    this.#clients = new Listener({
      gate,
      logger,
      isFull: () => this.#isFull,
      accept: (socket, name) => this.#forwarded.accept(socket, name),
      refused: (limit) => this.#served[0]?.refused(limit),
    });
    // A client of another server may need each partition.
    const link = { logger, secret, linkTls };
    this.#link = new LinkListener(link, this.#most * partitions, (introduction) =>
      this.#introduced(introduction),
    );
  }

  get host(): string {
    return this.#clients.host;
  }
  get port(): number {
    return this.#clients.port;
  }
  /** How many partitions the data has. */
  get partitions(): number {
    return this.#modes.length;
  }
  /** The port for other servers. */
  get linkPort(): number {
    return this.#link.port;
  }

  /** Connects to another server. */
  get open(): LinkListener['open'] {
    return this.#link.open;
  }

  /** The numbers of clients that this server forwards, and of those of other servers that wait for it to own the data. */
  get counts(): { readonly forwarded: number; readonly waiting: number } {
    return { forwarded: this.#forwarded.count, waiting: this.#waiting.size };
  }

  /** @throws if it cannot listen: a port in use */
  async listen(host: string, port: number, linkPort: number): Promise<void> {
    await this.#clients.listen(host, port);
    await this.#link.listen(host, linkPort).catch((error: unknown) => {
      this.#clients.close();
      throw error;
    });
  }

  #modeOf(partition: number): Mode {
    return this.#modes[partition] ?? HOLD;
  }

  /** Nobody is known to own the partition: clients that need it wait from now on. */
  hold(partition: number): void {
    this.#change(partition, HOLD);
  }

  /**
   * Another server owns the partition: clients that need it are forwarded from now on.
   * @param place HOST:PORT at which clients reach it; an empty text if they are to stay at this server
   */
  forward(partition: number, to: LinkAddress, place = ''): void {
    const mode = this.#modeOf(partition);
    if (mode.type === 'forward' && isSameAddress(mode.to, to) && mode.place === place) return;
    this.#log.happened('clients are forwarded to the owner of the data', partition, {
      fields: { owner: to, before: mode.type },
    });
    this.#change(partition, { type: 'forward', to, place });
  }

  /** What the core of a partition listens on: it gets the clients when it has begun to listen. */
  listening(partition: number, core: ListenerOptions): Listening {
    const mine: Mode = { type: 'serve', core };
    return {
      host: this.host,
      port: this.port,
      listen: () => {
        this.#change(partition, mine);
        return Promise.resolve();
      },
      close: () => {
        // A core that stops takes no more connections, and ends those that it has.
        if (this.#modeOf(partition) === mine) this.hold(partition);
      },
    };
  }

  #change(partition: number, mode: Mode): void {
    this.#modes[partition] = mode;
    if (mode.type === 'hold') return this.#forwarded.ownerUnknown(partition);
    const owner = mode.type === 'serve' ? mode.core : authorityOf(mode.to.host, mode.to.port);
    this.#forwarded.ownerKnown(partition, {
      connect: this.#connectionTo(partition, mode),
      place: mode.type === 'serve' ? '' : mode.place,
      isOther: owner !== this.#owners[partition],
    });
    this.#owners[partition] = owner;
    for (const each of this.#waiting) {
      if (each.partition !== partition) continue;
      this.#release(each);
      if (!each.socket.destroyed) each.go();
    }
  }

  #connectionTo(partition: number, mode: Exclude<Mode, { type: 'hold' }>): ConnectOwner {
    if (mode.type === 'serve') {
      const { core } = mode;
      return (name) => {
        if (isFull(core)) return undefined;
        const [near, far] = joinedPair();
        core.accept(far, name, true);
        return { stream: near, introduction: undefined };
      };
    }
    const { to } = mode;
    return (name) => ({
      stream: this.#link.open(to),
      introduction: `${this.#secret} ${name} ${partition}\n`,
    });
  }

  #release(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    this.#waiting.delete(waiting);
  }

  get #isFull(): boolean {
    return this.#waiting.size + this.#forwarded.count >= this.#most;
  }

  /** The cores of the partitions that this server owns. */
  get #served(): readonly ListenerOptions[] {
    return this.#modes.flatMap((mode) => (mode.type === 'serve' ? [mode.core] : []));
  }

  /** A client that another server forwards, and has admitted. It is not forwarded again. */
  #acceptLinked(socket: Socket, name: string, partition: number): void {
    const mode = this.#modeOf(partition);
    if (mode.type === 'hold')
      this.#wait(partition, socket, () => this.#acceptLinked(socket, name, partition));
    else if (mode.type === 'forward') socket.destroy();
    else if (isFull(mode.core)) socket.destroy();
    else {
      socket.write('\n');
      mode.core.accept(socket, name, true);
    }
  }

  #wait(partition: number, socket: Socket, go: () => void): void {
    if (this.#isFull) return void socket.destroy();
    const waiting = { partition, socket, go, timer: setTimeout(() => socket.destroy(), HOLD_MS) };
    this.#waiting.add(waiting);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#release(waiting));
  }

  /** Whether there is a partition of that number. */
  #has(partition: number | undefined): partition is number {
    return partition !== undefined && partition in this.#modes;
  }

  /** @returns whether there is what the other server wants */
  #introduced({ socket, name, wanted }: Introduction): boolean {
    const partition = parseWhole(wanted);
    if (isQuestion(wanted)) void this.#answer(socket, wanted);
    else if (!this.#has(partition)) return false;
    else {
      stopReading(socket);
      this.#acceptLinked(socket, name, partition);
    }
    return true;
  }

  /** A server that gets no answer sees the connection close. */
  async #answer(socket: Socket, question: string): Promise<void> {
    const answer = await this.#asked?.(question).catch((error: unknown) => {
      this.#logger.error({ error }, 'a question of another server cannot be answered');
    });
    if (answer === undefined) socket.destroy();
    else socket.end(answer);
  }

  /** Accepts no more connections. Clients stay while cores of this process serve any. */
  close(): void {
    this.#log.close();
    this.#clients.close();
    this.#link.close();
    for (const { socket } of this.#waiting) socket.destroy();
    if (this.#served.length === 0) this.#forwarded.stop();
  }

  /** Ends what is left. */
  destroy(): void {
    this.#forwarded.close();
  }
}

/** Whether a core takes no more connections, which it counts (P12). */
function isFull(core: ListenerOptions): boolean {
  if (!core.isFull()) return false;
  core.refused('connectionCount');
  return true;
}
