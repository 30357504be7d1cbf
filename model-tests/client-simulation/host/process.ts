import type { World } from '../../world/world.ts';
import type { SimulatedSocket } from './socket.ts';

/**
 * A process of the simulated host, as far as its code can tell: it has a clock, timers, and connections, and takes one
 * event after another. When a call blocks it, its own time is ahead of the world's: what it does is done when the world
 * has come there, and what comes for it waits as long.
 */
export class SimulatedProcess {
  readonly world: World;
  /** For people who read the trace. */
  readonly name: string;
  readonly pid: number;
  /** Bytes that it takes. */
  memory = 0;
  /** What its code does at SIGTERM. */
  terminate: () => void = () => undefined;
  /** What it prints goes there. */
  print: (stream: 'stdout' | 'stderr', text: string) => void = () => undefined;
  readonly sockets = new Set<SimulatedSocket>();
  /** What has come for it, and has to wait. */
  readonly #inbox: (() => void)[] = [];
  #isWoken = false;
  #busyUntil = 0;
  #endedBy: string | undefined;
  #isFrozen = false;
  /** A connection of it was cut: others may take it for dead. */
  hasLostConnection = false;

  readonly #endListeners: ((how: string) => void)[] = [];

  constructor(world: World, name: string, pid: number) {
    this.world = world;
    this.name = name;
    this.pid = pid;
  }

  /** Whoever waits for its end is told how that was. */
  onEnd(listener: (how: string) => void): void {
    this.#endListeners.push(listener);
  }

  get isDead(): boolean {
    return this.#endedBy !== undefined;
  }

  /** How it has ended, when it has. */
  get endedBy(): string | undefined {
    return this.#endedBy;
  }

  /** It does nothing more, whatever its code says. */
  get isFrozen(): boolean {
    return this.#isFrozen;
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

  /** Its code does not go on from here, though the process is there: what it has not done yet is not done. */
  freeze(): void {
    this.#isFrozen = true;
    this.#busyUntil = Infinity;
  }

  /** Something comes for it: one thing at a time, in the order in which they come. */
  hear(act: () => void): void {
    if (this.isDead || this.#isFrozen) return;
    if (this.#inbox.length === 0 && !this.isBusy) return act();
    this.#inbox.push(act);
    this.#wakeLater();
  }

  #wakeLater(): void {
    if (this.#isWoken || this.#busyUntil === Infinity) return;
    this.#isWoken = true;
    this.world.agenda.at(this.now, () => {
      this.#isWoken = false;
      if (this.isDead || this.#isFrozen) return;
      if (!this.isBusy) this.#inbox.shift()?.();
      if (this.#inbox.length > 0) this.#wakeLater();
    });
  }

  /** It does something that others see: now, or when the world has come where it is. */
  act(deed: () => void): void {
    if (this.isDead || this.#busyUntil === Infinity) return;
    if (!this.isBusy) return deed();
    this.world.agenda.at(this.now, () => {
      if (!this.isDead && !this.#isFrozen) deed();
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
  end(how: string): void {
    this.#endedBy = how;
    this.#inbox.length = 0;
    for (const socket of this.sockets) socket.release();
    for (const listener of this.#endListeners.splice(0)) listener(how);
  }
}
