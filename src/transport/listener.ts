import { BOUNDS } from '../wire/bounds.ts';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { isLoopback } from '../wire/authority.ts';
import { descriptors } from './descriptors.ts';
import type { Listening, ListenerOptions } from './listening.ts';
import { Peer } from './peer.ts';
import { Seldom } from './seldom.ts';
import { fault } from '../wire/error-kind.ts';

/** The listening socket, and the check of who may connect. */
export class Listener implements Listening {
  readonly #net: Server;
  readonly #options: ListenerOptions;
  readonly #overLimit: Seldom;
  readonly #failed: Seldom;
  readonly #outOfDescriptors: Seldom;
  /** The limit of the system, if it reports one. */
  readonly #descriptors = descriptors()?.most ?? Number.POSITIVE_INFINITY;

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
    this.#outOfDescriptors = new Seldom((times, fields) =>
      logger.error(
        { ...fields, times, limit: 'descriptors' },
        'connections refused: no descriptors are left',
      ),
    );
    const socketOptions = {
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: BOUNDS.keepAliveMs.value,
      pauseOnConnect: true,
    };
    this.#net = createServer(socketOptions, (socket) => this.#admit(socket));
  }

  get #address(): AddressInfo {
    const address = this.#net.address();
    if (address === null || typeof address === 'string') throw fault('the server does not listen');
    return address;
  }
  get host(): string {
    return this.#address.address;
  }
  get port(): number {
    return this.#address.port;
  }

  /** @throws if it cannot listen: a port in use */
  async listen(host: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#net.once('error', reject);
      this.#net.listen({ host, port, backlog: 1024 }, () => {
        this.#net.off('error', reject);
        this.#net.on('error', (error) => this.#failed.happened({ error }));
        this.#warnOfStrangers();
        resolve();
      });
    });
  }

  close(): void {
    this.#net.close();
  }

  /**
   * Whether only the reserved descriptors are left (P12). The system assigns the lowest free descriptor. Without any
   * it would close connections silently, and files could not be opened either.
   */
  #isNearlyLast(socket: Socket): boolean {
    const handle: unknown = Reflect.get(socket, '_handle');
    const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
    return typeof fd === 'number' && fd >= this.#descriptors - BOUNDS.reservedDescriptors.value;
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
    } else if (this.#isNearlyLast(socket)) {
      refused('descriptors');
      this.#outOfDescriptors.happened({ peer: name, descriptors: this.#descriptors });
    } else return accept(socket, name);
    socket.destroy();
  }
}
