import { Duplex } from 'node:stream';
import type { ClientEnd, ClientLink } from '../link.ts';
import { Pipe } from '../pipe.ts';
import { socketError } from '../socket-error.ts';
import type { World } from '../world.ts';
import type { ServerProcess } from './server-process.ts';

/** Bytes that the system takes from the server before the client has them. */
const SEND_BUFFER = 16 * 1_024;
/** After this time at most keep-alive finds a host that has gone silently (ms). */
const SILENCE_MS = 75_000;
/** Milliseconds until the other side hears of a reset, at most. */
const SOON_MS = 20;

/** One connection: the server's end is a socket, as `node:net` would give it, and the client's end is a `ClientLink`. */
export class SocketLink implements ClientLink {
  readonly socket: Duplex;
  breaksAt = Number.POSITIVE_INFINITY;
  onBreak: () => void = () => undefined;
  readonly #world: World;
  readonly #process: ServerProcess;
  readonly #client: ClientEnd;
  readonly #up: Pipe;
  readonly #down: Pipe;
  /** The server's write that waits for room. */
  #written: (() => void) | undefined;
  #clientKnows = false;
  /** The client sends no more. */
  #hasEnded = false;
  /** The client's host answers with a reset to whatever comes. */
  #isShut = false;
  /** Nothing passes any more. */
  #isLost = false;

  constructor(world: World, process: ServerProcess, client: ClientEnd) {
    const { agenda, random } = world;
    this.#world = world;
    this.#process = process;
    this.#client = client;
    this.#up = new Pipe(agenda, random, (bytes) => {
      this.#process.receive(() => {
        if (!this.socket.destroyed && !this.socket.push(Buffer.from(bytes, 'latin1'))) this.#up.hold(true);
      });
      this.#wear();
    });
    this.#down = new Pipe(agenda, random, (bytes) => {
      this.#makeRoom();
      if (!this.#clientKnows) client.received(bytes);
      this.#wear();
    });
    this.socket = new Duplex({
      allowHalfOpen: true,
      highWaterMark: SEND_BUFFER,
      read: () => this.#up.hold(false),
      write: (bytes: Buffer, _encoding, done) => this.#send(bytes, done),
      final: (done) => {
        this.#down.whenEmpty(() => this.#serverEnds());
        done();
      },
      destroy: (error, done) => {
        this.#up.stop();
        if (error === null) this.#down.whenEmpty(() => this.#serverEnds());
        done(error);
      },
    });
  }

  // What the server does

  #send(bytes: Buffer, done: () => void): void {
    if (this.#isShut) this.#resetServer('ECONNRESET');
    this.#down.push(bytes.toString('latin1'));
    this.#written = done;
    this.#makeRoom();
  }

  /** A client that reads slowly lets the server's writes wait. */
  #makeRoom(): void {
    if (this.#written === undefined || this.#down.backlog > SEND_BUFFER || this.#isLost) return;
    const done = this.#written;
    this.#written = undefined;
    this.#world.agenda.after(0, () => this.#process.receive(done));
  }

  #serverEnds(): void {
    this.#clientIsGone(true);
    this.#soon(() => this.end());
  }

  #resetServer(
    code: 'ECONNRESET' | 'ETIMEDOUT',
    milliseconds = this.#world.random.fraction() * SOON_MS,
  ): void {
    this.#world.agenda.after(milliseconds, () =>
      this.#process.receive(() => this.socket.destroy(socketError(code))),
    );
  }

  /** The process of the server has ended: what it has sent arrives, or is lost. */
  serverDies(): void {
    this.#up.stop();
    this.#isShut = true;
    if (this.#world.random.chance(0.5)) return this.#down.whenEmpty(() => this.#clientIsGone(true));
    this.#lose();
    this.#soon(() => this.#clientIsGone(false));
  }

  // What the client does

  get isOver(): boolean {
    return this.#clientKnows;
  }
  get underWay(): number {
    return this.#up.backlog;
  }

  write(bytes: string): void {
    this.#up.push(bytes);
  }

  /** It sends no more, and takes what comes. */
  endSending(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#up.whenEmpty(() =>
      this.#process.receive(() => {
        if (!this.socket.destroyed) this.socket.push(null);
      }),
    );
  }

  end(): void {
    if (this.#isShut) return;
    this.#clientIsGone(true);
    this.#isShut = true;
    // What is on its way to it is answered with a reset.
    if (this.#down.backlog > 0) this.#resetServer('ECONNRESET');
    this.#down.stop();
    this.endSending();
  }

  reset(): void {
    this.#clientIsGone(false);
    this.#lose();
    this.#resetServer('ECONNRESET');
  }

  goSilent(): void {
    this.#clientIsGone(false);
    this.#lose();
    this.#resetServer('ETIMEDOUT', this.#silence());
  }

  readSlowly(bytesPerSecond: number): void {
    this.#down.pace = bytesPerSecond;
  }

  pauseReading(isPaused: boolean): void {
    this.#down.hold(isPaused);
  }

  // What the network does

  cut(): void {
    this.#lose();
    this.#resetServer('ECONNRESET');
    this.#soon(() => this.#clientIsGone(false));
  }

  vanish(): void {
    this.#lose();
    this.#resetServer('ETIMEDOUT', this.#silence());
    this.#world.agenda.after(this.#silence(), () => this.#clientIsGone(false));
  }

  #silence(): number {
    return (0.2 + 0.8 * this.#world.random.fraction()) * SILENCE_MS;
  }

  #wear(): void {
    if (this.#up.delivered + this.#down.delivered < this.breaksAt || this.#clientKnows) return;
    this.onBreak();
    this.reset();
  }

  #soon(act: () => void): void {
    this.#world.agenda.after(this.#world.random.fraction() * SOON_MS, act);
  }

  #lose(): void {
    this.#isShut = this.#isLost = true;
    this.#up.stop();
    this.#down.stop();
  }

  #clientIsGone(isClean: boolean): void {
    if (this.#clientKnows) return;
    this.#clientKnows = true;
    this.#client.closed(isClean);
  }
}
