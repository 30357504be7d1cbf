import type { Duplex } from 'node:stream';
import { assertEvent } from 'xstate';
import { actorOf, hasTag, type ActorOf } from '../actors/actor.ts';
import { compiled } from '../actors/compiled.ts';
import { Input } from '../core/input.ts';
import { RequestTimer } from '../core/request-timer.ts';
import { ServerHandshake, type Agreement, type ServerHandshakeStep } from '../core/server-handshake.ts';
import { connectionMachine, type ConnectionEvent } from '../machines/connection.ts';
import { Peer } from '../transport/peer.ts';
import { fault } from '../wire/error-kind.ts';
import { MALFORMED } from '../wire/dictionary.ts';
import { ACCEPTED, DENIED, encodeOffer, OLD_ANSWER, type Terms } from '../wire/handshake.ts';
import type { Limits } from '../wire/limits.ts';
import { RequestDecoder, type Request } from '../wire/request.ts';
import type { Timer } from '../workspace/timers.ts';
import type { ForwardingHost } from './forwarding-host.ts';

/** A value of at least that many bytes is kept in a file, not in memory, until its request is answered (D13). */
const MOST_IN_MEMORY_BYTES = 2 ** 20;

type Tag = 'readsGreeting' | 'readsOptions' | 'readsRequests' | 'midRequest';

/** What becomes of the requests of a client. */
export interface FrontEvents {
  requested(request: Request): void;
  /** The client has disconnected, or was disconnected: it will make no request any more. */
  gone(): void;
  /** The number of bytes that it has not read may have changed. */
  counted(): void;
}

/** The connection of a client to a server with a shared store: its handshake (P2) and its requests (P5). */
export class FrontConnection {
  readonly id: number;
  readonly name: string;
  readonly peer: Peer;
  #agreement: Agreement | undefined;
  readonly #host: ForwardingHost;
  readonly #events: FrontEvents;
  readonly #terms: Terms;
  readonly #input: Input;
  readonly #requestTimer: RequestTimer;
  readonly #actor: ActorOf<typeof connectionMachine>;
  #opening: ServerHandshake | undefined;
  #decoder: RequestDecoder | undefined;
  #handshakeTimer: Timer | undefined;
  #isHeld = false;

  constructor(id: number, socket: Duplex, name: string, host: ForwardingHost, events: FrontEvents) {
    this.id = id;
    this.name = name;
    this.#host = host;
    this.#events = events;
    this.#terms = host.termsOf(id);
    const { limits, accounting } = host;
    this.#input = new Input(accounting.unread);
    this.#opening = new ServerHandshake(this.#input, this.#terms, limits, accounting.incoming);
    this.#requestTimer = new RequestTimer(timersOf(host), limits, (bytes, required) =>
      this.#actor.send({ type: 'request.elapsed', bytes, required }),
    );
    this.#actor = actorOf(host.machines.connection, {
      id: 'connection',
      input: { id },
      parent: host.root,
      failed: (error) => this.#failed(error),
    });
    this.peer = new Peer(
      id,
      socket,
      name,
      {
        received: (_, bytes) => this.#contained(() => this.#received(bytes)),
        secured: () => this.#contained(() => this.#actor.send({ type: 'secured' })),
        counted: (peer) =>
          this.#contained(() => {
            host.countUnread(peer);
            events.counted();
          }),
        gone: () => this.#contained(() => this.#actor.send({ type: 'peer.gone' })),
        closed: () => host.closed(id),
      },
      host.time,
    );
  }

  start(): void {
    this.#actor.start();
  }

  /** The result of the handshake. @throws before there is one */
  get agreement(): Agreement {
    return this.#agreement ?? missingAgreement();
  }

  #received(bytes: Buffer): void {
    this.#requestTimer.came(bytes.length, this.#expects('midRequest'));
    this.#input.push(bytes);
    this.#readOn();
  }

  #readOn(): void {
    this.#read();
    if (!this.#input.settle()) this.#overLimit('incomingBytes');
  }

  #expects(what: Tag): boolean {
    return hasTag(this.#actor, what);
  }

  #read(): void {
    if (this.#opening !== undefined) {
      if (this.#expects('readsGreeting') && !this.#begin(this.#opening.greeting())) return;
      if (this.#expects('readsOptions') && !this.#begin(this.#opening.options())) return;
    }
    this.#readRequests();
  }

  #readRequests(): void {
    while (!this.#isHeld && this.#expects('readsRequests')) {
      const request = this.#decoder?.next();
      if (request === MALFORMED) return this.#actor.send({ type: 'malformed' });
      const isMidway = request === undefined && this.#decoder?.isMidway === true;
      if (isMidway !== this.#expects('midRequest'))
        this.#actor.send({ type: isMidway ? 'request.begun' : 'request.complete' });
      if (request === undefined) return;
      this.#events.requested(request);
    }
  }

  /** @returns whether the handshake has reached a step */
  #begin(step: ServerHandshakeStep | undefined): boolean {
    if (step === undefined) return false;
    if (step.agreed !== undefined) this.#agree(step.agreed);
    if (step.limit === undefined) this.#actor.send(step.event);
    else this.#overLimit(step.limit);
    return true;
  }

  #agree(agreed: Agreement): void {
    const { limits, accounting, uploads } = this.#host;
    this.#opening?.drop();
    this.#opening = undefined;
    this.#agreement = agreed;
    this.#decoder = new RequestDecoder(this.#input, {
      metadata: agreed.metadataToServer,
      limits: { ...limits, longValueBytes: Math.min(limits.longValueBytes, MOST_IN_MEMORY_BYTES) },
      files: {
        open: (size) => {
          const file = this.#host.newFile(size);
          uploads.open(file, this.id);
          return file;
        },
        write: (file, bytes) => uploads.write(file, bytes),
        finish: (file) => void uploads.finish(file, (error) => this.#fileWritten(error)),
        discard: (file) => uploads.discard(file),
      },
      room: accounting.incoming,
    });
  }

  #fileWritten(error: string | undefined): void {
    this.#decoder?.fileDone(error);
    this.#readOn();
  }

  #overLimit(limit: keyof Limits): void {
    this.#host.logger.info({ peer: this.name, limit }, 'connection ended: over the limit');
    this.#actor.send({ type: 'malformed' });
  }

  #failed(error: unknown): void {
    this.#host.logger.error({ peer: this.name, error }, 'a chart failed');
    this.peer.destroy();
  }

  /** A fault ends this connection, and no other one. */
  #contained(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#host.logger.error({ peer: this.name, error }, 'a client could not be forwarded');
      this.peer.destroy();
    }
  }

  /** Stops or resumes reading requests. */
  holdReading(isHeld: boolean): void {
    if (this.#isHeld === isHeld) return;
    this.#isHeld = isHeld;
    if (isHeld) return this.peer.hold('work');
    // Not at once: a reply may be half sent.
    this.#host.time.loop.soon(() =>
      this.#contained(() => {
        this.#readOn();
        // What has arrived is read before the peer reports that nothing more will.
        if (!this.#isHeld) this.peer.resume('work');
      }),
    );
  }

  /** Closes the connection when everything is sent. */
  close(): void {
    this.#actor.send({ type: 'server.stopping' });
  }

  #depart(): void {
    this.#decoder?.abandon();
    this.#opening?.drop();
    this.#input.drop();
    this.#events.gone();
  }

  /** Binds the machine of connections. @param connection finds the connection of an actor */
  static bind(
    connection: (id: number) => FrontConnection,
    { time, limits, logger }: Pick<ForwardingHost, 'time' | 'limits' | 'logger'>,
  ) {
    const command =
      (act: (connection: FrontConnection, event: ConnectionEvent) => void) =>
      ({ context, event }: { context: { id: number }; event: ConnectionEvent }): void =>
        act(connection(context.id), event);
    const logs = (message: string, limit?: keyof Limits) =>
      command(({ name }) => logger.info({ peer: name, ...(limit !== undefined && { limit }) }, message));
    return compiled(
      connectionMachine.provide({
        actions: {
          startHandshakeTimer: command((each) => {
            each.#handshakeTimer = time.startTimeout(limits.handshakeSeconds * 1000, () =>
              each.#actor.send({ type: 'handshake.elapsed' }),
            );
          }),
          stopHandshakeTimer: command((each) => each.#handshakeTimer?.stop()),
          startRequestTimer: command((each) => each.#requestTimer.start()),
          stopRequestTimer: command((each) => each.#requestTimer.stop()),
          sendOffer: command((each) => each.peer.send(encodeOffer(each.#terms))),
          sendOldAnswer: command((each) => each.peer.send(OLD_ANSWER)),
          sendAccepted: command((each) => each.peer.send(ACCEPTED)),
          sendDenied: command((each, event) => {
            assertEvent(event, 'options.denied');
            each.peer.send(DENIED);
            logger.info({ audit: true, peer: each.name, option: event.option }, 'option denied');
          }),
          startTls: command((each) => {
            const { tls } = each.#host.gate;
            if (tls === undefined) throw fault('TLS was begun and never offered');
            each.peer.startTls(tls, each.#input.rest());
          }),
          logMalformed: logs('malformed bytes'),
          logTooSlow: logs('handshake not done in time', 'handshakeSeconds'),
          logStalled: logs('a request stopped coming', 'requestSeconds'),
          depart: command((each) => each.#depart()),
          close: command((each) => each.peer.close()),
          reportUnexpected: command(({ name }, { type }) =>
            logger.error({ peer: name, event: type }, 'a chart was sent an event that it does not expect'),
          ),
        },
      }),
    );
  }
}

const timersOf = ({ time }: ForwardingHost) => ({
  start: (milliseconds: number, fired: () => void): Timer => time.startTimeout(milliseconds, fired),
});

function missingAgreement(): never {
  throw fault('the handshake is not complete');
}
