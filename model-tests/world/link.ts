import type { Agenda } from './agenda.ts';
import { Pipe } from './pipe.ts';
import type { Random } from './random.ts';

/** What the server's side of a connection tells. */
export interface ServerEnd {
  received(bytes: string): void;
  disconnected(): void;
}
/** What the client's side tells. */
export interface ClientEnd {
  received(bytes: string): void;
  /** @param isClean after the last byte that the server has sent, not in the middle */
  closed(isClean: boolean): void;
}

/** Bytes that may wait for a client before the server stops reading from it (P11). */
const HIGH_WATER = 16 * 1_024;
/** Milliseconds that a client has to close after the server's last word. */
const LINGER = 5_000;
/** After this time at most keep-alive finds a host that has gone silently (ms). */
const KEEP_ALIVE = 15 * 60_000;
/** After this time at most either side finds a network that drops everything (ms). */
const SILENCE = 75_000;

/** One connection between a client and the server, with all that can go wrong with it. */
export class Link {
  readonly #agenda: Agenda;
  readonly #random: Random;
  readonly #up: Pipe;
  readonly #down: Pipe;
  readonly #server: ServerEnd;
  readonly #client: ClientEnd;
  #serverKnows = false;
  #clientKnows = false;
  #serverCloses = false;
  /** Is reset once so many bytes have come, in the one direction or the other. */
  breaksAt = Number.POSITIVE_INFINITY;
  onBreak: () => void = () => undefined;

  constructor(agenda: Agenda, random: Random, server: ServerEnd, client: ClientEnd) {
    this.#agenda = agenda;
    this.#random = random;
    this.#server = server;
    this.#client = client;
    this.#up = new Pipe(agenda, random, (bytes) => {
      if (!this.#serverCloses && !this.#serverKnows) server.received(bytes);
      this.#wear();
    });
    this.#down = new Pipe(agenda, random, (bytes) => {
      client.received(bytes);
      this.#relieve();
      this.#wear();
    });
  }

  get isOver(): boolean {
    return this.#clientKnows;
  }

  // What the client does

  write(bytes: string): void {
    this.#up.push(bytes);
  }

  /** All that was written arrives, then the server sees the end. */
  end(): void {
    this.#clientIsGone(true);
    this.#down.stop();
    this.#up.hold(false);
    this.#up.whenEmpty(() => this.#serverSeesEnd());
  }

  /** The end at any byte: what is under way is lost. */
  reset(): void {
    this.#clientIsGone(false);
    this.#lose();
    this.#soon(() => this.#serverSeesEnd());
  }

  /** The host has gone without a word: the server may send, and hears nothing, until keep-alive tells it. */
  goSilent(): void {
    this.#clientIsGone(false);
    this.#lose();
    this.#agenda.after((0.2 + 0.8 * this.#random.fraction()) * KEEP_ALIVE, () => this.#serverSeesEnd());
  }

  readSlowly(bytesPerSecond: number): void {
    this.#down.pace = bytesPerSecond;
  }

  /** The client reads nothing for now; what comes waits. */
  pauseReading(isPaused: boolean): void {
    this.#down.hold(isPaused);
  }

  /** Bytes that the client has written and the server has not received. */
  get underWay(): number {
    return this.#up.backlog;
  }

  // What the network does

  /** Cut at any byte: each side learns of it in its own time. */
  cut(): void {
    this.#lose();
    this.#soon(() => this.#serverLearns());
    this.#soon(() => this.#clientIsGone(false));
  }

  /** Drops everything from now on, and tells nobody: each side learns of it by its own keep-alive. */
  vanish(): void {
    this.#lose();
    const silence = (): number => (0.2 + 0.8 * this.#random.fraction()) * SILENCE;
    this.#agenda.after(silence(), () => this.#serverLearns());
    this.#agenda.after(silence(), () => this.#clientIsGone(false));
  }

  // What the server does

  send(bytes: string): void {
    if (this.#serverKnows || this.#clientKnows) return;
    this.#down.push(bytes);
    if (this.#down.backlog > HIGH_WATER) this.#up.hold(true);
  }

  close(): void {
    this.#serverCloses = true;
    this.#up.hold(false);
    this.#down.whenEmpty(() => {
      if (this.#clientKnows) return;
      this.#clientIsGone(true);
      this.#soon(() => this.#serverSeesEnd());
    });
    this.#agenda.after(LINGER, () => this.#serverSeesEnd());
  }

  #relieve(): void {
    if (this.#down.backlog <= HIGH_WATER / 2) this.#up.hold(false);
  }

  #wear(): void {
    if (this.#up.delivered + this.#down.delivered < this.breaksAt || this.#clientKnows) return;
    this.onBreak();
    this.reset();
  }

  #soon(act: () => void): void {
    this.#agenda.after(this.#random.fraction() * 20, act);
  }

  #lose(): void {
    this.#up.stop();
    this.#down.stop();
  }

  #clientIsGone(isClean: boolean): void {
    if (this.#clientKnows) return;
    this.#clientKnows = true;
    this.#client.closed(isClean);
  }

  #serverSeesEnd(): void {
    if (this.#serverKnows) return;
    this.#clientIsGone(false);
    this.#serverLearns();
  }

  #serverLearns(): void {
    if (this.#serverKnows) return;
    this.#serverKnows = true;
    this.#lose();
    this.#server.disconnected();
  }
}
