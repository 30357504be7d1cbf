import { encodeDictionary } from '../../src/wire/dictionary.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { isLongVerb, readReply, type Reply, type ReplyShape } from './replies.ts';
import type { SimulatedServer } from './simulated-server.ts';

/** A connection as the peer sees it: bytes out, bytes in. */
export class RawClient {
  readonly id: number;
  readonly peer: string;
  readonly server: SimulatedServer;
  /** Bytes that arrived and were not read yet, as Latin-1. */
  received = '';
  /** The server has closed the connection. */
  closed = false;
  gone = false;

  constructor(id: number, server: SimulatedServer) {
    this.id = id;
    this.peer = `10.0.0.${id}:4000`;
    this.server = server;
  }

  write(bytes: string): void {
    const lent = Buffer.from(bytes, 'latin1');
    this.server.handle({ type: 'received', connection: this.id, bytes: lent });
    lent.fill('?');
  }

  /** Everything that has arrived so far. */
  take(): string {
    const bytes = this.received;
    this.received = '';
    return bytes;
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

const BOTH_WAYS = { MetadataToServer: '1', MetadataFromServer: '1' };

/** A client after its handshake, which sends requests and reads replies. */
export class SimulatedClient extends RawClient {
  /** The verbs of the unanswered requests. */
  readonly #asked: string[] = [];
  #shape: Omit<ReplyShape, 'isLong'> = { metadata: false, cookie: true };
  #sendsMetadata = false;

  shakeHands({ handshake, options = BOTH_WAYS }: ConnectOptions): void {
    if (handshake !== undefined) {
      this.write(handshake);
      if (this.take() !== '2223') throw new Error('the old handshake was not answered');
      this.#shape = { metadata: false, cookie: handshake !== '0000' && handshake !== '1111' };
      return;
    }
    this.write('X000');
    this.write(`R000${encodeDictionary(new Map(Object.entries(options)))}`);
    const answer = this.take();
    if (!answer.startsWith('P000') || !answer.endsWith('A000'))
      throw new Error(`handshake failed: ${answer}`);
    this.#shape = { metadata: options['MetadataFromServer'] === '1', cookie: true };
    this.#sendsMetadata = options['MetadataToServer'] === '1';
  }

  /** Sends a request, and does not wait for the reply. */
  send(args: readonly string[], metadata: Entries = {}): void {
    this.#asked.push(args[0] ?? '');
    const entries = this.#sendsMetadata ? new Map(Object.entries(metadata)) : undefined;
    this.write(encodeRequest(args, entries));
  }

  /** Sends a request that must be answered at once. */
  call(args: readonly string[], metadata: Entries = {}): Reply {
    this.send(args, metadata);
    return this.reply();
  }

  /** The reply to the earliest unanswered request. */
  reply(): Reply {
    const reply = this.#peek();
    if (reply === undefined) throw new Error(`no reply to ${JSON.stringify(this.#asked[0])}`);
    this.#asked.shift();
    this.received = this.received.slice(reply.length);
    return reply.reply;
  }

  /** A request has no reply so far. */
  get isWaiting(): boolean {
    return this.#asked.length > 0 && this.#peek() === undefined && !this.closed && !this.gone;
  }

  /** A reply has arrived and was not read yet. */
  get isAnswered(): boolean {
    return this.#peek() !== undefined;
  }

  #peek() {
    const verb = this.#asked[0];
    if (verb !== undefined) return readReply(this.received, { ...this.#shape, isLong: isLongVerb(verb) });
    if (this.received !== '') throw new Error(`a reply to nothing: ${JSON.stringify(this.received)}`);
    return undefined;
  }

  /** Drops the replies that have arrived. */
  skip(): void {
    while (this.isAnswered) this.reply();
  }

  /** Throws if bytes have arrived that belong to no request. */
  expectNothingElse(): void {
    this.skip();
    if (this.received !== '')
      throw new Error(`${this.peer} was sent too much: ${JSON.stringify(this.received)}`);
  }
}
