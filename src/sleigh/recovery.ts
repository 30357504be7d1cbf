import {
  answersForDead,
  decideUnfinished,
  decideUntried,
  type UnfinishedTask,
} from '../machines/dead-worker-policy.ts';
import type { WorkerEnd } from '../machines/worker-end.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import { notReached } from './absences.ts';
import type { Worker } from './agents.ts';
import { RangesOfRanks, type Ranks } from './result-queue.ts';
import { nullResultOf, nullResultsOf } from './results.ts';
import type { Sleigh } from './sleigh.ts';
import type { Broadcast, Task } from './tasks.ts';

/** Carries out what `machines/dead-worker-policy.ts` decides about the task and the copies of a worker (S13, S19). */
export class Recovery {
  readonly #sleigh: Sleigh;

  constructor(sleigh: Sleigh) {
    this.#sleigh = sleigh;
  }

  get #work() {
    return this.#sleigh.work;
  }

  /** S13: the worker is dead. The policy says what becomes of what it had. */
  recover(worker: Worker): void {
    const task = this.#end(worker);
    if (task !== undefined) this.deal(task, worker, { workerStays: false });
    this.#abandonCopies(worker, answersForDead(this.#sleigh.options.onDeadWorker));
  }

  /** There may be very many. @param areAnswered for by null results, unless the job goes meanwhile */
  #abandonCopies(worker: Worker, areAnswered: boolean): void {
    const { workspace } = this.#sleigh;
    const { tasks } = this.#work;
    const { rank, end, endedAt } = worker;
    this.#sleigh.inSteps(
      eachInSteps(tasks.abandon(worker, endedAt), (copy) => {
        if (areAnswered && !workspace.deleted) this.#answer(copy, rank, end);
        else tasks.finish(copy);
      }),
    );
  }

  /** S14, S17: the worker has left. If it had something, the sleigh shuts down, and that is dropped with it. */
  drop(worker: Worker): void {
    if (worker.client === undefined) return;
    const task = this.#end(worker);
    if (task !== undefined) this.#work.giveUp(task);
    this.#abandonCopies(worker, false);
  }

  /** S13, S7.1: does with a task that its worker did not finish what the policy decides. */
  deal(task: Task, worker: Worker, { workerStays }: Pick<UnfinishedTask, 'workerStays'>): void {
    const { onDeadWorker, maxAttempts } = this.#sleigh.options;
    const decision = decideUnfinished(onDeadWorker, {
      attempts: task.attempts,
      maxAttempts: task.maxAttempts ?? maxAttempts,
      isCopy: task.broadcast !== undefined,
      workerStays,
    });
    switch (decision) {
      case 'requeue':
        return this.#work.queueAgain(task);
      case 'retry':
        this.#work.batches.finish(task.batch);
        worker.retry = task;
        return;
      case 'answer':
        return this.#fail(task, worker);
      case 'drop':
        return this.#work.giveUp(task);
    }
  }

  /** S19: its task is answered for, whatever the policy says. */
  failTask(worker: Worker): void {
    const task = this.#end(worker);
    if (task !== undefined) this.#fail(task, worker);
  }

  /** S19: its task was not begun. A copy of a broadcast is nobody else's, and is answered for. */
  returnTask(worker: Worker): void {
    const task = this.#end(worker);
    if (task === undefined) return;
    const decision = decideUntried({ isCopy: task.broadcast !== undefined });
    if (decision === 'answer') this.#fail(task, worker);
    else this.#work.returnUntried(task);
  }

  /** S19: its task is for others, if there are any who have not declined it, too. */
  declineTask(worker: Worker): void {
    const { task, end, rank } = worker;
    if (task !== undefined && task.broadcast === undefined)
      task.declined = { ranks: new Set(task.declined?.ranks).add(rank), last: { rank, end } };
    this.returnTask(worker);
  }

  /** S19: the copies of a worker that has left. */
  answerCopies(worker: Worker): void {
    this.#abandonCopies(worker, true);
  }

  /** S19: tasks that all who are there, or may come, have declined. @param ended counts no longer */
  failDeclined(ended: Worker): void {
    const { tasks } = this.#work;
    if (tasks.declinedCount === 0) return;
    const ranks = [...this.#sleigh.crew.everyWorker]
      .filter((worker) => worker !== ended && worker.actor.getSnapshot().status === 'active')
      .map(({ rank }) => rank);
    for (const task of tasks.takeDeclinedByAll(ranks)) {
      this.#work.batches.dropQueued(task.batch);
      const { rank, end } = task.declined?.last ?? ended;
      this.#answer(task, rank, end);
    }
  }

  /** S6.1, S13: the group has closed; whoever should have answered a broadcast and cannot is answered for. */
  settleBroadcasts(): void {
    this.#sleigh.inSteps(this.#settle(this.#work.tasks.close()));
  }

  *#settle(broadcasts: readonly Broadcast[]): Steps {
    const { workspace } = this.#sleigh;
    yield* eachInSteps(notReached(this.#sleigh, broadcasts), ([broadcast, absent]) => {
      if (!broadcast.isOpen) return;
      broadcast.isOpen = false;
      if (absent.length === 0 || workspace.deleted) broadcast.reserve.give(1);
      else this.answerFor(broadcast, absent);
    });
    yield* this.#work.tasks.dropKept();
  }

  /** S13, S19: a broadcast that workers of these ranks never had, whose places are taken. */
  answerFor({ value, batch, reserve }: Broadcast, ranks: Ranks): void {
    this.#work.batches.accept(batch, ranks.length);
    this.#work.batches.addNulls(batch, nullResultsOf({ value, batch }, ranks, { reserve }));
  }

  /** It has ended: it waits no longer, and has no task. @returns the one that it had */
  #end(worker: Worker): Task | undefined {
    this.#sleigh.crew.changed(worker);
    worker.endedAt = this.#work.tasks.nextBroadcast;
    this.#work.interrupt(worker);
    return this.#work.takeBack(worker);
  }

  /** A task that ran. */
  #fail(task: Task, worker: Worker): void {
    this.#work.batches.finish(task.batch);
    this.#answer(task, worker.rank, worker.end);
  }

  /** S13: a result that says that there is none. */
  #answer(task: Task, rank: number, end: WorkerEnd | undefined): void {
    const { batches, tasks } = this.#work;
    const origin = this.#work.originOf(task);
    // A copy of a broadcast that nobody had begun is counted now.
    if (task.attempts === 0 && task.broadcast !== undefined) batches.accept(task.batch);
    const reserve = task.broadcast?.reserve;
    const ranks = new RangesOfRanks([{ from: rank, to: rank + 1 }]);
    if (end !== undefined && reserve === undefined)
      batches.addResult(task.batch, nullResultOf(origin, rank, end));
    else batches.addNulls(task.batch, nullResultsOf(origin, ranks, { end, reserve }));
    tasks.finishWithNull(task);
  }
}
