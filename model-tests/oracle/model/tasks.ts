import { batchesOf, placeOf, status, type Batches, type Result } from './batches.ts';
import type { Client } from './client.ts';
import { isSameKeeping, keepingOf, type Keeping, type KeptResults } from './kept.ts';
import { isAwaited, type Broadcast, type Crew, type Task, type Worker } from './crew.ts';
import { isWhole, NO_VALUE_YET, type Entries, type Reply } from './replies.ts';
import type { SendReply, Value } from './variable.ts';

/** The options of the creator of the sleigh (S1). */
export interface Options {
  readonly policy: string;
  readonly maxAttempts: number;
  /** Seconds (S18). */
  readonly reconnectGrace: number;
}

/** S28.2. Shares, which take turns by time, are not modelled. */
const priorityOf = ({ metadata }: Task): number => Number(metadata['priority'] ?? 0);

/** S26: what the worker gets says which attempt this is, if its master counts them. */
function counted({ metadata, attempts }: Task): Entries {
  const { attempt } = metadata;
  if (attempt === undefined || !isWhole(attempt) || attempts === 1) return metadata;
  return { ...metadata, attempt: String(Number(attempt) + attempts - 1) };
}

/** S29: tasks may have it, broadcasts have it not. */
function keptOf(work: Task | Broadcast): Keeping | undefined {
  return 'copyOf' in work || 'copies' in work ? undefined : keepingOf(work.metadata);
}

/** Tasks and broadcasts: their recipients and outcomes (S7, S8, S10, S13, S19). */
export class Tasks {
  readonly #crew: Crew;
  readonly #batches: Batches;
  readonly #kept: KeptResults;
  readonly #options: Options;
  readonly #send: SendReply;
  #queue: Task[] = [];
  readonly #broadcasts: Broadcast[] = [];
  /** Clients that are blocked in `task`, workers or not, the longest wait first. */
  waiting: Client[] = [];

  constructor(crew: Crew, batches: Batches, kept: KeptResults, options: Options, send: SendReply) {
    this.#crew = crew;
    this.#batches = batches;
    this.#kept = kept;
    this.#options = options;
    this.#send = send;
  }

  get line(): string {
    return ['task', this.#queue.length, this.waiting.length, 0, 'custom'].join('\t');
  }

  /** S10. */
  jobStatus({ batchId, all }: Entries): Reply {
    const isOf = (task: Task | undefined): boolean =>
      task !== undefined && (all === '1' || batchesOf(task.metadata).includes(batchId));
    const { workers } = this.#crew;
    const running = workers.filter(({ task }) => isOf(task)).length;
    // Copies that their worker has not got, or is to try again, are not queued.
    return status(this.#queue.filter(isOf).length + running, running);
  }

  /** S29.1: it is queued or running, or has its result. */
  isKnown(metadata: Entries): boolean {
    const keeping = keepingOf(metadata);
    if (keeping === undefined) return false;
    const isSame = (task: Task | undefined): boolean =>
      task !== undefined && isSameKeeping(keptOf(task), keeping);
    const isRunning = this.#crew.workers.some(({ task }) => isSame(task));
    return isRunning || this.#queue.some(isSame) || this.#kept.knows(keeping);
  }

  submit({ text, descriptor, metadata }: Value): void {
    const task: Task = { text, descriptor, metadata, attempts: 0, declinedBy: new Set(), signs: {} };
    const behind = this.#queue.findIndex((other) => priorityOf(other) < priorityOf(task));
    this.#queue.splice(behind < 0 ? this.#queue.length : behind, 0, task);
    this.dispatch();
  }

  /** S8, S17. @returns how many copies there are */
  broadcast({ text, descriptor, metadata }: Value): number {
    const isForAll = metadata['reach'] === 'all';
    const broadcast = { text, descriptor, metadata, isForAll, reached: new Set<number>(), copies: 0 };
    this.#broadcasts.push(broadcast);
    for (const worker of this.#crew.workers) if (worker.state === 'registered') this.#owe(worker, broadcast);
    if (this.#crew.join === 'closed') this.answerForAbsent([broadcast]);
    this.dispatch();
    return broadcast.copies;
  }

  /** S8, S17, S19: the broadcasts that a newly registered worker has missed. */
  catchUp(worker: Worker): void {
    const { join, isElastic } = this.#crew;
    for (const broadcast of this.#broadcasts) {
      const isDue = isElastic ? broadcast.isForAll : join !== 'closed' && !broadcast.reached.has(worker.rank);
      if (isDue) this.#owe(worker, broadcast);
    }
  }

  #owe(worker: Worker, broadcast: Broadcast): void {
    const { text, descriptor, metadata } = broadcast;
    broadcast.reached.add(worker.rank);
    broadcast.copies++;
    const copy = {
      text,
      descriptor,
      metadata,
      copyOf: broadcast,
      attempts: 0,
      declinedBy: new Set<number>(),
    };
    worker.owed.push({ ...copy, signs: {} });
  }

  /** @returns undefined if the client waits from now on */
  give(client: Client, waits: boolean): Reply | undefined {
    const worker = this.#crew.workerOf(client);
    const next = worker && this.#next(worker);
    if (next !== undefined) return next;
    if (!waits) return NO_VALUE_YET;
    this.waiting.push(client);
    return undefined;
  }

  /** The next work of a worker, if there is any. */
  #next(worker: Worker): Reply | undefined {
    if (worker.state !== 'registered') return undefined;
    const fits = this.#queue.find(({ declinedBy }) => !declinedBy.has(worker.rank));
    const copy = worker.again.shift() ?? worker.owed.shift();
    const task = copy ?? fits;
    if (task === undefined) return undefined;
    if (copy === undefined) this.#queue = this.#queue.filter((other) => other !== task);
    task.attempts++;
    worker.task = task;
    const { text, descriptor } = task;
    const metadata = counted(task);
    const numbers = worker.session === undefined ? {} : { numbers: worker };
    return { status: '0000', value: text, descriptor, metadata, ...numbers };
  }

  /** Hands work to waiting workers, the longest wait first. */
  dispatch(): void {
    for (const client of this.waiting) {
      const worker = this.#crew.workerOf(client);
      const reply = worker && this.#next(worker);
      if (reply === undefined) continue;
      this.waiting = this.waiting.filter((other) => other !== client);
      this.#send(client, { ...reply, from: null, index: 0 });
    }
  }

  withdraw(client: Client): void {
    this.waiting = this.waiting.filter((other) => other !== client);
    this.#batches.withdraw(client);
  }

  /** A worker has done its task. */
  complete(worker: Worker, task: Task, { text, descriptor, metadata }: Value): void {
    worker.task = undefined;
    worker.completed++;
    const signed = this.#signed(worker.rank, task, { ...task.metadata, ...metadata });
    this.#answer(task, { text, descriptor, metadata: signed });
  }

  #signed(rank: number, work: Task | Broadcast, entries: Entries): Entries {
    const { batchId: _, mailbox: __, keepIn: ___, keepAs: ____, ...rest } = entries;
    const signed: Entries = { ...rest, nwsWorkerRank: String(rank) };
    const { batchId, mailbox, keepIn, keepAs } = work.metadata;
    const broadcast = 'copyOf' in work ? work.copyOf : 'copies' in work ? work : undefined;
    const copies = this.#crew.isElastic && broadcast ? { nwsCopies: String(broadcast.copies) } : {};
    return {
      ...signed,
      ...copies,
      ...(batchId !== undefined && { batchId }),
      ...(mailbox !== undefined && { mailbox }),
      ...(keepIn !== undefined && { keepIn }),
      ...(keepAs !== undefined && { keepAs }),
    };
  }

  answerNull(rank: number, work: Task | Broadcast, signs: Entries = {}): void {
    const metadata = { ...this.#signed(rank, work, work.metadata), ...signs, nwsNull: '1' };
    this.#answer(work, { text: '', descriptor: 1, metadata });
  }

  /** S7, S21, S29. */
  #answer(work: Task | Broadcast, result: Result): void {
    const keeping = keptOf(work);
    if (keeping === undefined) this.#batches.add(placeOf(work.metadata), result);
    else this.#kept.add(keeping, result);
  }

  /** S13, S19: no worker is registered under those ranks, and none will get that broadcast. */
  answerForAbsent(broadcasts = this.#broadcasts): void {
    for (const broadcast of broadcasts)
      for (const rank of this.#crew.absent) {
        const isSupervised = this.#crew.workers[rank]?.sentinel.session !== undefined;
        if (broadcast.reached.has(rank) || (this.#options.policy === 'shutdown' && !isSupervised)) continue;
        broadcast.reached.add(rank);
        this.answerNull(rank, broadcast);
      }
  }

  /** S7.1, S13, under `requeue` and `null`. */
  fail(worker: Worker, task: Task, died: boolean, signs: Entries = {}): void {
    const most = Number(task.metadata['maxAttempts'] ?? this.#options.maxAttempts);
    const goesOn = this.#options.policy === 'requeue' && task.attempts < most;
    if (goesOn && task.copyOf === undefined) this.#putBack(task);
    else if (goesOn && !died) worker.again.push(task);
    else this.answerNull(worker.rank, task, signs);
  }

  /** S18, S19: it was handed to a worker that has not tried it. */
  putBackUntried(worker: Worker, task: Task): void {
    task.attempts--;
    if (task.copyOf === undefined) this.#putBack(task);
    else worker.again.unshift(task);
  }

  /** S19. */
  decline(worker: Worker, task: Task, signs: Entries): void {
    task.declinedBy.add(worker.rank);
    task.signs = signs;
    this.putBackUntried(worker, task);
  }

  /** S19: when every worker that could do a task has declined it. */
  answerDeclined(): void {
    const able = this.#crew.workers.filter((worker) => worker.state === 'registered' || isAwaited(worker));
    for (const task of this.#queue) {
      const { declinedBy, signs } = task;
      if (declinedBy.size === 0 || !able.every(({ rank }) => declinedBy.has(rank))) continue;
      this.#queue = this.#queue.filter((other) => other !== task);
      this.answerNull([...declinedBy].at(-1) ?? 0, task, signs);
    }
  }

  /** The first of its priority (S28). */
  #putBack(task: Task): void {
    const before = this.#queue.findIndex((other) => priorityOf(other) <= priorityOf(task));
    this.#queue.splice(before < 0 ? this.#queue.length : before, 0, task);
  }
}
