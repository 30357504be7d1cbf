import { assertEvent } from 'xstate';
import { workerMachine } from '../machines/worker.ts';
import type { Storing } from '../machines/storing.ts';
import { foundValue, type Ask } from '../workspace/ask.ts';
import { isRefusal, type Refusal } from '../workspace/refusal.ts';
import type { Value } from '../workspace/value.ts';
import { WaitingLine } from '../workspace/waiting-line.ts';
import { parseReach } from './options.ts';
import { absentFrom, absentNow } from './absences.ts';
import { isRegistered, type Worker } from './agents.ts';
import { batchOf, Batches } from './batches.ts';
import {
  FIND_NOT_SUPPORTED,
  NO_CURRENT_TASK,
  NO_VALUE_YET,
  registrationFailed,
  SHUTTING_DOWN,
  SLEIGH_DEAD,
  WORKER_DEAD,
} from './refusals.ts';
import { countRanks, type RankRange } from './result-queue.ts';
import { COPIES, nullResultsOf, overlaid, type Origin } from './results.ts';
import type { Sleigh } from './sleigh.ts';
import { Tasks, type Task } from './tasks.ts';

/** Tasks, broadcasts and results, and who waits for them (S7, S8, S13). What the worker charts command is done here. */
export class Work {
  readonly tasks: Tasks;
  readonly batches: Batches;
  /** Tasks that workers have done. */
  completed = 0;
  /** Workers that wait for a task. */
  readonly #waiting = new WaitingLine();
  /** Who waits for a task and is no worker: never gets one. */
  readonly #outsiders = new WaitingLine();
  readonly #sleigh: Sleigh;

  constructor(sleigh: Sleigh) {
    this.#sleigh = sleigh;
    this.tasks = new Tasks(sleigh.workspace.holdings, { keeping: !this.#isElastic });
    this.batches = new Batches(sleigh.workspace.holdings);
  }

  /** Who waits for a task. */
  *asks(): Generator<Ask> {
    yield* this.#waiting;
    yield* this.#outsiders;
  }

  get #isElastic(): boolean {
    return this.#sleigh.options.join === 'elastic';
  }

  get taskCounts() {
    return { values: this.tasks.length, fetchers: this.#waiting.length + this.#outsiders.length, finders: 0 };
  }

  /** S7: queues it, and wakes the worker that has waited longest. */
  storeTask(storing: Storing): void {
    if (this.#sleigh.isWindingDown) return storing.refuse(SHUTTING_DOWN);
    const batch = batchOf(storing.value.metadata);
    this.tasks.add(storing.value, batch);
    this.batches.queue(batch);
    this.#offerTasks();
  }

  /** S8: a copy for everyone, before any task. */
  storeBroadcast(storing: Storing): void {
    if (this.#sleigh.isWindingDown) return storing.refuse(SHUTTING_DOWN);
    const { joining } = this.#sleigh;
    const { metadata } = storing.value;
    const reach = this.#isElastic ? parseReach(metadata) : 'present';
    if (isRefusal(reach)) return storing.refuse(reach);
    const batch = batchOf(metadata);
    const readers = joining.context.registered;
    // Before the value may be given up: nobody may be there to read it.
    const nobody = joining.isClosed ? absentNow(this.#sleigh) : [];
    this.tasks.addBroadcast(storing.value, batch, readers, reach);
    if (this.#isElastic) storing.tell(COPIES, String(readers));
    joining.chart.send({ type: 'broadcast.stored' });
    this.#addNulls({ value: storing.value, batch }, nobody, { isNew: true });
    for (const ask of this.#waiting.drain()) this.#offer(ask);
  }

  /** S7: a result ends the current task of its worker. */
  storeResult(storing: Storing): void {
    const worker = this.#sleigh.crew.workerOf(storing.client);
    if (worker === undefined || !isRegistered(worker)) return storing.refuse(NO_CURRENT_TASK);
    worker.actor.send({ type: 'result.stored', storing });
  }

  /** S7. */
  getTask(ask: Ask): void {
    if (this.#sleigh.isWindingDown) return ask.refuse(SLEIGH_DEAD);
    if (!ask.takes) return ask.refuse(FIND_NOT_SUPPORTED);
    const worker = this.#sleigh.crew.workerOf(ask.client);
    if (worker === undefined) {
      if (ask.waits) this.#outsiders.add(ask);
      else ask.refuse(NO_VALUE_YET);
    } else if (isRegistered(worker)) {
      worker.actor.send({ type: 'task.asked', ask, available: this.tasks.isAvailableFor(worker) });
    } else ask.refuse(WORKER_DEAD);
  }

  /** S7. */
  getResult(ask: Ask): void {
    if (this.#sleigh.isWindingDown) return ask.refuse(SLEIGH_DEAD);
    const worker = this.#sleigh.crew.workerOf(ask.client);
    if (worker !== undefined && !isRegistered(worker)) return ask.refuse(WORKER_DEAD);
    const batch = batchOf(ask.metadata);
    if (this.batches.take(batch, ask)) return;
    if (!ask.waits) return ask.refuse(NO_VALUE_YET);
    if (worker !== undefined) worker.ask = ask;
    this.batches.wait(batch, ask);
  }

  /** The chart of a worker, with what it commands bound to this work. */
  bind() {
    const { crew, registrations } = this.#sleigh;
    return this.#sleigh.prepared(
      workerMachine.provide({
        actions: {
          acceptRegistration: ({ context, event }) => {
            assertEvent(event, 'registration.asked');
            const worker = crew.worker(context.rank);
            Object.assign(worker, this.tasks.join());
            registrations.accept(worker, event.storing);
          },
          replaceConnection: ({ context, event }) => {
            assertEvent(event, 'registration.asked');
            registrations.replaceConnection(crew.worker(context.rank), event.storing.client);
          },
          tellBusy: ({ event }) => {
            assertEvent(event, 'registration.asked');
            registrations.tellWhetherBusy(event.storing, true);
          },
          tellIdle: ({ event }) => {
            assertEvent(event, 'registration.asked');
            registrations.tellWhetherBusy(event.storing, false);
          },
          takeBackTask: ({ context }) => this.#takeUngiven(crew.worker(context.rank)),
          startReturnTimer: ({ context }) => registrations.startTimer(crew.worker(context.rank)),
          stopReturnTimer: ({ context }) => registrations.stopTimer(context.rank),
          retire: ({ context }) => crew.retire(context.rank),
          refuseDuplicate: ({ event }) => {
            assertEvent(event, 'registration.asked');
            event.storing.refuse(registrationFailed('duplicate worker id'));
          },
          giveTask: ({ context, event }) => {
            assertEvent(event, ['task.asked', 'task.offered']);
            this.#give(crew.worker(context.rank), event.ask);
          },
          letWait: ({ context, event }) => {
            assertEvent(event, 'task.asked');
            const worker = crew.worker(context.rank);
            worker.ask = event.ask;
            crew.changed(worker);
            this.#waiting.add(event.ask);
          },
          tellNoTask: ({ event }) => {
            assertEvent(event, 'task.asked');
            event.ask.refuse(NO_VALUE_YET);
          },
          tellSleighIsDead: ({ context }) => {
            const worker = crew.worker(context.rank);
            crew.changed(worker);
            worker.ask?.interrupt(SLEIGH_DEAD);
            worker.ask = undefined;
          },
          completeTask: ({ context, event }) => {
            assertEvent(event, 'result.stored');
            this.#complete(crew.worker(context.rank), event.storing.value);
          },
          refuseResult: ({ event }) => {
            assertEvent(event, 'result.stored');
            event.storing.refuse(NO_CURRENT_TASK);
          },
          failTask: ({ context }) => {
            const worker = crew.worker(context.rank);
            crew.changed(worker);
            const task = this.#takeBack(worker);
            if (task === undefined) return;
            this.#deal(task, worker, { mayRetry: true });
            this.#sleigh.ending.chart.send({ type: 'task.failed' });
          },
          askAgain: ({ event }) => {
            assertEvent(event, 'task.asked');
            this.getTask(event.ask);
          },
          recoverWork: ({ context }) => this.#recover(crew.worker(context.rank)),
          leaveWork: ({ context }) => this.#leave(crew.worker(context.rank)),
          reportUnexpected: ({ self, event }) => this.#sleigh.reportUnexpected(self, event),
        },
      }),
    );
  }

  /** S6.1, S13: the group has closed; whoever should have answered a broadcast and cannot is answered for. */
  settleBroadcasts(): void {
    for (const [{ value, batch }, absent] of absentFrom(this.#sleigh, this.tasks.broadcasts))
      this.#addNulls({ value, batch }, absent, { isNew: true });
    this.tasks.stopKeeping();
  }

  /** S14: whoever waits for a task is told that there will be none. */
  endWaiting(): void {
    for (const ask of this.#outsiders.drain()) ask.refuse(SLEIGH_DEAD);
    for (const ask of this.#waiting.drain())
      this.#sleigh.crew.workerOf(ask.client)?.actor.send({ type: 'waiting.ended' });
  }

  /** S16. */
  refuseEveryone(reason: Refusal): void {
    for (const ask of this.#waiting.drain()) ask.refuse(reason);
    for (const ask of this.#outsiders.drain()) ask.refuse(reason);
    this.batches.refuseWaiting(reason);
  }

  /** S14: the sleigh is over; nobody can get what is left. */
  drop(): void {
    for (const task of this.tasks.clear()) this.batches.dropQueued(task.batch);
    this.tasks.stopKeeping();
    this.batches.clear();
  }

  #offerTasks(): void {
    while (this.tasks.length > 0) {
      const ask = this.#waiting.shift();
      if (ask === undefined) return;
      this.#offer(ask);
    }
  }

  #offer(ask: Ask): void {
    this.#sleigh.crew.workerOf(ask.client)?.actor.send({ type: 'task.offered', ask });
  }

  #give(worker: Worker, ask: Ask): void {
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

  /** S18: a task that never reached its worker has not been tried; a copy goes to the same worker again. */
  #takeUngiven(worker: Worker): void {
    const task = this.#takeBack(worker);
    if (task === undefined) return;
    task.attempts--;
    if (this.#sleigh.isWindingDown) {
      this.batches.finish(task.batch);
      this.tasks.finish(task);
    } else if (task.broadcast !== undefined) {
      if (task.attempts === 0) this.batches.retract(task.batch);
      this.batches.finish(task.batch);
      worker.retry = task;
    } else this.#queueAgain(task);
  }

  #queueAgain(task: Task): void {
    this.batches.requeue(task.batch);
    this.tasks.putBack(task);
    this.#offerTasks();
  }

  #complete(worker: Worker, value: Value): void {
    const task = this.#takeBack(worker);
    if (task === undefined) throw new Error(`worker ${worker.rank} is busy without a task`);
    worker.completed++;
    this.completed++;
    this.#sleigh.crew.changed(worker);
    const { descriptor, payload } = value;
    const metadata = overlaid(worker, this.#originOf(task), value.metadata);
    this.batches.finish(task.batch);
    this.batches.addResult(task.batch, { descriptor, payload, metadata });
    this.tasks.finish(task);
  }

  #takeBack(worker: Worker): Task | undefined {
    const { task } = worker;
    if (task !== undefined) worker.busyTime += this.#sleigh.now - worker.busySince;
    worker.task = undefined;
    return task;
  }

  /** A task that its worker did not finish is dealt with by the policy (S13). */
  #deal(task: Task, worker: Worker, { mayRetry }: { mayRetry: boolean }): void {
    const { onDeadWorker, maxAttempts } = this.#sleigh.options;
    const again = onDeadWorker === 'requeue' && task.attempts < maxAttempts;
    if (again && task.broadcast === undefined) this.#queueAgain(task);
    else if (again && mayRetry) {
      this.batches.finish(task.batch);
      worker.retry = task;
    } else {
      this.batches.finish(task.batch);
      this.#answerUnlessShutdown(task, worker.rank);
    }
  }

  #answerUnlessShutdown(task: Task, rank: number): void {
    // A copy of a broadcast that nobody had begun is counted now.
    this.#addNulls(this.#originOf(task), [{ from: rank, to: rank + 1 }], { isNew: task.attempts === 0 });
    this.tasks.finish(task);
  }

  /** S13: results that say that there is none. */
  #addNulls(origin: Origin, ranks: readonly RankRange[], { isNew }: { isNew: boolean }): void {
    if (this.#sleigh.options.onDeadWorker === 'shutdown' || ranks.length === 0) return;
    if (isNew) this.batches.accept(origin.batch, countRanks(ranks));
    this.batches.addNulls(origin.batch, nullResultsOf(origin, ranks));
  }

  /** S17: a master of an elastic group is told how many copies there are: the number of workers does not say. */
  #originOf({ value, batch, broadcast }: Task): Origin {
    return this.#isElastic ? { value, batch, broadcast } : { value, batch };
  }

  /** S13: the worker is dead. Its task and its copies of broadcasts are dealt with. */
  #recover(worker: Worker): void {
    this.#sleigh.crew.changed(worker);
    worker.diedAt = this.tasks.nextBroadcast;
    worker.ask?.interrupt(WORKER_DEAD);
    const task = this.#takeBack(worker);
    if (task !== undefined) this.#deal(task, worker, { mayRetry: false });
    for (const copy of this.tasks.abandon(worker)) this.#answerUnlessShutdown(copy, worker.rank);
  }

  /** S14, S17: the worker has left. If it had something, the sleigh shuts down, and that is dropped with it. */
  #leave(worker: Worker): void {
    if (worker.client === undefined) return;
    this.#sleigh.crew.changed(worker);
    worker.ask?.interrupt(WORKER_DEAD);
    const task = this.#takeBack(worker);
    if (task !== undefined) {
      this.batches.finish(task.batch);
      this.tasks.finish(task);
    }
    for (const copy of this.tasks.abandon(worker)) this.tasks.finish(copy);
  }
}
