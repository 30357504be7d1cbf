import type { World } from '../../world/world.ts';
import type { SimulatedSocket } from './socket.ts';

/**
 * A process of the simulated host, as far as its code can tell: it has a clock, timers, and connections, and takes one
 * event after another. When a call blocks it, its own time is ahead of the world's: what it does is done when the world
 * has come there, and what comes for it waits as long.
 */
export class SimulatedProcess {
  readonly name: string;
  readonly world: World;
  readonly sockets = new Set<SimulatedSocket>();
  /** What has come for it, and has to wait. */
  readonly #inbox: (() => void)[] = [];
  #isWoken = false;
  #busyUntil = 0;
  #isDead = false;

  constructor(world: World, name: string) {
    this.world = world;
    this.name = name;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Its code does not come to an end, or has not come there yet. */
  get isBusy(): boolean {
    return this.#busyUntil > this.world.agenda.now;
  }

  /** Milliseconds of its own clock. */
  get now(): number {
    return Math.max(this.world.agenda.now, this.#busyUntil);
  }

  /** Its code takes so long, in one piece. */
  block(milliseconds: number): void {
    this.#busyUntil = this.now + milliseconds;
  }

  /** Something comes for it: one thing at a time, in the order in which they come. */
  hear(act: () => void): void {
    if (this.#isDead) return;
    if (this.#inbox.length === 0 && !this.isBusy) return act();
    this.#inbox.push(act);
    this.#wakeLater();
  }

  #wakeLater(): void {
    if (this.#isWoken || this.#busyUntil === Infinity) return;
    this.#isWoken = true;
    this.world.agenda.at(this.now, () => {
      this.#isWoken = false;
      if (this.#isDead) return;
      if (!this.isBusy) this.#inbox.shift()?.();
      if (this.#inbox.length > 0) this.#wakeLater();
    });
  }

  /** It does something that others see: now, or when the world has come where it is. */
  act(deed: () => void): void {
    if (this.#isDead || this.#busyUntil === Infinity) return;
    if (!this.isBusy) return deed();
    this.world.agenda.at(this.now, () => {
      if (!this.#isDead) deed();
    });
  }

  /** @returns what takes it back */
  after(milliseconds: number, act: () => void): () => void {
    if (milliseconds === Infinity || this.#busyUntil === Infinity) return () => undefined;
    let isWanted = true;
    const forget = this.world.agenda.at(this.now + Math.max(milliseconds, 0), () =>
      this.hear(() => {
        if (isWanted) act();
      }),
    );
    return () => {
      isWanted = false;
      forget();
    };
  }

  /** It ends, in the middle of whatever it does; the kernel closes what it had open. */
  end(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#inbox.length = 0;
    for (const socket of this.sockets) socket.release();
  }
}
