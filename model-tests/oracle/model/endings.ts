import type { Batches } from './batches.ts';
import { Client } from './client.ts';
import { isAwaited, type Crew, type Sentinel, type Task, type Worker } from './crew.ts';
import { DIED, type Report } from './reported.ts';
import type { Tasks } from './tasks.ts';
import { DEAD, text, WORKER_DEAD } from './replies.ts';
import type { SendReply } from './variable.ts';
import type { Workspace } from './workspace.ts';

/** The server itself, for its own stores. */
const NOBODY = new Client('');

/** A worker or sentinel, and how it ends. */
interface Ending {
  readonly worker: Worker;
  readonly report: Report;
  /** It has left if it has no unfinished work (S17). */
  readonly mayLeave: boolean;
}

interface Parts {
  readonly workspace: Workspace;
  readonly crew: Crew;
  readonly batches: Batches;
  readonly tasks: Tasks;
  readonly policy: string;
  readonly send: SendReply;
}

/** How workers, sentinels and the sleigh end (S13, S14, S17–S19). */
export class Endings {
  /** The sleigh shuts down. */
  isOver = false;
  readonly #workspace: Workspace;
  readonly #crew: Crew;
  readonly #batches: Batches;
  readonly #tasks: Tasks;
  readonly #policy: string;
  readonly #send: SendReply;

  constructor({ workspace, crew, batches, tasks, policy, send }: Parts) {
    this.#workspace = workspace;
    this.#crew = crew;
    this.#batches = batches;
    this.#tasks = tasks;
    this.#policy = policy;
    this.#send = send;
  }

  /** S13, S17, S19. Workers that end together have ended before the sleigh reacts. */
  end(endings: Ending[]): void {
    const ending = endings.filter(({ worker }) => worker.state === 'registered');
    if (this.isOver) for (const { worker } of ending) this.#letGo(worker);
    if (this.isOver || ending.length === 0) return;
    for (const each of ending) {
      this.#endOne(each);
      // The work of one may go to another one that ends at the same time.
      if (each.worker.state !== 'dead' || this.#policy !== 'shutdown') this.#tasks.dispatch();
    }
    const died = ending.some(({ worker }) => worker.state === 'dead');
    if (died && this.#policy === 'shutdown') this.shutDown(true);
    this.endWithoutWorkers();
    if (!this.isOver) this.#tasks.answerDeclined();
  }

  #letGo(worker: Worker): void {
    worker.state = 'left';
    worker.isLost = false;
    worker.task = undefined;
  }

  #endOne({ worker, report, mayLeave }: Ending): void {
    const { task: fate, signs } = report;
    const { task, client, rank } = worker;
    const copies = [...(task?.copyOf === undefined ? [] : [task]), ...worker.again, ...worker.owed];
    const owesNothing = (task === undefined || task.isAnswered) && copies.length === 0;
    const dies = fate === 'tried' && !(this.#crew.isElastic && mayLeave && owesNothing);
    this.#letGo(worker);
    worker.again = worker.owed = [];
    if (dies) worker.state = 'dead';
    if (client !== undefined && this.isWaiting(client)) {
      this.#tasks.withdraw(client);
      this.#send(client, WORKER_DEAD);
    }
    if (dies && this.#policy === 'shutdown') return;
    const isUntried = fate === 'untried' || fate === 'declined';
    this.#tasks.ends(worker, () => {
      if (task !== undefined && task.copyOf === undefined && this.#tasks.isOpen(task, isUntried))
        this.#dealWith(task, worker, report);
      for (const copy of copies) this.#tasks.answerNull(rank, copy, signs);
    });
  }

  #dealWith(task: Task, worker: Worker, { task: fate, signs }: Report): void {
    if (fate === 'tried') this.#tasks.fail(worker, task, true, signs);
    else if (fate === 'untried') this.#tasks.putBackUntried(worker, task);
    else if (fate === 'declined') this.#tasks.decline(worker, task, signs);
    else this.#tasks.answerNull(worker.rank, task, signs);
  }

  isWaiting(client: Client): boolean {
    return this.#tasks.waiting.includes(client) || this.#batches.isWaiting(client);
  }

  /** S9. */
  wake(sentinel: Sentinel): void {
    if (sentinel.state !== 'blocked') return;
    sentinel.state = 'active';
    this.#send(sentinel.client, { ...text(this.isOver ? '1' : '0'), from: null, index: 0 });
  }

  /** S14, S14.1, S18. */
  shutDown(byItself: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const worker of this.#crew.workers) if (worker.isLost) this.#letGo(worker);
    for (const sentinel of this.#crew.sentinels) this.wake(sentinel);
    this.#batches.replyToAll(DEAD);
    if (!byItself) return;
    for (const client of this.#tasks.waiting.splice(0)) this.#send(client, DEAD);
    this.#rideOver();
  }

  /** S14.1. It may have been declared by then: the server does not join a barrier. */
  #rideOver(): void {
    const variable = this.#workspace.variable('Sleigh ride over');
    if (variable.mode === '__barrier') return;
    variable.store({ text: '1', descriptor: 1, metadata: {} }, NOBODY);
  }

  /** Its connection has closed (S13, S17–S19). */
  forget(client: Client): void {
    const worker = this.#crew.workerOf(client);
    this.#end(client, worker?.state === 'registered' && !this.#isLost(worker) ? [worker] : [], false);
  }

  /** S9, S13. */
  expire(client: Client): void {
    if (!this.isOver && this.#crew.sentinelOf(client)?.state !== 'dead') this.#end(client, [], true);
  }

  /** A sentinel, the workers that end with it, and those that its connection was. */
  #end(client: Client, ending: readonly Worker[], isExpired: boolean): void {
    const isOver = this.isOver;
    const sentinel = this.#crew.sentinelOf(client);
    const own = this.#crew.workers.filter((other) => other.sentinel === sentinel);
    const orphans = own.filter((other) => other.state === 'registered' && !ending.includes(other));
    if (sentinel !== undefined && sentinel.state !== 'dead')
      sentinel.state = (orphans.length > 0 && !isOver) || isExpired ? 'dead' : 'left';
    // Those without a task end first, so that a requeued task is not handed to one that dies with it.
    const idleFirst = [
      ...orphans.filter(({ task }) => task === undefined),
      ...orphans.filter(({ task }) => task !== undefined),
    ];
    const all = isOver ? ending : [...ending, ...idleFirst];
    this.end(all.map((each) => ({ worker: each, report: DIED, mayLeave: true })));
    for (const other of own) if (isAwaited(other)) other.state = 'deadbeat';
    if (isOver) this.#endWaiting(orphans);
    if (!this.isOver) this.#tasks.answerDeclined();
  }

  /** S18, S19: it may come back, or its sentinel may report how it ended. */
  #isLost(worker: Worker): boolean {
    const isAwaitedBack = worker.session !== undefined || worker.sentinel.session !== undefined;
    return (worker.isLost = isAwaitedBack && !this.isOver);
  }

  /** S14: the sentinels that should have ended them are disconnected. */
  #endWaiting(workers: Worker[]): void {
    for (const { client } of workers) {
      if (client === undefined || !this.#tasks.waiting.includes(client)) continue;
      this.#tasks.withdraw(client);
      this.#send(client, DEAD);
    }
  }

  /**
   * S13: a closed group that has lost its last worker. One that closed without workers waits for the grace period, and
   * so does a supervised one (S19).
   */
  endWithoutWorkers(): void {
    const { join, registered, registeredAtClosing, isSupervised } = this.#crew;
    const hasLost = registeredAtClosing > 0 && !isSupervised;
    if (join === 'closed' && registered === 0 && hasLost) this.shutDown(true);
  }
}
