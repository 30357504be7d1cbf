import { createServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import { isSameText } from '../transport/admission.ts';
import { Seldom } from '../transport/seldom.ts';
import { fault } from '../wire/error-kind.ts';
import { LINK_SOCKET, LinkTls, openLink } from './link-tls.ts';
import type { LinkAddress } from './member.ts';

/** Bytes and milliseconds within which another server must say for whom it connects. */
const FIRST_LINE_BYTES = 4_096;
const FIRST_LINE_MS = 5_000;

/** Another server, which has proved that it can read the store, and what it wants. */
export interface Introduction {
  readonly socket: Socket;
  /** The client for which it connects, or the server itself. */
  readonly name: string;
  /** The number of a partition, or a question. */
  readonly wanted: string;
}

export interface LinkOptions {
  readonly logger: Logger;
  /** Only servers with the same store know it. */
  readonly secret: string;
  /** Whether links to other servers are encrypted, and only such are taken (D25). */
  readonly linkTls: boolean;
}

/** The port for the other servers with the same store, and the connections to theirs. */
export class LinkListener {
  readonly #server: Server;
  readonly #secret: string;
  readonly #mustEncrypt: boolean;
  readonly #tls: LinkTls;
  readonly #introduced: (introduction: Introduction) => boolean;
  readonly #unaccepted: Seldom;
  readonly #strangers: Seldom;
  readonly #plain: Seldom;
  readonly #unencrypted: Seldom;

  /**
   * @param most the number of connections
   * @param introduced called with each server that connects. @returns whether there is what it wants
   */
  constructor(
    { logger, secret, linkTls }: LinkOptions,
    most: number,
    introduced: (introduction: Introduction) => boolean,
  ) {
    this.#secret = secret;
    this.#mustEncrypt = linkTls;
    this.#tls = new LinkTls(secret);
    this.#introduced = introduced;
    const seldom = (level: 'warn' | 'error', text: string): Seldom =>
      new Seldom((times, fields) => logger[level]({ ...fields, times }, text));
    this.#unaccepted = seldom('error', 'connections of servers cannot be accepted');
    this.#strangers = seldom('warn', 'connection refused: it is not from a server with this store');
    this.#plain = seldom(
      'warn',
      'link refused: it is not encrypted, and this server takes only links that are (TLS for clients, or --link-tls)',
    );
    this.#unencrypted = seldom(
      'error',
      'the link to another server cannot be encrypted: that server has another version, or another store',
    );
    this.#server = createServer(LINK_SOCKET, (socket) => this.#accept(socket));
    this.#server.maxConnections = most;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw fault('the server does not listen');
    return address.port;
  }

  /** @throws if it cannot listen: a port in use */
  async listen(host: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#unaccepted.happened({ error }));
        resolve();
      });
    });
  }

  close(): void {
    this.#server.close();
  }

  /** Connects to another server. */
  readonly open = (to: LinkAddress): Socket => {
    const isEncrypted = this.#mustEncrypt || to.isEncrypted;
    const socket = openLink(to, isEncrypted ? this.#tls : undefined);
    if (isEncrypted)
      socket.once('error', (error) => {
        const { host, port } = to;
        if (isOfTls(error)) this.#unencrypted.happened({ host, port, reason: error.message });
      });
    return socket;
  };

  #accept(socket: Socket): void {
    const peer = socket.remoteAddress;
    const timer = setTimeout(() => socket.destroy(), FIRST_LINE_MS);
    socket.on('error', () => undefined);
    socket.once('close', () => clearTimeout(timer));
    socket.once('data', (bytes: Buffer) => {
      if (LinkTls.isBegun(bytes))
        this.#tls.accept(
          socket,
          bytes,
          (secure) => this.#readIntroduction(secure, Buffer.of(), timer),
          () => this.#strangers.happened({ audit: true, peer }),
        );
      else if (this.#mustEncrypt) {
        this.#plain.happened({ audit: true, peer });
        socket.destroy();
      } else this.#readIntroduction(socket, bytes, timer);
    });
  }

  /**
   * @param first what has arrived already
   * @param timer ends the connection if the rest does not arrive in time
   */
  #readIntroduction(socket: Socket, first: Buffer, timer: NodeJS.Timeout): void {
    let text: Buffer = Buffer.of();
    const read = (bytes: Buffer): void => {
      text = Buffer.concat([text, bytes]);
      const end = text.indexOf(10);
      if (end < 0 && text.length <= FIRST_LINE_BYTES) return;
      clearTimeout(timer);
      socket.off('data', read);
      // A server from before there were partitions names none.
      const [secret, name, wanted = '0'] = text.subarray(0, Math.max(end, 0)).toString('latin1').split(' ');
      const isKnown = isSameText(secret, this.#secret) && name !== undefined;
      if (isKnown && this.#introduced({ socket, name, wanted })) return;
      this.#strangers.happened({ audit: true, peer: socket.remoteAddress });
      socket.destroy();
    };
    socket.on('error', () => undefined);
    socket.on('data', read);
    if (first.length > 0) read(first);
  }
}

/** Whether the handshake of TLS has failed, rather than the network. */
const isOfTls = (error: Error): boolean => 'code' in error && String(error.code).startsWith('ERR_SSL');

/** A socket that reads cannot be taken over by a peer, and Node pauses only the stream, not its handle. */
export function stopReading(socket: Socket): void {
  socket.pause();
  if (socket instanceof TLSSocket) return;
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null) return;
  const stop: unknown = Reflect.get(handle, 'readStop');
  if (typeof stop === 'function') Reflect.apply(stop, handle, []);
  Reflect.set(handle, 'reading', false);
}
