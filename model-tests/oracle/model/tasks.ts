import { batchesOf, placeOf, status, type Batches, type Result } from './batches.ts';
import type { Client } from './client.ts';
import { isSameKeeping, keepingOf, type Keeping, type KeptResults } from './kept.ts';
import { isAwaited, newTask, type Broadcast, type Crew, type Task, type Worker } from './crew.ts';
import { TaskQueue } from './queue.ts';
import { isWhole, NO_VALUE_YET, type Entries, type Reply } from './replies.ts';
import type { SendReply, Value } from './variable.ts';

/** The options of the creator of the sleigh (S1). */
export interface Options {
  readonly policy: string;
  readonly maxAttempts: number;
  /** Seconds (S18). */
  readonly reconnectGrace: number;
}

/** How long a task waits for workers of its host on this server (S32), in milliseconds. */
export const HOST_WAIT_MS = 300;

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
  readonly #now: () => number;
  readonly #queue = new TaskQueue();
  /** Tasks that are kept for the workers of a host, and until when (S32). */
  #kepts: { readonly task: Task; readonly until: number }[] = [];
  /** The host of a worker that is ending, which still counts when its task is queued again (S32.1). */
  #leaving: string | undefined;
  /** Tasks of which some worker is to get a second copy (S31). */
  #wanted: Task[] = [];
  readonly #broadcasts: Broadcast[] = [];
  /** Clients that are blocked in `task`, workers or not, the longest wait first. */
  waiting: Client[] = [];

  constructor(
    crew: Crew,
    batches: Batches,
    kept: KeptResults,
    options: Options,
    send: SendReply,
    now: () => number,
  ) {
    this.#crew = crew;
    this.#batches = batches;
    this.#kept = kept;
    this.#options = options;
    this.#send = send;
    this.#now = now;
  }

  get line(): string {
    return ['task', this.#queue.tasks.length, this.waiting.length, 0, 'custom'].join('\t');
  }

  /** S10. */
  jobStatus({ batchId, all }: Entries): Reply {
    const isOf = (task: Task | undefined): boolean =>
      task !== undefined && (all === '1' || batchesOf(task.metadata).includes(batchId));
    // S31.4: a task that two workers have counts once.
    const running = [...new Set(this.#crew.workers.map(({ task }) => task))];
    const count = running.filter((task) => isOf(task) && task?.isAnswered === false).length;
    // Copies that their worker has not got, or is to try again, are not queued.
    return status(this.#queue.tasks.filter(isOf).length + count, count);
  }

  /** S29.1: it is queued or running, or has its result. */
  isKnown(metadata: Entries): boolean {
    const keeping = keepingOf(metadata);
    if (keeping === undefined) return false;
    const isSame = (task: Task | undefined): boolean =>
      task !== undefined && isSameKeeping(keptOf(task), keeping);
    const isRunning = this.#crew.workers.some(({ task }) => task?.isAnswered === false && isSame(task));
    return isRunning || this.#queue.tasks.some(isSame) || this.#kept.knows(keeping);
  }

  submit({ text, descriptor, metadata }: Value): void {
    const task = newTask({ text, descriptor, metadata });
    this.#queue.push(task);
    this.#place(task);
    this.dispatch();
  }

  /** S32: the policy of this server keeps a task for the host that it names, if a worker is there. */
  #place(task: Task): void {
    const { taskHost } = task.metadata;
    if (taskHost === undefined || !this.#isThere(taskHost)) return;
    this.#queue.keepFor(task, taskHost);
    this.#kepts.push({ task, until: this.#now() + HOST_WAIT_MS });
  }

  #isThere(host: string): boolean {
    if (host === this.#leaving) return true;
    return this.#crew.workers.some((worker) => worker.state === 'registered' && worker.host === host);
  }

  #anywhere(task: Task): void {
    this.#kepts = this.#kepts.filter((kept) => kept.task !== task);
    this.#queue.keepFor(task, undefined);
    this.dispatch();
  }

  /** A worker ends (S32.1). @param act what becomes of its tasks */
  ends({ host }: Worker, act: () => void): void {
    this.#leaving = host;
    act();
    this.#leaving = undefined;
    if (!this.#isThere(host))
      for (const { task } of this.#kepts) if (task.host === host) this.#anywhere(task);
  }

  nextUntil(time: number): number | undefined {
    const times = this.#kepts.map(({ until }) => until).filter((until) => until <= time);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  waited(): void {
    for (const { task, until } of this.#kepts) if (until <= this.#now()) this.#anywhere(task);
  }

  /** S31.4, S32.4: another server takes it up, which knows nothing of what the policies decided. */
  restarting(): void {
    this.#kepts = [];
    this.#wanted = [];
    this.#queue.restarted();
  }

  /** The policies decide again, when the connections of before have closed (D4). */
  restarted(): void {
    for (const task of this.#queue.tasks) this.#place(task);
    for (const { task } of this.#crew.workers) if (task !== undefined) this.#copy(task);
  }

  /** S31: the policy of this server wants a second copy of each task that says so, at once. */
  #copy(task: Task): void {
    const { twice } = task.metadata;
    const isAlone = this.#crew.workers.filter((worker) => worker.task === task).length === 1;
    if (twice !== undefined && isAlone && !task.isAnswered && task.copyOf === undefined)
      if (task.attempts < this.#mostOf(task) && !this.#wanted.includes(task)) this.#wanted.push(task);
  }

  /**
   * A worker does not have the task any more.
   * @param isUntried whether the attempt does not count, if another one has it
   * @returns whether it must be dealt with: nobody else has it, and it has no result (S30.1, S31.3)
   */
  isOpen(task: Task, isUntried = false): boolean {
    this.#wanted = this.#wanted.filter((other) => other !== task);
    if (this.#crew.workers.every((worker) => worker.task !== task)) return !task.isAnswered;
    if (isUntried) task.attempts--;
    this.#copy(task);
    this.dispatch();
    return false;
  }

  #mostOf({ metadata }: Task): number {
    return Number(metadata['maxAttempts'] ?? this.#options.maxAttempts);
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
    worker.owed.push(newTask({ text, descriptor, metadata, copyOf: broadcast }));
  }

  /** @returns undefined if the client waits from now on */
  give(client: Client, waits: boolean): Reply | undefined {
    const worker = this.#crew.workerOf(client);
    const next = worker && this.#next(worker);
    // Another worker may get a second copy.
    if (next !== undefined) this.dispatch();
    if (next !== undefined) return next;
    if (!waits) return NO_VALUE_YET;
    this.waiting.push(client);
    return undefined;
  }

  /** The next work of a worker, if there is any. */
  #next(worker: Worker): Reply | undefined {
    if (worker.state !== 'registered') return undefined;
    const copy = worker.again.shift() ?? worker.owed.shift();
    const task =
      copy ?? this.#queue.takeFor(worker.rank, worker.host, this.#now()) ?? this.#secondCopyFor(worker);
    if (task === undefined) return undefined;
    this.#wanted = this.#wanted.filter((other) => other !== task);
    this.#kepts = this.#kepts.filter((kept) => kept.task !== task);
    task.attempts++;
    worker.task = task;
    this.#copy(task);
    const { text, descriptor } = task;
    const metadata = counted(task);
    const numbers = worker.session === undefined ? {} : { numbers: worker };
    return { status: '0000', value: text, descriptor, metadata, ...numbers };
  }

  /** S31.1. */
  #secondCopyFor({ rank }: Worker): Task | undefined {
    return this.#wanted.find(({ declinedBy }) => !declinedBy.has(rank));
  }

  /** Hands work to waiting workers, the longest wait first. */
  dispatch(): void {
    for (const client of this.waiting) {
      const worker = this.#crew.workerOf(client);
      const reply = worker && this.#next(worker);
      if (reply === undefined) continue;
      this.waiting = this.waiting.filter((other) => other !== client);
      this.#send(client, { ...reply, from: null, index: 0 });
      return this.dispatch();
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
    if (task.isAnswered) return;
    task.isAnswered = true;
    this.#wanted = this.#wanted.filter((other) => other !== task);
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
    const goesOn = this.#options.policy === 'requeue' && task.attempts < this.#mostOf(task);
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
    for (const task of this.#queue.tasks) {
      const { declinedBy, signs } = task;
      if (declinedBy.size === 0 || !able.every(({ rank }) => declinedBy.has(rank))) continue;
      this.#queue.remove(task);
      this.answerNull([...declinedBy].at(-1) ?? 0, task, signs);
    }
  }

  #putBack(task: Task): void {
    this.#queue.putBack(task);
    this.#place(task);
  }
}
