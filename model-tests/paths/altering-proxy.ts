import type { Address } from '../../src/verify/protocol-client.ts';
import { TcpProxy, type Passage } from '../../src/verify/tcp-proxy.ts';

/** A proxy that changes some replies of a server. */
export class AlteringProxy extends TcpProxy {
  readonly #alter: (said: string) => string;

  static async start(server: Address, alter: (said: string) => string): Promise<AlteringProxy> {
    return new AlteringProxy(server, alter).listening();
  }

  private constructor(server: Address, alter: (said: string) => string) {
    super(() => server);
    this.#alter = alter;
  }

  protected override passage(): Passage {
    const alter = (bytes: Buffer): Buffer => Buffer.from(this.#alter(bytes.toString('latin1')), 'latin1');
    return { received: (bytes, forward) => forward(alter(bytes)) };
  }
}
