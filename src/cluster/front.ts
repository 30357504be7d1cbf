import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Logger } from 'pino';
import { Listener } from '../transport/listener.ts';
import type { Listening, ListenerOptions } from '../transport/listening.ts';
import { isSameText } from '../transport/admission.ts';
import { Seldom } from '../transport/seldom.ts';
import { authorityOf } from '../wire/authority.ts';
import { parseWhole } from '../wire/numbers.ts';
import { fault } from '../wire/error-kind.ts';
import { joinedPair } from '../transport/joined-pair.ts';
import { isQuestion } from './question.ts';
import { ForwardedClients, type ConnectOwner, type ForwardingOptions } from './forwarded-clients.ts';

/** Bytes and milliseconds within which another server must say for whom it connects. */
const FIRST_LINE_BYTES = 4_096;
const FIRST_LINE_MS = 5_000;

/** Milliseconds for which a server that connects for a client waits until this one owns the data. */
const HOLD_MS = 60_000;

/** The other servers connect to this port. */
export interface LinkAddress {
  readonly host: string;
  readonly port: number;
}

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
  | { readonly type: 'forward'; readonly to: LinkAddress }
  | { readonly type: 'serve'; readonly core: ListenerOptions };

const HOLD: Mode = { type: 'hold' };

export interface FrontOptions extends ForwardingOptions {
  /** Only servers with the same store know it. */
  readonly secret: string;
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
  readonly #link: Server;
  readonly #logger: Logger;
  readonly #unaccepted = new Seldom((times, fields) =>
    this.#logger.error({ ...fields, times }, 'connections of servers cannot be accepted'),
  );
  readonly #strangers = new Seldom((times, fields) =>
    this.#logger.warn({ ...fields, times }, 'connection refused: it is not from a server with this store'),
  );
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

  constructor({ secret, asked, ...options }: FrontOptions) {
    const { gate, logger, partitions } = options;
    this.#asked = asked;
    this.#logger = logger;
    this.#secret = secret;
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
    this.#link = createServer({ noDelay: true, keepAlive: true, allowHalfOpen: true }, (socket) =>
      this.#linked(socket),
    );
    // A client of another server may need each partition.
    this.#link.maxConnections = this.#most * partitions;
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
    const address: AddressInfo | string | null = this.#link.address();
    if (address === null || typeof address === 'string') throw fault('the server does not listen');
    return address.port;
  }

  /** The numbers of clients that this server forwards, and of those of other servers that wait for it to own the data. */
  get counts(): { readonly forwarded: number; readonly waiting: number } {
    return { forwarded: this.#forwarded.count, waiting: this.#waiting.size };
  }

  /** @throws if it cannot listen: a port in use */
  async listen(host: string, port: number, linkPort: number): Promise<void> {
    await this.#clients.listen(host, port);
    await new Promise<void>((resolve, reject) => {
      this.#link.once('error', reject);
      this.#link.listen({ host, port: linkPort }, () => {
        this.#link.off('error', reject);
        this.#link.on('error', (error) => this.#unaccepted.happened({ error }));
        resolve();
      });
    }).catch((error: unknown) => {
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

  /** Another server owns the partition: clients that need it are forwarded from now on. */
  forward(partition: number, to: LinkAddress): void {
    const mode = this.#modeOf(partition);
    if (mode.type === 'forward' && mode.to.host === to.host && mode.to.port === to.port) return;
    this.#logger.info(
      { partition, owner: to, before: mode.type },
      'clients are forwarded to the owner of the data',
    );
    this.#change(partition, { type: 'forward', to });
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
    this.#forwarded.ownerKnown(
      partition,
      this.#connectionTo(partition, mode),
      owner !== this.#owners[partition],
    );
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
    const { host, port } = mode.to;
    return (name) => ({
      stream: connect({ host, port, noDelay: true, keepAlive: true, allowHalfOpen: true }),
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

  #linked(socket: Socket): void {
    const timer = setTimeout(() => socket.destroy(), FIRST_LINE_MS);
    let text: Buffer = Buffer.of();
    const read = (bytes: Buffer): void => {
      text = Buffer.concat([text, bytes]);
      const end = text.indexOf(10);
      if (end < 0 && text.length <= FIRST_LINE_BYTES) return;
      clearTimeout(timer);
      socket.off('data', read);
      // A server from before there were partitions names none.
      const [secret, name, number = '0'] = text.subarray(0, Math.max(end, 0)).toString('latin1').split(' ');
      const partition = parseWhole(number);
      const isKnown = isSameText(secret, this.#secret) && name !== undefined;
      if (isKnown && isQuestion(number)) void this.#answer(socket, number);
      else if (!isKnown || !this.#has(partition)) {
        this.#strangers.happened({ audit: true });
        socket.destroy();
      } else {
        stopReading(socket);
        this.#acceptLinked(socket, name, partition);
      }
    };
    socket.on('error', () => undefined);
    socket.once('close', () => clearTimeout(timer));
    socket.on('data', read);
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

/** A socket that reads cannot be taken over by a peer, and Node pauses only the stream, not its handle. */
function stopReading(socket: Socket): void {
  socket.pause();
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null) return;
  const stop: unknown = Reflect.get(handle, 'readStop');
  if (typeof stop === 'function') Reflect.apply(stop, handle, []);
  Reflect.set(handle, 'reading', false);
}
