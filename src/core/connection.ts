import { assertEvent } from 'xstate';
import { actorOf, hasTag, type ActorOf } from '../actors/actor.ts';
import { compiled } from '../actors/compiled.ts';
import { connectionMachine, type ConnectionEvent } from '../machines/connection.ts';
import { storied, storyOf, type Story } from '../actors/story.ts';
import { ByteQueue } from '../wire/byte-queue.ts';
import { MALFORMED } from '../wire/dictionary.ts';
import { ACCEPTED, DENIED, encodeOffer, OLD_ANSWER, UNGUARDED, type Terms } from '../wire/handshake.ts';
import { isFile, NO_METADATA, type Metadata } from '../wire/payload.ts';
import {
  encodeReply,
  NO_VALUE,
  STATUS,
  type ReplyFormat,
  type ReplyValue,
  type Status,
} from '../wire/reply.ts';
import { RequestDecoder, type Request } from '../wire/request.ts';
import { Ask, type Client, type Found } from '../workspace/ask.ts';
import { isRefusal, type Refusal } from '../workspace/refusal.ts';
import type { Timer } from '../workspace/timers.ts';
import type { References } from '../workspace/workspaces.ts';
import { logMalformed, logStalled, logTooSlow, logUnexpected } from './connection-log.ts';
import type { Core } from './core.ts';
import { OTHER_VERBS } from './figures.ts';
import { RequestNotes, type LastRequest } from './last-request.ts';
import { IncomingFiles } from './incoming-files.ts';
import { Opening, type Agreement, type OpeningStep } from './opening.ts';
import { EMPTY, EXPECTED, INTERNAL, OVERRAN } from './refusals.ts';
import { RequestTimer } from './request-timer.ts';
import { run, verbOf, type Caller } from './verbs.ts';

/** Bytes of replies to one piece of input after which the rest of that waits until they are out. */
const REPLIES_AT_ONCE = 2 ** 20;

type Tag = 'readsGreeting' | 'readsOptions' | 'readsRequests' | 'midRequest';

/** One connection: bytes in, requests carried out in their order, replies out. What may come when says its chart. */
export class Connection implements Caller {
  readonly id: number;
  readonly peer: string;
  readonly departures: Client['departures'] = new Set();
  readonly references: References = new Map();
  killsServer = false;
  get mayStopServer(): boolean {
    return this.#core.mayBeStopped;
  }
  readonly #core: Core;
  readonly #chart: ActorOf<typeof connectionMachine>;
  readonly #input = new ByteQueue();
  readonly #terms: Terms;
  /** Until both have agreed. */
  #opening: Opening | undefined;
  #format: ReplyFormat = { metadata: false, cookie: true };
  #decoder: RequestDecoder | undefined;
  #blockedIn: Ask | undefined;
  /** The verb of the request at hand. */
  #carryingOut: string | undefined;
  #handshakeTimer: Timer | undefined;
  readonly #requestTimer: RequestTimer;
  /** Bytes of replies to what is being read. */
  #replied = 0;
  /** What is to be read waits until these are out. */
  #isFull = false;
  #hasDeparted = false;
  readonly connectedAt: number;
  readonly #notes = new RequestNotes();

  /** @param isInside it comes from inside of the process: nothing is asked of it (P2.5) */
  constructor(id: number, peer: string, core: Core, isInside = false) {
    this.id = id;
    this.peer = peer;
    this.#core = core;
    this.#terms = isInside ? { ...core.terms, ...UNGUARDED } : core.termsOf(id);
    this.#opening = new Opening(this.#input, this.#terms, core.limits.metadataBytes);
    this.#requestTimer = new RequestTimer(core.timers, core.limits, (enough) =>
      this.#chart.send({ type: 'request.elapsed', enough }),
    );
    this.connectedAt = core.clock();
    this.#chart = actorOf(core.connectionChart, {
      id: 'connection',
      input: { id },
      failed: (error) => this.#fail(error),
      ...core.systemOf(`connection ${id}`),
    });
  }

  /** Its chart; to look at. */
  get actor(): ActorOf<typeof connectionMachine> {
    return this.#chart;
  }

  get story(): Story | undefined {
    return storyOf(this.#chart);
  }

  /** Requests that were read, those that were refused included. */
  get requests(): number {
    return this.#notes.count;
  }

  /** What it asked last, or waits for; undefined before its first request. */
  get lastRequest(): LastRequest | undefined {
    return this.#notes.last(this.#blockedIn !== undefined);
  }

  start(): void {
    this.#chart.start();
  }

  receive(bytes: Buffer): void {
    this.#requestTimer.came(bytes.length, this.#expects('midRequest'));
    this.#core.figures.bytesIn += bytes.length;
    this.#input.push(bytes);
    this.#replied = 0;
    this.#read();
    this.#input.keep();
  }

  /** The client has taken what was sent to it. */
  flushed(): void {
    this.#isFull = false;
    this.#replied = 0;
    this.#read();
    this.#input.keep();
  }

  secured(): void {
    this.#chart.send({ type: 'secured' });
  }

  fileWritten(error: string | undefined): void {
    this.#decoder?.fileDone(error);
    this.#read();
  }

  disconnected(): void {
    this.#chart.send({ type: 'peer.gone' });
  }

  serverStops(): void {
    this.#chart.send({ type: 'server.stopping' });
  }

  /** Something of ours went wrong in the middle of a request: the connection ends, the server goes on. */
  fault(): void {
    if (this.#carryingOut !== undefined)
      this.#refuse(INTERNAL, verbOf(this.#carryingOut)?.isLong ?? false, this.#carryingOut);
    this.#chart.send({ type: 'fault' });
  }

  /** Its chart has failed: it can only end. */
  #fail(error: unknown): void {
    this.#core.log('error', 'a chart failed', { peer: this.peer, error, story: this.story?.lines });
    this.#handshakeTimer?.stop();
    this.#requestTimer.stop();
    this.#depart();
    this.#core.command({ type: 'close', connection: this.id });
  }

  #expects(what: Tag): boolean {
    return hasTag(this.#chart, what);
  }

  /** Reads as far as the bytes go; what is read decides what may come next. */
  #read(): void {
    if (this.#expects('readsGreeting') && !this.#begin(this.#opening?.greeting())) return;
    if (this.#expects('readsOptions') && !this.#begin(this.#opening?.options())) return;
    if (this.#expects('readsRequests')) this.#readRequests();
  }

  #readRequests(): void {
    while (this.#expects('readsRequests') && !this.#isFull) {
      const request = this.#decoder?.next();
      if (request === MALFORMED) return this.#chart.send({ type: 'malformed' });
      const isMidway = request === undefined && this.#decoder?.isMidway === true;
      if (isMidway !== this.#expects('midRequest'))
        this.#chart.send({ type: isMidway ? 'request.begun' : 'request.complete' });
      if (request === undefined) return;
      this.#carryingOut = request.verb;
      this.#carryOut(request);
      this.#carryingOut = undefined;
      // Whoever asks for much and reads nothing is not read from either.
      this.#isFull = this.#replied > REPLIES_AT_ONCE && this.#expects('readsRequests');
      if (this.#isFull) this.#core.command({ type: 'flush', connection: this.id });
    }
  }

  /** @returns whether it has come to a step */
  #begin(step: OpeningStep | undefined): boolean {
    if (step === undefined) return false;
    if (step.agreed !== undefined) this.#agree(step.agreed);
    this.#chart.send(step.event);
    return true;
  }

  #agree({ format, metadataToServer, killsServer }: Agreement): void {
    const { limits, holdings } = this.#core;
    this.#opening = undefined;
    this.#format = format;
    this.killsServer = killsServer;
    if (killsServer) this.#core.audit.mayStop(this.peer);
    this.#decoder = new RequestDecoder(this.#input, {
      metadata: metadataToServer,
      limits,
      files: new IncomingFiles(this.#core, this.id),
      room: holdings.incoming,
    });
  }

  #carryOut(request: Request): void {
    if (this.#blockedIn !== undefined) {
      this.#releasePayload(request);
      return this.#chart.send({ type: 'request.overran' });
    }
    if (request.isEmpty) return this.#chart.send({ type: 'request.empty' });
    const verb = verbOf(request.verb);
    const name = verb === undefined ? OTHER_VERBS : request.verb;
    this.#core.figures.countRequest(name);
    this.#notes.note(name, verb, request, this.#core.clock());
    const { workspaces } = this.#core;
    const outcome = run(verb, request, this, workspaces);
    if (!isRefusal(outcome)) this.#core.audit.carriedOut(request, this.peer, workspaces);
    if (outcome instanceof Ask) return this.#blockUnlessEnded(outcome);
    if (outcome === undefined) return this.#reply(STATUS.ok, NO_METADATA, undefined);
    if (!isRefusal(outcome))
      return this.#reply(STATUS.ok, outcome.metadata, 'payload' in outcome ? outcome : undefined);
    this.#releasePayload(request);
    this.#refuse(outcome, verb?.isLong ?? false, request.verb);
  }

  #blockUnlessEnded(ask: Ask): void {
    if (ask.ended) return;
    ask.blocked = true;
    this.#blockedIn = ask;
    this.#chart.send({ type: 'request.blocked' });
  }

  answer(ask: Ask, found: Found): void {
    this.#unblock(ask);
    this.#reply(STATUS.ok, found.metadata, found);
  }

  refuse(ask: Ask, reason: Refusal): void {
    this.#unblock(ask);
    this.#refuse(reason, true, ask.verb);
  }

  #unblock(ask: Ask): void {
    if (!ask.blocked) return;
    this.#blockedIn = undefined;
    this.#core.figures.countBlocked(ask.verb, this.#core.clock() - this.#notes.at);
    this.#chart.send({ type: 'request.answered' });
  }

  #refuse(reason: Refusal, isLong: boolean, verb: string): void {
    const metadata = this.#format.metadata ? new Map([['nwsReason', reason.reason]]) : NO_METADATA;
    this.#reply(reason.status, metadata, isLong ? NO_VALUE : undefined);
    if (EXPECTED.has(reason.code)) return;
    this.#core.log('info', 'request refused', {
      peer: this.peer,
      verb,
      code: reason.code,
      reason: reason.reason,
    });
  }

  #reply(status: Status, metadata: Metadata, value: ReplyValue | undefined): void {
    this.#send(encodeReply(this.#format, status, metadata, value));
    if (value === undefined || typeof value.payload === 'string') return;
    if (isFile(value.payload)) {
      this.#replied += value.payload.size;
      this.#core.figures.bytesOut += value.payload.size;
      this.#core.command({ type: 'sendFile', connection: this.id, file: value.payload });
    } else this.#send(value.payload);
  }

  #send(bytes: string | Uint8Array): void {
    this.#replied += bytes.length;
    this.#core.figures.bytesOut += bytes.length;
    this.#core.command({ type: 'send', connection: this.id, bytes });
  }

  /** A request that is not carried out leaves no file behind. */
  #releasePayload({ payload }: Request): void {
    if (payload !== undefined && isFile(payload)) this.#core.holdings.discard(payload);
  }

  /** The connection is over: what it waited for, was a member of, or owned, ends with it (V6, V12, W6, S13). */
  #depart(): void {
    if (this.#hasDeparted) return;
    this.#hasDeparted = true;
    const core = this.#core;
    core.contained(() => this.#blockedIn?.withdraw());
    this.#blockedIn = undefined;
    this.#decoder?.abandon();
    for (const place of this.departures) core.contained(() => place.clientLeft(this));
    core.workspaces.clientLeft(this, this.references, (act) => core.contained(act));
    this.references.clear();
    if (!this.killsServer) return;
    core.audit.stops(this.peer);
    core.command({ type: 'stopServer' });
  }

  /** The chart of connections, with what it commands bound to those of `core`. */
  static bind(core: Core) {
    const command = (act: (connection: Connection, event: ConnectionEvent) => void) => {
      return ({ context, event }: { context: { id: number }; event: ConnectionEvent }): void =>
        act(core.connection(context.id), event);
    };
    const machine = storied(
      connectionMachine.provide({
        actions: {
          startHandshakeTimer: command((connection) => {
            connection.#handshakeTimer = core.timers.start(core.limits.handshakeSeconds * 1000, () =>
              connection.#chart.send({ type: 'handshake.elapsed' }),
            );
          }),
          stopHandshakeTimer: command((connection) => connection.#handshakeTimer?.stop()),
          startRequestTimer: command((connection) => connection.#requestTimer.start()),
          stopRequestTimer: command((connection) => connection.#requestTimer.stop()),
          sendOffer: command((connection) => connection.#send(encodeOffer(connection.#terms))),
          sendOldAnswer: command((connection) => connection.#send(OLD_ANSWER)),
          sendAccepted: command((connection) => connection.#send(ACCEPTED)),
          sendDenied: command((connection, event) => {
            assertEvent(event, 'options.denied');
            connection.#send(DENIED);
            core.audit.denied(connection.peer, event.option);
          }),
          startTls: command((connection) =>
            core.command({ type: 'startTls', connection: connection.id, received: connection.#input.rest() }),
          ),
          refuseEmpty: command((connection) => connection.#refuse(EMPTY, false, '')),
          refuseOverrun: command((connection) => connection.#refuse(OVERRAN, false, '')),
          logMalformed: command((connection) => logMalformed(core, connection)),
          logTooSlow: command((connection) => logTooSlow(core, connection)),
          logStalled: command((connection) => logStalled(core, connection)),
          depart: command((connection) => connection.#depart()),
          close: command(({ id }) => core.command({ type: 'close', connection: id })),
          reportUnexpected: command((connection, { type }) => logUnexpected(core, connection, type)),
        },
      }),
      core.clock,
    );
    // Who traces wants to hear of each transition, which only the interpreter tells.
    return core.tracer === undefined ? compiled(machine) : machine;
  }
}
