import type { Duplex } from 'node:stream';
import { actorOf, type ActorOf } from '../actors/actor.ts';
import { compiled } from '../actors/compiled.ts';
import { bind } from '../machines/bind.ts';
import { forwardedClientMachine, type ForwardedClientEvent } from '../machines/forwarded-client.ts';
import { KEY, VERB } from '../wire/names.ts';
import { partitionOf } from '../wire/partition-of.ts';
import { isFile, NO_METADATA } from '../wire/payload.ts';
import { refuse } from '../wire/refusals.ts';
import { SESSION } from '../wire/session-refusals.ts';
import type { Reply } from '../wire/reply-decoder.ts';
import { encodeReply, isStatus, STATUS, type ReplyFormat } from '../wire/reply.ts';
import type { Request } from '../wire/request.ts';
import { withoutPartitions } from './client-session.ts';
import { ClientSessions } from './client-sessions.ts';
import { destinationOf } from './destination.ts';
import { FrontConnection } from './front-connection.ts';
import { mergedReply } from './merged-reply.ts';
import type { OwnerSession, OwnerSessionHost, SessionClient, WhyOver } from './owner-session.ts';
import {
  arrived,
  askedBy,
  isOwnSession,
  mayBlock,
  type ArrivedRequest,
  type AskedRequest,
  type UnansweredRequest,
} from './request-queue.ts';

/** Requests without a reply, by bytes and by number, beyond which no more are read from a client. */
const MOST_UNANSWERED_BYTES = 2 ** 20;
const MOST_UNANSWERED = 1_000;

/** Bytes on their way to a client or to an owner beyond which the other side is not read from. */
const MOST_UNREAD_BYTES = 2 ** 20;

/** One client of a server with a shared store. Its statechart decides when its requests are sent. */
export class ForwardedClient implements SessionClient {
  readonly connection: FrontConnection;
  readonly #host: OwnerSessionHost;
  readonly #actor: ActorOf<typeof forwardedClientMachine>;
  /** Requests whose turn has not come. */
  readonly #line: ArrivedRequest[] = [];
  readonly #sessions: ClientSessions;
  /** That with the unanswered requests. */
  #current: OwnerSession | undefined;
  /** The request that begins or resumes its own session, or that all owners are asked. */
  #apart: ArrivedRequest | undefined;
  #isPassing = false;
  #unanswered = 0;
  #unansweredBytes = 0;
  #finalReply: string | undefined;
  isGone = false;

  constructor(id: number, socket: Duplex, name: string, host: OwnerSessionHost) {
    this.#host = host;
    this.#sessions = new ClientSessions(this, host);
    this.connection = new FrontConnection(id, socket, name, host, {
      requested: (request) => this.#requested(request),
      gone: () => {
        this.isGone = true;
        this.#send({ type: 'client.gone', isSent: this.#isSent });
      },
      counted: () => {
        const isBehind = this.connection.peer.unread > MOST_UNREAD_BYTES;
        for (const session of this.#sessions.all) session.holdReading(isBehind);
      },
    });
    this.#actor = actorOf(host.machines.forwardedClient, {
      id: 'forwardedClient',
      input: { id },
      parent: host.root,
      failed: (error) => {
        host.logger.error({ peer: name, error }, 'a chart failed');
        this.#end();
      },
    });
  }

  start(): void {
    this.#actor.start();
    this.connection.start();
  }

  get name(): string {
    return this.connection.name;
  }
  get format(): ReplyFormat {
    return this.connection.agreement.format;
  }
  /** The server stops. */
  stop(): void {
    this.#send({ type: 'stop.asked' });
  }

  #send(event: ForwardedClientEvent): void {
    this.#actor.send(event);
  }

  #requested(request: Request): void {
    const each = arrived(request);
    this.#line.push(each);
    this.#unanswered++;
    this.#unansweredBytes += each.bytes;
    this.#host.keptBytes += each.bytes;
    const isOwn = isOwnSession(request);
    // A session of the client's own may outlast its connection.
    if (!isOwn && !this.#sessions.isOwn) this.#sessions.killsServer ||= this.connection.agreement.killsServer;
    this.#send({ type: 'request.came', isOwnSession: isOwn, ...this.#answerersOf(each) });
    this.counted();
  }

  /** A client whose requests are not answered is not read from, so that it does not use up the memory (P11). */
  counted(): void {
    const { keptBytes, limits } = this.#host;
    const isFull = this.#unansweredBytes > MOST_UNANSWERED_BYTES || this.#unanswered > MOST_UNANSWERED;
    const areAllFull = keptBytes > limits.incomingBytes && this.#unanswered > 0;
    const isBehind = (this.#current?.unread ?? 0) > MOST_UNREAD_BYTES;
    this.connection.holdReading(isFull || areAllFull || isBehind);
  }

  #asked(each: ArrivedRequest): AskedRequest {
    return askedBy(each, this.#sessions.isOwn);
  }

  #destinationOf(asked: AskedRequest) {
    return destinationOf(asked, { home: this.#sessions.home, partitions: this.#host.partitions });
  }

  /** Whether all owners answer a request, or this server does. */
  #answerersOf(each: ArrivedRequest) {
    const destination = this.#destinationOf(this.#asked(each));
    return { isForAll: destination === 'all', isForFront: destination === 'front' };
  }

  /** Whether the owners have got all requests. A session that is not resumed yet must be, so that it ends. */
  get #isSent(): boolean {
    return this.#line.length === 0 && this.#sessions.areReady;
  }

  #takeNext(): void {
    const [next] = this.#line;
    if (next === undefined) this.#send({ type: 'line.empty', isSent: this.#isSent });
    else this.#send({ type: 'request.next', ...this.#answerersOf(next) });
  }

  /** Passes on the requests that are for the same partition as the unanswered ones (D17). */
  #pass(): void {
    this.#isPassing = true;
    let current = this.#current?.isIdle === false ? this.#current : undefined;
    for (let [next] = this.#line; next !== undefined; [next] = this.#line) {
      const asked = this.#asked(next);
      const destination = this.#destinationOf(asked);
      if (destination === 'all' || destination === 'front') break;
      if (destination !== 'any' && destination !== (current?.partition ?? destination)) break;
      current ??= this.#sessions.in(destination === 'any' ? this.#sessions.home : destination);
      this.#current = current;
      this.#line.shift();
      current.pass(asked);
    }
    this.#isPassing = false;
    if (this.#current?.isIdle !== false) this.#send({ type: 'requests.answered' });
    else if (this.#line.length > 0) this.#send({ type: 'line.elsewhere' });
    else this.#send({ type: 'line.empty', isSent: this.#isSent });
  }

  /** The owner decides whether the last request is blocked, so that the next one must not have come (P5.3). */
  #probe(): void {
    const { last } = this.#current ?? {};
    if (last === undefined || !mayBlock(last)) return;
    if (this.#sessions.isOwn && this.#line[0]?.request.verb === VERB.endSession) this.#current?.leave();
    else this.#current?.probe();
  }

  answered(session: OwnerSession, done: UnansweredRequest, isCarriedOut: boolean): void {
    if (done.taken === undefined) {
      if (isCarriedOut && done.request.verb === VERB.deadman) this.#sessions.killsServer = true;
      this.#release(done);
    }
    if (session === this.#current && session.isIdle && !this.#isPassing)
      this.#send({ type: 'requests.answered' });
  }

  /** The client has the reply. */
  #release({ bytes, request: { payload } }: ArrivedRequest): void {
    this.#unanswered--;
    this.#unansweredBytes -= bytes;
    this.#host.keptBytes -= bytes;
    if (payload !== undefined && isFile(payload)) this.#host.uploads.discard(payload);
    this.counted();
  }

  send(bytes: string | Uint8Array): void {
    this.connection.peer.send(bytes);
  }

  ready(session: OwnerSession): void {
    if (this.#sessions.isBare(session)) return;
    this.#send({ type: 'session.ready', isJoined: this.#sessions.isJoined, isSent: this.#isSent });
  }

  over(session: OwnerSession, why: WhyOver): void {
    if (!this.#sessions.has(session)) return;
    this.#finalReply = session.finalReply;
    this.#send({ type: why });
  }

  /** D15. */
  #joinHome(): void {
    const first = this.#line.shift();
    if (first === undefined) return;
    this.#apart = first;
    this.#sessions.joinHome(first.request);
  }

  #replyJoined(): void {
    const { begun } = this.#sessions;
    const metadata = withoutPartitions(begun?.metadata ?? NO_METADATA);
    this.#reply({ status: STATUS.ok, metadata, value: undefined });
    this.#forgetApart();
  }

  /** The home begins no session. */
  #replyNotJoined(): void {
    const { begun } = this.#sessions;
    if (begun !== undefined) this.#reply({ ...begun, value: undefined });
    this.#goOnWithout();
  }

  /** The session has ended in one of its partitions. */
  #refuseJoining(): void {
    const { status, reason } = refuse(SESSION.none());
    this.#reply({ status, metadata: new Map([[KEY.reason, reason]]), value: undefined });
    this.#goOnWithout();
  }

  /** The client has no session of its own. */
  #goOnWithout(): void {
    this.#leave(false);
    this.#sessions.goOnWithout();
    this.#forgetApart();
  }

  #forgetApart(): void {
    if (this.#apart !== undefined) this.#release(this.#apart);
    this.#apart = undefined;
  }

  #reply({ status, metadata, value }: Reply): void {
    if (!isStatus(status)) return;
    this.send(encodeReply(this.format, status, metadata, value));
    if (value !== undefined) this.send(value.payload);
  }

  #sendFinalReply(): void {
    if (this.#finalReply !== undefined) this.send(this.#finalReply);
  }

  /** Asks the owners of all partitions (D17). */
  #gather(): void {
    const next = this.#line.shift();
    if (next === undefined) return;
    this.#apart = next;
    this.#current = undefined;
    const asked = this.#asked(next);
    const isEnd = asked.request.verb === VERB.endSession;
    if (isEnd) this.#sessions.endsWithConnection();
    const sessions = isEnd ? [...this.#sessions.all] : this.#sessions.everywhere();
    const replies: Reply[] = [];
    const taken = (reply: Reply): void => {
      if (replies.push(reply) < sessions.length) return;
      this.#reply(mergedReply(replies));
      this.#forgetApart();
      this.#sessions.endBare();
      this.#send({ type: 'gathered' });
    };
    for (const session of sessions) session.pass({ ...asked, taken });
  }

  /** Says where clients reach the owner of a workspace: an empty text for this server, and nothing while there is none (D24). */
  #locate(): void {
    const next = this.#line.shift();
    if (next === undefined) return;
    const { partitions } = this.#host;
    const owner = this.#host.placeOf(partitionOf(next.request.args[0] ?? '', partitions));
    const metadata = new Map<string, string>([[KEY.partitionCount, String(partitions)]]);
    if (owner !== undefined) metadata.set(KEY.owner, owner);
    this.#reply({ status: STATUS.ok, metadata, value: undefined });
    this.#release(next);
  }

  /** Nothing more is asked where everything is sent (V6). */
  #endReady(): void {
    if (this.#line.length === 0) this.#releaseAll(this.#sessions.leaveReady());
  }

  /**
   * Ends the links to the owners when everything is sent.
   * @param ends whether a session of the client's own ends, too
   */
  #leave(ends: boolean): void {
    this.#releaseAll(this.#sessions.leave(ends));
  }

  #releaseAll(left: readonly UnansweredRequest[]): void {
    for (const each of left) if (each.taken === undefined) this.#release(each);
  }

  /** Ends the connection of the client, and the links once everything is sent. */
  #end(): void {
    this.#leave(false);
    this.#forgetApart();
    for (const each of this.#line.splice(0)) this.#release(each);
    this.connection.close();
    this.#host.ended(this.connection.id);
  }

  /** Binds the machine. @param client finds the client of an actor */
  static bind(client: (id: number) => ForwardedClient, { logger }: Pick<OwnerSessionHost, 'logger'>) {
    const bound = bind<typeof forwardedClientMachine, undefined>(forwardedClientMachine, () => undefined, {
      joinHome: (_, { context }) => client(context.id).#joinHome(),
      joinOthers: (_, { context }) => client(context.id).#sessions.joinOthers(),
      replyJoined: (_, { context }) => client(context.id).#replyJoined(),
      replyNotJoined: (_, { context }) => client(context.id).#replyNotJoined(),
      refuseJoining: (_, { context }) => client(context.id).#refuseJoining(),
      takeNext: (_, { context }) => client(context.id).#takeNext(),
      pass: (_, { context }) => client(context.id).#pass(),
      probe: (_, { context }) => client(context.id).#probe(),
      gather: (_, { context }) => client(context.id).#gather(),
      locate: (_, { context }) => client(context.id).#locate(),
      sendFinalReply: (_, { context }) => client(context.id).#sendFinalReply(),
      endReady: (_, { context }) => client(context.id).#endReady(),
      endSessions: (_, { context }) => client(context.id).#leave(true),
      end: (_, { context }) => client(context.id).#end(),
      reportUnexpected: (_, { event }) =>
        logger.error({ event: event.type }, 'the machine of a forwarded client does not expect this event'),
    });
    return compiled(bound);
  }
}
