import { constants } from 'node:buffer';
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
import { GREETING } from '../../wire/handshake.ts';
import { ClientHandshake } from './handshake.ts';
import { lossOfSocket } from './loss-of-socket.ts';
import { encode, endWith, type EncodedRequest, type RequestArguments } from './outgoing.ts';
import { ReplyDecoder, type Reply } from '../../wire/reply-decoder.ts';
import type { Requester, StreamedReply } from './requester.ts';
import type { ChannelOptions, ConnectionOptions, StreamOptions } from './channel-options.ts';
import type { ServerAddress, TlsOptions } from './server-address.ts';
import { CONNECTION } from '../errors/connection.ts';
import type { ErrorText } from '../../wire/error-kind.ts';

/** Milliseconds of silence after which keep-alive probes the other side, as on the server (P1). */
const KEEP_ALIVE = 60_000;
/** An unknown verb: the server refuses it, or withdraws the blocked request (P5.3, P5.4). */
const WITHDRAW = 'withdraw';
/** Milliseconds within which a server with P5.3 answers. Other servers never do. */
const WITHDRAWING = 2_000;

const connectLimit = ({ timeout = 10_000 }: StreamOptions): number => milliseconds('timeout', timeout);

const isSecure = ({ tls = false }: ServerAddress): boolean => tls !== false;

interface Exchange extends EncodedRequest {
  readonly verb: string;
  readonly resolve: (reply: Reply) => void;
  /** Receives the reply whose value is streamed. */
  readonly resolveStream?: (reply: StreamedReply) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Requests and their replies over one socket, with metadata in both directions (P1-P8). Replies come in the order of
 * the requests. Any number of requests may be made at a time; those behind a get that waits are held back until it is
 * answered (P5.3).
 */
export class Channel implements Requester {
  readonly address: string;
  readonly clock: Clock;
  readonly ended: Promise<ConnectionLostError>;
  readonly grace = 0;
  #socket: Duplex;
  readonly #server: ServerAddress;
  readonly #input = new ByteQueue();
  readonly #handshake: ClientHandshake;
  readonly #decoder = new ReplyDecoder(this.#input, constants.MAX_LENGTH);
  /** Requests that are not sent yet, and requests that are not answered. There are none before it is open. */
  readonly #waiting = new Denque<Exchange>();
  readonly #sent = new Denque<Exchange>();
  /** Requests that are sent at the end of this turn of the event loop. */
  #heads = '';
  #isOpen = false;
  /** A last request, sent when this side closes the connection. Nobody reads its reply. */
  farewell: RequestArguments | undefined;
  /** Whether the value of the latest request is still being sent. */
  #isSending = false;
  /** The stream for the value of the next reply. */
  #stream: Readable | undefined;
  #opened: () => void = () => undefined;
  #refused: (error: Error) => void = () => undefined;
  #drained: () => void = () => undefined;
  #notifyEnd: (why: ConnectionLostError) => void = () => undefined;
  #lost: ConnectionLostError | undefined;

  /**
   * @throws ConnectionLostError `unreachable`, `not-nws` or `not-secure`, or `closed` when aborted; RangeError or
   *   TypeError for an invalid timeout
   */
  static async open(options: ConnectionOptions): Promise<Channel> {
    const { host = '127.0.0.1', port = 8765, unref } = options;
    connectLimit(options);
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE });
    if (unref === true) socket.unref();
    return Channel.over(socket, authorityOf(host, port), options);
  }

  /**
   * Uses any stream to a server. Data for a socket waits until it is connected.
   * @param address the name of the server in errors
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
    const timer = channel.clock.startTimer(limit, () => channel.#lose(CONNECTION.noAnswer));
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
    this.ended = new Promise((resolve) => (this.#notifyEnd = resolve));
    this.#server = options;
    this.#handshake = new ClientHandshake(this.#input, { isSecure: isSecure(options), token: options.token });
    this.#socket = stream;
    this.#socket.write(GREETING);
    this.#listen();
  }

  /** Whether the server has a web page (P2.1). */
  get serverHasPage(): boolean {
    return this.#handshake.hasPage;
  }

  #listen(): void {
    this.#socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(error));
    this.#socket.on('drain', () => this.#drained());
    this.#socket.on('close', () =>
      this.#lose(this.#isOpen ? CONNECTION.closedByServer : CONNECTION.closedAtOnce),
    );
  }

  exchange(args: RequestArguments, metadata: Metadata): Promise<Reply> {
    return new Promise<Reply>((resolve, reject) => this.#ask({ args, metadata, resolve, reject }));
  }

  exchangeForStream(args: RequestArguments, metadata: Metadata): Promise<StreamedReply> {
    return new Promise<StreamedReply>((resolveStream, reject) =>
      this.#ask({ args, metadata, resolve: () => undefined, resolveStream, reject }),
    );
  }

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

  close(): void {
    this.#lose(CONNECTION.closedHere);
  }

  /** What the server has said of its store (D7, D24). */
  get offer(): Pick<ClientHandshake, 'isStored' | 'store'> {
    return this.#handshake;
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
    return this.#isSending || (latest !== undefined && mayWait(latest.verb));
  }

  #send(): void {
    while (!this.#mayNotSend) {
      const exchange = this.#waiting.shift();
      if (exchange === undefined) return;
      this.#sent.push(exchange);
      this.#write(exchange);
    }
  }

  /** Sends the requests of one turn of the event loop as one string, which costs much less than several. */
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

  /**
   * Sends as fast as the server reads. A value that cannot be sent completely can be withdrawn only by closing the
   * connection.
   */
  async #pour(pieces: AsyncIterable<Uint8Array>, exchange: Exchange): Promise<void> {
    this.#isSending = true;
    try {
      for await (const piece of pieces) {
        if (this.#lost !== undefined) return;
        if (!this.#socket.write(piece)) await new Promise<void>((resolve) => (this.#drained = resolve));
      }
    } catch (error) {
      exchange.reject(error);
      return this.#lose(CONNECTION.notSentWhole, error);
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
      if (step.type === 'failed') return this.#lose(step.why);
      if (step.type === 'say') this.#socket.write(step.bytes, 'latin1');
      else if (!isSecure(this.#server)) return this.#open();
      else return this.#secure();
    }
  }

  #open(): void {
    this.#isOpen = true;
    this.#opened();
  }

  /** Starts TLS on the same socket (P2.3). */
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

  /** @returns whether the reply is complete */
  #readWhole(exchange: Exchange): boolean {
    const reply = this.#decoder.next(isLong(exchange.verb));
    if (reply === undefined) return false;
    if (reply !== MALFORMED) exchange.resolve(reply);
    else if (this.#decoder.isTooLarge) this.#lose(CONNECTION.tooLarge);
    else this.#lose(CONNECTION.badReply);
    return reply !== MALFORMED;
  }

  /** @returns whether all of the reply has arrived */
  #readStream(exchange: Exchange): boolean {
    if (this.#stream === undefined) {
      const head = this.#decoder.head(true);
      if (head === undefined) return false;
      if (head === MALFORMED) {
        this.#lose(CONNECTION.badReply);
        return false;
      }
      const isFound = head.status === STATUS.ok;
      this.#stream = this.#makeStream();
      exchange.resolveStream?.({ ...head, stream: isFound ? this.#stream : undefined });
    }
    const part = this.#decoder.part();
    // The reader of the stream determines the pace. Later replies on this connection wait for it.
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
        if (this.#stream === stream) this.#lose(CONNECTION.notReadWhole);
        done(error);
      },
    });
    return stream;
  }

  #leave(mayAsk: boolean): void {
    if (!mayAsk || this.farewell === undefined) return void this.#socket.destroy();
    this.#flush();
    endWith(this.#socket, encode(this.farewell, new Map()).head, this.clock);
  }

  #fail(error: NodeJS.ErrnoException): void {
    const why = error.code ?? error.message;
    const isSecure = this.#socket instanceof TLSSocket;
    this.#lose(lossOfSocket(why, { isOpen: this.#isOpen, isSecure }), error);
  }

  /** Ends the connection. Only the first reason counts. */
  #lose(textOf: (address: string) => ErrorText<ConnectionLostCode>, cause?: unknown): void {
    if (this.#lost !== undefined) return;
    this.#lost = new ConnectionLostError(textOf(this.address), { cause });
    this.#leave(this.#lost.code === 'closed' && this.#isOpen && !this.#isSending);
    this.#notifyEnd(this.#lost);
    this.#refused(this.#lost);
    this.#drained();
    this.#stream?.destroy(this.#lost);
    for (const queue of [this.#sent, this.#waiting])
      for (const exchange of queue.splice(0, queue.length) ?? []) exchange.reject(this.#lost);
  }
}
