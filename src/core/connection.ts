import { assertEvent, createActor, type ActorRefFrom } from 'xstate';
import { compiled } from '../machines/compiled.ts';
import { connectionMachine, type ConnectionEvent } from '../machines/connection.ts';
import { storied, storyOf, type Story } from '../machines/story.ts';
import { ByteQueue } from '../wire/byte-queue.ts';
import { DictionaryDecoder, MALFORMED } from '../wire/dictionary.ts';
import * as handshake from '../wire/handshake.ts';
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
import { isRefusal, refusal, type Refusal } from '../workspace/refusal.ts';
import type { Timer } from '../workspace/timers.ts';
import { inspectedBy } from '../workspace/tracing.ts';
import type { References } from '../workspace/workspaces.ts';
import type { Core } from './core.ts';
import { OTHER_VERBS } from './figures.ts';
import { run, verbOf, type Caller, type Verb } from './verbs.ts';

const OVERRAN = refusal('overran', 'A request came while an earlier one was blocked.');
const INTERNAL: Refusal = { code: 'internal', status: STATUS.internal, reason: 'Internal error.' };
const EMPTY = refusal('empty', 'A request needs at least a verb.');

/** Refusals that are part of normal use, and not worth a line in the log. */
const EXPECTED = new Set(['no-value', 'purged', 'sleigh-dead']);

export interface LastRequest {
  readonly verb: string;
  readonly workspace: string | undefined;
  readonly variable: string | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** It is not answered yet. */
  readonly waits: boolean;
}

type Receives = 'readsGreeting' | 'readsOptions' | 'readsRequests';

/** One connection: bytes in, requests carried out in their order, replies out. What may come when says its chart. */
export class Connection implements Caller {
  readonly id: number;
  readonly peer: string;
  readonly departures: Client['departures'] = new Set();
  readonly references: References = new Map();
  killsServer = false;
  readonly #core: Core;
  readonly #chart: ActorRefFrom<typeof connectionMachine>;
  readonly #input = new ByteQueue();
  readonly #options: DictionaryDecoder;
  #optionsHeading: string | undefined;
  #format: ReplyFormat = { metadata: false, cookie: true };
  #decoder: RequestDecoder | undefined;
  #blockedIn: Ask | undefined;
  /** The verb of the request at hand. */
  #carryingOut: string | undefined;
  #handshakeTimer: Timer | undefined;
  readonly connectedAt: number;
  /** Requests that were read, those that were refused included. */
  requests = 0;
  #lastVerb = '';
  #lastWorkspace: string | undefined;
  #lastVariable: string | undefined;
  #lastAt = 0;

  constructor(id: number, peer: string, core: Core) {
    this.id = id;
    this.peer = peer;
    this.#core = core;
    this.connectedAt = core.clock();
    this.#options = new DictionaryDecoder(core.limits.metadataBytes);
    this.#chart = createActor(core.connectionChart, {
      id: 'connection',
      input: { id },
      ...inspectedBy(core.tracer, `connection ${id}`),
    });
    this.#chart.subscribe({
      error: (error) => core.log('error', 'a chart failed', { peer, error, story: this.story?.lines }),
    });
  }

  /** Its chart; to look at. */
  get actor(): ActorRefFrom<typeof connectionMachine> {
    return this.#chart;
  }

  get story(): Story | undefined {
    return storyOf(this.#chart);
  }

  /** What it asked last, or waits for; undefined before its first request. */
  get lastRequest(): LastRequest | undefined {
    if (this.requests === 0) return undefined;
    return {
      verb: this.#lastVerb,
      workspace: this.#lastWorkspace,
      variable: this.#lastVariable,
      at: this.#lastAt,
      waits: this.#blockedIn !== undefined,
    };
  }

  start(): void {
    this.#chart.start();
  }

  receive(bytes: Buffer): void {
    this.#core.figures.bytesIn += bytes.length;
    this.#input.push(bytes);
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

  #expects(what: Receives): boolean {
    return this.#chart.getSnapshot().hasTag(what);
  }

  /** Reads as far as the bytes go; what is read decides what may come next. */
  #read(): void {
    if (this.#expects('readsGreeting') && !this.#readGreeting()) return;
    if (this.#expects('readsOptions') && !this.#readOptions()) return;
    while (this.#expects('readsRequests')) {
      const request = this.#decoder?.next();
      if (request === undefined) return;
      if (request === MALFORMED) return this.#chart.send({ type: 'malformed' });
      this.#carryingOut = request.verb;
      this.#carryOut(request);
      this.#carryingOut = undefined;
    }
  }

  #readGreeting(): boolean {
    const four = this.#input.text(4);
    if (four === undefined) return false;
    const greeting = handshake.readGreeting(four);
    if (greeting.kind === 'new') this.#chart.send({ type: 'greeted.new' });
    else {
      this.#format = greeting.format;
      this.#chart.send({ type: 'greeted.old' });
      this.#startDecoder(false);
    }
    return true;
  }

  #readOptions(): boolean {
    this.#optionsHeading ??= this.#input.text(4);
    if (this.#optionsHeading === undefined) return false;
    const wanted = this.#optionsHeading === handshake.OPTIONS ? this.#options.next(this.#input) : MALFORMED;
    if (wanted === undefined) return false;
    if (wanted === MALFORMED || this.#options.excess !== undefined) this.#chart.send({ type: 'malformed' });
    else this.#settle(wanted);
    return true;
  }

  #settle(wanted: Metadata): void {
    const settings = handshake.settle(this.#core.offer, wanted);
    if ('refused' in settings) return this.#chart.send({ type: 'options.denied', option: settings.refused });
    this.#format = { metadata: settings.metadataFromServer, cookie: true };
    this.killsServer = settings.killServerOnClose;
    this.#startDecoder(settings.metadataToServer);
    this.#chart.send({ type: 'options.accepted', secure: settings.secure });
  }

  #startDecoder(metadata: boolean): void {
    const { limits } = this.#core;
    this.#decoder = new RequestDecoder(this.#input, {
      metadata,
      limits,
      files: this.#core.filesFor(this.id),
    });
  }

  #carryOut(request: Request): void {
    if (this.#blockedIn !== undefined) {
      this.#releasePayload(request);
      return this.#chart.send({ type: 'request.overran' });
    }
    if (request.isEmpty) return this.#chart.send({ type: 'request.empty' });
    const verb = verbOf(request.verb);
    this.#note(verb, request);
    const outcome = run(verb, request, this, this.#core.workspaces);
    if (outcome instanceof Ask) return this.#blockUnlessEnded(outcome);
    if (outcome === undefined) return this.#reply(STATUS.ok, NO_METADATA, undefined);
    if (!isRefusal(outcome))
      return this.#reply(STATUS.ok, outcome.metadata, 'payload' in outcome ? outcome : undefined);
    this.#releasePayload(request);
    this.#refuse(outcome, verb?.isLong ?? false, request.verb);
  }

  /** What was asked last; not the value that came with it. */
  #note(verb: Verb | undefined, request: Request): void {
    this.requests++;
    this.#lastVerb = verb === undefined ? OTHER_VERBS : request.verb;
    this.#core.figures.countRequest(this.#lastVerb);
    this.#lastWorkspace = (verb?.names ?? 0) > 0 ? request.args[0] : undefined;
    this.#lastVariable = verb?.names === 2 ? request.args[1] : undefined;
    this.#lastAt = this.#core.clock();
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
    this.#core.figures.countBlocked(ask.verb, this.#core.clock() - this.#lastAt);
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
      this.#core.figures.bytesOut += value.payload.size;
      this.#core.command({ type: 'sendFile', connection: this.id, file: value.payload });
    } else this.#send(value.payload);
  }

  #send(bytes: string | Uint8Array): void {
    this.#core.figures.bytesOut += bytes.length;
    this.#core.command({ type: 'send', connection: this.id, bytes });
  }

  /** A request that is not carried out leaves no file behind. */
  #releasePayload({ payload }: Request): void {
    if (payload !== undefined && isFile(payload)) this.#core.holdings.discard(payload);
  }

  /** The connection is over: what it waited for, was a member of, or owned, ends with it (V6, V12, W6, S13). */
  #depart(): void {
    this.#blockedIn?.withdraw();
    this.#blockedIn = undefined;
    this.#decoder?.abandon();
    for (const place of this.departures) place.clientLeft(this);
    this.#core.workspaces.clientLeft(this, this.references);
    this.references.clear();
    if (this.killsServer) this.#core.command({ type: 'stopServer' });
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
          sendOffer: command((connection) => connection.#send(handshake.encodeOffer(core.offer))),
          sendOldAnswer: command((connection) => connection.#send(handshake.OLD_ANSWER)),
          sendAccepted: command((connection) => connection.#send(handshake.ACCEPTED)),
          sendDenied: command((connection, event) => {
            assertEvent(event, 'options.denied');
            connection.#send(handshake.DENIED);
            core.log('info', 'option denied', { peer: connection.peer, option: event.option });
          }),
          startTls: command((connection) =>
            core.command({ type: 'startTls', connection: connection.id, received: connection.#input.rest() }),
          ),
          refuseEmpty: command((connection) => connection.#refuse(EMPTY, false, '')),
          refuseOverrun: command((connection) => connection.#refuse(OVERRAN, false, '')),
          logMalformed: command(({ peer }) => core.log('info', 'malformed bytes', { peer })),
          logTooSlow: command(({ peer }) => core.log('info', 'handshake not done in time', { peer })),
          depart: command((connection) => connection.#depart()),
          close: command(({ id }) => core.command({ type: 'close', connection: id })),
          reportUnexpected: command(({ peer, story }, event) =>
            core.log('error', 'a chart was sent an event that it does not expect', {
              peer,
              event: event.type,
              story: story?.lines,
            }),
          ),
        },
      }),
      core.clock,
    );
    // Who traces wants to hear of each transition, which only the interpreter tells.
    return core.tracer === undefined ? compiled(machine) : machine;
  }
}
