import { KEY } from '../wire/names.ts';
import { isFile, NO_METADATA } from '../wire/payload.ts';
import { STATUS } from '../wire/reply.ts';
import type { Request } from '../wire/request.ts';
import { PendingGet, type Found } from '../workspace/pending-get.ts';
import { isRefusal, notANumber, type Refusal } from '../workspace/refusal.ts';
import type { ConnectionHost } from './connection-host.ts';
import type { KeptReply } from './kept-replies.ts';
import { RequestNotes, type LastRequest } from './last-request.ts';
import { OTHER_VERBS } from './metrics.ts';
import type { Outgoing } from './outgoing.ts';
import type { Pace } from './pace.ts';
import { EXPECTED, INTERNAL } from './refusals.ts';
import type { Session } from './session.ts';
import { Making, run, verbOf, type Caller, type Settled } from './verbs.ts';

/** The connection whose requests are carried out. */
export interface Asking {
  readonly peer: string;
  /** Who makes the requests: the connection, or its session (P15). */
  readonly client: Caller;
  readonly session: Session | undefined;
  /** The request waits for a value. */
  blocked(): void;
  /** The request that waited is answered. */
  unblocked(): void;
}

/** Carries out the requests of one connection, and sends the replies. */
export class RequestHandler {
  readonly #core: ConnectionHost;
  readonly #connection: Asking;
  readonly #out: Outgoing;
  readonly #pace: Pace;
  readonly #notes = new RequestNotes();
  #blockedIn: PendingGet | undefined;
  /** The verb of the current request. */
  #carryingOut: string | undefined;
  /** The number of the current request in its session, if it has one. */
  #number: number | undefined;

  constructor(core: ConnectionHost, connection: Asking, { out, pace }: { out: Outgoing; pace: Pace }) {
    this.#core = core;
    this.#connection = connection;
    this.#out = out;
    this.#pace = pace;
  }

  /** Whether a request waits for a value. */
  get isBlocked(): boolean {
    return this.#blockedIn !== undefined;
  }
  /** The number of requests that were read, including refused ones. */
  get count(): number {
    return this.#notes.count;
  }
  /** The last request, or the one that is blocked; undefined before the first. */
  get last(): LastRequest | undefined {
    return this.#notes.last(this.isBlocked);
  }

  /** Carries out a request, or answers it from the replies that its session keeps (P15.1). */
  handle(request: Request): void {
    this.#carryingOut = request.verb;
    const verb = verbOf(request.verb);
    const name = verb === undefined ? OTHER_VERBS : request.verb;
    this.#core.figures.countRequest(name);
    this.#notes.note(name, verb, request, this.#core.clock());
    const numbered = this.#connection.session?.numbered(request);
    this.#number = numbered?.number;
    if (numbered === undefined) this.#carryOut(request);
    else if (numbered.number === undefined)
      this.#settle(notANumber(KEY.request, request.metadata.get(KEY.request) ?? ''), request);
    else if (numbered.reply === undefined) this.#carryOut(numbered.request);
    else this.#repeat(numbered.reply, request);
    this.#carryingOut = undefined;
  }

  #repeat({ status, metadata, value }: KeptReply, request: Request): void {
    this.releasePayload(request);
    this.#out.reply(status, metadata, value);
  }

  #carryOut(request: Request): void {
    const { workspaces, audit } = this.#core;
    const outcome = run(verbOf(request.verb), request, this.#connection.client, workspaces);
    if (!isRefusal(outcome)) audit.carriedOut(request, this.#connection.peer, workspaces);
    if (outcome instanceof PendingGet) return this.#blockUnlessEnded(outcome);
    if (outcome instanceof Making) {
      // It is completed even if the connection closes meanwhile.
      if (outcome.drop === undefined) this.#keep({ status: STATUS.ok, metadata: NO_METADATA });
      return this.#pace.make(outcome, (settled) => this.#settle(settled, request));
    }
    this.#settle(outcome, request);
  }

  #settle(outcome: Settled, request: Request): void {
    if (isRefusal(outcome)) {
      this.releasePayload(request);
      return this.#refuse(outcome, verbOf(request.verb)?.isLong ?? false, request.verb);
    }
    const metadata = outcome?.metadata ?? NO_METADATA;
    const value = outcome !== undefined && 'payload' in outcome ? outcome : undefined;
    this.#keep({ status: STATUS.ok, metadata, value });
    this.#out.reply(STATUS.ok, metadata, value);
  }

  #keep(reply: KeptReply): void {
    if (this.#number !== undefined) this.#connection.session?.keep(this.#number, reply);
  }

  #blockUnlessEnded(get: PendingGet): void {
    if (get.ended) return;
    get.blocked = true;
    this.#blockedIn = get;
    this.#connection.blocked();
  }

  answer(get: PendingGet, found: Found): void {
    this.#unblock(get);
    if (get.isKept) this.#keep({ status: STATUS.ok, metadata: found.metadata, value: found });
    this.#out.reply(STATUS.ok, found.metadata, found);
  }

  refuse(get: PendingGet, reason: Refusal): void {
    this.#unblock(get);
    this.#refuse(reason, true, get.verb);
  }

  #unblock(get: PendingGet): void {
    if (!get.blocked) return;
    this.#blockedIn = undefined;
    this.#core.figures.countBlocked(get.verb, this.#core.clock() - this.#notes.at);
    this.#connection.unblocked();
  }

  /** A fault of the server during a request. */
  fault(): void {
    if (this.#carryingOut !== undefined)
      this.refuseAs(INTERNAL, verbOf(this.#carryingOut)?.isLong ?? false, this.#carryingOut);
  }

  #refuse(reason: Refusal, isLong: boolean, verb: string): void {
    const { session } = this.#connection;
    if (this.#number !== undefined) session?.keepRefusal(this.#number, reason, isLong);
    this.refuseAs(reason, isLong, verb);
  }

  /** Refuses a request that is not carried out. */
  refuseAs(reason: Refusal, isLong: boolean, verb: string): void {
    this.#out.refuse(reason, isLong);
    if (EXPECTED.has(reason.code)) return;
    const { code, reason: text } = reason;
    this.#core.log('info', 'request refused', { peer: this.#connection.peer, verb, code, reason: text });
  }

  /** A request that is not carried out must not leave its file. */
  releasePayload({ payload }: Request): void {
    if (payload !== undefined && isFile(payload)) this.#core.accounting.discard(payload);
  }

  /** The connection has closed: a request that waits consumes no value (V6). */
  withdraw(): void {
    this.#blockedIn?.withdraw();
    this.#blockedIn = undefined;
  }
}
