import type { World } from '../../world/world.ts';
import type { SimulatedSocket } from './socket.ts';

/**
 * A process of the simulated host, as its code sees it: it has a clock, timers and connections, and handles one event
 * after another. While a call blocks it, its own time is ahead of the world's: its actions take effect when the world
 * has reached that time, and its events wait as long.
 */
export class SimulatedProcess {
  readonly world: World;
  /** For the trace. */
  readonly name: string;
  readonly pid: number;
  /** The memory that it uses, in bytes. */
  memory = 0;
  /** The handler of its code for SIGTERM. */
  terminate: () => void = () => undefined;
  /** The destination of its output. */
  print: (stream: 'stdout' | 'stderr', text: string) => void = () => undefined;
  readonly sockets = new Set<SimulatedSocket>();
  /** Events that have arrived and wait. */
  readonly #inbox: (() => void)[] = [];
  #isWoken = false;
  #busyUntil = 0;
  #endedBy: string | undefined;
  #isFrozen = false;
  /** One of its connections was cut: other processes may believe that it is dead. */
  hasLostConnection = false;

  readonly #endListeners: ((how: string) => void)[] = [];

  constructor(world: World, name: string, pid: number) {
    this.world = world;
    this.name = name;
    this.pid = pid;
  }

  /** Notified of its end and the reason. */
  onEnd(listener: (how: string) => void): void {
    this.#endListeners.push(listener);
  }

  get isDead(): boolean {
    return this.#endedBy !== undefined;
  }

  /** The reason of its end, when it has ended. */
  get endedBy(): string | undefined {
    return this.#endedBy;
  }

  /** It does nothing more, whatever its code does. */
  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** Its code never ends, or has not ended yet. */
  get isBusy(): boolean {
    return this.#busyUntil > this.world.agenda.now;
  }

  /** Milliseconds of its own clock. */
  get now(): number {
    return Math.max(this.world.agenda.now, this.#busyUntil);
  }

  /** Its code takes this long without a pause. */
  block(milliseconds: number): void {
    this.#busyUntil = this.now + milliseconds;
  }

  /** Its code stops here, although the process continues: later actions do not happen. */
  freeze(): void {
    this.#isFrozen = true;
    this.#busyUntil = Infinity;
  }

  /** An event arrives: events are handled one at a time and in order. */
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

  /** An action that others see: it takes effect now, or when the world has reached the time of the process. */
  act(deed: () => void): void {
    if (this.isDead || this.#busyUntil === Infinity) return;
    if (!this.isBusy) return deed();
    this.world.agenda.at(this.now, () => {
      if (!this.isDead && !this.#isFrozen) deed();
    });
  }

  /** @returns a function that cancels it */
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

  /** It ends in the middle of an action; the kernel closes its sockets. */
  end(how: string): void {
    this.#endedBy = how;
    this.#inbox.length = 0;
    for (const socket of this.sockets) socket.release();
    for (const listener of this.#endListeners.splice(0)) listener(how);
  }
}
