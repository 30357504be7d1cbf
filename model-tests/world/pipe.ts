import type { Agenda } from './agenda.ts';
import type { Random } from './random.ts';

const MESSAGE = 64 * 1_024;

/** One direction of a connection: bytes arrive in order, in any chunks and at any time. */
export class Pipe {
  readonly #agenda: Agenda;
  readonly #random: Random;
  readonly #deliver: (bytes: string) => void;
  #waiting = '';
  #isPumping = false;
  #isStopped = false;
  #held = false;
  #whenEmpty: (() => void) | undefined;
  /** Bytes per second that the reader can take. */
  pace = Number.POSITIVE_INFINITY;
  /** How often a chunk is late, and the maximum delay (ms). */
  lateness = { chance: 0.02, most: 2_000 };
  delivered = 0;

  constructor(agenda: Agenda, random: Random, deliver: (bytes: string) => void) {
    this.#agenda = agenda;
    this.#random = random;
    this.#deliver = deliver;
  }

  get backlog(): number {
    return this.#waiting.length;
  }

  push(bytes: string): void {
    if (this.#isStopped) return;
    this.#waiting += bytes;
    this.#pump();
  }

  /** Nothing arrives any more: bytes in transit are lost. */
  stop(): void {
    this.#isStopped = true;
    this.#waiting = '';
  }

  /** Nothing is read for now; received bytes wait. */
  hold(held: boolean): void {
    this.#held = held;
    if (!held) this.#pump();
  }

  /** When all pushed bytes have arrived. */
  whenEmpty(act: () => void): void {
    this.#whenEmpty = act;
    this.#pump();
  }

  #pump(): void {
    if (this.#isPumping || this.#held || this.#isStopped) return;
    if (this.#waiting === '' && this.#whenEmpty === undefined) return;
    this.#isPumping = true;
    const size = this.#pieceSize();
    this.#agenda.after(this.#delay(size), () => {
      this.#isPumping = false;
      if (this.#isStopped) return;
      this.#come(size);
      this.#pump();
    });
  }

  #come(size: number): void {
    if (this.#held) return;
    const piece = this.#waiting.slice(0, size);
    this.#waiting = this.#waiting.slice(piece.length);
    this.delivered += piece.length;
    if (piece !== '') this.#deliver(piece);
    if (this.#waiting !== '' || this.#whenEmpty === undefined) return;
    const act = this.#whenEmpty;
    this.#whenEmpty = undefined;
    act();
  }

  #pieceSize(): number {
    const random = this.#random;
    return random.chance(0.1) ? random.whole(1, 12) : random.chance(0.2) ? random.whole(1, 1_500) : MESSAGE;
  }

  #delay(size: number): number {
    const { chance, most } = this.lateness;
    const network = this.#random.chance(chance)
      ? this.#random.fraction() * most
      : this.#random.fraction() * 3;
    return network + (1_000 * Math.min(size, this.#waiting.length)) / this.pace;
  }
}
