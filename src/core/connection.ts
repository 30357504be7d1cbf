import { assertEvent, createActor, type ActorRefFrom } from 'xstate';
import { compiled } from '../machines/compiled.ts';
import { connectionMachine, type ConnectionEvent } from '../machines/connection.ts';
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
import { run, verbOf, type Caller } from './verbs.ts';

const OVERRAN = refusal('overran', 'A request came while an earlier one was blocked.');
const INTERNAL: Refusal = { code: 'internal', status: STATUS.internal, reason: 'Internal error.' };
const EMPTY = refusal('empty', 'A request needs at least a verb.');

/** Refusals that are part of normal use, and not worth a line in the log. */
const EXPECTED = new Set(['no-value', 'purged', 'sleigh-dead']);

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
  #requestTimer: Timer | undefined;
  /** Bytes that have come of a request since its timer was last looked at (P12). */
  #progress = 0;
  /** Bytes of replies to what is being read. */
  #replied = 0;
  /** What is to be read waits until these are out. */
  #isFull = false;
  #hasDeparted = false;

  constructor(id: number, peer: string, core: Core) {
    this.id = id;
    this.peer = peer;
    this.#core = core;
    this.#options = new DictionaryDecoder(core.limits.metadataBytes);
    this.#chart = createActor(core.connectionChart, {
      id: 'connection',
      input: { id },
      ...inspectedBy(core.tracer, `connection ${id}`),
    });
    this.#chart.subscribe({ error: (error) => this.#fail(error) });
  }

  start(): void {
    this.#chart.start();
  }

  receive(bytes: Buffer): void {
    if (!this.#expects('midRequest')) this.#progress = 0;
    this.#progress += bytes.length;
    this.#input.push(bytes);
    this.#replied = 0;
    this.#read();
  }

  /** The client has taken what was sent to it. */
  flushed(): void {
    this.#isFull = false;
    this.#replied = 0;
    this.#read();
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
    this.#core.log('error', 'a chart failed', { peer: this.peer, actor: 'connection', error });
    this.#handshakeTimer?.stop();
    this.#requestTimer?.stop();
    this.#depart();
    this.#core.command({ type: 'close', connection: this.id });
  }

  #expects(what: Tag): boolean {
    return this.#chart.getSnapshot().hasTag(what);
  }

  /** Reads as far as the bytes go; what is read decides what may come next. */
  #read(): void {
    if (this.#expects('readsGreeting') && !this.#readGreeting()) return;
    if (this.#expects('readsOptions') && !this.#readOptions()) return;
    if (this.#expects('readsRequests')) this.#readRequests();
    this.#input.settle();
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
      if (this.#replied > REPLIES_AT_ONCE) this.#waitUntilFlushed();
    }
  }

  /** Whoever asks for much and reads nothing is not read from either. */
  #waitUntilFlushed(): void {
    if (!this.#expects('readsRequests')) return;
    this.#isFull = true;
    this.#core.command({ type: 'flush', connection: this.id });
  }

  #readGreeting(): boolean {
    const four = this.#input.text(4);
    if (four === undefined) return false;
    const greeting = handshake.readGreeting(four);
    if (greeting.kind === 'new') this.#chart.send({ type: 'greeted.new' });
    else if (this.#core.terms.demanded !== undefined)
      this.#chart.send({ type: 'options.denied', option: this.#core.terms.demanded });
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
    const settings = handshake.settle(this.#core.terms, wanted);
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
      room: this.#core.holdings.incoming,
    });
  }

  #carryOut(request: Request): void {
    if (this.#blockedIn !== undefined) {
      this.#releasePayload(request);
      return this.#chart.send({ type: 'request.overran' });
    }
    if (request.isEmpty) return this.#chart.send({ type: 'request.empty' });
    const verb = verbOf(request.verb);
    const outcome = run(verb, request, this, this.#core.workspaces);
    if (outcome instanceof Ask) return this.#blockUnlessEnded(outcome);
    if (!isRefusal(outcome)) return this.#reply(STATUS.ok, outcome?.metadata ?? NO_METADATA, outcome);
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
      this.#core.command({ type: 'sendFile', connection: this.id, file: value.payload });
    } else this.#send(value.payload);
  }

  #send(bytes: string | Uint8Array): void {
    this.#replied += bytes.length;
    this.#core.command({ type: 'send', connection: this.id, bytes });
  }

  /** P12. */
  #startRequestTimer(): void {
    const { requestSeconds, progressBytes } = this.#core.limits;
    this.#requestTimer = this.#core.timers.start(requestSeconds * 1000, () => {
      const enough = this.#progress >= progressBytes;
      this.#progress = 0;
      this.#chart.send({ type: 'request.elapsed', enough });
    });
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
    if (this.killsServer) this.#core.command({ type: 'stopServer' });
  }

  /** The chart of connections, with what it commands bound to those of `core`. */
  static bind(core: Core) {
    const command = (act: (connection: Connection, event: ConnectionEvent) => void) => {
      return ({ context, event }: { context: { id: number }; event: ConnectionEvent }): void =>
        act(core.connection(context.id), event);
    };
    const machine = connectionMachine.provide({
      actions: {
        startHandshakeTimer: command((connection) => {
          connection.#handshakeTimer = core.timers.start(core.limits.handshakeSeconds * 1000, () =>
            connection.#chart.send({ type: 'handshake.elapsed' }),
          );
        }),
        stopHandshakeTimer: command((connection) => connection.#handshakeTimer?.stop()),
        startRequestTimer: command((connection) => connection.#startRequestTimer()),
        stopRequestTimer: command((connection) => connection.#requestTimer?.stop()),
        sendOffer: command((connection) => connection.#send(handshake.encodeOffer(core.terms))),
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
        logTooSlow: command(({ peer }) => {
          const { handshakeSeconds } = core.limits;
          core.log('info', 'handshake not done in time', { peer, handshakeSeconds });
        }),
        logStalled: command(({ peer }) => {
          const { requestSeconds, progressBytes } = core.limits;
          core.log('info', 'a request stopped coming', { peer, requestSeconds, progressBytes });
        }),
        depart: command((connection) => connection.#depart()),
        close: command(({ id }) => core.command({ type: 'close', connection: id })),
        reportUnexpected: command(({ peer }, event) =>
          core.log('error', 'a chart was sent an event that it does not expect', { peer, event: event.type }),
        ),
      },
    });
    // Who traces wants to hear of each transition, which only the interpreter tells.
    return core.tracer === undefined ? compiled(machine) : machine;
  }
}
