import { connect, type Socket } from 'node:net';
import Denque from 'denque';
import { ByteQueue } from '../wire/byte-queue.ts';
import { MALFORMED } from '../wire/dictionary.ts';
import { pad20 } from '../wire/numbers.ts';
import type { Metadata } from '../wire/payload.ts';
import { encodeRequest } from '../wire/request.ts';
import { ConnectionLostError, type ConnectionLostCode } from './errors.ts';
import { ClientHandshake, GREETING } from './handshake.ts';
import { ReplyDecoder, type Reply } from './reply-decoder.ts';

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  /** Closes the connection whenever it is aborted, while it opens or later. */
  readonly signal?: AbortSignal;
  /** What the server asks for, where it does (P2.5). */
  readonly token?: string;
  /** Milliseconds that connecting and the handshake may take; 10,000 unless told. */
  readonly timeout?: number;
}

/** The arguments of a request, the verb first: Latin-1 strings, of which the last may be bytes instead (P5). */
export type RequestArguments = readonly [...names: string[], value: string | Uint8Array];

/** Verbs whose replies carry a value (P7.2). */
const LONG = new Set(
  ['fetch', 'find', 'ifetch', 'ifind']
    .flatMap((verb) => [verb, `${verb}Try`])
    .concat('list vars', 'list wss', 'mktemp ws'),
);
/** Verbs that may wait: nothing may follow them before they are answered (P5.2, P5.3). */
const MAY_WAIT = new Set(['fetch', 'find', 'ifetch', 'ifind']);

interface Exchange {
  readonly verb: string;
  readonly head: string;
  readonly tail: Uint8Array | undefined;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Requests and their replies over one socket, with metadata both ways (P1-P8). Replies come in the order of the requests;
 * any number may be made at a time, and what follows a get that waits is kept until that is answered (P5.3).
 */
export class Channel {
  /** HOST:PORT */
  readonly address: string;
  readonly #socket: Socket;
  readonly #input = new ByteQueue();
  readonly #handshake: ClientHandshake;
  readonly #decoder = new ReplyDecoder(this.#input);
  /** Not sent yet, and sent but not answered. */
  readonly #waiting = new Denque<Exchange>();
  readonly #sent = new Denque<Exchange>();
  #isOpen = false;
  #opened: () => void = () => undefined;
  #refused: (error: Error) => void = () => undefined;
  #lost: ConnectionLostError | undefined;

  /** @throws ConnectionLostError `unreachable` or `not-nws`, or `closed` when aborted */
  static async open(options: ConnectionOptions): Promise<Channel> {
    const { signal, timeout = 10_000 } = options;
    const channel = new Channel(options);
    const close = (): void => channel.close();
    if (signal?.aborted === true) close();
    signal?.addEventListener('abort', close, { once: true });
    channel.#socket.once('close', () => signal?.removeEventListener('abort', close));
    const timer = setTimeout(() => channel.#lose('unreachable', 'did not answer in time'), timeout);
    try {
      await new Promise<void>((resolve, reject) => {
        if (channel.#lost !== undefined) reject(channel.#lost);
        channel.#opened = resolve;
        channel.#refused = reject;
      });
    } finally {
      clearTimeout(timer);
    }
    return channel;
  }

  private constructor({ host, port, token }: ConnectionOptions) {
    this.#handshake = new ClientHandshake(this.#input, token);
    this.address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    this.#socket = connect({ host, port, noDelay: true, keepAlive: true });
    this.#socket.on('connect', () => this.#socket.write(GREETING));
    this.#socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(error));
    this.#socket.on('close', () => this.#lose(this.#isOpen ? 'lost' : 'not-nws', 'closed the connection'));
  }

  /** @returns the reply, refusals too. @throws ConnectionLostError */
  async exchange(args: RequestArguments, metadata: Metadata): Promise<Reply> {
    if (this.#lost !== undefined) throw this.#lost;
    return new Promise<Reply>((resolve, reject) => {
      this.#waiting.push({ verb: String(args[0]), ...encode(args, metadata), resolve, reject });
      this.#send();
    });
  }

  /** What is under way is rejected as `closed`. */
  close(): void {
    this.#lose('closed', 'was closed on this side');
  }

  get #mayNotSend(): boolean {
    const latest = this.#sent.peekBack();
    return !this.#isOpen || (latest !== undefined && MAY_WAIT.has(latest.verb));
  }

  #send(): void {
    while (!this.#mayNotSend) {
      const exchange = this.#waiting.shift();
      if (exchange === undefined) return;
      this.#sent.push(exchange);
      this.#write(exchange);
    }
  }

  /** What is asked in one turn of the event loop leaves in one piece. */
  #write({ head, tail }: Exchange): void {
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      process.nextTick(() => this.#socket.uncork());
    }
    this.#socket.write(head, 'latin1');
    if (tail !== undefined) this.#socket.write(tail);
  }

  #receive(bytes: Buffer): void {
    this.#input.push(bytes);
    if (!this.#isOpen) this.#shakeHands();
    if (this.#isOpen) this.#readReplies();
  }

  #shakeHands(): void {
    for (let step = this.#handshake.next(); step !== undefined; step = this.#handshake.next()) {
      if (step.type === 'failed') return this.#lose('not-nws', step.why);
      if (step.type === 'say') this.#socket.write(step.bytes, 'latin1');
      else {
        this.#isOpen = true;
        return this.#opened();
      }
    }
  }

  #readReplies(): void {
    for (let exchange = this.#sent.peekFront(); exchange !== undefined; exchange = this.#sent.peekFront()) {
      const reply = this.#decoder.next(LONG.has(exchange.verb));
      if (reply === undefined) return;
      if (reply === MALFORMED) return this.#lose('not-nws', 'sent what is no reply');
      this.#sent.shift();
      exchange.resolve(reply);
      this.#send();
    }
  }

  #fail(error: NodeJS.ErrnoException): void {
    const why = error.code ?? error.message;
    if (this.#isOpen) this.#lose('lost', `is not connected any more (${why})`, error);
    else this.#lose('unreachable', `cannot be reached (${why})`, error);
  }

  /** The connection is over, for the first of all reasons that are told. */
  #lose(code: ConnectionLostCode, what: string, cause?: Error): void {
    this.#lost ??= new ConnectionLostError(code, `${this.address} ${what}`, cause && { cause });
    this.#socket.destroy();
    this.#refused(this.#lost);
    for (const queue of [this.#sent, this.#waiting])
      for (const exchange of queue.splice(0, queue.length) ?? []) exchange.reject(this.#lost);
  }
}

/** Longer values are not made part of a string. */
const STRING_BYTES = 4_096;

/** A request as one string, or as one and the bytes that end it. */
function encode(args: RequestArguments, metadata: Metadata): Pick<Exchange, 'head' | 'tail'> {
  const value = args.at(-1) ?? '';
  const names = args.slice(0, -1).map(String);
  if (typeof value === 'string') return { head: encodeRequest([...names, value], metadata), tail: undefined };
  if (value.length <= STRING_BYTES) return encode([...names, latin1(value)], metadata);
  // The value as an empty one, but for its length, which comes last.
  const head = encodeRequest([...names, ''], metadata).slice(0, -pad20(0).length) + pad20(value.length);
  return { head, tail: value };
}

const latin1 = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString('latin1');
