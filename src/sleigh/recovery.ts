import { answersForDead, decideUntried } from '../machines/dead-worker-policy.ts';
import type { PendingStore } from '../machines/pending-store.ts';
import type { WorkerEnd } from '../machines/worker-end.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import { AbsentRanks, notReached } from './absences.ts';
import { isAwaited, isRegistered, type Worker } from './agents.ts';
import { KeptEnd } from './kept-end.ts';
import { keepingOf } from './kept-results.ts';
import { RangesOfRanks, type Ranks } from './ranks.ts';
import { nullResultOf, nullResultsOf } from './results.ts';
import type { Crew } from './crew.ts';
import type { JobHost } from './job-host.ts';
import type { Joining } from './joining.ts';
import type { Policies } from './policy-actors.ts';
import { UnfinishedTasks } from './unfinished.ts';
import type { Broadcast, Task } from './task.ts';
import type { Work } from './work.ts';

interface RecoveryJob extends JobHost {
  readonly crew: Crew;
  readonly joining: Joining;
  readonly work: Work;
  readonly policies: Policies;
  readonly registrations: { readonly accepted: number };
}

/**
 * Carries out the decisions of `machines/dead-worker-policy.ts` about the task and the copies of a worker (S13, S19); those
 * about a task that was tried are in `unfinished.ts`.
 */
export class Recovery {
  readonly #absent: AbsentRanks;
  readonly #sleigh: RecoveryJob;
  readonly unfinished: UnfinishedTasks;

  constructor(sleigh: RecoveryJob) {
    this.#sleigh = sleigh;
    this.#absent = new AbsentRanks(sleigh);
    this.unfinished = new UnfinishedTasks(sleigh, (task, rank) =>
      this.#answer(task, rank, this.#kept(sleigh.crew.find(rank)?.end)),
    );
  }

  get #work() {
    return this.#sleigh.work;
  }

  /** Handles the task and the copies of a dead worker by the policy (S13). */
  recover(worker: Worker): void {
    const task = this.#end(worker);
    if (task !== undefined) this.unfinished.decide(task, worker.rank, false);
    this.#abandonCopies(worker, answersForDead(this.#sleigh.options.onDeadWorker));
  }

  /**
   * Gives up the copies of a worker in steps, because there may be many.
   * @param areAnswered whether they get null results, unless the job ends meanwhile
   */
  #abandonCopies(worker: Worker, areAnswered: boolean): void {
    const { workspace } = this.#sleigh;
    const { tasks } = this.#work;
    const { rank, endedAt } = worker;
    const end = this.#kept(worker.end);
    this.#sleigh.inSteps(
      eachInSteps(tasks.abandon(worker, endedAt), (copy) => {
        if (areAnswered && !workspace.deleted) this.#answer(copy, rank, end);
        else tasks.finish(copy);
      }),
    );
  }

  /**
   * Drops the task and the copies of a worker that has left (S14, S17). It has some only while the sleigh shuts down.
   */
  drop(worker: Worker): void {
    if (worker.client === undefined) return;
    const task = this.#end(worker);
    if (task !== undefined) this.#work.giveUp(task);
    this.#abandonCopies(worker, false);
  }

  /** Gives the task a null result under every policy (S19). */
  failTask(worker: Worker): void {
    const task = this.#end(worker);
    if (task !== undefined) this.#fail(task, worker);
  }

  /**
   * Returns a task that was not begun (S19). A copy of a broadcast belongs to no other worker, and gets a null
   * result.
   */
  returnTask(worker: Worker): void {
    const task = this.#end(worker, true);
    if (task === undefined) return;
    const decision = decideUntried({ isCopy: task.broadcast !== undefined });
    if (decision === 'answer') this.#fail(task, worker);
    else this.#work.returnUntried(task);
  }

  /** Returns the task for workers that have not declined it, if there are any (S19). */
  declineTask(worker: Worker): void {
    const { task, rank } = worker;
    if (task !== undefined && task.broadcast === undefined) {
      const end = this.#kept(worker.end);
      end?.keep();
      task.declined?.last.end?.drop();
      task.declined = { ranks: new Set(task.declined?.ranks).add(rank), last: { rank, end } };
    }
    this.returnTask(worker);
  }

  /** Gives null results to the copies of a worker that has left (S19). */
  answerCopies(worker: Worker): void {
    this.#abandonCopies(worker, true);
  }

  /**
   * Gives null results to tasks that every present or expected worker has declined (S19).
   * @param ended a worker that does not count any more
   */
  failDeclined(ended: Worker): void {
    const { tasks } = this.#work;
    if (tasks.queue.declinedCount === 0) return;
    const ranks = [...this.#sleigh.crew.everyWorker]
      .filter((worker) => worker !== ended && (isAwaited(worker) || isRegistered(worker)))
      .map(({ rank }) => rank);
    for (const task of tasks.takeDeclinedByAll(ranks)) {
      this.#work.batches.dropQueued(task.batch);
      this.#work.placement.taken(task);
      const { rank, end } = task.declined?.last ?? { rank: ended.rank, end: this.#kept(ended.end) };
      this.#answer(task, rank, end);
    }
  }

  /** The group has closed: ranks that should have answered a broadcast and cannot get null results (S6.1, S13). */
  settleBroadcasts(): void {
    this.#sleigh.inSteps(this.#settle(this.#work.tasks.close()));
  }

  *#settle(broadcasts: readonly Broadcast[]): Steps {
    const { workspace } = this.#sleigh;
    yield* eachInSteps(notReached(this.#sleigh, broadcasts), ([broadcast, absent]) => {
      if (!broadcast.isOpen) return;
      this.#work.tasks.settle(broadcast);
      if (absent.length === 0 || workspace.deleted) broadcast.reserve.give(1);
      else this.answerFor(broadcast, absent);
    });
    yield* this.#work.tasks.dropKept();
  }

  /** S8, S13: the group is closed, so it is known whom a broadcast does not reach. */
  storeBroadcastForAbsent(store: PendingStore): void {
    // Before the value may be given up: nobody may be there to read it.
    const nobody = this.#absent.now;
    const broadcast = this.#work.storeBroadcast(store);
    if (broadcast === undefined || nobody.length === 0) return;
    broadcast.reserve.take(nobody.places);
    this.answerFor(broadcast, nobody);
  }

  /** S13, S19: a broadcast that workers of these ranks never had, whose places are taken. */
  answerFor({ value, batch, reserve }: Broadcast, ranks: Ranks): void {
    this.#work.batches.accept(batch, ranks.length);
    this.#work.batches.addNulls(batch, nullResultsOf({ value, batch }, ranks, { reserve }));
  }

  /**
   * Ends the worker's wait, and removes its task.
   * @param isUntried whether the worker has not begun it
   * @returns that task, if it needs to be dealt with
   */
  #end(worker: Worker, isUntried = false): Task | undefined {
    this.#sleigh.crew.changed(worker);
    worker.endedAt = this.#work.tasks.nextBroadcast;
    this.#work.interrupt(worker);
    return this.#work.takeBack(worker, 'lost', isUntried);
  }

  /** A task that ran. */
  #fail(task: Task, worker: Worker): void {
    this.#work.batches.finish(task.batch);
    this.#answer(task, worker.rank, this.#kept(worker.end));
  }

  #kept(end: WorkerEnd | undefined): KeptEnd | undefined {
    return end && new KeptEnd(this.#sleigh.workspace.accounting, end);
  }

  /** Adds a null result (S13). */
  #answer(task: Task, rank: number, end: KeptEnd | undefined): void {
    const { batches, tasks } = this.#work;
    const origin = this.#work.originOf(task);
    // A copy of a broadcast that was not begun is counted now.
    if (task.attempts === 0 && task.broadcast !== undefined) batches.accept(task.batch);
    const reserve = task.broadcast?.reserve;
    const ranks = new RangesOfRanks([{ from: rank, to: rank + 1 }]);
    const isKept = keepingOf(task.value.metadata) !== undefined;
    if (reserve === undefined && (end !== undefined || isKept))
      this.#work.addResult(task, nullResultOf(origin, rank, end?.end));
    else batches.addNulls(task.batch, nullResultsOf(origin, ranks, { end, reserve }));
    tasks.finishWithNull(task);
  }
}
