import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { encodeDictionary } from '../../../src/wire/dictionary.ts';
import { isLongVerb, readReply, type Reply } from '../../../test/support/replies.ts';

/** How a client shakes hands: the new way with metadata both ways, or one of the old ones (P2.4). */
export type Handshake = 'new' | '2222' | '0000';

const OPTIONS = new Map([
  ['MetadataToServer', '1'],
  ['MetadataFromServer', '1'],
]);
/** A connection over TCP that keeps what comes until it is asked for. */
export class TcpClient {
  readonly handshake: Handshake;
  /** Milliseconds after which a reply that has not come will not come. */
  readonly #patience: number;
  readonly #socket: Socket;
  #received = '';
  #isOver = false;
  #stir: () => void = () => undefined;

  private constructor(socket: Socket, handshake: Handshake, patience: number) {
    this.#patience = patience;
    this.#socket = socket;
    this.handshake = handshake;
    socket.setEncoding('latin1');
    socket.on('data', (bytes: string) => {
      this.#received += bytes;
      this.#stir();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isOver = true;
      this.#stir();
    });
  }

  static async open(port: number, handshake: Handshake, patience: number): Promise<TcpClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    const client = new TcpClient(socket, handshake, patience);
    if (handshake !== 'new') {
      client.write(handshake);
      await client.#until(() => client.#received === '2223');
    } else {
      client.write(`X000R000${encodeDictionary(OPTIONS)}`);
      await client.#until(() => client.#received.endsWith('A000'));
    }
    client.#received = '';
    return client;
  }

  /** As the server knows it (W10). */
  get peer(): string {
    return `127.0.0.1:${this.#socket.localPort}`;
  }

  get hasMetadata(): boolean {
    return this.handshake === 'new';
  }
  get hasCookie(): boolean {
    return this.handshake !== '0000';
  }

  /** What has come and was not asked for. */
  get surplus(): string {
    return this.#received;
  }

  write(bytes: string): void {
    this.#socket.write(bytes, 'latin1');
  }

  /** The next reply; it is one to `verb`. */
  async reply(verb: string): Promise<Reply> {
    const shape = { metadata: this.hasMetadata, cookie: this.hasCookie, isLong: isLongVerb(verb) };
    let read: ReturnType<typeof readReply>;
    await this.#until(() => (read = readReply(this.#received, shape)) !== undefined);
    if (read === undefined) throw new Error(`no reply to ${verb}`);
    this.#received = this.#received.slice(read.length);
    return read.reply;
  }

  /** The server closes. */
  async over(): Promise<void> {
    await this.#until(() => this.#isOver);
  }

  async #until(holds: () => boolean): Promise<void> {
    const deadline = performance.now() + this.#patience;
    while (!holds()) {
      if (this.#isOver) throw new Error('the server closed the connection');
      const timer = setTimeout(() => this.#stir(), this.#patience);
      await new Promise<void>((resolve) => (this.#stir = resolve));
      clearTimeout(timer);
      // Bytes that arrived while this process was held up are still unread.
      if (performance.now() > deadline) await turn();
      if (!holds() && performance.now() > deadline) throw new Error('nothing came');
    }
  }

  /** Closes the sending side, or everything. */
  end(): void {
    this.#socket.end();
  }
  reset(): void {
    this.#socket.resetAndDestroy();
  }
}
