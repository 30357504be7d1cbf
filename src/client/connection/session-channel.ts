import Denque from 'denque';
import {
  clientSessionMachine,
  type ClientSessionCommand,
  type ClientSessionEvent,
  type ClientSessionTag,
} from '../../machines/pool/client-session.ts';
import { KEY, mayWait, VERB } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';
import { STATUS } from '../../wire/reply.ts';
import type { Clock, Timer } from '../clock.ts';
import { LifeCycle, LifeCycleTable } from '../life-cycle.ts';
import { CONNECTION } from '../errors/connection.ts';
import type { Channel } from './channel.ts';
import type { KnownServers } from './known-servers.ts';
import { ConnectionLostError, NwsError } from './errors.ts';
import type { RequestArguments } from './outgoing.ts';
import { reconnect } from './reconnect.ts';
import type { Reply } from '../../wire/reply-decoder.ts';
import type { Requester, StreamedReply } from './requester.ts';

const TABLE = new LifeCycleTable(clientSessionMachine);

/** A request without a reply. */
interface Unanswered {
  readonly number: number;
  readonly args: RequestArguments;
  readonly metadata: Metadata;
  readonly send: (channel: Channel, metadata: Metadata) => Promise<void>;
  readonly reject: (error: unknown) => void;
}

/** What a session needs of the program around it. */
export interface SessionPlatform {
  /** A random number from 0 up to 1. */
  random(): number;
  /** A text that cannot be guessed. */
  secret(): string;
  /** What this process knows of servers that share a store (D24). */
  readonly servers: KnownServers;
  /** Keeps this process alive until that is stopped. */
  holdProcess(): Timer;
}

export interface SessionOptions {
  /** Opens another connection when one is lost. */
  readonly open: () => Promise<Channel>;
  /** Identifies the session, and cannot be guessed. */
  readonly secret: string;
  /** With true it does not keep this process alive while it has no connection. */
  readonly unref?: boolean | undefined;
  readonly platform: SessionPlatform;
}

/**
 * Requests and their replies over a session (P15): when its connection is lost it connects again, and repeats the requests
 * without a reply, which the server then carries out once. After the grace it is lost like any connection.
 */
export class SessionChannel implements Requester {
  readonly clock: Clock;
  readonly ended: Promise<ConnectionLostError>;
  readonly grace: number;
  readonly #open: SessionOptions['open'];
  /** Whether it keeps the process alive. */
  readonly #isHeld: boolean;
  readonly #platform: SessionPlatform;
  readonly #secret: string;
  readonly #life: LifeCycle<ClientSessionEvent, ClientSessionCommand, ClientSessionTag>;
  readonly #unanswered = new Denque<Unanswered>();
  /** The current connection, or the last one. */
  #channel: Channel;
  /** The number of the last request, and of the last one that was answered. */
  #last = 0;
  #answered = 0;
  /** Why the last connection was lost, and why there is none any more. */
  #lostBy: ConnectionLostError | undefined;
  #lost: ConnectionLostError | undefined;
  #notifyEnd: (why: ConnectionLostError) => void = () => undefined;

  /**
   * Begins a session over a new connection.
   * @param seconds the grace that is wanted
   * @returns the connection itself if the server knows no sessions
   */
  static async begin(channel: Channel, seconds: number, options: SessionOptions): Promise<Requester> {
    const reply = await channel.exchange([VERB.openSession, options.secret, String(seconds)], new Map());
    if (reply.status !== STATUS.ok) return channel;
    return new SessionChannel(channel, { ...options, grace: Number(reply.metadata.get(KEY.grace)) });
  }

  private constructor(
    channel: Channel,
    { open, unref = false, platform, secret, grace }: SessionOptions & { grace: number },
  ) {
    this.clock = channel.clock;
    this.grace = grace;
    this.#open = open;
    this.#isHeld = !unref;
    this.#platform = platform;
    this.#secret = secret;
    this.#channel = channel;
    this.ended = new Promise((resolve) => (this.#notifyEnd = resolve));
    this.#life = new LifeCycle(TABLE, {
      connectAgain: () => void this.#connectAgain(),
      repeat: () => this.#repeat(),
      withdraw: () => this.#channel.withdraw(),
      end: () => this.#end(),
    });
    this.#follow(channel);
  }

  /** HOST:PORT of the server to which it is connected, or was last. */
  get address(): string {
    return this.#channel.address;
  }

  get isLost(): boolean {
    return this.#life.has('over');
  }

  get serverHasPage(): boolean {
    return this.#channel.serverHasPage;
  }

  exchange(args: RequestArguments, metadata: Metadata): Promise<Reply> {
    return this.#request(args, metadata, (channel, numbered) => channel.exchange(args, numbered));
  }

  exchangeForStream(args: RequestArguments, metadata: Metadata): Promise<StreamedReply> {
    return this.#request(args, metadata, (channel, numbered) => channel.exchangeForStream(args, numbered));
  }

  #request<T>(
    args: RequestArguments,
    metadata: Metadata,
    exchange: (channel: Channel, metadata: Metadata) => Promise<T>,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#lost !== undefined) return reject(this.#lost);
      const send = async (channel: Channel, numbered: Metadata): Promise<void> => {
        const reply = await exchange(channel, numbered);
        this.#settle(request);
        resolve(reply);
      };
      const request: Unanswered = { number: ++this.#last, args, metadata, send, reject };
      this.#unanswered.push(request);
      if (this.#life.has('connected')) this.#send(request);
    });
  }

  #send(request: Unanswered): void {
    const { number, args, metadata } = request;
    const numbered = new Map(metadata)
      .set(KEY.request, String(number))
      .set(KEY.answered, String(this.#answered));
    request.send(this.#channel, numbered).catch((error: unknown) => {
      // It is repeated on the next connection, unless it was a stream, which cannot be read again.
      const isRepeatable = typeof args.at(-1) === 'string' || args.at(-1) instanceof Uint8Array;
      if (error instanceof ConnectionLostError && isRepeatable) return;
      this.#settle(request);
      request.reject(error);
    });
  }

  /** Replies come in the order of the requests. */
  #settle(request: Unanswered): void {
    this.#answered = request.number;
    while ((this.#unanswered.peekFront()?.number ?? Infinity) <= request.number) this.#unanswered.shift();
    if (mayWait(request.args[0])) this.#life.send({ type: 'get.answered' });
  }

  #follow(channel: Channel): void {
    channel.farewell = [VERB.endSession];
    void channel.ended.then((why) => {
      this.#lostBy = why;
      this.#life.send({ type: why.code === 'lost' ? 'connection.lost' : 'gave.up' });
    });
  }

  async #connectAgain(): Promise<void> {
    const held = this.#isHeld ? this.#platform.holdProcess() : undefined;
    try {
      const channel = await reconnect({
        clock: this.clock,
        random: () => this.#platform.random(),
        grace: 1_000 * this.grace,
        attempt: () => this.#resume(),
        isOver: () => this.isLost,
      });
      if (this.isLost) return channel.close();
      this.#channel = channel;
      this.#life.send({ type: 'resumed' });
      this.#follow(channel);
    } catch {
      this.#life.send({ type: 'gave.up' });
    } finally {
      held?.stop();
    }
  }

  /** @throws NwsError if the server does not know the session any more */
  async #resume(): Promise<Channel> {
    const channel = await this.#open();
    const { status } = await channel.exchange([VERB.resumeSession, this.#secret], new Map());
    if (status === STATUS.ok) return channel;
    channel.close();
    throw new NwsError(VERB.resumeSession, status, '');
  }

  #repeat(): void {
    for (const request of this.#unanswered.toArray()) this.#send(request);
  }

  withdraw(): void {
    const latest = this.#unanswered.peekBack();
    if (latest !== undefined && mayWait(latest.args[0])) this.#life.send({ type: 'get.withdrawn' });
  }

  close(): void {
    this.#lostBy = new ConnectionLostError(CONNECTION.closedHere(this.address));
    this.#life.send({ type: 'closed' });
  }

  /** It has no connection any more, and gets none. */
  #end(): void {
    const lost = (this.#lost = this.#lostBy ?? new ConnectionLostError(CONNECTION.closedHere(this.address)));
    if (lost.code === 'closed') this.#channel.close();
    this.#notifyEnd(lost);
    for (let next = this.#unanswered.shift(); next !== undefined; next = this.#unanswered.shift())
      next.reject(lost);
  }
}
