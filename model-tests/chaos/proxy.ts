import type { Address } from '../../src/verify/protocol-client.ts';
import { TcpProxy, type Passage } from '../../src/verify/tcp-proxy.ts';

/** A proxy for one process, which can be cut in the middle of a frame. */
export class Proxy extends TcpProxy {
  #left = Number.POSITIVE_INFINITY;
  #onCut: () => void = () => undefined;

  static async to(port: number): Promise<Proxy> {
    const server: Address = { host: '127.0.0.1', port };
    return new Proxy(() => server).listening();
  }

  protected override passage(): Passage {
    const untilCut = (bytes: Buffer, forward: (bytes: Buffer) => void): void => {
      forward(bytes.subarray(0, this.#left));
      this.#left -= bytes.length;
      if (this.#left > 0) return;
      this.#onCut();
      this.close();
    };
    return { sent: untilCut, received: untilCut };
  }

  /** The connection is reset after this many further bytes in either direction. */
  cutAfter(bytes: number, onCut: () => void): void {
    this.#left = bytes;
    this.#onCut = onCut;
  }
}
