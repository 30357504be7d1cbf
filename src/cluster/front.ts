import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { Gate } from '../transport/gate.ts';
import { Listener } from '../transport/listener.ts';
import type { Listening, ListenerOptions } from '../transport/listening.ts';
import { isSameText } from '../transport/admission.ts';
import { Seldom } from '../transport/seldom.ts';
import { fault } from '../wire/error-kind.ts';

/** Bytes and milliseconds within which another server must say for whom it connects. */
const FIRST_LINE_BYTES = 512;
const FIRST_LINE_MS = 5_000;

/** Milliseconds for which a client without an owner of the data waits before its connection is closed. */
const HOLD_MS = 60_000;

/** The other servers connect to this port. */
export interface LinkAddress {
  readonly host: string;
  readonly port: number;
}

interface Waiting {
  readonly socket: Duplex;
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
 * The listening sockets of one server of several. Clients are held while nobody owns the data, forwarded to the owner, or
 * served. A second port is for the clients that other servers forward; it serves them or closes their connections, so no
 * client is forwarded twice.
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
  readonly #waiting = new Set<Waiting>();
  readonly #forwarded = new Set<Duplex>();
  #mode: Mode = { type: 'hold' };

  /** @param most the limit for connections (P12) */
  constructor(
    gate: Gate,
    logger: Logger,
    { most, secret }: { readonly most: number; readonly secret: string },
  ) {
    this.#logger = logger;
    this.#most = most;
    this.#secret = secret;
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
    this.#link.maxConnections = most;
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

  /** The numbers of clients that are forwarded, and that wait for an owner of the data. */
  get counts(): { readonly forwarded: number; readonly waiting: number } {
    return { forwarded: this.#forwarded.size, waiting: this.#waiting.size };
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
        if (this.#mode === mine) this.hold();
      },
    };
  }

  #change(mode: Mode): void {
    this.#mode = mode;
    // Their owner may be stopped, and its connections would stay open.
    for (const socket of this.#forwarded) socket.destroy();
    if (mode.type === 'hold') return;
    for (const each of this.#waiting) {
      this.#release(each);
      if (!each.socket.destroyed) each.go();
    }
  }

  #release(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    this.#waiting.delete(waiting);
  }

  #isFull(): boolean {
    if (this.#mode.type === 'serve') return this.#mode.core.isFull();
    return this.#waiting.size + this.#forwarded.size >= this.#most;
  }

  #accept(socket: Duplex, name: string): void {
    const mode = this.#mode;
    if (mode.type === 'serve') mode.core.accept(socket, name);
    else if (mode.type === 'forward') this.#forward(socket, name, mode.to);
    else this.#wait(socket, () => this.#accept(socket, name));
  }

  /** A client that another server forwards. It is not forwarded again. */
  #acceptLinked(socket: Socket, name: string): void {
    const mode = this.#mode;
    if (mode.type === 'hold') this.#wait(socket, () => this.#acceptLinked(socket, name));
    else if (mode.type === 'forward') socket.destroy();
    else if (mode.core.isFull()) {
      mode.core.refused('connectionCount');
      socket.destroy();
    } else {
      socket.write('\n');
      mode.core.accept(socket, name);
    }
  }

  #wait(socket: Duplex, go: () => void): void {
    if (this.#isFull()) return void socket.destroy();
    const waiting = { socket, go, timer: setTimeout(() => socket.destroy(), HOLD_MS) };
    this.#waiting.add(waiting);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#release(waiting));
  }

  #forward(client: Duplex, name: string, { host, port }: LinkAddress): void {
    const owner = connect({ host, port, noDelay: true, keepAlive: true, allowHalfOpen: true });
    owner.write(`${this.#secret} ${name}\n`);
    this.#forwarded.add(client);
    client.once('close', () => {
      this.#forwarded.delete(client);
      owner.destroy();
    });
    owner.once('close', () => client.destroy());
    // An owner that has sent everything is done with its client, and a client that has may still wait for replies.
    owner.once('end', () => client.end(() => client.destroy()));
    client.allowHalfOpen = true;
    client.on('error', () => undefined);
    owner.on('error', () => undefined);
    // Nothing is sent before the owner has read the first line, so that it reads nothing else.
    owner.once('data', (bytes: Buffer) => {
      const early = bytes.subarray(1);
      if (early.length > 0) client.write(early);
      owner.pipe(client, { end: false });
      client.pipe(owner);
    });
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
    for (const socket of this.#forwarded) socket.destroy();
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
