import { defined } from '../wire/with-defaults.ts';
import type { Socket } from 'node:net';
import { createSecureContext, createServer, type Server, type TLSSocket } from 'node:tls';

/** PEM texts. */
export interface TlsOptions {
  cert: string | Buffer;
  key: string | Buffer;
  /** Who has to have signed a client's certificate. With it every client needs one, and nobody gets in without TLS. */
  ca?: string | Buffer | undefined;
}

const ends = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

/** TLS on connections that began without it (P2.3). */
export class TlsStarter {
  readonly #server: Server;
  readonly #waiting = new Map<string, (secure: TLSSocket) => void>();

  /** @throws when the certificate or the key is none */
  constructor(options: TlsOptions) {
    checkUsable(options);
    const asks = options.ca !== undefined;
    this.#server = createServer({
      ...defined<TlsOptions>(options),
      ...(asks && { requestCert: true, rejectUnauthorized: true }),
      // The core has a time limit of its own for the whole handshake (P12).
      handshakeTimeout: 2 ** 31 - 1,
    });
    this.#server.on('secureConnection', (secure: TLSSocket) => this.#waiting.get(ends(secure))?.(secure));
    // It ends its own connection, which the peer hears.
    this.#server.on('tlsClientError', () => undefined);
  }

  /** For connections from now on. @throws when the certificate or the key is none; the old ones stay then */
  reload(options: TlsOptions): void {
    checkUsable(options);
    this.#server.setSecureContext(options);
  }

  /** @param secured told once, with the socket that carries TLS; never when it fails: then `plain` closes */
  start(plain: Socket, secured: (secure: TLSSocket) => void): void {
    const who = ends(plain);
    this.#waiting.set(who, secured);
    plain.once('close', () => this.#waiting.delete(who));
    this.#server.emit('connection', plain);
  }
}

function checkUsable(options: TlsOptions): void {
  try {
    createSecureContext(options);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the certificate or the key cannot be used: ${reason}`, { cause });
  }
}
