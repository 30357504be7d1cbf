import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Address } from '../protocol-client.ts';
import { RecordedConnection } from './recorded-connection.ts';
import { Recording } from './recording.ts';

/**
 * Stands before a server and records what its clients ask and are answered, whatever language they are written in.
 * Bytes pass unchanged. A connection that starts TLS, or has replies without metadata, passes unrecorded.
 */
export class RecordingProxy implements Address {
  readonly host = '127.0.0.1';
  readonly recording = new Recording();
  readonly #net: Server;
  readonly #sockets = new Set<Socket>();
  #unrecorded = 0;

  private constructor(server: () => Address) {
    this.#net = createServer({ noDelay: true }, (client) => this.#accept(client, server()));
  }

  /** @param server the current address of the server, which may restart elsewhere */
  static async before(server: () => Address): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(server);
    proxy.#net.listen({ port: 0, host: proxy.host });
    await once(proxy.#net, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#net.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return address.port;
  }

  /** Connections that could not be recorded. */
  get unrecorded(): number {
    return this.#unrecorded;
  }

  #accept(client: Socket, { host, port }: Address): void {
    const server = connect({ host, port, noDelay: true });
    const recorded = new RecordedConnection(this.recording, () => this.#unrecorded++);
    client.on('data', (bytes: Buffer) => {
      recorded.sent(bytes);
      server.write(bytes);
    });
    server.on('data', (bytes: Buffer) => {
      recorded.received(bytes);
      client.write(bytes);
    });
    client.once('close', () => recorded.closed());
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }

  /** Closes all connections through it. */
  close(): void {
    this.#net.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
