import { BOTH_WAYS, ClientCodec, type Reply } from '../../src/verify/client-codec.ts';
import { isLong } from '../../src/wire/names.ts';
import type { SimulatedServer } from './simulated-server.ts';

/** A connection as the peer sees it: bytes out, bytes in. */
export class SimulatedPeer {
  readonly id: number;
  readonly peer: string;
  readonly server: SimulatedServer;
  protected codec = new ClientCodec();
  /** The server has closed the connection. */
  closed = false;
  gone = false;

  constructor(id: number, server: SimulatedServer) {
    this.id = id;
    this.peer = `10.0.0.${id}:4000`;
    this.server = server;
  }

  /** Bytes that arrived and were not read yet, as Latin-1. */
  get received(): string {
    return this.codec.unread;
  }

  receive(bytes: string): void {
    this.codec.receive(bytes);
  }

  write(bytes: string): void {
    const lent = Buffer.from(bytes, 'latin1');
    this.server.handle({ type: 'received', connection: this.id, bytes: lent });
    lent.fill('?');
  }

  /** Everything that has arrived so far. */
  take(): string {
    return this.codec.takeAll();
  }

  disconnect(): void {
    if (this.gone) return;
    this.gone = true;
    this.server.handle({ type: 'disconnected', connection: this.id });
  }
}

export type Entries = Readonly<Record<string, string>>;

export interface ConnectOptions {
  /** Four bytes of an old handshake instead of the new one (P2.4). */
  readonly handshake?: string;
  readonly options?: Entries;
}

/** A client after its handshake, which sends requests and reads replies. */
export class SimulatedClient extends SimulatedPeer {
  /** The verbs of the unanswered requests. */
  readonly #asked: string[] = [];

  shakeHands({ handshake, options = BOTH_WAYS }: ConnectOptions): void {
    this.codec = new ClientCodec(handshake ?? options);
    for (let bytes = this.codec.greeting; bytes !== ''; bytes = this.codec.shakeHands()) this.write(bytes);
    if (!this.codec.isReady) throw new Error(`handshake failed: ${this.take()}`);
  }

  /** Sends a request, and does not wait for the reply. */
  send(args: readonly string[], metadata: Entries = {}): void {
    this.#asked.push(args[0] ?? '');
    this.write(this.codec.encode(args, metadata));
  }

  /** Sends a request that must be answered at once. */
  call(args: readonly string[], metadata: Entries = {}): Reply {
    this.send(args, metadata);
    return this.reply();
  }

  /** The reply to the earliest unanswered request. */
  reply(): Reply {
    const [verb = ''] = this.#asked;
    const reply = this.#next();
    if (reply === undefined) throw new Error(`no reply to ${JSON.stringify(verb)}`);
    return reply;
  }

  /** A request has no reply so far. */
  get isWaiting(): boolean {
    return this.#asked.length > 0 && !this.isAnswered && !this.closed && !this.gone;
  }

  /** A reply has arrived and was not read yet. */
  get isAnswered(): boolean {
    const verb = this.#earliest;
    return verb !== undefined && this.codec.peek(isLong(verb)) !== undefined;
  }

  /** The verb of the earliest unanswered request. */
  get #earliest(): string | undefined {
    const [verb] = this.#asked;
    if (verb === undefined && this.received !== '')
      throw new Error(`a reply to nothing: ${JSON.stringify(this.received)}`);
    return verb;
  }

  /** Reads the next reply, if it has arrived. */
  #next(): Reply | undefined {
    const verb = this.#earliest;
    const reply = verb === undefined ? undefined : this.codec.reply(isLong(verb));
    if (reply !== undefined) this.#asked.shift();
    return reply;
  }

  /** Drops the replies that have arrived. */
  skip(): void {
    while (this.#next() !== undefined);
  }

  /** Throws if bytes have arrived that belong to no request. */
  expectNothingElse(): void {
    this.skip();
    if (this.received !== '')
      throw new Error(`${this.peer} was sent too much: ${JSON.stringify(this.received)}`);
  }
}
