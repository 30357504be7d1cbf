import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Address } from './protocol-client.ts';

type Relay = (bytes: Buffer, forward: (bytes: Uint8Array) => void) => void;

/** What happens to the bytes of one connection. Without a function they pass unchanged. */
export interface Passage {
  /** Receives bytes of the client; `forward` sends bytes to the server. */
  readonly sent?: Relay;
  /** Receives bytes of the server; `forward` sends bytes to the client. */
  readonly received?: Relay;
  /** The client has closed its side of the connection, or the connection is lost. Called once, before the server can know it. */
  readonly closed?: () => void;
}

/** A proxy on the loopback address. Bytes pass unchanged unless a subclass overrides `passage`. */
export class TcpProxy implements Address, Disposable {
  readonly host = '127.0.0.1';
  readonly #server: () => Address;
  readonly #listener: Server;
  readonly #clients = new Set<Socket>();

  /** @param server the current address of the server, which may restart elsewhere */
  protected constructor(server: () => Address) {
    this.#server = server;
    this.#listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  protected async listening(): Promise<this> {
    await once(this.#listener.listen(0, this.host), 'listening');
    return this;
  }

  get port(): number {
    const address = this.#listener.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return address.port;
  }

  /** As plain data. */
  get address(): Address {
    return { host: this.host, port: this.port };
  }

  /** Called for each new connection. It may destroy the connection; then the server does not learn of it. */
  protected passage(_client: Socket): Passage {
    return {};
  }

  #accept(client: Socket): void {
    const { sent, received, closed } = this.passage(client);
    if (client.destroyed) return;
    const server = connect({ ...this.#server(), allowHalfOpen: true, noDelay: true });
    this.#clients.add(client);
    client.once('close', () => this.#clients.delete(client));
    let isClosed = false;
    for (const event of ['end', 'close'])
      client.once(event, () => {
        if (!isClosed) closed?.();
        isClosed = true;
      });
    pass(client, server, sent);
    pass(server, client, received);
  }

  /** Resets all connections through it, and accepts no others. */
  close(): void {
    this.#listener.close();
    for (const client of this.#clients) client.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function pass(from: Socket, to: Socket, relay: Relay = (bytes, forward) => forward(bytes)): void {
  from.on('data', (bytes: Buffer) => relay(bytes, (forwarded) => void to.write(forwarded)));
  from.on('error', () => undefined);
  from.on('end', () => to.end());
  from.on('close', () => to.destroy());
}
