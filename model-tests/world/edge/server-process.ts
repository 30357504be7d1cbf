import type { EventLoop } from '../../../src/transport/event-loop.ts';
import { START, type World } from '../world.ts';

/** Milliseconds by which a timer is late, at most, while there are faults. */
const LATE_MS = 20_000;
/** Milliseconds that what lies between two looks at the clock costs, at most, where it costs anything. */
const COST_MS = 3;

/**
 * The process of the server, and its event loop. While it is stopped nothing happens in it. When it continues, it does
 * what Node does: first the timers that are due, then what has arrived.
 */
export class ServerProcess implements EventLoop {
  readonly timeOrigin = START;
  readonly #world: World;
  readonly #due: (() => void)[] = [];
  readonly #inbox: (() => void)[] = [];
  /** Nothing happens in it any more. */
  hasEnded = false;
  #isAsleep = false;
  #isWaking = false;
  /** Its own clock is ahead of the world's while it computes. */
  #now = 0;
  /** Timers that run, without the heartbeat. */
  timers = 0;
  /** Calls that come soon. */
  soons = 0;

  readonly #check: () => void;
  /** How often a look at the clock shows that something took long: in some seeds the machine is busy. */
  readonly #slowness: number;

  /** @param check called before each event */
  constructor(world: World, check: () => void) {
    this.#world = world;
    this.#slowness = world.random.chance(0.2) ? 0.3 : 0.02;
    this.#check = check;
  }

  end(): void {
    this.hasEnded = true;
    this.#due.length = this.#inbox.length = 0;
  }

  sleep(milliseconds: number): void {
    if (this.#isAsleep) return;
    this.#isAsleep = true;
    this.#world.agenda.after(milliseconds, () => {
      this.#isAsleep = false;
      this.#goOn();
    });
  }

  /** Something arrives: now, or when the process continues. */
  receive(act: () => void): void {
    this.#take(this.#inbox, act);
  }

  #take(queue: (() => void)[], act: () => void): void {
    if (this.hasEnded) return;
    if (!this.#isAsleep && !this.#isWaking) return this.#run(act);
    queue.push(act);
  }

  #run(act: () => void): void {
    this.#world.events++;
    this.#check();
    act();
  }

  /** One after the other: promises have their turn in between. */
  #goOn(): void {
    if (this.#isAsleep) return;
    const act = this.#due.shift() ?? this.#inbox.shift();
    this.#isWaking = act !== undefined;
    if (act === undefined) return;
    this.#run(act);
    this.#world.agenda.after(0, () => this.#goOn());
  }

  now(): number {
    const { faults, random, elapsed } = this.#world;
    const cost = !faults.over && random.chance(this.#slowness) ? random.fraction() * COST_MS : 0;
    this.#now = Math.max(this.#now + cost, elapsed);
    return this.#now;
  }

  startTimer(milliseconds: number, fired: () => void): () => void {
    const { agenda, faults, random } = this.#world;
    const isLate = faults.may('late timer') && random.chance(0.1);
    if (isLate) faults.note('late timer');
    let isRunning = true;
    this.timers++;
    const end = (): boolean => {
      if (!isRunning) return false;
      isRunning = false;
      this.timers--;
      return true;
    };
    const cancel = agenda.after(Math.max(milliseconds, 1) + random.fraction() * (isLate ? LATE_MS : 1), () =>
      this.#take(this.#due, () => {
        if (end()) fired();
      }),
    );
    return () => {
      if (end()) cancel();
    };
  }

  startInterval(milliseconds: number, fired: () => void): () => void {
    let isRunning = true;
    const again = (): void =>
      void this.#world.agenda.after(milliseconds, () =>
        this.#take(this.#due, () => {
          if (!isRunning) return;
          fired();
          again();
        }),
      );
    again();
    return () => {
      isRunning = false;
    };
  }

  soon(act: () => void): void {
    this.soons++;
    this.#world.agenda.after(0, () =>
      this.receive(() => {
        this.soons--;
        act();
      }),
    );
  }
}
