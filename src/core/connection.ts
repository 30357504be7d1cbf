import { assertEvent } from 'xstate';
import { actorOf, hasTag, type ActorOf } from '../actors/actor.ts';
import { compiled } from '../actors/compiled.ts';
import { connectionMachine, type ConnectionEvent } from '../machines/connection.ts';
import type { ClosedBy } from '../machines/session.ts';
import { withStory, storyOf, type Story } from '../actors/story.ts';
import { MALFORMED } from '../wire/dictionary.ts';
import { ACCEPTED, DENIED, encodeOffer, OLD_ANSWER, UNGUARDED, type Terms } from '../wire/handshake.ts';
import type { Limits } from '../wire/limits.ts';
import { KEY, VERB } from '../wire/names.ts';
import { SESSION } from '../wire/session-refusals.ts';
import { RequestDecoder, type Request } from '../wire/request.ts';
import type { Client, Found, PendingGet } from '../workspace/pending-get.ts';
import type { Receipt } from '../workspace/receipt.ts';
import { isRefusal, refusal, type Refusal } from '../workspace/refusal.ts';
import type { Timer } from '../workspace/timers.ts';
import { References } from '../workspace/references.ts';
import type { Account } from '../workspace/memory-budget.ts';
import { logMalformed, logStalled, logTooSlow, logUnexpected } from './connection-log.ts';
import { depart } from './departure.ts';
import type { ConnectionHost } from './connection-host.ts';
import type { LastRequest } from './last-request.ts';
import { IncomingFiles } from './incoming-files.ts';
import { Input } from './input.ts';
import { Outgoing } from './outgoing.ts';
import { Pace } from './pace.ts';
import { ServerHandshake, type Agreement, type ServerHandshakeStep } from './server-handshake.ts';
import { EMPTY, OVERRAN } from './refusals.ts';
import { RequestHandler } from './request-handler.ts';
import { RequestTimer } from './request-timer.ts';
import type { Session } from './session.ts';
import type { Caller } from './verbs.ts';

const closedBy = (type: ConnectionEvent['type'], isStored: boolean): ClosedBy => {
  if (type === 'peer.gone') return 'client';
  return type === 'server.stopping' && isStored ? 'stop' : 'server';
};

type Tag = 'readsGreeting' | 'readsOptions' | 'readsRequests' | 'midRequest';

/** One connection, which carries out requests in their order. Its statechart decides which events come next. */
export class Connection implements Caller {
  readonly id: number;
  readonly peer: string;
  readonly closeListeners: Client['closeListeners'] = new Set();
  readonly account: Account;
  readonly references: References;
  killsServer = false;
  get mayStopServer(): boolean {
    return this.#core.mayBeStopped;
  }
  readonly #core: ConnectionHost;
  readonly #chart: ActorOf<typeof connectionMachine>;
  readonly #input: Input;
  readonly #terms: Terms;
  /** Defined until the handshake is complete. */
  #opening: ServerHandshake | undefined;
  readonly #out: Outgoing;
  #decoder: RequestDecoder | undefined;
  readonly #handler: RequestHandler;
  #session: Session | undefined;
  #handshakeTimer: Timer | undefined;
  readonly #requestTimer: RequestTimer;
  readonly #pace: Pace;
  #hasDeparted = false;
  readonly connectedAt: number;

  /** @param isInside whether it comes from inside the process and needs no authentication (P2.5) */
  constructor(id: number, peer: string, core: ConnectionHost, isInside: boolean) {
    this.id = id;
    this.peer = peer;
    this.#core = core;
    this.account = core.accounting.budget.newClient();
    this.references = new References(core.accounting.budget, this.account);
    this.#terms = isInside ? { ...core.terms, ...UNGUARDED } : core.termsOf(id);
    this.#input = new Input(core.accounting.unread);
    this.#out = new Outgoing(core, id);
    this.#pace = new Pace(core, id, {
      goOn: () => this.#goOn(),
      failed: () => this.#chart.send({ type: 'fault' }),
    });
    this.#handler = new RequestHandler(core, this, { out: this.#out, pace: this.#pace });
    this.#opening = new ServerHandshake(this.#input, this.#terms, core.limits, core.accounting.incoming);
    this.#requestTimer = new RequestTimer(core.timers, core.limits, (bytes, required) =>
      this.#chart.send({ type: 'request.elapsed', bytes, required }),
    );
    this.connectedAt = core.clock();
    this.#chart = actorOf(core.connectionChart, {
      id: 'connection',
      input: { id },
      failed: (error) => this.#fail(error),
      ...core.systemOf(`connection ${id}`),
    });
  }

  /** Who makes its requests: itself, or its session. */
  get client(): Caller {
    return this.#session ?? this;
  }
  get session(): Session | undefined {
    return this.#session;
  }
  /** Its actor, for reading only. */
  get actor(): ActorOf<typeof connectionMachine> {
    return this.#chart;
  }
  get story(): Story | undefined {
    return storyOf(this.#chart);
  }
  /** The number of requests that were read, including refused ones. */
  get requests(): number {
    return this.#handler.count;
  }
  /** Its last request, or the one that is blocked; undefined before its first request. */
  get lastRequest(): LastRequest | undefined {
    return this.#handler.last;
  }
  start(): void {
    this.#chart.start();
  }

  receive(bytes: Buffer): void {
    this.#requestTimer.came(bytes.length, this.#expects('midRequest'));
    this.#core.figures.bytesIn += bytes.length;
    this.#input.push(bytes);
    this.#out.begin();
    this.#goOn();
  }

  /** The client has taken what was sent to it. */
  flushed(): void {
    this.#pace.flushed();
    this.#out.begin();
    this.#goOn();
  }

  /** Sends and reads as much as possible. */
  #goOn(): void {
    if (this.#pace.mayGoOn && !this.#out.goOn()) this.#pace.waitForClient();
    this.#read();
    if (!this.#input.settle()) this.#overLimit('incomingBytes');
  }

  #overLimit(limit: keyof Limits): void {
    this.#core.figures.countRefusal(limit);
    this.#core.log('info', 'connection ended: over the limit', { peer: this.peer, limit });
    this.#chart.send({ type: 'malformed' });
  }
  secured(): void {
    this.#chart.send({ type: 'secured' });
  }
  fileWritten(error: string | undefined): void {
    this.#decoder?.fileDone(error);
    this.#goOn();
  }
  disconnected(): void {
    this.#chart.send({ type: 'peer.gone' });
  }
  serverStops(): void {
    this.#chart.send({ type: 'server.stopping' });
  }

  /** Handles a fault of the server during a request: the connection ends, the server continues. */
  fault(): void {
    this.#handler.fault();
    this.#chart.send({ type: 'fault' });
  }

  /** The actor has failed, so the connection can only end. */
  #fail(error: unknown): void {
    this.#core.log('error', 'a chart failed', { peer: this.peer, error, story: this.story?.lines });
    this.#handshakeTimer?.stop();
    this.#requestTimer.stop();
    this.#depart('server');
    this.#core.command({ type: 'close', connection: this.id });
  }

  #expects(what: Tag): boolean {
    return hasTag(this.#chart, what);
  }

  /** Reads until bytes are missing. Each result of reading decides what is expected next. */
  #read(): void {
    if (this.#opening !== undefined) {
      if (this.#expects('readsGreeting')) this.#take(this.#opening.greeting());
      if (this.#expects('readsOptions')) this.#take(this.#opening.options());
    }
    this.#readRequests();
  }

  #readRequests(): void {
    while (this.#expects('readsRequests') && this.#pace.mayGoOn) {
      const request = this.#decoder?.next();
      if (request === MALFORMED) return this.#chart.send({ type: 'malformed' });
      const isMidway = request === undefined && this.#decoder?.isMidway === true;
      if (isMidway !== this.#expects('midRequest'))
        this.#chart.send({ type: isMidway ? 'request.begun' : 'request.complete' });
      if (request === undefined) return;
      this.#handle(request);
      if (!this.#pace.mayGoOn || !this.#expects('readsRequests')) continue;
      // A client with many requests waits until it has taken its replies (P11), and until others had a turn (P14).
      if (!this.#out.goOn() || this.#out.isFull) this.#pace.waitForClient();
      else if (this.#input.length > 0 && this.#core.isTimeUp) this.#pace.waitForTurn();
    }
  }

  /** @param step what the handshake has reached; undefined while bytes are missing */
  #take(step: ServerHandshakeStep | undefined): void {
    if (step === undefined) return;
    if (step.agreed !== undefined) this.#agree(step.agreed);
    if (step.limit !== undefined) this.#overLimit(step.limit);
    else this.#chart.send(step.event);
  }

  #agree({ format, metadataToServer, killsServer }: Agreement): void {
    const { limits, accounting } = this.#core;
    this.#opening?.drop();
    this.#opening = undefined;
    this.#out.format = format;
    this.killsServer = killsServer;
    if (killsServer) this.#core.audit.mayStop(this.peer);
    this.#decoder = new RequestDecoder(this.#input, {
      metadata: metadataToServer,
      limits,
      files: new IncomingFiles(this.#core, this.id),
      room: accounting.incoming,
    });
  }

  #handle(request: Request): void {
    if (this.#handler.isBlocked) {
      this.#handler.releasePayload(request);
      const ends = this.#session !== undefined && request.verb === VERB.endSession;
      return this.#chart.send({ type: ends ? 'session.left' : 'request.overran' });
    }
    if (request.isEmpty) return this.#chart.send({ type: 'request.empty' });
    this.#handler.handle(request);
  }

  blocked(): void {
    this.#chart.send({ type: 'request.blocked' });
  }
  unblocked(): void {
    this.#chart.send({ type: 'request.answered' });
  }
  answer(get: PendingGet, found: Found): void {
    this.#handler.answer(get, found);
  }
  refuse(get: PendingGet, reason: Refusal): void {
    this.#handler.refuse(get, reason);
  }

  /** P15. */
  openSession(secret: string, grace: string, arrival: number | undefined): Refusal | Receipt | undefined {
    return this.#begun(arrival, () => this.#core.sessions.open(secret, grace, this, arrival));
  }
  /** P15.2. */
  resumeSession(secret: string, arrival: number | undefined): Refusal | Receipt | undefined {
    return this.#begun(arrival, () => this.#core.sessions.resume(secret, this, arrival));
  }
  #begun(arrival: number | undefined, take: () => Session | Refusal): Refusal | Receipt | undefined {
    if (this.#handler.count > 1) return refusal(SESSION.late());
    const session = take();
    if (isRefusal(session)) return session;
    this.#session = session;
    return { metadata: new Map([[KEY.grace, String(session.grace)], ...session.places(arrival)]) };
  }
  endSession(): Refusal {
    return refusal(SESSION.hasNone());
  }
  notePartition(): Refusal {
    return refusal(SESSION.hasNone());
  }
  /** Another connection has taken up its session. */
  replaced(): void {
    this.#chart.send({ type: 'session.replaced' });
  }

  /**
   * Ends the connection, and with it its blocked request, memberships and workspaces (V6, V12, W6, S13), unless these
   * belong to a session (P15.3).
   */
  #depart(by: ClosedBy): void {
    if (this.#hasDeparted) return;
    this.#hasDeparted = true;
    const core = this.#core;
    core.contained(() => this.#handler.withdraw());
    this.#decoder?.abandon();
    this.#opening?.drop();
    this.#pace.end();
    this.#out.drop();
    this.#input.drop();
    if (this.#session === undefined) depart(core, this, by);
    else this.#session.connectionClosed(this, by);
  }

  /** Binds the machine of connections to `core`. @param connection finds the connection of an actor */
  static bind(core: ConnectionHost, connection: (id: number) => Connection) {
    const command =
      (act: (connection: Connection, event: ConnectionEvent) => void) =>
      ({ context, event }: { context: { id: number }; event: ConnectionEvent }): void =>
        act(connection(context.id), event);
    const machine = withStory(
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
          sendOffer: command((connection) => connection.#out.send(encodeOffer(connection.#terms))),
          sendOldAnswer: command((connection) => connection.#out.send(OLD_ANSWER)),
          sendAccepted: command((connection) => connection.#out.send(ACCEPTED)),
          sendDenied: command((connection, event) => {
            assertEvent(event, 'options.denied');
            connection.#out.send(DENIED);
            core.audit.denied(connection.peer, event.option);
          }),
          startTls: command((connection) =>
            core.command({ type: 'startTls', connection: connection.id, received: connection.#input.rest() }),
          ),
          refuseEmpty: command((connection) => connection.#handler.refuseAs(EMPTY, false, '')),
          refuseOverrun: command((connection) => connection.#handler.refuseAs(OVERRAN, false, '')),
          logMalformed: command((connection) => logMalformed(core, connection)),
          logTooSlow: command((connection) => logTooSlow(core, connection)),
          logStalled: command((connection) => logStalled(core, connection)),
          depart: command((connection, { type }) =>
            connection.#depart(closedBy(type, core.changes.isRecorded)),
          ),
          close: command(({ id }) => core.command({ type: 'close', connection: id })),
          reportUnexpected: command((connection, { type }) => logUnexpected(core, connection, type)),
        },
      }),
      { keeperOf: () => core.stories },
    );
    // A trace needs every transition, which only the interpreter reports.
    return core.tracer === undefined ? compiled(machine) : machine;
  }
}
