import { createHmac } from 'node:crypto';
import { connect, Socket } from 'node:net';
import { connect as connectTls, createServer, TLSSocket, type Server } from 'node:tls';
import { farEnd } from '../transport/tls.ts';
import { BOUNDS } from '../wire/bounds.ts';
import type { LinkAddress } from './member.ts';

/** Keep-alive notices that the machine of another server has lost its power or its network, as it does with a client (P1). */
export const LINK_SOCKET = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: BOUNDS.keepAliveMs.value,
  allowHalfOpen: true,
} as const;

/** The first byte of a connection with TLS: a record of its handshake. No introduction begins with it. */
const HANDSHAKE = 22;

/**
 * Both ends have the key, so no certificates are needed, and keys that are made for each connection, so what was recorded stays secret
 * when the key becomes known. Node supports such keys up to this version.
 */
const SUITE = {
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
} as const;

const IDENTITY = 'sleigh';

/**
 * TLS between servers that share a store (D25). The key is derived from the secret in the store, so each end proves to the other one that
 * it can read the store, and the secret itself is not sent in clear.
 */
export class LinkTls {
  readonly #key: Buffer;
  readonly #server: Server;
  /** By the address of the other end. */
  readonly #waiting = new Map<string, (secure: TLSSocket) => void>();

  /** @param secret only servers with the same store know it */
  constructor(secret: string) {
    this.#key = createHmac('sha256', secret).update('the link between servers').digest();
    this.#server = createServer({
      ...SUITE,
      pskCallback: (_, identity) => (identity === IDENTITY ? this.#key : null),
      // Whoever accepts the connection limits the time.
      handshakeTimeout: 2 ** 31 - 1,
    });
    this.#server.on('secureConnection', (secure: TLSSocket) => {
      const who = farEnd(secure);
      const secured = this.#waiting.get(who);
      this.#waiting.delete(who);
      secured?.(secure);
    });
    // The error also closes the connection.
    this.#server.on('tlsClientError', () => undefined);
  }

  /** Whether a connection that begins with these bytes uses TLS. */
  static isBegun(bytes: Uint8Array): boolean {
    return bytes[0] === HANDSHAKE;
  }

  /** @returns a connection that emits `secureConnect` when the other server has proved that it has the key */
  connect({ host, port }: LinkAddress): TLSSocket {
    const options = {
      host,
      port,
      ...SUITE,
      allowHalfOpen: true,
      pskCallback: () => ({ psk: this.#key, identity: IDENTITY }),
      // The key says who it is.
      checkServerIdentity: () => undefined,
    };
    return connectTls(options).setNoDelay(true).setKeepAlive(true, BOUNDS.keepAliveMs.value);
  }

  /**
   * Begins TLS on a connection of another server.
   * @param received what it has sent already
   * @param secured called once, when it has proved that it has the key
   * @param refused called if it does not, or if it leaves before; the connection closes
   */
  accept(
    plain: Socket,
    received: Uint8Array,
    secured: (secure: TLSSocket) => void,
    refused: () => void = () => undefined,
  ): void {
    const who = farEnd(plain);
    this.#waiting.set(who, secured);
    plain.once('close', () => {
      if (this.#waiting.delete(who)) refused();
    });
    plain.pause();
    if (received.length > 0) plain.unshift(received);
    this.#server.emit('connection', plain);
  }
}

/** Connects to another server. @param tls undefined for a link that is not encrypted */
export const openLink = (to: LinkAddress, tls: LinkTls | undefined): Socket =>
  tls === undefined ? connect({ host: to.host, port: to.port, ...LINK_SOCKET }) : tls.connect(to);

/** The event after which a connection to another server can be used. */
export const opened = (socket: Socket): 'secureConnect' | 'connect' =>
  socket instanceof TLSSocket ? 'secureConnect' : 'connect';
