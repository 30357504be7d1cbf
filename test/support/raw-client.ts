import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { encodeDictionary } from '../../src/wire/dictionary.ts';
import { encodeRequest } from '../../src/wire/request.ts';

/** A socket that reads on demand, so that a test can be slow, misbehave or disconnect. */
export class RawClient {
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  /** With the new handshake complete, and without metadata by default. */
  static async ready(port: number, options: Record<string, string> = {}): Promise<RawClient> {
    const client = await RawClient.open(port);
    client.write(`X000R000${encodeDictionary(new Map(Object.entries(options)))}`);
    await client.until('A000');
    return client;
  }

  write(bytes: string | Uint8Array): void {
    if (typeof bytes === 'string') this.socket.write(bytes, 'latin1');
    else this.socket.write(bytes);
  }

  send(...args: string[]): void {
    this.write(encodeRequest(args, undefined));
  }

  /**
   * Sends a request with a short reply.
   * @returns the status
   */
  async short(...args: string[]): Promise<string> {
    this.send(...args);
    return (await this.read(4)).toString('latin1');
  }

  /**
   * Sends a get.
   * @returns the status and the value
   */
  async long(...args: string[]): Promise<{ status: string; value: Buffer }> {
    this.send(...args);
    return this.longReply();
  }

  async longReply(): Promise<{ status: string; value: Buffer }> {
    const head = (await this.read(84)).toString('latin1');
    return { status: head.slice(0, 4), value: await this.read(Number(head.slice(64))) };
  }

  /** The next `size` bytes, or fewer if the server closes. */
  async read(size: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let left = size; left > 0 && !this.socket.readableEnded;) {
      const piece: unknown = this.socket.read(Math.min(left, this.socket.readableLength || left));
      if (Buffer.isBuffer(piece)) {
        pieces.push(piece);
        left -= piece.length;
      } else if (this.socket.destroyed) break;
      else await this.#happens('readable', 'end', 'close');
    }
    return Buffer.concat(pieces);
  }

  async #happens(...events: string[]): Promise<void> {
    const over = new AbortController();
    await Promise.race(
      events.map((event) => once(this.socket, event, { signal: over.signal }).catch(() => undefined)),
    );
    over.abort();
  }

  /**
   * Reads up to and including a text.
   * @throws Error if the server closes before it has arrived
   */
  async until(text: string): Promise<void> {
    let come = '';
    while (!come.endsWith(text)) {
      const next = await this.read(1);
      if (next.length === 0)
        throw new Error(`the server closed; it had sent "${come}", and "${text}" never came`);
      come += next.toString('latin1');
    }
  }

  /** Resolves when the server has closed. */
  async closed(): Promise<void> {
    this.socket.resume();
    if (!this.socket.destroyed) await once(this.socket, 'close');
  }

  vanish(): void {
    this.socket.resetAndDestroy();
  }
}
