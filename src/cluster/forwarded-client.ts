import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { actorOf, type ActorOf } from '../actors/actor.ts';
import { compiled } from '../actors/compiled.ts';
import { bind } from '../machines/bind.ts';
import { forwardingMachine } from '../machines/forwarding.ts';
import type { AwakeTimeout } from '../transport/awake.ts';
import { MALFORMED } from '../wire/dictionary.ts';
import { KEY, OPTION, VERB } from '../wire/names.ts';
import { isFile, type Metadata } from '../wire/payload.ts';
import { encodeRequest, type Request } from '../wire/request.ts';
import type { ForwardingHost } from './forwarding-host.ts';
import { FrontConnection } from './front-connection.ts';
import { OwnerLink } from './owner-link.ts';
import { ReplyForwarder, SessionBeginning } from './reply-forwarder.ts';
import {
  isOwnSession,
  isWithdrawn,
  RequestQueue,
  type Encoded,
  type UnansweredRequest,
} from './request-queue.ts';

/** Milliseconds for which a client waits for an owner of the data, and for which the owner keeps its session (D12, D13). */
const OWNER_TIMEOUT_MS = 60_000;

/** Milliseconds between two attempts to reach the owner. */
const CONNECT_AGAIN_MS = 50;

/** Requests without a reply, by bytes and by number, beyond which no more are read from a client. */
const MOST_UNANSWERED_BYTES = 2 ** 20;
const MOST_UNANSWERED = 1_000;

/** Bytes on their way to a client or to the owner beyond which the other side is not read from. */
const MOST_UNREAD_BYTES = 2 ** 20;

/** Metadata in both directions (P3). */
const BOTH_WAYS: Metadata = new Map([
  [OPTION.metadataToServer, '1'],
  [OPTION.metadataFromServer, '1'],
]);

const SECRET_BYTES = 24;

/** One client of a server that does not own the data. Its statechart decides what becomes of its requests. */
export class ForwardedClient {
  readonly connection: FrontConnection;
  readonly #host: ForwardingHost;
  readonly #actor: ActorOf<typeof forwardingMachine>;
  readonly #queue = new RequestQueue();
  readonly #secret = randomBytes(SECRET_BYTES).toString('hex');
  #link: OwnerLink | undefined;
  #replies: ReplyForwarder | undefined;
  /** The replies to the requests that begin the session. */
  #beginning: SessionBeginning | undefined;
  #finalReply: string | undefined;
  /** Whether the owner is to stop when the client has disconnected (P3). */
  #killsServer = false;
  #waitTimer: AwakeTimeout | undefined;
  #stopRetry: () => void = () => undefined;
  #triedAt = Number.NEGATIVE_INFINITY;

  constructor(id: number, socket: Duplex, name: string, host: ForwardingHost) {
    this.#host = host;
    this.connection = new FrontConnection(id, socket, name, host, {
      requested: (request) => this.#requested(request),
      gone: () => this.#actor.send({ type: 'client.gone' }),
      counted: () => this.#link?.holdReading(this.connection.peer.unread > MOST_UNREAD_BYTES),
    });
    this.#actor = actorOf(host.machines.forwarding, {
      id: 'forwarding',
      input: { id },
      parent: host.root,
      failed: (error) => {
        host.logger.error({ peer: name, error }, 'a chart failed');
        this.end();
      },
    });
  }

  start(): void {
    this.#actor.start();
    this.connection.start();
  }

  /** @param isOther whether it is another server than before */
  ownerKnown(isOther: boolean): void {
    this.#actor.send({ type: 'owner.known', isOther });
  }

  /** The server stops. */
  stop(): void {
    this.#actor.send({ type: 'stop.asked' });
  }

  #requested(request: Request): void {
    const { bytes } = this.#queue.add(request);
    this.#host.keptBytes += bytes;
    this.#actor.send({ type: 'request.came', isOwnSession: isOwnSession(request) });
    this.#holdOrRead();
  }

  /** A client whose requests are not answered is not read from, so that it does not use up the memory (P11). */
  #holdOrRead(): void {
    const { bytes, count } = this.#queue;
    const { keptBytes, limits } = this.#host;
    const isFull = bytes > MOST_UNANSWERED_BYTES || count > MOST_UNANSWERED;
    const areAllFull = keptBytes > limits.incomingBytes && count > 0;
    const isBehind = (this.#link?.unread ?? 0) > MOST_UNREAD_BYTES;
    this.connection.holdReading(isFull || areAllFull || isBehind);
  }

  #startWaitTimer(): void {
    this.#waitTimer = this.#host.time.startTimeout(OWNER_TIMEOUT_MS, () =>
      this.#actor.send({ type: 'wait.elapsed' }),
    );
  }

  /** The first attempt comes at once, and later ones after a while. */
  #seekOwner(): void {
    this.#dropLink();
    const { loop } = this.#host.time;
    const wait = Math.max(this.#triedAt + CONNECT_AGAIN_MS - loop.now(), 0);
    this.#stopRetry();
    this.#stopRetry = loop.startTimer(wait, () =>
      this.#actor.send({ type: 'retry.due', isKnown: this.#host.isOwnerKnown }),
    );
  }

  #connect({ isRelayed }: { readonly isRelayed: boolean }): void {
    this.#stopRetry();
    const { time } = this.#host;
    this.#triedAt = time.loop.now();
    const stream = this.#host.connectOwner(this.connection.name);
    if (stream === undefined) return this.#actor.send({ type: 'link.lost' });
    const dialect = isRelayed ? this.connection.dialect : BOTH_WAYS;
    const events = {
      ready: () => this.#actor.send({ type: 'link.ready' }),
      received: (bytes: Buffer) => this.#received(bytes, isRelayed),
      counted: () => this.#holdOrRead(),
      lost: () => {
        this.#finalReply ??= this.#replies?.finalReply();
        this.#actor.send({ type: 'link.lost' });
      },
    };
    this.#link = new OwnerLink(this.connection.name, stream, dialect, { events, time });
  }

  #dropLink(): void {
    this.#link?.destroy();
    this.#link = undefined;
    this.#replies = undefined;
  }

  /** P15, P15.2, D14. */
  #beginSession({ hasSession }: { readonly hasSession: boolean }): void {
    const metadata = new Map([[KEY.ends, '1']]);
    const grace = String(OWNER_TIMEOUT_MS / 1_000);
    const first = hasSession ? [VERB.resumeSession, this.#secret] : [VERB.openSession, this.#secret, grace];
    this.#killsServer ||= this.connection.agreement.killsServer;
    // An owner in this process answers during the call.
    this.#beginning = new SessionBeginning(this.#killsServer ? 2 : 1);
    this.#link?.send(encodeRequest(first, metadata));
    if (this.#killsServer) this.#link?.send(encodeRequest([VERB.deadman], new Map()));
  }

  #received(bytes: Buffer, isRelayed: boolean): void {
    const { peer } = this.connection;
    // The bytes are valid only now, and the client may not take them at once.
    if (isRelayed) return peer.send(Buffer.from(bytes));
    if (this.#replies !== undefined) return this.#replies.receive(bytes);
    const begun = this.#beginning?.receive(bytes);
    if (begun === MALFORMED) this.#link?.drop();
    else if (begun !== undefined) this.#actor.send({ type: begun ? 'session.begun' : 'session.refused' });
  }

  #sendUnanswered({ isGone }: { readonly isGone: boolean }): void {
    this.#finalReply = undefined;
    this.#replies = new ReplyForwarder(this.#queue, this.connection.agreement.format, {
      send: (bytes) => this.connection.peer.send(bytes),
      answered: (isCarriedOut) => this.#answered(isCarriedOut),
      differs: () => this.#actor.send({ type: 'reply.differs' }),
      malformed: () => this.#link?.drop(),
    });
    for (const request of this.#queue.all()) if (!isGone || !isWithdrawn(request)) this.#send(request);
  }

  #send(request: UnansweredRequest): void {
    request.wasSent = true;
    this.#sendPieces(this.#queue.encode(request));
  }

  #sendPieces(pieces: Encoded): void {
    for (const piece of pieces)
      this.#link?.send(typeof piece === 'object' && 'file' in piece ? this.#host.files.read(piece) : piece);
    this.#holdOrRead();
  }

  /** The client has a reply. */
  #answered(isCarriedOut: boolean): void {
    const done = this.#queue.answered();
    if (done === undefined) return;
    if (isCarriedOut && done.request.verb === VERB.deadman) this.#killsServer = true;
    this.#release(done);
    this.#holdOrRead();
  }

  #release({ bytes, request: { payload } }: UnansweredRequest): void {
    this.#host.keptBytes -= bytes;
    if (payload !== undefined && isFile(payload)) this.#host.uploads.discard(payload);
  }

  /** The first request, which has come already, and all bytes after it. */
  #relay(): void {
    const { agreement } = this.connection;
    const first = this.#queue.answered();
    if (first === undefined) return;
    const { verb, args, metadata } = first.request;
    this.#release(first);
    this.#link?.send(encodeRequest([verb, ...args], agreement.metadataToServer ? metadata : undefined));
    this.connection.passOn((bytes) => {
      this.#link?.send(Buffer.from(bytes));
      this.#holdOrRead();
    });
  }

  /** Ends the connection of the client, and the link once everything is sent. */
  end(): void {
    this.#stopRetry();
    this.#waitTimer?.stop();
    this.#link?.end();
    for (let each = this.#queue.answered(); each !== undefined; each = this.#queue.answered())
      this.#release(each);
    this.connection.close();
    this.#host.ended(this.connection.id);
  }

  /** Binds the machine. @param client finds the client of an actor */
  static bind(client: (id: number) => ForwardedClient, { logger }: Pick<ForwardingHost, 'logger'>) {
    const bound = bind<typeof forwardingMachine, undefined>(forwardingMachine, () => undefined, {
      startWaitTimer: (_, { context }) => client(context.id).#startWaitTimer(),
      stopWaitTimer: (_, { context }) => client(context.id).#waitTimer?.stop(),
      seekOwner: (_, { context }) => client(context.id).#seekOwner(),
      connect: (_, { context }) => client(context.id).#connect(context),
      beginSession: (_, { context }) => client(context.id).#beginSession(context),
      sendUnanswered: (_, { context }) => client(context.id).#sendUnanswered(context),
      sendRequest: (_, { context }) => client(context.id).#sendLast(),
      sendFinalReply: (_, { context }) => client(context.id).#sendFinalReply(),
      relay: (_, { context }) => client(context.id).#relay(),
      end: (_, { context }) => client(context.id).end(),
      reportUnexpected: (_, { event }) =>
        logger.error({ event: event.type }, 'the machine of forwarding does not expect this event'),
    });
    return compiled(bound);
  }

  #sendLast(): void {
    const { last } = this.#queue;
    if (last !== undefined) this.#send(last);
  }

  #sendFinalReply(): void {
    if (this.#finalReply !== undefined) this.connection.peer.send(this.#finalReply);
  }
}
