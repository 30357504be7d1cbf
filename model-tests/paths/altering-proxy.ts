import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Address } from '../../src/verify/protocol-client.ts';

/** A proxy that changes some replies of a server. */
export class AlteringProxy implements Address {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly #close: () => void;

  private constructor(port: number, close: () => void) {
    this.port = port;
    this.#close = close;
  }

  static async start({ host, port }: Address, alter: (said: string) => string): Promise<AlteringProxy> {
    const sockets = new Set<Socket>();
    const net = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      const behind = connect({ host, port, allowHalfOpen: true, noDelay: true });
      behind.on('data', (bytes: Buffer) => client.write(alter(bytes.toString('latin1')), 'latin1'));
      behind.on('end', () => client.end());
      client.pipe(behind);
      for (const [one, other] of [
        [client, behind],
        [behind, client],
      ] as const) {
        sockets.add(one);
        one.on('error', () => undefined);
        one.on('close', () => {
          sockets.delete(one);
          other.destroy();
        });
      }
    });
    net.listen({ port: 0, host: '127.0.0.1' });
    await once(net, 'listening');
    const address = net.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return new AlteringProxy(address.port, () => {
      net.close();
      for (const socket of sockets) socket.destroy();
    });
  }

  [Symbol.dispose](): void {
    this.#close();
  }
}
