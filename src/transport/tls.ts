import { defined } from '../wire/with-defaults.ts';
import type { Socket } from 'node:net';
import { createSecureContext, createServer, type Server, type TLSSocket } from 'node:tls';
import { SERVER } from './errors.ts';
import { plainError, reasonOf } from '../wire/error-kind.ts';

/** TLS options, as PEM texts. */
export interface TlsOptions {
  cert: string | Buffer;
  key: string | Buffer;
  /** The authority that must have signed a client's certificate. With it every client needs TLS and a certificate. */
  ca?: string | Buffer | undefined;
}

/** The address and port at the other end. */
export const farEnd = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

/** Starts TLS on connections that began without it (P2.3). */
export class TlsStarter {
  readonly #server: Server;
  readonly #waiting = new Map<string, (secure: TLSSocket) => void>();

  /** @throws if the certificate or the key is invalid */
  constructor(options: TlsOptions) {
    checkUsable(options);
    const asks = options.ca !== undefined;
    this.#server = createServer({
      ...defined<TlsOptions>(options),
      ...(asks && { requestCert: true, rejectUnauthorized: true }),
      // The core limits the time of the whole handshake itself (P12).
      handshakeTimeout: 2 ** 31 - 1,
    });
    this.#server.on('secureConnection', (secure: TLSSocket) => this.#waiting.get(farEnd(secure))?.(secure));
  }

  /**
   * Replaces the certificate for later connections.
   * @throws if the certificate or the key is invalid; then nothing has changed
   */
  reload(options: TlsOptions): void {
    checkUsable(options);
    this.#server.setSecureContext(options);
  }

  /** @param secured called once, with the socket that carries TLS; if TLS fails it is not called, and `plain` closes */
  start(plain: Socket, secured: (secure: TLSSocket) => void): void {
    const who = farEnd(plain);
    this.#waiting.set(who, secured);
    plain.once('close', () => this.#waiting.delete(who));
    this.#server.emit('connection', plain);
  }
}

function checkUsable(options: TlsOptions): void {
  try {
    createSecureContext(options);
  } catch (cause) {
    const reason = reasonOf(cause);
    throw plainError(SERVER.badCertificate(reason), { cause });
  }
}
