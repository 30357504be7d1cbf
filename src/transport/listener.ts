import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Logger } from 'pino';
import { isLoopback } from './admission.ts';
import type { Gate } from './gate.ts';
import { Peer } from './peer.ts';
import { Seldom } from './seldom.ts';

/** Milliseconds of silence after which a client's host is asked whether it is still there. */
const KEEP_ALIVE_MS = 60_000;

interface ListenerOptions {
  readonly gate: Gate;
  readonly logger: Logger;
  /** Whether one more connection is over the limit (P12). */
  readonly isFull: () => boolean;
  /** @param name HOST:PORT of the client */
  readonly accept: (socket: Socket, name: string) => void;
  /** A connection was not taken, for a limit of that name. */
  readonly refused: (limit: 'connectionCount' | 'descriptors') => void;
}

/** The socket that clients connect to, and who is let in there. */
export class Listener {
  readonly #net: Server;
  readonly #options: ListenerOptions;
  readonly #overLimit: Seldom;
  readonly #failed: Seldom;

  constructor(options: ListenerOptions) {
    this.#options = options;
    const { logger } = options;
    this.#overLimit = new Seldom((times, fields) =>
      logger.warn(
        { audit: true, ...fields, times, limit: 'connectionCount' },
        'connection refused: over the limit',
      ),
    );
    this.#failed = new Seldom((times, fields) => {
      logger.error({ ...fields, times }, 'connections cannot be accepted');
    });
    const socketOptions = {
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      pauseOnConnect: true,
    };
    this.#net = createServer(socketOptions, (socket) => this.#admit(socket));
  }

  get #address(): AddressInfo {
    const address = this.#net.address();
    if (address === null || typeof address === 'string') throw new Error('the server does not listen');
    return address;
  }
  get host(): string {
    return this.#address.address;
  }
  get port(): number {
    return this.#address.port;
  }

  /** @throws when it cannot: a port in use */
  async listen(host: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#net.once('error', reject);
      this.#net.listen({ host, port, backlog: 1024 }, () => {
        this.#net.off('error', reject);
        this.#net.on('error', (error) => this.#fails(error));
        this.#warnOfStrangers();
        resolve();
      });
    });
  }

  close(): void {
    this.#net.close();
  }

  /** Descriptors may have run out (P12): whoever is there is served on, and the next ones are taken when some are free. */
  #fails(error: Error): void {
    const isOutOfDescriptors = 'code' in error && (error.code === 'EMFILE' || error.code === 'ENFILE');
    if (isOutOfDescriptors) this.#options.refused('descriptors');
    this.#failed.happened({ error, ...(isOutOfDescriptors && { limit: 'descriptors' }) });
  }

  #warnOfStrangers(): void {
    if (isLoopback(this.host) || !this.#options.gate.isOpen) return;
    this.#options.logger.warn(
      { host: this.host },
      'everyone who reaches this address may do everything: see docs/security.md',
    );
  }

  #admit(socket: Socket): void {
    const name = Peer.nameOf(socket);
    const { gate, logger, isFull, accept, refused } = this.#options;
    if (!gate.admission.allows(socket.remoteAddress ?? ''))
      logger.warn({ audit: true, peer: name }, 'connection refused: the address is not allowed');
    else if (isFull()) {
      refused('connectionCount');
      this.#overLimit.happened({ peer: name });
    } else return accept(socket, name);
    socket.destroy();
  }
}
