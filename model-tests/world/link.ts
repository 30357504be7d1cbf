import type { Agenda } from './agenda.ts';
import { Pipe } from './pipe.ts';
import type { Random } from './random.ts';

/** The events of the server's side of a connection. */
export interface ServerEnd {
  received(bytes: string): void;
  disconnected(): void;
}
/** The events of the client's side. */
export interface ClientEnd {
  received(bytes: string): void;
  /** @param isClean after the last byte that the server has sent, and not earlier */
  closed(isClean: boolean): void;
}

/** A connection as its client, and what is between it and the server, uses it. */
export interface ClientLink {
  /** The client has been told that it has ended, or has ended it. */
  readonly isOver: boolean;
  /** It is reset after this many bytes in one direction. */
  breaksAt: number;
  onBreak: () => void;
  write(bytes: string): void;
  /** All written bytes arrive, then the server sees the end. */
  end(): void;
  /** The end at any byte: bytes in transit are lost. */
  reset(): void;
  /** The host has disappeared silently: the server may send, and receives nothing until keep-alive detects it. */
  goSilent(): void;
  readSlowly(bytesPerSecond: number): void;
  /** The client stops reading; received bytes wait. */
  pauseReading(isPaused: boolean): void;
  /** Bytes that the client has written and the server has not received. */
  readonly underWay: number;
  /** A cut at any byte: each side learns of it at its own time. */
  cut(): void;
  /** Drops everything from now on silently: each side learns of it by its own keep-alive. */
  vanish(): void;
}

/** Bytes that may wait for a client before the server stops reading from it (P11). */
const HIGH_WATER = 16 * 1_024;
/** Milliseconds in which a client must close after the last byte of the server. */
const LINGER = 5_000;
/** The maximum time until keep-alive detects a silent host (ms). */
const KEEP_ALIVE = 15 * 60_000;
/** The maximum time until either side detects a network that drops everything (ms). */
const SILENCE = 75_000;

/** One connection between a client and the server's core, with all that can go wrong with it. */
export class Link implements ClientLink {
  readonly #agenda: Agenda;
  readonly #random: Random;
  readonly #up: Pipe;
  readonly #down: Pipe;
  readonly #server: ServerEnd;
  readonly #client: ClientEnd;
  #serverKnows = false;
  #clientKnows = false;
  #serverCloses = false;
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

  end(): void {
    this.#clientIsGone(true);
    this.#down.stop();
    this.#up.hold(false);
    this.#up.whenEmpty(() => this.#serverSeesEnd());
  }

  reset(): void {
    this.#clientIsGone(false);
    this.#lose();
    this.#soon(() => this.#serverSeesEnd());
  }

  goSilent(): void {
    this.#clientIsGone(false);
    this.#lose();
    this.#agenda.after((0.2 + 0.8 * this.#random.fraction()) * KEEP_ALIVE, () => this.#serverSeesEnd());
  }

  readSlowly(bytesPerSecond: number): void {
    this.#down.pace = bytesPerSecond;
  }

  pauseReading(isPaused: boolean): void {
    this.#down.hold(isPaused);
  }

  get underWay(): number {
    return this.#up.backlog;
  }

  // What the network does

  cut(): void {
    this.#lose();
    this.#soon(() => this.#serverLearns());
    this.#soon(() => this.#clientIsGone(false));
  }

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

  /** The process of the server has ended: what it has sent arrives, or is lost. */
  serverDies(): void {
    if (this.#serverKnows) return;
    this.#serverKnows = true;
    this.#up.stop();
    if (this.#random.chance(0.5)) return this.#down.whenEmpty(() => this.#clientIsGone(true));
    this.#down.stop();
    this.#soon(() => this.#clientIsGone(false));
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
