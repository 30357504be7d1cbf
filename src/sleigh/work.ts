import type { PendingStore } from '../machines/pending-store.ts';
import { KEY } from '../wire/names.ts';
import { foundValue, type PendingGet } from '../workspace/pending-get.ts';
import { isRefusal, type Refusal } from '../workspace/refusal.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import type { Value } from '../workspace/value.ts';
import { WaitingLine } from '../workspace/waiting-line.ts';
import { AbsentRanks } from './absences.ts';
import { parseReach, readMaxAttempts } from './options.ts';
import { isRegistered, type Worker } from './agents.ts';
import { batchOf } from './batch-ref.ts';
import { Batches } from './batches.ts';
import {
  FIND_NOT_SUPPORTED,
  NO_CURRENT_TASK,
  NO_VALUE_YET,
  SHUTTING_DOWN,
  SLEIGH_DEAD,
  WORKER_DEAD,
} from './refusals.ts';
import { overlaid, type Origin } from './results.ts';
import type { Sleigh } from './sleigh.ts';
import { Tasks, type Task } from './tasks.ts';

/** Tasks, broadcasts and results, and the gets that wait for them (S7, S8, S13). */
export class Work {
  readonly tasks: Tasks;
  readonly batches: Batches;
  /** The number of completed tasks. */
  completed = 0;
  /** Workers that wait for a task. */
  readonly #waiting = new WaitingLine();
  /** Gets of tasks by clients that are not workers. They never get one. */
  readonly #outsiders = new WaitingLine();
  readonly #absent: AbsentRanks;
  readonly #sleigh: Sleigh;

  constructor(sleigh: Sleigh) {
    this.#sleigh = sleigh;
    this.#absent = new AbsentRanks(sleigh);
    this.tasks = new Tasks(sleigh.workspace.holdings, { keeping: !this.#isElastic });
    this.batches = new Batches(sleigh.workspace.holdings);
  }

  /** The gets that wait for a task. */
  *asks(): Generator<PendingGet> {
    yield* this.#waiting;
    yield* this.#outsiders;
  }

  get #isElastic(): boolean {
    return this.#sleigh.options.join === 'elastic';
  }

  get taskCounts() {
    return { values: this.tasks.length, fetchers: this.#waiting.length + this.#outsiders.length, finders: 0 };
  }

  /** Queues a task, and serves the worker that has waited longest (S7). */
  storeTask(storing: PendingStore): void {
    if (this.#sleigh.isWindingDown) return storing.refuse(SHUTTING_DOWN);
    const maxAttempts = readMaxAttempts(storing.value.metadata);
    if (isRefusal(maxAttempts)) return storing.refuse(maxAttempts);
    const batch = batchOf(storing.value.metadata);
    this.tasks.add(storing.value, batch, maxAttempts.number);
    this.batches.queue(batch);
    this.#offerTasks();
  }

  /** Stores a broadcast; every worker gets a copy before any task (S8). */
  storeBroadcast(storing: PendingStore): void {
    if (this.#sleigh.isWindingDown) return storing.refuse(SHUTTING_DOWN);
    const { joining, recovery } = this.#sleigh;
    const { metadata } = storing.value;
    const reach = this.#isElastic ? parseReach(metadata) : 'present';
    if (isRefusal(reach)) return storing.refuse(reach);
    const batch = batchOf(metadata);
    const readers = joining.context.registered;
    // Must be computed before the value may be dropped, because there may be no worker to read it.
    const nobody = joining.isClosed ? this.#absent.now : undefined;
    const broadcast = this.tasks.addBroadcast(storing.value, batch, readers, reach);
    if (this.#isElastic) storing.tell(KEY.copies, String(readers));
    joining.chart.send({ type: 'broadcast.stored' });
    if (nobody !== undefined && nobody.length > 0) {
      broadcast.reserve.take(nobody.places);
      recovery.answerFor(broadcast, nobody);
    }
    this.#sleigh.inSteps(this.#offerCopies());
  }

  /**
   * Gives copies to all waiting workers that have one to come. A worker that comes meanwhile gets its copy without
   * waiting.
   */
  *#offerCopies(): Steps {
    const hasCopy = ({ client }: PendingGet): boolean => {
      const worker = this.#sleigh.crew.workerOf(client);
      return worker !== undefined && this.tasks.copiesFor(worker) > 0;
    };
    yield* eachInSteps(this.#waiting.taken(hasCopy), (ask) => this.#offer(ask));
  }

  /** A result completes the current task of its worker (S7). */
  storeResult(storing: PendingStore): void {
    const worker = this.#sleigh.crew.workerOf(storing.client);
    if (worker === undefined || !isRegistered(worker)) return storing.refuse(NO_CURRENT_TASK);
    worker.actor.send({ type: 'result.stored', request: this.#sleigh.requests.addStore(storing) });
  }

  /** Handles a get of a task (S7). */
  getTask(ask: PendingGet): void {
    if (this.#sleigh.isWindingDown) return ask.refuse(SLEIGH_DEAD);
    if (!ask.takes) return ask.refuse(FIND_NOT_SUPPORTED);
    const worker = this.#sleigh.crew.workerOf(ask.client);
    if (worker === undefined) {
      if (ask.waits) this.#outsiders.add(ask);
      else ask.refuse(NO_VALUE_YET);
    } else if (isRegistered(worker)) {
      worker.actor.send({
        type: 'task.asked',
        request: this.#sleigh.requests.add(ask),
        waits: ask.waits,
        queued: this.tasks.queuedFor(worker),
        copies: this.tasks.copiesFor(worker),
      });
    } else ask.refuse(WORKER_DEAD);
  }

  /** Handles a get of a result (S7). */
  getResult(ask: PendingGet): void {
    if (this.#sleigh.isWindingDown) return ask.refuse(SLEIGH_DEAD);
    const worker = this.#sleigh.crew.workerOf(ask.client);
    if (worker !== undefined && !isRegistered(worker)) return ask.refuse(WORKER_DEAD);
    const batch = batchOf(ask.metadata);
    if (this.batches.take(batch, ask)) return;
    if (!ask.waits) return ask.refuse(NO_VALUE_YET);
    if (worker !== undefined) worker.ask = ask;
    this.batches.wait(batch, ask);
  }

  /** Puts a worker into the line for tasks (S7). */
  letWait(worker: Worker, ask: PendingGet): void {
    worker.ask = ask;
    this.#sleigh.crew.changed(worker);
    this.#waiting.add(ask);
  }

  /** Refuses all gets that wait for a task (S14). */
  *endWaiting(): Steps {
    yield* eachInSteps(this.#outsiders.drain(), (ask) => ask.refuse(SLEIGH_DEAD));
    yield* eachInSteps(this.#waiting.drain(), ({ client }) =>
      this.#sleigh.crew.workerOf(client)?.actor.send({ type: 'waiting.ended' }),
    );
  }

  /** S16. */
  *refuseEveryone(reason: Refusal): Steps {
    yield* eachInSteps(this.#waiting.drain(), (ask) => ask.refuse(reason));
    yield* eachInSteps(this.#outsiders.drain(), (ask) => ask.refuse(reason));
    yield* this.batches.refuseWaiting(reason);
  }

  /** Drops what is left, which no client can get any more (S14). */
  *drop(): Steps {
    yield* eachInSteps(this.tasks.clear(), ({ batch }) => this.batches.dropQueued(batch));
    yield* eachInSteps(this.tasks.close(), (broadcast) => {
      broadcast.isOpen = false;
      broadcast.reserve.give(1);
    });
    yield* this.tasks.dropKept();
    yield* this.batches.clear();
  }

  #offerTasks(): void {
    while (this.tasks.length > 0) {
      const ask = this.tasks.declinedCount === 0 ? this.#waiting.shift() : this.#takeWhoMayDo();
      if (ask === undefined) return;
      this.#offer(ask);
    }
  }

  /** Removes the worker that has waited longest among those that have not declined all queued tasks (S19). */
  #takeWhoMayDo(): PendingGet | undefined {
    return this.#waiting.takeFirst(({ client }) => {
      const worker = this.#sleigh.crew.workerOf(client);
      return worker !== undefined && this.tasks.isAvailableFor(worker);
    });
  }

  #offer(ask: PendingGet): void {
    this.#sleigh.crew.workerOf(ask.client)?.actor.send({ type: 'task.offered' });
  }

  give(worker: Worker, ask: PendingGet): void {
    const task = this.tasks.takeFor(worker);
    if (task === undefined) throw new Error(`worker ${worker.rank} was offered a task that is not there`);
    worker.task = task;
    worker.ask = undefined;
    worker.busySince = this.#sleigh.now;
    this.#sleigh.crew.changed(worker);
    if (task.broadcast !== undefined && task.attempts === 1) this.batches.accept(task.batch);
    this.batches.start(task.batch, { queued: task.broadcast === undefined });
    ask.answer(this.#sleigh.registrations.numbered(worker, foundValue(task.value, ask.origin)));
  }

  /** A task that never reached its worker does not count as an attempt. A copy goes to the same worker again (S18). */
  takeUngiven(worker: Worker): void {
    const task = this.takeBack(worker);
    if (task === undefined) return;
    if (this.#sleigh.isWindingDown) return this.giveUp(task);
    if (task.broadcast === undefined) return this.returnUntried(task);
    task.attempts--;
    if (task.attempts === 0) this.batches.retract(task.batch);
    this.batches.finish(task.batch);
    worker.retry = task;
  }

  /** A running task that will not be answered. */
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
    this.#offerTasks();
  }

  complete(worker: Worker, value: Value): void {
    const task = this.takeBack(worker);
    if (task === undefined) throw new Error(`worker ${worker.rank} is busy without a task`);
    worker.completed++;
    this.completed++;
    this.#sleigh.crew.changed(worker);
    const { descriptor, payload } = value;
    const metadata = overlaid(worker, this.originOf(task), value.metadata);
    this.batches.finish(task.batch);
    this.batches.addResult(task.batch, { descriptor, payload, metadata, owner: value.owner });
    this.tasks.finish(task);
  }

  takeBack(worker: Worker): Task | undefined {
    const { task } = worker;
    if (task !== undefined) worker.busyTime += this.#sleigh.now - worker.busySince;
    worker.task = undefined;
    return task;
  }

  /** The origin of a result. A master of an elastic group needs the number of copies (S17). */
  originOf({ value, batch, broadcast }: Task): Origin {
    return this.#isElastic ? { value, batch, broadcast } : { value, batch };
  }

  /** Refuses the get of a waiting worker that has ended (S13). */
  interrupt(worker: Worker): void {
    worker.ask?.interrupt(WORKER_DEAD);
  }
}
