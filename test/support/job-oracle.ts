import type { DeathPolicy } from '../../src/machines/shutdown.ts';

/** An expected reply: a task, or a result of a rank, which may be a null result. */
export interface Told {
  readonly tag: string;
  readonly rank?: number;
  readonly isNull?: boolean;
}

interface Task {
  readonly tag: string;
  readonly batch: string;
  attempts: number;
  readonly isCopy: boolean;
}

interface Worker {
  readonly rank: number;
  task: Task | undefined;
  /** Copies of broadcasts that it has not fetched, in order. */
  copies: Task[];
  isDead: boolean;
}

interface Broadcast {
  readonly tag: string;
  readonly batch: string;
  /** Registered workers that have a copy: they answer, or it is answered for them when they die. */
  readonly readers: Set<number>;
}

/**
 * The expected recipients in a serving job (S7, S7.1, S8, S13): lists, and one rule after the other. It receives
 * registrations, deaths and the close of the group, and does not know their causes.
 */
export class JobOracle {
  readonly queue: Task[] = [];
  readonly broadcasts: Broadcast[] = [];
  readonly workers = new Map<number, Worker>();
  /** The replies in this step, by `worker RANK` or `master NUMBER`. */
  readonly told = new Map<string, Told>();
  readonly #waitingWorkers: Worker[] = [];
  readonly #waitingMasters: { master: number; batch: string }[] = [];
  readonly #results = new Map<string, Told[]>();
  readonly #policy: DeathPolicy;
  readonly #maxAttempts: number;
  isClosed = false;

  constructor(policy: DeathPolicy, maxAttempts: number) {
    this.#policy = policy;
    this.#maxAttempts = maxAttempts;
  }

  registered(rank: number): void {
    const copies = this.broadcasts.map((broadcast) => {
      broadcast.readers.add(rank);
      return copyOf(broadcast);
    });
    this.workers.set(rank, { rank, task: undefined, copies, isDead: false });
  }

  storesTask(tag: string, batch: string): void {
    this.queue.push({ tag, batch, attempts: 0, isCopy: false });
    this.#offer();
  }

  storesBroadcast(tag: string, batch: string, workerCount: number): void {
    const broadcast = { tag, batch, readers: new Set<number>() };
    this.broadcasts.push(broadcast);
    if (this.isClosed)
      for (let rank = 0; rank < workerCount; rank++)
        if (this.workers.get(rank)?.isDead ?? true) this.#answerNull(broadcast, rank);
    for (const worker of this.workers.values())
      if (!worker.isDead) {
        broadcast.readers.add(worker.rank);
        worker.copies.push(copyOf(broadcast));
      }
    for (const worker of this.#waitingWorkers.splice(0)) this.#giveNext(worker);
  }

  /** S7, S7.1. @returns whether it waits */
  asksForTask(rank: number, waits: boolean): boolean {
    const worker = this.#worker(rank);
    if (worker.task !== undefined) this.#fail(worker, worker.task);
    if (this.#giveNext(worker)) return false;
    if (waits) this.#waitingWorkers.push(worker);
    return waits;
  }

  storesResult(rank: number): void {
    const worker = this.#worker(rank);
    const { task } = worker;
    worker.task = undefined;
    if (task !== undefined) this.#answer(task.batch, { tag: task.tag, rank });
  }

  /** @returns whether it waits */
  asksForResult(master: number, batch: string, waits: boolean): boolean {
    const result = this.#results.get(batch)?.shift();
    if (result !== undefined) this.told.set(`master ${master}`, result);
    else if (waits) this.#waitingMasters.push({ master, batch });
    return result === undefined && waits;
  }

  masterLeft(master: number): void {
    const at = this.#waitingMasters.findIndex((waiting) => waiting.master === master);
    if (at >= 0) this.#waitingMasters.splice(at, 1);
  }

  died(rank: number): void {
    const worker = this.#worker(rank);
    worker.isDead = true;
    const at = this.#waitingWorkers.indexOf(worker);
    if (at >= 0) this.#waitingWorkers.splice(at, 1);
    const { task } = worker;
    worker.task = undefined;
    if (task !== undefined && !task.isCopy && this.#mayTryAgain(task)) this.#putBack(task);
    else if (task !== undefined) this.#answerNull(task, rank);
    for (const copy of worker.copies.splice(0)) this.#answerNull(copy, rank);
  }

  /** S13: every broadcast so far is answered for the ranks that never had it. */
  closed(workerCount: number): void {
    this.isClosed = true;
    for (const broadcast of this.broadcasts)
      for (let rank = 0; rank < workerCount; rank++)
        if (!broadcast.readers.has(rank)) this.#answerNull(broadcast, rank);
  }

  get running(): number {
    return [...this.workers.values()].filter(({ task }) => task !== undefined).length;
  }

  #worker(rank: number): Worker {
    const worker = this.workers.get(rank);
    if (worker === undefined) throw new Error(`nobody is worker ${rank}`);
    return worker;
  }

  #giveNext(worker: Worker): boolean {
    const task = worker.copies.shift() ?? this.queue.shift();
    if (task === undefined) return false;
    task.attempts++;
    worker.task = task;
    this.told.set(`worker ${worker.rank}`, { tag: task.tag });
    return true;
  }

  #offer(): void {
    while (this.queue.length > 0) {
      const worker = this.#waitingWorkers.shift();
      if (worker === undefined) return;
      this.#giveNext(worker);
    }
  }

  #fail(worker: Worker, task: Task): void {
    worker.task = undefined;
    if (!this.#mayTryAgain(task)) this.#answerNull(task, worker.rank);
    else if (task.isCopy) worker.copies.unshift(task);
    else this.#putBack(task);
  }

  #mayTryAgain(task: Task): boolean {
    return this.#policy === 'requeue' && task.attempts < this.#maxAttempts;
  }

  #putBack(task: Task): void {
    this.queue.unshift(task);
    this.#offer();
  }

  #answerNull({ tag, batch }: Task | Broadcast, rank: number): void {
    if (this.#policy !== 'shutdown') this.#answer(batch, { tag, rank, isNull: true });
  }

  #answer(batch: string, result: Told): void {
    const at = this.#waitingMasters.findIndex((waiting) => waiting.batch === batch);
    const [waiting] = at < 0 ? [] : this.#waitingMasters.splice(at, 1);
    if (waiting !== undefined) this.told.set(`master ${waiting.master}`, result);
    else this.#results.set(batch, [...(this.#results.get(batch) ?? []), result]);
  }
}

const copyOf = ({ tag, batch }: Broadcast): Task => ({ tag, batch, attempts: 0, isCopy: true });
