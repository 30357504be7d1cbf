import { assertEvent } from 'xstate';
import { compiled } from '../machines/compiled.ts';
import { workerMachine } from '../machines/worker.ts';
import type { Storing } from '../machines/storing.ts';
import type { Metadata } from '../wire/payload.ts';
import { TEXT_DESCRIPTOR } from '../wire/reply.ts';
import { foundValue, type Ask } from '../workspace/ask.ts';
import type { Refusal } from '../workspace/refusal.ts';
import type { Value } from '../workspace/value.ts';
import { WaitingLine } from '../workspace/waiting-line.ts';
import { isRegistered, type Worker } from './agents.ts';
import { Batches } from './batches.ts';
import {
  FIND_NOT_SUPPORTED,
  NO_CURRENT_TASK,
  NO_VALUE_YET,
  registrationFailed,
  SHUTTING_DOWN,
  SLEIGH_DEAD,
  WORKER_DEAD,
} from './refusals.ts';
import type { Sleigh } from './sleigh.ts';
import { Tasks, type Task } from './tasks.ts';

/** The batch that metadata names; undefined for the batch of those without (S7). */
export const batchOf = (metadata: Metadata): string | undefined => metadata.get('batchId');

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
    this.tasks = new Tasks(sleigh.workspace.holdings);
    this.batches = new Batches(sleigh.workspace.holdings);
  }

  /** Who waits for a task. */
  *asks(): Generator<Ask> {
    yield* this.#waiting;
    yield* this.#outsiders;
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
    const { joining, crew } = this.#sleigh;
    const batch = batchOf(storing.value.metadata);
    const readers = joining.context.registered;
    // Before the value may be given up: nobody may be there to read it.
    const nobody = joining.isClosed ? crew.ranksExpected().filter((rank) => !crew.isRegistered(rank)) : [];
    this.tasks.addBroadcast(storing.value, batch, readers);
    joining.chart.send({ type: 'broadcast.stored' });
    for (const rank of nobody) this.#answerForAbsent(batch, storing.value.metadata, rank);
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
    const { crew } = this.#sleigh;
    const machine = this.#sleigh.keepStories(
      workerMachine.provide({
        actions: {
          acceptRegistration: ({ context, event }) => {
            assertEvent(event, 'registration.asked');
            const worker = crew.worker(context.rank);
            Object.assign(worker, this.tasks.join());
            crew.register(worker, event.storing);
          },
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
    // Who traces wants to hear of each transition, which only the interpreter tells.
    return this.#sleigh.workspace.host.tracer === undefined ? compiled(machine) : machine;
  }

  /** S6.1, S13: the group has closed; whoever should have answered a broadcast and cannot is answered for. */
  settleBroadcasts(): void {
    const { crew } = this.#sleigh;
    for (const { number, batch, value } of this.tasks.broadcasts)
      for (const rank of crew.ranksExpected())
        if (!crew.hadBroadcast(rank, number)) this.#answerForAbsent(batch, value.metadata, rank);
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
    ask.answer(foundValue(task.value, ask.origin));
  }

  #complete(worker: Worker, value: Value): void {
    const task = this.#takeBack(worker);
    if (task === undefined) throw new Error(`worker ${worker.rank} is busy without a task`);
    worker.completed++;
    this.completed++;
    this.#sleigh.crew.changed(worker);
    const metadata = resultMetadata(task.value.metadata, value.metadata, task.batch, worker.rank);
    this.batches.finish(task.batch);
    this.batches.addResult(task.batch, { ...value, metadata });
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
    if (again && task.broadcast === undefined) {
      this.batches.requeue(task.batch);
      this.tasks.putBack(task);
      this.#offerTasks();
    } else if (again && mayRetry) {
      this.batches.finish(task.batch);
      worker.retry = task;
    } else {
      this.batches.finish(task.batch);
      this.#answerUnlessShutdown(task, worker.rank);
    }
  }

  #answerUnlessShutdown(task: Task, rank: number): void {
    if (this.#sleigh.options.onDeadWorker !== 'shutdown') {
      // A copy of a broadcast that nobody had begun.
      if (task.attempts === 0) this.batches.accept(task.batch);
      this.#addNull(task.batch, task.value.metadata, rank);
    }
    this.tasks.finish(task);
  }

  /** S13: a result that says that there is none. */
  #answerForAbsent(batch: string | undefined, taskMetadata: Metadata, rank: number): void {
    if (this.#sleigh.options.onDeadWorker === 'shutdown') return;
    this.batches.accept(batch);
    this.#addNull(batch, taskMetadata, rank);
  }

  #addNull(batch: string | undefined, taskMetadata: Metadata, rank: number): void {
    const metadata = resultMetadata(taskMetadata, new Map([['nwsNull', '1']]), batch, rank);
    this.batches.addResult(batch, { descriptor: TEXT_DESCRIPTOR, payload: '', metadata });
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

  /** S14: the worker has left while the sleigh shuts down: what it had is dropped with the sleigh. */
  #leave(worker: Worker): void {
    if (worker.client === undefined) return;
    const task = this.#takeBack(worker);
    if (task !== undefined) {
      this.batches.finish(task.batch);
      this.tasks.finish(task);
    }
    for (const copy of this.tasks.abandon(worker)) this.tasks.finish(copy);
  }
}

/** The metadata of the task, overlaid by that of the result (S7). */
function resultMetadata(task: Metadata, result: Metadata, batch: string | undefined, rank: number): Metadata {
  const metadata = new Map(task);
  for (const [name, value] of result) metadata.set(name, value);
  if (batch === undefined) metadata.delete('batchId');
  else metadata.set('batchId', batch);
  return metadata.set('nwsWorkerRank', String(rank));
}
