import type { PendingGet } from '../workspace/pending-get.ts';
import type { Refusal } from '../workspace/refusal.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import { WaitingLine } from '../workspace/waiting-line.ts';
import type { Worker } from './agents.ts';
import type { Crew } from './crew.ts';
import { SLEIGH_DEAD } from './refusals.ts';
import type { Tasks } from './tasks.ts';

/** What there is for the workers that wait. */
interface TaskSource {
  readonly tasks: Tasks;
  readonly stragglers: { readonly wanted: number };
  isAvailableFor(worker: Worker): boolean;
}

/** The gets that wait for a task (S7): those of workers, and those of other clients, which never get one. */
export class TaskLine {
  readonly #waiting = new WaitingLine();
  readonly #outsiders = new WaitingLine();
  readonly #job: { readonly crew: Crew };
  readonly #source: TaskSource;

  constructor(job: { readonly crew: Crew }, source: TaskSource) {
    this.#job = job;
    this.#source = source;
  }

  *[Symbol.iterator](): Generator<PendingGet> {
    yield* this.#waiting;
    yield* this.#outsiders;
  }

  get length(): number {
    return this.#waiting.length + this.#outsiders.length;
  }

  /** The number of workers that wait. */
  get workers(): number {
    return this.#waiting.length;
  }

  /** Puts a worker into the line (S7). */
  holdWorker(worker: Worker, get: PendingGet): void {
    worker.pendingGet = get;
    this.#job.crew.changed(worker);
    this.#waiting.add(get);
  }

  /** S7: a client that is no worker. */
  holdOutsider(get: PendingGet): void {
    this.#outsiders.add(get);
  }

  /** Gives queued tasks, and then second copies, to the workers, as long as there are both. */
  offerTasks(): void {
    const { tasks, stragglers } = this.#source;
    while (tasks.length + stragglers.wanted > 0) {
      const isForAll = tasks.queue.openCount > 0 && tasks.queue.declinedCount === 0;
      const get = isForAll ? this.#waiting.shift() : this.#takeWhoMayDo();
      if (get === undefined) return;
      this.#offer(get);
    }
  }

  /** Removes the worker that has waited longest among those for which there is a task that they may take (S19, S32). */
  #takeWhoMayDo(): PendingGet | undefined {
    return this.#waiting.takeFirst(({ client }) => {
      const worker = this.#job.crew.workerOf(client);
      return worker !== undefined && this.#source.isAvailableFor(worker);
    });
  }

  /**
   * Gives copies of broadcasts to all workers that have one to come. A worker that comes meanwhile gets its copy without
   * waiting.
   */
  *offerCopies(): Steps {
    const hasCopy = ({ client }: PendingGet): boolean => {
      const worker = this.#job.crew.workerOf(client);
      return worker !== undefined && this.#source.tasks.copiesFor(worker) > 0;
    };
    yield* eachInSteps(this.#waiting.taken(hasCopy), (get) => this.#offer(get));
  }

  #offer(get: PendingGet): void {
    this.#job.crew.workerOf(get.client)?.actor.send({ type: 'task.offered' });
  }

  /** Refuses all gets, because the sleigh has ended (S14). */
  *end(): Steps {
    yield* eachInSteps(this.#outsiders.drain(), (get) => get.refuse(SLEIGH_DEAD));
    yield* eachInSteps(this.#waiting.drain(), ({ client }) =>
      this.#job.crew.workerOf(client)?.actor.send({ type: 'waiting.ended' }),
    );
  }

  /** S16. */
  *refuseEveryone(reason: Refusal): Steps {
    yield* eachInSteps(this.#waiting.drain(), (get) => get.refuse(reason));
    yield* eachInSteps(this.#outsiders.drain(), (get) => get.refuse(reason));
  }
}
