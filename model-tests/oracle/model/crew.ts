import type { Client } from './client.ts';
import { refusal, type Reply } from './told.ts';

export interface Task {
  readonly text: string;
  readonly descriptor: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly batch: string | undefined;
  /** The broadcast that it is a copy of. */
  readonly copyOf?: Broadcast;
  attempts: number;
}

export interface Broadcast extends Omit<Task, 'attempts' | 'copyOf'> {
  /** Ranks whose copy was answered, by them or for them. */
  readonly settled: Set<number>;
}

/** One rank that was given out. */
export interface Worker {
  readonly rank: number;
  readonly sentinel: Sentinel;
  client: Client | undefined;
  state: 'declared' | 'registered' | 'dead' | 'deadbeat' | 'left';
  task: Task | undefined;
  /** A copy of a broadcast that is tried again (S7.1). */
  again: Task | undefined;
  /** How many broadcasts it has had. */
  had: number;
  completed: number;
}

export interface Sentinel {
  readonly client: Client;
  state: 'active' | 'blocked' | 'dead' | 'left';
  lastRank: number;
}

/** Ranks, sentinels and workers (S2–S6.1). */
export class Crew {
  readonly workers: Worker[] = [];
  readonly sentinels: Sentinel[] = [];
  join: 'open' | 'joining' | 'closed' = 'open';
  /** S4; undefined: none is set. */
  maximum: number | undefined;
  frozen = false;
  begunByStatus = false;
  registeredAtClosing = 0;

  get registered(): number {
    return this.workers.filter(({ state }) => state === 'registered').length;
  }

  get expected(): number {
    return this.maximum ?? this.workers.length;
  }

  workerOf(client: Client): Worker | undefined {
    return this.workers.find((worker) => worker.client === client);
  }

  sentinelOf(client: Client): Sentinel | undefined {
    return this.sentinels.find((sentinel) => sentinel.client === client);
  }

  /** S2. @returns the rank, or -1 */
  giveRank(client: Client): number {
    const rank = this.workers.length;
    const limit = this.maximum ?? -1;
    const known = this.sentinelOf(client);
    if (this.join === 'closed' || (limit > 0 && rank >= limit) || known?.state === 'dead') return -1;
    const sentinel: Sentinel = known ?? { client, state: 'active', lastRank: rank };
    if (known === undefined) this.sentinels.push(sentinel);
    sentinel.lastRank = rank;
    const nothing = { client: undefined, task: undefined, again: undefined, had: 0, completed: 0 };
    this.workers.push({ rank, sentinel, state: 'declared', ...nothing });
    return rank;
  }

  /** S3. Which reason is told when several apply is open. */
  whyNotRegister(client: Client, rank: string): Reply | undefined {
    const reasons: string[] = [];
    if (!/^\s*[+-]?\d+\s*$/.test(rank)) reasons.push(`the rank "${rank}" is no number`);
    const worker = this.workers[Number(rank)];
    if (this.join === 'closed') reasons.push('group closed');
    if (worker === undefined) reasons.push(`rank ${Number(rank)} was never given out`);
    else if (worker.state === 'registered') reasons.push('duplicate worker id');
    else if (worker.state !== 'declared')
      reasons.push(`the worker of rank ${worker.rank} is ${worker.state}`);
    const own = this.workerOf(client);
    if (own !== undefined) reasons.push(`this connection is worker ${own.rank} already`);
    if (reasons.length === 0) return undefined;
    return refusal(...reasons.map((reason) => `Worker registration failed: ${reason}.`));
  }

  /** S4. */
  freeze(): void {
    if (!this.frozen && this.maximum === undefined) this.maximum = this.workers.length;
    this.frozen = true;
  }

  /** S4–S6.1. */
  close(): void {
    if (this.begunByStatus && !this.frozen && this.maximum !== undefined)
      this.maximum = Math.min(this.maximum, this.workers.length);
    this.freeze();
    this.join = 'closed';
    this.registeredAtClosing = this.registered;
    for (const worker of this.workers) if (worker.state === 'declared') worker.state = 'deadbeat';
  }

  /** The ranks that will never do anything again, below the number expected (S13). */
  get absent(): number[] {
    const ranks = Array.from({ length: Math.max(this.expected, 0) }, (_, rank) => rank);
    return ranks.filter((rank) => this.workers[rank]?.state !== 'registered');
  }
}
