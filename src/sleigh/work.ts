import type { PendingStore } from '../machines/pending-store.ts';
import { KEY } from '../wire/names.ts';
import { foundValue, type PendingGet } from '../workspace/pending-get.ts';
import { isRefusal, type Refusal } from '../workspace/refusal.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import type { Value } from '../workspace/value.ts';
import { parseReach } from './options.ts';
import { readTaskOptions } from './task-options.ts';
import { numbered, type Worker } from './agents.ts';
import { batchOf } from './batch-ref.ts';
import { Batches } from './batches.ts';
import { keepingOf, KeptResults } from './kept-results.ts';
import { NO_CURRENT_TASK, WORKER_DEAD } from './refusals.ts';
import { overlaid, type Origin } from './results.ts';
import type { Crew } from './crew.ts';
import type { JobHost } from './job-host.ts';
import { leaveResult } from './left-results.ts';
import type { Joining } from './joining.ts';
import { jobTaskOf, jobValueOf } from './job-event.ts';
import { Placement } from './placement.ts';
import type { Policies } from './policy-actors.ts';
import { Stragglers } from './stragglers.ts';
import { copyOf, type Broadcast, type Reach, type Task } from './task.ts';
import { TaskLine } from './task-line.ts';
import { Tasks } from './tasks.ts';
import type { TaskEnd } from './timeline.ts';

/** What the work needs of its job. */
interface WorkJob extends JobHost {
  readonly crew: Crew;
  readonly policies: Policies;
  readonly joining: Joining;
}

/** Tasks, broadcasts and results (S7, S8, S13), second copies of tasks (S31), their placement (S32), and the gets that wait for them. */
export class Work {
  readonly tasks: Tasks;
  readonly batches: Batches;
  readonly kept: KeptResults;
  readonly stragglers: Stragglers;
  readonly placement: Placement;
  /** The number of completed tasks. */
  completed = 0;
  readonly line: TaskLine;
  readonly #job: WorkJob;

  constructor(job: WorkJob) {
    this.#job = job;
    const { changes, workspace } = job;
    const changed = (): void => job.changed();
    this.kept = new KeptResults(workspace);
    const keeping = !this.#isElastic;
    this.tasks = new Tasks(workspace.accounting, { keeping, changes, changed, kept: this.kept });
    this.batches = new Batches(workspace.accounting, changes);
    this.line = new TaskLine(job, this);
    this.stragglers = new Stragglers(job, this.line);
    this.placement = new Placement(job, this);
  }

  get #isElastic(): boolean {
    return this.#job.options.join === 'elastic';
  }

  get taskCounts() {
    return { values: this.tasks.length, fetchers: this.line.length, finders: 0 };
  }

  /** S7: queues it, and wakes the worker that has waited longest. */
  queueTask(store: PendingStore): void {
    const options = readTaskOptions(store.value.metadata);
    if (isRefusal(options)) return store.refuse(options);
    const keeping = keepingOf(store.value.metadata);
    if (keeping !== undefined && this.kept.knows(keeping)) {
      store.addToReply(KEY.known, '1');
      return this.#job.workspace.accounting.release(store.value);
    }
    const batch = batchOf(store.value.metadata);
    const task = this.tasks.accept(store.value, batch, options);
    const { emit } = this.#job;
    emit?.({ type: 'new_unicast_pre', task: jobTaskOf(task) });
    this.tasks.add(task);
    this.batches.queue(batch);
    this.placement.queued(task);
    this.line.offerTasks();
    emit?.({ type: 'new_unicast_post', task: jobTaskOf(task) });
  }

  /** S8: the join phase says whom it reaches. */
  sendBroadcast(store: PendingStore, request: number): void {
    const reach = this.#reachOf(store);
    if (isRefusal(reach)) return store.refuse(reach);
    this.#job.joinPhase.send({ type: 'broadcast.stored', request });
    this.#job.inSteps(this.line.offerCopies());
  }

  #reachOf({ value }: PendingStore): Reach | Refusal {
    return this.#isElastic ? parseReach(value.metadata) : 'present';
  }

  /** S8: a copy for everyone, before any task. */
  storeBroadcast(store: PendingStore): Broadcast | undefined {
    const { registered } = this.#job.joining.context;
    const reach = this.#reachOf(store);
    if (isRefusal(reach)) return undefined;
    if (this.#isElastic) store.addToReply(KEY.copies, String(registered));
    const broadcast = this.tasks.addBroadcast(store.value, batchOf(store.value.metadata), registered, reach);
    const { emit } = this.#job;
    emit?.({ type: 'new_broadcast_pre', task: jobTaskOf(copyOf(broadcast)) });
    emit?.({ type: 'new_broadcast_post', task: jobTaskOf(copyOf(broadcast)) });
    return broadcast;
  }

  /** S7: its machine decides about the result. */
  storeResult(store: PendingStore, request: number): void {
    this.#job.crew.workerOf(store.client)?.actor.send({ type: 'result.stored', request });
  }

  /** S7: its machine decides whether it gets a task. */
  askWorker(get: PendingGet, request: number): void {
    const worker = this.#job.crew.workerOf(get.client);
    worker?.actor.send({
      type: 'task.asked',
      request,
      waits: get.waits,
      queued: this.tasks.queuedFor(worker) + this.stragglers.countFor(worker),
      copies: this.tasks.copiesFor(worker),
    });
  }

  /** S7. */
  giveResult(get: PendingGet): void {
    this.batches.take(batchOf(get.metadata), get);
  }

  /** S7. */
  holdForResult(get: PendingGet): void {
    const worker = this.#job.crew.workerOf(get.client);
    if (worker !== undefined) worker.pendingGet = get;
    this.batches.wait(batchOf(get.metadata), get);
  }

  /** S16. */
  *refuseEveryone(reason: Refusal): Steps {
    yield* this.line.refuseEveryone(reason);
    yield* this.batches.refuseWaiting(reason);
  }

  /** The job continues after a restart. */
  resume(): void {
    this.stragglers.resume();
    this.placement.resume();
  }

  /** Drops what is left, which no client can get any more (S14). */
  *drop(): Steps {
    this.stragglers.clear();
    yield* eachInSteps(this.tasks.clear(), (task) => {
      this.placement.taken(task);
      this.batches.dropQueued(task.batch);
    });
    yield* eachInSteps(this.tasks.close(), (broadcast) => {
      this.tasks.settle(broadcast);
      broadcast.reserve.give(1);
    });
    yield* this.tasks.dropKept();
    yield* this.batches.clear();
  }

  /** Whether there is a task for the worker, a copy of a broadcast, or a second copy (S31). */
  isAvailableFor(worker: Worker): boolean {
    return this.tasks.isAvailableFor(worker) || this.stragglers.countFor(worker) > 0;
  }

  give(worker: Worker, get: PendingGet): void {
    const first = this.tasks.takeFor(worker, this.#job.now);
    const task = first ?? this.stragglers.takeFor(worker);
    if (task === undefined) throw new Error(`worker ${worker.rank} was offered a task that is not there`);
    worker.task = task;
    worker.pendingGet = undefined;
    worker.busySince = this.#job.now;
    this.#job.crew.changed(worker);
    if (task.broadcast !== undefined && task.attempts === 1) this.batches.accept(task.batch);
    const isQueued = first !== undefined && first.broadcast === undefined;
    if (first !== undefined) this.batches.start(task.batch, { queued: isQueued });
    this.#job.emit?.({ type: 'assign_task', rank: worker.rank, task: jobTaskOf(task) });
    get.answer(numbered(worker, task, foundValue(task.value, get.origin)));
    if (!isQueued) return;
    this.placement.taken(task);
    this.stragglers.began(task, worker.rank);
  }

  /** The result of a task, or a null result, goes to its batch, or is kept or left where the task says (S29, S34). */
  addResult({ value: { metadata }, batch, broadcast }: Task, result: Value): void {
    if (broadcast !== undefined) return this.batches.addResult(batch, result);
    const keeping = keepingOf(metadata);
    if (keeping === undefined)
      return this.batches.addResult(batch, leaveResult(this.#job.workspace, metadata, result));
    this.batches.addResult(batch, result, (kept) => this.kept.add(keeping, kept));
  }

  /** S18: a task that never reached its worker has not been tried; a copy goes to the same worker again. */
  returnUngiven(worker: Worker): void {
    const task = this.takeBack(worker, 'returned');
    if (task === undefined) return;
    if (task.broadcast === undefined) return this.returnUntried(task);
    task.attempts--;
    if (task.attempts === 0) this.batches.retract(task.batch);
    this.batches.finish(task.batch);
    worker.retry = task;
  }

  /** S14: the sleigh shuts down, and nobody does the task any more. */
  giveUpUngiven(worker: Worker): void {
    const task = this.takeBack(worker);
    if (task !== undefined) this.giveUp(task);
  }

  /** A task that ran and will not be answered. */
  giveUp(task: Task): void {
    this.batches.finish(task.batch);
    this.tasks.finish(task);
  }

  /** Returns a task to the head of the queue, as if it had not been given (S18, S19). */
  returnUntried(task: Task): void {
    task.attempts--;
    this.queueAgain(task);
  }

  queueAgain(task: Task): void {
    this.batches.requeue(task.batch);
    this.tasks.putBack(task);
    this.placement.queued(task);
    this.line.offerTasks();
  }

  complete(worker: Worker, value: Value): void {
    const task = this.#letGo(worker, value.metadata.get(KEY.error) === '1' ? 'failed' : 'done');
    if (task === undefined) throw new Error(`worker ${worker.rank} is busy without a task`);
    worker.completed++;
    this.#job.crew.changed(worker);
    if (task.isSettled) this.#job.workspace.accounting.release(value);
    else this.#settle(task, worker, value);
    this.#finishIfLast(task, worker);
  }

  /** A worker is done with a task that is settled, which another one may have still (S31). */
  #finishIfLast(task: Task, { rank }: Worker): void {
    if (!this.stragglers.released(task, rank, false)) this.tasks.finish(task);
  }

  /**
   * S30: the task of a worker gets a result from elsewhere, and the worker has the task still.
   * @returns why it is refused, or undefined
   */
  putResult(worker: Worker, value: Value): Refusal | undefined {
    const { task } = worker;
    if (task === undefined || task.isSettled) return NO_CURRENT_TASK;
    this.#settle(task, worker, value);
    this.#job.crew.changed(worker);
    return undefined;
  }

  /** The task has its result. */
  #settle(task: Task, worker: Worker, value: Value): void {
    const { emit } = this.#job;
    const { rank } = worker;
    this.completed++;
    this.#job.changed();
    const { descriptor, payload } = value;
    const metadata = overlaid(worker, this.originOf(task), value.metadata);
    const result = { descriptor, payload, metadata, owner: value.owner };
    emit?.({ type: 'finish_task_pre', rank, task: jobTaskOf(task), result: jobValueOf(result) });
    task.isSettled = true;
    this.stragglers.settled(task, this.#job.now - worker.busySince);
    this.batches.finish(task.batch);
    this.addResult(task, result);
    emit?.({ type: 'finish_task_post', rank, task: jobTaskOf(task), result: jobValueOf(result) });
  }

  /**
   * Ends the work of a worker on its task.
   * @param end what became of it
   * @param isUntried whether the worker has not begun it, so that it is returned as if it had not been given (S18, S19)
   * @returns the task, if it needs to be dealt with: not if it has its result, or another worker has it still (S31)
   */
  takeBack(worker: Worker, end: TaskEnd = 'lost', isUntried = end === 'returned'): Task | undefined {
    const task = this.#letGo(worker, end);
    if (task === undefined || this.stragglers.released(task, worker.rank, isUntried)) return undefined;
    if (!task.isSettled) return task;
    this.tasks.finish(task);
    return undefined;
  }

  #letGo(worker: Worker, end: TaskEnd): Task | undefined {
    const { task, rank, busySince } = worker;
    if (task !== undefined) {
      const { crew, now } = this.#job;
      worker.busyTime += now - busySince;
      crew.timeline?.add(rank, busySince, now, end, task.value);
    }
    worker.task = undefined;
    return task;
  }

  /** The origin of a result. A master of an elastic group needs the number of copies (S17). */
  originOf({ value, batch, broadcast }: Task): Origin {
    return this.#isElastic ? { value, batch, broadcast } : { value, batch };
  }

  /** Refuses the get of a waiting worker that has ended (S13). */
  interrupt(worker: Worker): void {
    worker.pendingGet?.interrupt(WORKER_DEAD);
  }
}
