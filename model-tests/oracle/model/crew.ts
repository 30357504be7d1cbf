import type { Client } from './client.ts';
import { isWhole, refusal, type Entries, type Reply } from './replies.ts';

/** A task, or a copy of a broadcast. */
export interface Task {
  readonly text: string;
  readonly descriptor: number;
  readonly metadata: Entries;
  readonly copyOf?: Broadcast;
  /** Ranks that it is not handed to again (S19). */
  readonly declinedBy: Set<number>;
  /** The reported end of the last worker that declined it. */
  signs: Entries;
  attempts: number;
  /** It has its result, and workers have it still (S30.1, S31.2). */
  isAnswered: boolean;
  /** Its place in the queue. */
  place: number;
  /** The host for whose workers it is kept (S32). */
  host: string | undefined;
}

/** A task that nobody has had. */
export const newTask = (of: Pick<Task, 'text' | 'descriptor' | 'metadata' | 'copyOf'>): Task => ({
  ...of,
  declinedBy: new Set(),
  signs: {},
  attempts: 0,
  isAnswered: false,
  place: 0,
  host: undefined,
});

export interface Broadcast extends Pick<Task, 'text' | 'descriptor' | 'metadata'> {
  /** In an elastic group, later workers get a copy, too (S17). */
  readonly isForAll: boolean;
  /** Ranks that had a copy, or were settled without one. */
  readonly reached: Set<number>;
  copies: number;
}

/** The owner of an assigned rank, or its expected owner. */
export interface Worker {
  readonly rank: number;
  readonly sentinel: Sentinel;
  /** The worker that it replaces (S19). */
  readonly former: Worker | undefined;
  client: Client | undefined;
  /** That of its registration, or of its connection (S32.1). */
  host: string;
  /** `awaited`: the replacement of a worker that has ended (S19). */
  state: 'reserved' | 'awaited' | 'registered' | 'dead' | 'deadbeat' | 'left';
  /** Still registered while its connection is closed (S18, S19). */
  isLost: boolean;
  /** The session with which it may come back (S18). */
  session: string | undefined;
  /** The number of its last task (S18). */
  number: number;
  task: Task | undefined;
  /** Copies that are tried again (S7.1), then those that it has not had. */
  again: Task[];
  owed: Task[];
  completed: number;
}

export interface Sentinel {
  readonly client: Client;
  /** It supervises its workers (S19). */
  readonly session: string | undefined;
  state: 'active' | 'blocked' | 'dead' | 'left';
  lastRank: number;
}

const newWorker = (rank: number, sentinel: Sentinel, former?: Worker): Worker => ({
  rank,
  sentinel,
  former,
  state: former === undefined ? 'reserved' : 'awaited',
  client: undefined,
  host: '',
  isLost: false,
  session: undefined,
  number: 0,
  task: undefined,
  again: [],
  owed: [],
  completed: 0,
});

/** Whether a client may register as that worker. */
export const isAwaited = ({ state }: Worker): boolean => state === 'reserved' || state === 'awaited';

/** Ranks, sentinels and workers (S2–S6.1, S17, S19). */
export class Crew {
  /** By rank: its current owner. */
  readonly workers: Worker[] = [];
  readonly sentinels: Sentinel[] = [];
  readonly #workerOf = new Map<Client, Worker>();
  join: 'open' | 'joining' | 'closed' | 'elastic';
  /** S4; undefined: none is set. */
  maximum: number | undefined;
  frozen = false;
  begunByStatus = false;
  registeredAtClosing = 0;

  constructor(isElastic: boolean) {
    this.join = isElastic ? 'elastic' : 'open';
  }

  get registered(): number {
    return this.workers.filter(({ state }) => state === 'registered').length;
  }

  get expected(): number {
    return this.maximum ?? this.workers.length;
  }

  /** S17. */
  get isElastic(): boolean {
    return this.join === 'elastic';
  }

  /** S19: a sentinel that supervises was given a rank. */
  get isSupervised(): boolean {
    return this.sentinels.some(({ session }) => session !== undefined);
  }

  /** No further worker is expected, for now (S4, S17). */
  get isComplete(): boolean {
    const { registered, maximum, workers } = this;
    if (!this.isElastic) return registered === this.expected;
    return registered > 0 && (!workers.some(isAwaited) || registered >= (maximum ?? Infinity));
  }

  workerOf(client: Client): Worker | undefined {
    return this.#workerOf.get(client);
  }

  sentinelOf(client: Client): Sentinel | undefined {
    return this.sentinels.find((sentinel) => sentinel.client === client);
  }

  /** The worker uses that connection; an older one is no longer valid (S18). */
  connect(worker: Worker, client: Client): void {
    if (worker.client !== undefined) this.#workerOf.delete(worker.client);
    worker.client = client;
    worker.isLost = false;
    this.#workerOf.set(client, worker);
  }

  /** S2, S17. @returns the rank, or -1 */
  giveRank(client: Client, session: string | undefined): number {
    const rank = this.workers.length;
    const limit = this.maximum ?? -1;
    const known = this.sentinelOf(client);
    const taken = this.isElastic
      ? this.workers.filter((worker) => isAwaited(worker) || worker.state === 'registered').length
      : rank;
    if (this.join === 'closed' || (limit > 0 && taken >= limit) || known?.state === 'dead') return -1;
    const sentinel: Sentinel = known ?? { client, session, state: 'active', lastRank: rank };
    if (known === undefined) this.sentinels.push(sentinel);
    sentinel.lastRank = rank;
    this.workers.push(newWorker(rank, sentinel));
    return rank;
  }

  /** S19: the secret is that of the sentinel that the rank was assigned to. */
  whyNotSupervisor(what: string, rank: number, session: string | undefined): Reply | undefined {
    if (session !== undefined && this.workers[rank]?.sentinel.session === session) return undefined;
    return refusal(`${what}: rank ${rank} was not given to a sentinel of that session.`);
  }

  /** S19: the next worker to register under that rank is another one. */
  replace(former: Worker): void {
    this.workers[former.rank] = newWorker(former.rank, former.sentinel, former);
  }

  /** S3. The reason is open if several apply. */
  whyNotRegister(client: Client, rank: string, session: string | undefined): Reply | undefined {
    const reasons: string[] = [];
    if (!isWhole(rank)) reasons.push(`the rank "${rank}" is no number`);
    const worker = this.workers[Number(rank)];
    if (this.join === 'closed' && worker?.state !== 'awaited') reasons.push('group closed');
    if (worker === undefined) reasons.push(`rank ${Number(rank)} was never given out`);
    else if (worker.state === 'registered') reasons.push('duplicate worker id');
    else if (!isAwaited(worker)) reasons.push(`the worker of rank ${worker.rank} is ${worker.state}`);
    const former = worker?.former;
    if (former?.session !== undefined && former.session === session)
      reasons.push(`the worker of rank ${former.rank} is ${former.state}`);
    const own = this.workerOf(client);
    if (own !== undefined) reasons.push(`this connection is worker ${own.rank} already`);
    if (reasons.length === 0) return undefined;
    return refusal(...reasons.map((reason) => `Worker registration failed: ${reason}.`));
  }

  /** S4. */
  freeze(): void {
    if (this.isElastic) return;
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
    for (const worker of this.workers) if (worker.state === 'reserved') worker.state = 'deadbeat';
  }

  /** The ranks below the expected number without a registered worker (S13). */
  get absent(): number[] {
    const ranks = Array.from({ length: Math.max(this.expected, 0) }, (_, rank) => rank);
    return ranks.filter((rank) => this.workers[rank]?.state !== 'registered');
  }
}
