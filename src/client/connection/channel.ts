import { connect, isIP } from 'node:net';
import { Readable, type Duplex } from 'node:stream';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { nextTick } from 'node:process';
import Denque from 'denque';
import { authorityOf } from '../../wire/authority.ts';
import { ByteQueue } from '../../wire/byte-queue.ts';
import { isLong, mayWait } from '../../wire/names.ts';
import { MALFORMED } from '../../wire/dictionary.ts';
import type { Metadata } from '../../wire/payload.ts';
import { STATUS } from '../../wire/reply.ts';
import { defined } from '../../wire/with-defaults.ts';
import { hostClock, type Clock } from '../clock.ts';
import { milliseconds } from '../options/durations.ts';
import { ConnectionLostError, type ConnectionLostCode } from './errors.ts';
import { ClientHandshake, GREETING } from './handshake.ts';
import { encode, type EncodedRequest, type RequestArguments } from './outgoing.ts';
import { ReplyDecoder, type Reply, type ReplyHead } from './reply-decoder.ts';
import type { ServerAddress, TlsOptions } from './server-address.ts';

export interface StreamOptions {
  /** Closes the connection whenever it is aborted, while it opens or later. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that connecting and the handshake may take, `Infinity` for no limit; 10,000 unless told. */
  readonly timeout?: number | undefined;
}

export interface ConnectionOptions extends ServerAddress, StreamOptions {}

export interface ChannelOptions extends ConnectionOptions {
  /** That of this host, unless told. */
  readonly clock?: Clock | undefined;
}

/** A long reply whose value comes as a stream. */
export interface StreamedReply extends ReplyHead {
  /** Whoever does not read it to its end destroys it, which closes the connection. Undefined when refused. */
  readonly stream: Readable | undefined;
}

/** Milliseconds of silence after which the other side is probed, as the server does it (P1). */
const KEEP_ALIVE = 60_000;
/** No verb of any server: it is refused, or it withdraws what waits (P5.3, P5.4). */
const WITHDRAW = 'withdraw';
/** Milliseconds within which a server of P5.3 says whether it has withdrawn; others never do. */
const WITHDRAWING = 2_000;

const connectLimit = ({ timeout = 10_000 }: StreamOptions): number => milliseconds('timeout', timeout);

const isSecure = ({ tls = false }: ServerAddress): boolean => tls !== false;

interface Exchange extends EncodedRequest {
  readonly verb: string;
  readonly resolve: (reply: Reply) => void;
  /** The reply's value goes there as it comes. */
  readonly resolveStream?: (reply: StreamedReply) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Requests and their replies over one socket, with metadata both ways (P1-P8). Replies come in the order of the requests;
 * any number may be made at a time, and what follows a get that waits is kept until that is answered (P5.3).
 */
export class Channel {
  /** HOST:PORT */
  readonly address: string;
  /** Of whoever waits for its replies. */
  readonly clock: Clock;
  /** Told why, when it is of no more use. */
  readonly ended: Promise<ConnectionLostError>;
  #socket: Duplex;
  readonly #server: ServerAddress;
  readonly #input = new ByteQueue();
  readonly #handshake: ClientHandshake;
  readonly #decoder = new ReplyDecoder(this.#input);
  /** Not sent yet, and sent but not answered. */
  readonly #waiting = new Denque<Exchange>();
  readonly #sent = new Denque<Exchange>();
  /** Requests that leave at the end of this turn. */
  #heads = '';
  #isOpen = false;
  /** The value of the latest request is still on its way. */
  #isSending = false;
  /** What the value of the next reply flows into. */
  #stream: Readable | undefined;
  #opened: () => void = () => undefined;
  #refused: (error: Error) => void = () => undefined;
  #drained: () => void = () => undefined;
  #tellEnd: (why: ConnectionLostError) => void = () => undefined;
  #lost: ConnectionLostError | undefined;

  /**
   * @throws ConnectionLostError `unreachable`, `not-nws` or `not-secure`, or `closed` when aborted; RangeError or TypeError
   *   for a timeout that is none
   */
  static async open(options: ConnectionOptions): Promise<Channel> {
    const { host = '127.0.0.1', port = 8765 } = options;
    connectLimit(options);
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE });
    return Channel.over(socket, authorityOf(host, port), options);
  }

  /**
   * Over any stream to a server; what is written to a socket waits until it is connected.
   * @param address what errors call the server
   * @throws as `open`
   */
  static async over(stream: Duplex, address: string, options: ChannelOptions = {}): Promise<Channel> {
    const { signal } = options;
    const limit = connectLimit(options);
    const channel = new Channel(stream, address, options);
    const close = (): void => channel.close();
    if (signal?.aborted === true) close();
    signal?.addEventListener('abort', close);
    void channel.ended.then(() => signal?.removeEventListener('abort', close));
    const timer = channel.clock.startTimer(limit, () =>
      channel.#lose('unreachable', 'did not answer in time'),
    );
    try {
      await new Promise<void>((resolve, reject) => {
        if (channel.#lost !== undefined) reject(channel.#lost);
        channel.#opened = resolve;
        channel.#refused = reject;
      });
    } finally {
      timer.stop();
    }
    return channel;
  }

  private constructor(stream: Duplex, address: string, options: ChannelOptions) {
    this.address = address;
    this.clock = options.clock ?? hostClock;
    this.ended = new Promise((resolve) => (this.#tellEnd = resolve));
    this.#server = options;
    this.#handshake = new ClientHandshake(this.#input, { isSecure: isSecure(options), token: options.token });
    this.#socket = stream;
    this.#socket.write(GREETING);
    this.#listen();
  }

  #listen(): void {
    this.#socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(error));
    this.#socket.on('drain', () => this.#drained());
    this.#socket.on('close', () => this.#lose(this.#isOpen ? 'lost' : 'not-nws', 'closed the connection'));
  }

  /** @returns the reply, refusals too. @throws ConnectionLostError; what a stream to be sent throws */
  exchange(args: RequestArguments, metadata: Metadata): Promise<Reply> {
    return new Promise<Reply>((resolve, reject) => this.#ask({ args, metadata, resolve, reject }));
  }

  /** As `exchange`, for a long reply whose value is not held here. */
  exchangeForStream(args: RequestArguments, metadata: Metadata): Promise<StreamedReply> {
    return new Promise<StreamedReply>((resolveStream, reject) =>
      this.#ask({ args, metadata, resolve: () => undefined, resolveStream, reject }),
    );
  }

  /**
   * Gives up a get that waits, so that no value is lost: the server says which came first, the answer, which is then
   * given as usual, or this, which closes the connection (P5.3).
   */
  withdraw(): void {
    const latest = this.#sent.peekBack();
    if (this.#lost !== undefined || latest === undefined || !mayWait(latest.verb)) return;
    const timer = this.clock.startTimer(WITHDRAWING, () => this.close());
    const settle = (): void => timer.stop();
    const request = encode([WITHDRAW], new Map());
    const exchange = { verb: WITHDRAW, ...request, resolve: settle, reject: settle };
    this.#sent.push(exchange);
    this.#write(exchange);
  }

  /** What is under way is rejected as `closed`. */
  close(): void {
    this.#lose('closed', 'was closed on this side');
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  #ask({
    args,
    metadata,
    ...then
  }: Omit<Exchange, 'verb' | keyof EncodedRequest> & { args: RequestArguments; metadata: Metadata }): void {
    if (this.#lost !== undefined) return then.reject(this.#lost);
    this.#waiting.push({ verb: args[0], ...encode(args, metadata), ...then });
    this.#send();
  }

  get #mayNotSend(): boolean {
    const latest = this.#sent.peekBack();
    return !this.#isOpen || this.#isSending || (latest !== undefined && mayWait(latest.verb));
  }

  #send(): void {
    while (!this.#mayNotSend) {
      const exchange = this.#waiting.shift();
      if (exchange === undefined) return;
      this.#sent.push(exchange);
      this.#write(exchange);
    }
  }

  /** What is asked in one turn of the event loop leaves in one piece: one string costs much less than many. */
  #write(exchange: Exchange): void {
    const { head, tail } = exchange;
    if (this.#heads === '') nextTick(() => this.#flush());
    this.#heads += head;
    if (tail === undefined) return;
    this.#flush();
    if (tail instanceof Uint8Array) this.#socket.write(tail);
    else void this.#pour(tail, exchange);
  }

  #flush(): void {
    const heads = this.#heads;
    this.#heads = '';
    if (heads !== '') this.#socket.write(heads, 'latin1');
  }

  /** At the pace of the server. A value that cannot be sent whole cannot be taken back either, but by closing. */
  async #pour(pieces: AsyncIterable<Uint8Array>, exchange: Exchange): Promise<void> {
    this.#isSending = true;
    try {
      for await (const piece of pieces) {
        if (this.#lost !== undefined) return;
        if (!this.#socket.write(piece)) await new Promise<void>((resolve) => (this.#drained = resolve));
      }
    } catch (error) {
      exchange.reject(error);
      return this.#lose('closed', 'was closed, since a value could not be sent whole', error);
    }
    this.#isSending = false;
    this.#send();
  }

  #receive(bytes: Buffer): void {
    this.#input.push(bytes);
    if (!this.#isOpen) this.#shakeHands();
    if (this.#isOpen) this.#readReplies();
  }

  #shakeHands(): void {
    for (let step = this.#handshake.next(); step !== undefined; step = this.#handshake.next()) {
      if (step.type === 'failed') return this.#lose(step.code, step.why);
      if (step.type === 'say') this.#socket.write(step.bytes, 'latin1');
      else if (!isSecure(this.#server)) return this.#open();
      else return this.#secure();
    }
  }

  #open(): void {
    this.#isOpen = true;
    this.#opened();
    this.#send();
  }

  /** P2.3: TLS on the same socket. */
  #secure(): void {
    const { host = '127.0.0.1', tls } = this.#server;
    const plain = this.#socket.removeAllListeners();
    plain.on('error', () => undefined);
    const name = isIP(host) === 0 ? { servername: host } : {};
    const options = typeof tls === 'object' ? defined<TlsOptions>(tls) : {};
    this.#socket = connectTls({ socket: plain, host, ...name, ...options }, () => this.#open());
    this.#listen();
  }

  #readReplies(): void {
    for (let exchange = this.#sent.peekFront(); exchange !== undefined; exchange = this.#sent.peekFront()) {
      const isRead =
        exchange.resolveStream === undefined ? this.#readWhole(exchange) : this.#readStream(exchange);
      if (!isRead) return;
      this.#sent.shift();
      this.#send();
    }
  }

  /** @returns whether the reply is here */
  #readWhole(exchange: Exchange): boolean {
    const reply = this.#decoder.next(isLong(exchange.verb));
    if (reply === undefined) return false;
    if (reply !== MALFORMED) exchange.resolve(reply);
    else if (this.#decoder.isTooLarge) this.#lose('too-large', 'sent a value too large for a buffer');
    else this.#lose('not-nws', 'sent what is no reply');
    return reply !== MALFORMED;
  }

  /** @returns whether all of the reply is here */
  #readStream(exchange: Exchange): boolean {
    if (this.#stream === undefined) {
      const head = this.#decoder.head(true);
      if (head === undefined) return false;
      if (head === MALFORMED) {
        this.#lose('not-nws', 'sent what is no reply');
        return false;
      }
      const isFound = head.status === STATUS.ok;
      this.#stream = this.#makeStream();
      exchange.resolveStream?.({ ...head, stream: isFound ? this.#stream : undefined });
    }
    const part = this.#decoder.part();
    // The reader says when it wants more; others who are answered here wait as long.
    if (part !== undefined && !this.#stream.push(part)) this.#socket.pause();
    if (this.#decoder.left > 0) return false;
    this.#stream.push(null);
    this.#stream = undefined;
    this.#socket.resume();
    return true;
  }

  #makeStream(): Readable {
    const stream = new Readable({
      read: () => void this.#socket.resume(),
      destroy: (error, done) => {
        if (this.#stream === stream)
          this.#lose('closed', 'was closed, since a value was not read to its end');
        done(error);
      },
    });
    return stream;
  }

  #fail(error: NodeJS.ErrnoException): void {
    const why = error.code ?? error.message;
    if (this.#isOpen) this.#lose('lost', `is not connected any more (${why})`, error);
    else if (this.#socket instanceof TLSSocket) this.#lose('not-secure', `cannot be trusted (${why})`, error);
    else this.#lose('unreachable', `cannot be reached (${why})`, error);
  }

  /** The connection is over, for the first of all reasons that are told. */
  #lose(code: ConnectionLostCode, what: string, cause?: unknown): void {
    this.#lost ??= new ConnectionLostError(code, `${this.address} ${what}`, { cause });
    this.#socket.destroy();
    this.#tellEnd(this.#lost);
    this.#refused(this.#lost);
    this.#drained();
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.destroy(this.#lost);
    for (const queue of [this.#sent, this.#waiting])
      for (const exchange of queue.splice(0, queue.length) ?? []) exchange.reject(this.#lost);
  }
}
