import { actorOf, type ActorOf } from '../actors/actor.ts';
import { compiled } from '../actors/compiled.ts';
import { bind } from '../machines/bind.ts';
import { forwardingMachine } from '../machines/forwarding.ts';
import type { AwakeTimeout } from '../transport/awake.ts';
import { MALFORMED } from '../wire/dictionary.ts';
import { KEY, VERB } from '../wire/names.ts';
import { refuse } from '../wire/refusals.ts';
import { SESSION } from '../wire/session-refusals.ts';
import { NO_METADATA } from '../wire/payload.ts';
import type { ReplyHead } from '../wire/reply-decoder.ts';
import { STATUS, type ReplyFormat } from '../wire/reply.ts';
import { encodeRequest } from '../wire/request.ts';
import type { ClientSession } from './client-session.ts';
import type { ForwardingHost } from './forwarding-host.ts';
import { OWNER_TIMEOUT_MS } from './owner-timeout.ts';
import { OwnerLink } from './owner-link.ts';
import { ReplyForwarder, SessionBeginning } from './reply-forwarder.ts';
import {
  askedFor,
  isWithdrawn,
  RequestQueue,
  type AskedRequest,
  type UnansweredRequest,
} from './request-queue.ts';

/** Milliseconds between two attempts to reach an owner. */
const CONNECT_AGAIN_MS = 50;

const SUPERSEDED = refuse(SESSION.elsewhere()).reason;

/** Which session the client has in a partition. */
export interface OwnerSessionFacts {
  readonly partition: number;
  readonly session: ClientSession;
  /** Whether only a listing is asked for, which needs no session. */
  readonly isBare: boolean;
  /** Whether the session has begun. */
  readonly hasSession: boolean;
  /** Whether the home of the session knows this partition, or need not. */
  readonly isNoted: boolean;
}

/** Why a session in a partition cannot go on, as an event for the machine of the client. */
export type WhyOver =
  | 'wait.elapsed'
  | 'session.refused'
  | 'session.superseded'
  | 'reply.differs'
  | 'request.unrepeatable';

/** The client for whom the session is. */
export interface SessionClient {
  /** HOST:PORT. */
  readonly name: string;
  readonly format: ReplyFormat;
  /** Whether the client has disconnected. */
  readonly isGone: boolean;
  /** @param bytes a part of a reply */
  send(bytes: string | Uint8Array): void;
  /** The reply to a request is complete. */
  answered(session: OwnerSession, done: UnansweredRequest, isCarriedOut: boolean): void;
  /** The owner has got what came so far. */
  ready(session: OwnerSession): void;
  /** The session cannot go on. */
  over(session: OwnerSession, why: WhyOver): void;
  /** The number of bytes that an owner has not taken may have changed. */
  counted(): void;
}

/** The session of the client in all partitions. */
interface Sessions {
  /** Whether the owner of that partition is to stop when the client has disconnected (P3). */
  killsOwnerOf(partition: number): boolean;
  /** The home of the session is to note the partition (D18). */
  note(partition: number, noted: () => void): void;
}

interface Around {
  readonly client: SessionClient;
  readonly sessions: Sessions;
}

/** What such sessions have around them. */
export interface OwnerSessionHost extends ForwardingHost {
  /** @returns its number, for its actor */
  addSession(session: OwnerSession): number;
  removeSession(number: number): void;
}

/** What a server does for one client at the owner of one partition. Its statechart decides what becomes of requests. */
export class OwnerSession {
  readonly partition: number;
  /** The reply to the request that began the session, or why there is none. */
  begun: ReplyHead | undefined;
  /** The last reply of an owner that has closed the link. */
  finalReply: string | undefined;
  readonly #host: OwnerSessionHost;
  readonly #client: SessionClient;
  readonly #sessions: Sessions;
  /** The client may go on with another one, while this one ends. */
  readonly #session: ClientSession;
  readonly #actor: ActorOf<typeof forwardingMachine>;
  readonly #queue: RequestQueue;
  readonly #number: number;
  #isReady = false;
  #link: OwnerLink | undefined;
  #replies: ReplyForwarder | undefined;
  /** The replies to the requests that begin the session. */
  #beginning: SessionBeginning | undefined;
  #waitTimer: AwakeTimeout | undefined;
  #stopRetry: () => void = () => undefined;
  #triedAt = Number.NEGATIVE_INFINITY;

  constructor(
    { partition, session, ...facts }: OwnerSessionFacts,
    { client, sessions }: Around,
    host: OwnerSessionHost,
  ) {
    this.partition = partition;
    this.#client = client;
    this.#sessions = sessions;
    this.#session = session;
    this.#host = host;
    this.#queue = new RequestQueue(!session.isOwn);
    this.#number = host.addSession(this);
    this.#actor = actorOf(host.machines.forwarding, {
      id: 'forwarding',
      input: { id: this.#number, ...facts },
      parent: host.root,
      failed: (error) => this.#failed('a chart failed', error),
    });
  }

  /** A fault ends the connection of this client, and no other one. */
  #failed(message: string, error: unknown): void {
    this.#host.logger.error({ peer: this.#client.name, error }, message);
    this.#client.over(this, 'wait.elapsed');
  }

  #contained(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#failed('a client could not be forwarded', error);
    }
  }

  start(): void {
    this.#actor.start();
  }

  /** Whether the owner has got all requests. */
  get isReady(): boolean {
    return this.#isReady;
  }
  /** Whether all requests are answered. */
  get isIdle(): boolean {
    return this.#queue.isEmpty;
  }
  /** The request that came last and has no reply. */
  get last(): UnansweredRequest | undefined {
    return this.#queue.last;
  }
  /** Bytes that the owner has not taken. */
  get unread(): number {
    return this.#link?.unread ?? 0;
  }

  pass(asked: AskedRequest): void {
    this.#queue.add(asked);
    this.#actor.send({ type: 'request.passed' });
  }

  /** @param isOther whether it is another server than before */
  ownerKnown(isOther: boolean): void {
    this.#actor.send({ type: 'owner.known', isOther });
  }

  /** Stops or resumes reading from the owner. */
  holdReading(isHeld: boolean): void {
    this.#link?.holdReading(isHeld);
  }

  /**
   * Ends it when everything is sent.
   * @param endsSession whether the owner ends the session
   * @returns the requests without a reply
   */
  end({ endsSession = false } = {}): readonly UnansweredRequest[] {
    this.#actor.send({ type: endsSession ? 'end.asked' : 'client.ended' });
    return this.#queue.all();
  }

  #endSession(): void {
    this.#link?.send(encodeRequest([VERB.endSession], NO_METADATA));
  }

  #end(): void {
    this.#isReady = false;
    this.#stopRetry();
    this.#link?.end();
    this.#host.removeSession(this.#number);
  }

  #startWaitTimer(): void {
    this.#isReady = false;
    this.#waitTimer = this.#host.time.startTimeout(OWNER_TIMEOUT_MS, () =>
      this.#actor.send({ type: 'wait.elapsed' }),
    );
  }

  /** The first attempt comes at once, and later ones after a while. */
  #seekOwner(): void {
    this.#link?.destroy();
    this.#link = undefined;
    this.#replies = undefined;
    const { loop } = this.#host.time;
    const wait = Math.max(this.#triedAt + CONNECT_AGAIN_MS - loop.now(), 0);
    this.#stopRetry();
    this.#stopRetry = loop.startTimer(wait, () =>
      this.#actor.send({ type: 'retry.due', isKnown: this.#host.isOwnerKnown(this.partition) }),
    );
  }

  #connect(): void {
    this.#stopRetry();
    const { time } = this.#host;
    this.#triedAt = time.loop.now();
    const { name } = this.#client;
    const stream = this.#host.connectOwner(this.partition, name);
    if (stream === undefined) return this.#actor.send({ type: 'link.lost' });
    const events = {
      ready: () => this.#contained(() => this.#actor.send({ type: 'link.ready' })),
      received: (bytes: Buffer) => this.#contained(() => this.#received(bytes)),
      counted: () => this.#contained(() => this.#client.counted()),
      lost: () =>
        this.#contained(() => {
          this.finalReply ??= this.#replies?.finalReply();
          this.#actor.send({ type: 'link.lost' });
        }),
    };
    this.#link = new OwnerLink(name, stream, { events, time });
  }

  /** P15, P15.2. */
  #beginSession({ hasSession }: { readonly hasSession: boolean }): void {
    const kills = this.#sessions.killsOwnerOf(this.partition);
    const { request, metadata } = this.#session.beginning(hasSession);
    // An owner in this process answers during the call.
    this.#beginning = new SessionBeginning(kills ? 2 : 1);
    this.#link?.send(encodeRequest(request, metadata));
    if (kills) this.#link?.send(encodeRequest([VERB.deadman], NO_METADATA));
  }

  #received(bytes: Buffer): void {
    if (this.#replies !== undefined) return this.#replies.receive(bytes);
    const head = this.#beginning?.receive(bytes);
    if (head === undefined) return;
    if (head === MALFORMED) return this.#link?.drop();
    this.#beginning = undefined;
    this.begun = head;
    if (head.status !== STATUS.ok) return this.#actor.send({ type: 'session.refused' });
    this.#actor.send({ type: 'session.begun', isRepeatable: this.#queue.isRepeatable });
  }

  #sendUnanswered(): void {
    this.finalReply = undefined;
    this.#isReady = true;
    this.#replies = new ReplyForwarder(this.#queue, this.#client.format, {
      send: (bytes) => this.#client.send(bytes),
      answered: (isCarriedOut, size) => {
        const done = this.#queue.answered();
        if (size >= this.#host.limits.longValueBytes) this.#acknowledge();
        if (done !== undefined) this.#client.answered(this, done, isCarriedOut);
      },
      differs: () => this.#actor.send({ type: 'reply.differs' }),
      malformed: () => this.#link?.drop(),
    });
    for (const request of this.#queue.all())
      if (!this.#client.isGone || !isWithdrawn(request)) this.#send(request);
    this.#client.ready(this);
  }

  /** The owner keeps a reply until a later request says that the client has it (P15.1). A large value must not stay for long. */
  #acknowledge(): void {
    if (this.#queue.isEmpty && !this.#session.isOwn) this.probe();
  }

  /** A request that changes nothing, whose reply the client does not get. */
  probe(): void {
    this.pass(askedFor(VERB.notePartition, [String(this.partition)], () => undefined));
  }

  /** P15.4: also while a request waits, which `probe` would refuse (P5.3). */
  leave(): void {
    this.pass(askedFor(VERB.endSession, [], () => undefined));
  }

  #sendLast(): void {
    const { last } = this.#queue;
    if (last !== undefined) this.#send(last);
  }

  #send(request: UnansweredRequest): void {
    request.wasSent = true;
    for (const piece of this.#queue.encode(request))
      this.#link?.send(typeof piece === 'object' && 'file' in piece ? this.#host.files.read(piece) : piece);
    this.#client.counted();
  }

  /** Binds the machine. @param session finds the session of an actor */
  static bind(session: (number: number) => OwnerSession, { logger }: Pick<OwnerSessionHost, 'logger'>) {
    const bound = bind<typeof forwardingMachine, undefined>(forwardingMachine, () => undefined, {
      startWaitTimer: (_, { context }) => session(context.id).#startWaitTimer(),
      stopWaitTimer: (_, { context }) => session(context.id).#waitTimer?.stop(),
      seekOwner: (_, { context }) => session(context.id).#seekOwner(),
      connect: (_, { context }) => session(context.id).#connect(),
      beginSession: (_, { context }) => session(context.id).#beginSession(context),
      noteAtHome: (_, { context }) => session(context.id).#noteAtHome(),
      sendUnanswered: (_, { context }) => session(context.id).#sendUnanswered(),
      sendRequest: (_, { context }) => session(context.id).#sendLast(),
      reportMissing: (_, { context }) => session(context.id).#report('wait.elapsed'),
      reportRefused: (_, { context }) => session(context.id).#reportRefused(),
      reportDiffers: (_, { context }) => session(context.id).#report('reply.differs'),
      reportUnrepeatable: (_, { context }) => session(context.id).#report('request.unrepeatable'),
      endSession: (_, { context }) => session(context.id).#endSession(),
      end: (_, { context }) => session(context.id).#end(),
      reportUnexpected: (_, { event }) =>
        logger.error({ event: event.type }, 'the machine of forwarding does not expect this event'),
    });
    return compiled(bound);
  }

  #noteAtHome(): void {
    this.#sessions.note(this.partition, () => this.#actor.send({ type: 'session.noted' }));
  }

  #reportRefused(): void {
    const isSuperseded = this.begun?.metadata.get(KEY.reason) === SUPERSEDED;
    this.#report(isSuperseded ? 'session.superseded' : 'session.refused');
  }

  #report(why: WhyOver): void {
    this.#client.over(this, why);
  }
}
