import type { Clock, Timer } from '../clock.ts';
import type { Lease } from './lease.ts';
import type { LockOptions } from './lock-options.ts';
import type { Variable } from './variable.ts';

/** The default of `lease` in milliseconds. */
const LEASE_MS = 10_000;
/** How often a lease is extended within its time. */
const EXTENSIONS = 3;

/** A lock that this program holds. */
export class Lock implements AsyncDisposable {
  readonly #lease: Lease;
  readonly #clock: Clock;
  readonly #period: number;
  #timer: Timer | undefined;

  /** @internal Locks come from `NetWorkSpace.lock`. */
  constructor(lease: Lease, milliseconds: number, clock: Clock) {
    this.#lease = lease;
    this.#clock = clock;
    this.#period = milliseconds / EXTENSIONS;
    this.#extendLater();
  }

  /** Aborted when the lock is lost: this program was held up for too long, or its connection is lost. */
  get signal(): AbortSignal {
    return this.#lease.signal;
  }

  /** Releases the lock. Nothing happens if it was released or lost before. */
  async release(): Promise<void> {
    this.#timer?.stop();
    await this.#lease[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  #extendLater(): void {
    this.#timer = this.#clock.startTimer(this.#period, () => {
      if (this.signal.aborted) return;
      // If the lease has ended, its signal says so.
      void this.#lease.extend().catch(() => undefined);
      this.#extendLater();
    });
  }
}

/**
 * Waits for a lock. It is the first value that was ever stored into the variable, which is leased and never removed. Each
 * program may store further ones. A program that takes one of those removes it, so programs need not agree on who was first.
 */
export async function acquire(
  variable: Variable<''>,
  clock: Clock,
  { lease = LEASE_MS, ...wait }: LockOptions,
): Promise<Lock> {
  if ((await variable.findTry()) === undefined) await variable.store('');
  for (;;) {
    const taken = await variable.take({ ...wait, lease });
    if (taken.found.index === 0) return new Lock(taken, lease, clock);
    await taken.done();
  }
}
