import { Balance } from '../../src/cluster/balance.ts';
import { Random } from '../../model-tests/world/random.ts';

/** Milliseconds of the simulated servers, as they are by default. */
const LEASE_MS = 5_000;
const ALIVE_MS = LEASE_MS;
const LOOK_MS = LEASE_MS / 8;
const PATIENCE_MS = 2 * ALIVE_MS;
const RENEW_MS = LEASE_MS / 3;
/** The most that a statement, and that loading a partition takes. */
const MOST_STATEMENT_MS = 50;
const MOST_LOAD_MS = 1_500;
const STEP_MS = 5;

interface Row {
  owner: string | undefined;
  leaseUntil: number;
}

interface Running {
  readonly name: string;
  readonly balance: Balance;
  /** The partitions that it has claimed, and when they are loaded. */
  readonly held: Map<number, number>;
  lookAt: number;
  renewAt: number;
  /** Claims that are on their way: when they arrive, and who it believed to be the owner. */
  readonly claims: Map<number, number>;
}

/** A store that servers share, whose time goes on in steps. */
export class SimulatedStore {
  readonly #rows: Row[];
  readonly #seen = new Map<string, number>();
  readonly #running = new Map<string, Running>();
  readonly #unownedSince: (number | undefined)[];
  readonly #random: Random;
  #now = 0;
  #longestUnowned = 0;
  /** Claims that succeeded. */
  moves = 0;

  constructor(partitions: number, seed: number) {
    this.#random = new Random(seed);
    this.#rows = Array.from({ length: partitions }, () => ({ owner: undefined, leaseUntil: -1 }));
    this.#unownedSince = this.#rows.map(() => undefined);
  }

  get running(): readonly string[] {
    return [...this.#running.keys()];
  }

  /** Within so many milliseconds all shares are equal: each step takes two looks, a load, and the patience once. */
  get settlingMs(): number {
    return (
      this.#rows.length * (2 * LOOK_MS + MOST_LOAD_MS + 4 * MOST_STATEMENT_MS) +
      LEASE_MS +
      PATIENCE_MS +
      ALIVE_MS
    );
  }

  /** How long a partition may have no owner, while at least one server runs. */
  get toleratedMs(): number {
    return PATIENCE_MS + 2 * LOOK_MS + 4 * MOST_STATEMENT_MS;
  }

  get longestUnownedMs(): number {
    return this.#longestUnowned;
  }

  shares(): readonly number[] {
    return this.running.map(
      (name) => this.#rows.filter(({ owner, leaseUntil }) => owner === name && leaseUntil > this.#now).length,
    );
  }

  start(name: string): void {
    if (this.#running.has(name)) return;
    this.#seen.set(name, this.#now);
    const held = new Map<number, number>();
    // It takes up its own.
    for (const [number, row] of this.#rows.entries())
      if (row.owner === name && row.leaseUntil > this.#now) held.set(number, this.#now + MOST_LOAD_MS);
    const balance = new Balance(name, PATIENCE_MS);
    const lookAt = this.#now + this.#random.whole(0, LOOK_MS);
    this.#running.set(name, { name, balance, held, lookAt, renewAt: this.#now, claims: new Map() });
  }

  kill(name: string): void {
    this.#running.delete(name);
  }

  /** In order: it leaves the list, and releases its leases. */
  stop(name: string): void {
    if (!this.#running.delete(name)) return;
    this.#seen.delete(name);
    for (const row of this.#rows) if (row.owner === name) row.leaseUntil = Number.NEGATIVE_INFINITY;
  }

  run(milliseconds: number): void {
    for (const end = this.#now + milliseconds; this.#now < end; this.#now += STEP_MS) {
      for (const server of this.#running.values()) this.#step(server);
      this.#measure();
    }
  }

  #step(server: Running): void {
    const now = this.#now;
    for (const [number, at] of server.claims) {
      if (now < at) continue;
      server.claims.delete(number);
      this.#claim(server, number);
    }
    if (now >= server.renewAt) {
      server.renewAt = now + RENEW_MS;
      this.#seen.set(server.name, now);
      for (const number of server.held.keys()) this.#row(number).leaseUntil = now + LEASE_MS;
    }
    if (now < server.lookAt) return;
    server.lookAt = now + LOOK_MS;
    this.#look(server);
  }

  #row(number: number): Row {
    const row = this.#rows[number];
    if (row === undefined) throw new Error(`there is no partition ${number}`);
    return row;
  }

  #look({ name, balance, held, claims }: Running): void {
    const now = this.#now;
    const live = new Set([name]);
    for (const [each, seen] of this.#seen) if (now - seen < ALIVE_MS) live.add(each);
    const owners = this.#rows.map(({ owner, leaseUntil }, number) =>
      held.has(number) || claims.has(number) ? name : leaseUntil > now ? owner : undefined,
    );
    const plan = balance.plan({ owners, live }, now);
    for (const number of plan.claims) claims.set(number, now + this.#random.whole(0, MOST_STATEMENT_MS));
    const { surplus } = plan;
    const loadedAt = surplus === undefined ? undefined : held.get(surplus);
    if (surplus === undefined || loadedAt === undefined || loadedAt > now) return;
    held.delete(surplus);
    this.#row(surplus).leaseUntil = Number.NEGATIVE_INFINITY;
  }

  #claim({ name, held }: Running, number: number): void {
    const row = this.#row(number);
    if (row.leaseUntil > this.#now) return;
    row.owner = name;
    row.leaseUntil = this.#now + LEASE_MS;
    held.set(number, this.#now + this.#random.whole(0, MOST_LOAD_MS));
    this.moves++;
  }

  /** While no server runs nobody can own anything. */
  #measure(): void {
    for (const [number, { leaseUntil }] of this.#rows.entries()) {
      const isOwned = leaseUntil > this.#now || this.#running.size === 0;
      const since = isOwned ? undefined : (this.#unownedSince[number] ?? this.#now);
      this.#unownedSince[number] = since;
      if (since !== undefined) this.#longestUnowned = Math.max(this.#longestUnowned, this.#now - since);
    }
  }
}
