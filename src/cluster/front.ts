import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { Listener } from '../transport/listener.ts';
import type { Listening, ListenerOptions } from '../transport/listening.ts';
import { isSameText } from '../transport/admission.ts';
import { Seldom } from '../transport/seldom.ts';
import { authorityOf } from '../wire/authority.ts';
import { fault } from '../wire/error-kind.ts';
import { joinedPair } from '../transport/joined-pair.ts';
import { ForwardedClients, type ConnectOwner, type ForwardingOptions } from './forwarded-clients.ts';

/** Bytes and milliseconds within which another server must say for whom it connects. */
const FIRST_LINE_BYTES = 512;
const FIRST_LINE_MS = 5_000;

/** Milliseconds for which a server that connects for a client waits until this one owns the data. */
const HOLD_MS = 60_000;

/** The other servers connect to this port. */
export interface LinkAddress {
  readonly host: string;
  readonly port: number;
}

interface Waiting {
  readonly socket: Socket;
  /** Accepts it again. */
  readonly go: () => void;
  readonly timer: NodeJS.Timeout;
}

/** What becomes of a client that connects. */
type Mode =
  | { readonly type: 'hold' }
  | { readonly type: 'forward'; readonly to: LinkAddress }
  | { readonly type: 'serve'; readonly core: ListenerOptions };

/**
 * The listening sockets of one server of several. The core of an owner serves clients that connect. Otherwise they are
 * forwarded to the owner, and wait while there is none. A second port is for the clients that other servers forward; it
 * serves them or closes their connections, so no client is forwarded twice.
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
  /** Those of other servers. */
  readonly #waiting = new Set<Waiting>();
  readonly #forwarded: ForwardedClients;
  #mode: Mode = { type: 'hold' };
  /** The last owner that was known: this server, or HOST:PORT of another one. */
  #owner: ListenerOptions | string | undefined;

  /** @param secret only servers with the same store know it */
  constructor({ secret, ...options }: ForwardingOptions & { readonly secret: string }) {
    const { gate, logger } = options;
    this.#logger = logger;
    this.#secret = secret;
    this.#forwarded = new ForwardedClients(options);
    this.#most = this.#forwarded.limits.connectionCount;
    this.#clients = new Listener({
      gate,
      logger,
      isFull: () => this.#isFull(),
      accept: (socket, name) => this.#accept(socket, name),
      refused: (limit) => this.#mode.type === 'serve' && this.#mode.core.refused(limit),
    });
    this.#link = createServer({ noDelay: true, keepAlive: true, allowHalfOpen: true }, (socket) =>
      this.#linked(socket),
    );
    this.#link.maxConnections = this.#most;
  }

  get host(): string {
    return this.#clients.host;
  }
  get port(): number {
    return this.#clients.port;
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

  /** Clients wait from now on. */
  hold(): void {
    this.#change({ type: 'hold' });
  }

  /** Clients are forwarded from now on. */
  forward(to: LinkAddress): void {
    const { type } = this.#mode;
    if (this.#mode.type === 'forward' && this.#mode.to.host === to.host && this.#mode.to.port === to.port)
      return;
    this.#logger.info({ owner: to, before: type }, 'clients are forwarded to the owner of the data');
    this.#change({ type: 'forward', to });
  }

  /** What a core listens on: it gets the clients when it has begun to listen. */
  listening(core: ListenerOptions): Listening {
    const mine: Mode = { type: 'serve', core };
    return {
      host: this.host,
      port: this.port,
      listen: () => {
        this.#change(mine);
        return Promise.resolve();
      },
      close: () => {
        // A core that stops takes no more connections, and ends those that it has.
        if (this.#mode === mine) this.hold();
      },
    };
  }

  #change(mode: Mode): void {
    this.#mode = mode;
    if (mode.type === 'hold') return this.#forwarded.ownerUnknown();
    const owner = mode.type === 'serve' ? mode.core : authorityOf(mode.to.host, mode.to.port);
    this.#forwarded.ownerKnown(this.#connectionTo(mode), owner !== this.#owner);
    this.#owner = owner;
    for (const each of this.#waiting) {
      this.#release(each);
      if (!each.socket.destroyed) each.go();
    }
  }

  #connectionTo(mode: Exclude<Mode, { type: 'hold' }>): ConnectOwner {
    if (mode.type === 'serve') {
      const { core } = mode;
      // The clients from before this server owned the data.
      return (name) => {
        const [near, far] = joinedPair();
        core.accept(far, name, true);
        return { stream: near, introduction: undefined };
      };
    }
    const { host, port } = mode.to;
    return (name) => ({
      stream: connect({ host, port, noDelay: true, keepAlive: true, allowHalfOpen: true }),
      introduction: `${this.#secret} ${name}\n`,
    });
  }

  #release(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    this.#waiting.delete(waiting);
  }

  #isFull(): boolean {
    if (this.#mode.type === 'serve') return this.#mode.core.isFull();
    return this.#waiting.size + this.#forwarded.count >= this.#most;
  }

  #accept(socket: Duplex, name: string): void {
    const mode = this.#mode;
    if (mode.type === 'serve') mode.core.accept(socket, name);
    else this.#forwarded.accept(socket, name);
  }

  /** A client that another server forwards, and has admitted. It is not forwarded again. */
  #acceptLinked(socket: Socket, name: string): void {
    const mode = this.#mode;
    if (mode.type === 'hold') this.#wait(socket, () => this.#acceptLinked(socket, name));
    else if (mode.type === 'forward') socket.destroy();
    else if (mode.core.isFull()) {
      mode.core.refused('connectionCount');
      socket.destroy();
    } else {
      socket.write('\n');
      mode.core.accept(socket, name, true);
    }
  }

  #wait(socket: Socket, go: () => void): void {
    if (this.#isFull()) return void socket.destroy();
    const waiting = { socket, go, timer: setTimeout(() => socket.destroy(), HOLD_MS) };
    this.#waiting.add(waiting);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#release(waiting));
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
      const [secret, name] = text.subarray(0, Math.max(end, 0)).toString('latin1').split(' ');
      if (!isSameText(secret, this.#secret) || name === undefined) {
        this.#strangers.happened({ audit: true });
        socket.destroy();
      } else {
        stopReading(socket);
        this.#acceptLinked(socket, name);
      }
    };
    socket.on('error', () => undefined);
    socket.once('close', () => clearTimeout(timer));
    socket.on('data', read);
  }

  /** Accepts no more connections; those that the core serves stay. */
  close(): void {
    this.#clients.close();
    this.#link.close();
    for (const { socket } of this.#waiting) socket.destroy();
    // Those of an owner are clients of its core.
    if (this.#mode.type !== 'serve') this.#forwarded.stop();
  }

  /** Ends what is left. */
  destroy(): void {
    this.#forwarded.close();
  }
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
