import type { Client } from './client.ts';
import type { Kept, Variable } from './variable.ts';

/** A value that a client has taken for a time (V13). */
export interface Lease {
  readonly holder: Client;
  readonly variable: Variable;
  readonly kept: Kept;
  /** When its time elapses. */
  until: number;
  /** As the server has said it; undefined if the holder gets no metadata. */
  number: string | undefined;
}

/** All leases of the server, in the order in which they began, and the time, which passes when the test says so. */
export class Leases {
  now = 0;
  #held: Lease[] = [];
  readonly #ended: Lease[] = [];

  begin(holder: Client, variable: Variable, kept: Kept, milliseconds: number): Lease {
    const until = this.now + milliseconds;
    const lease: Lease = { holder, variable, kept, until, number: undefined };
    this.#held.push(lease);
    return lease;
  }

  get held(): readonly Lease[] {
    return this.#held;
  }
  /** Those that have ended, in whatever way. */
  get ended(): readonly Lease[] {
    return this.#ended;
  }

  of(variable: Variable): Lease[] {
    return this.#held.filter((lease) => lease.variable === variable);
  }

  /** V13.5. */
  heldBy(client: Client, number: string): Lease | undefined {
    return this.#held.find((lease) => lease.holder === client && lease.number === number);
  }

  /** V13.1. */
  done(lease: Lease): void {
    this.drop(lease);
    lease.variable.admit();
  }

  /** V13.2. */
  giveBack(lease: Lease): void {
    this.drop(lease);
    lease.variable.takeBack(lease.kept);
  }

  /** V13.4. */
  drop(lease: Lease): void {
    this.#held = this.#held.filter((other) => other !== lease);
    this.#ended.push(lease);
  }

  /** When the next one elapses, if that is not after a time. */
  nextUntil(time: number): number | undefined {
    const times = this.#held.map(({ until }) => until).filter((until) => until <= time);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  elapse(): void {
    for (const lease of this.#held.filter(({ until }) => until <= this.now)) this.giveBack(lease);
  }
}
