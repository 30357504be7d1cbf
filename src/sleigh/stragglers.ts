import type { EventFrom } from 'xstate';
import type { Actor, ActorOf } from '../actors/actor.ts';
import type { StragglersMachine } from '../machines/policies/speculation.ts';
import type { RunningTask } from '../machines/policies/policy-tasks.ts';
import type { Worker } from './agents.ts';
import type { Crew } from './crew.ts';
import { Durations } from './durations.ts';
import type { JobHost } from './job-host.ts';
import type { Policies } from './policy-actors.ts';
import type { StragglersCommand } from './policy-command.ts';
import { commandIn, flawOfTime } from './policy-failure.ts';
import type { Task } from './task.ts';
import type { TaskLine } from './task-line.ts';

interface StragglersJob extends JobHost {
  readonly crew: Crew;
  readonly policies: Policies;
}

/** A task that workers have. */
interface Running {
  readonly task: Task;
  /** The workers that have it: one, or two while there is a second copy. */
  ranks: readonly number[];
  /** Decides about a second copy. Undefined when it has decided, and while two workers have the task. */
  actor: ActorOf<StragglersMachine> | undefined;
}

/** The names of its actors begin with this. */
const ACTOR = 'stragglers.';

/**
 * Tasks that run, and their second copies (S31). The machine of the policy decides about each task that exactly one worker
 * has, and its commands are carried out here. Without a policy nothing is kept here.
 *
 * The workers of a task share one object. Whoever answers it first settles it, and the other worker keeps it as it keeps a
 * task that a plugin has answered (S30.1). None of this is recorded: the records of the workers say who has a task, and
 * after a restart the machine decides again.
 */
export class Stragglers {
  /** By the numbers of the tasks. */
  readonly #running = new Map<number, Running>();
  /** Those of which the next worker without other work gets a second copy, oldest first. */
  readonly #wanted = new Set<Running>();
  readonly #durations = new Durations();
  readonly #job: StragglersJob;
  readonly #line: TaskLine;

  constructor(job: StragglersJob, line: TaskLine) {
    this.#job = job;
    this.#line = line;
  }

  /** The number of second copies that are to be given to some worker. */
  get wanted(): number {
    return this.#wanted.size;
  }

  /** The numbers of the tasks of which some worker is to get a second copy. */
  *wantedNumbers(): Generator<number> {
    for (const { task } of this.#wanted) yield task.number;
  }

  /** The numbers of the tasks that an actor watches. */
  *watched(): Generator<number> {
    for (const [number, { actor }] of this.#running) if (actor !== undefined) yield number;
  }

  /** @param id such as `stragglers.7` */
  actor(id: string): Actor | undefined {
    return this.#running.get(Number(id.slice(ACTOR.length)))?.actor;
  }

  /** The ranks of the workers that have the task; none if it is not known here. */
  ranksOf({ number }: Task): readonly number[] {
    return this.#running.get(number)?.ranks ?? [];
  }

  /** A worker was given a task that no other worker has. */
  began(task: Task, rank: number): void {
    if (this.#job.machines.stragglers === undefined) return;
    const running = { task, ranks: [rank], actor: undefined };
    this.#running.set(task.number, running);
    this.#watch(running);
  }

  /** The number of second copies that the worker may get. */
  countFor({ rank }: Pick<Worker, 'rank'>): number {
    let count = 0;
    for (const { task } of this.#wanted) if (task.declined?.ranks.has(rank) !== true) count++;
    return count;
  }

  /** Gives the worker a second copy, if there is one for it. */
  takeFor({ rank }: Pick<Worker, 'rank'>): Task | undefined {
    for (const running of this.#wanted) {
      const { task, ranks } = running;
      if (task.declined?.ranks.has(rank) === true) continue;
      this.#wanted.delete(running);
      running.ranks = [...ranks, rank];
      task.attempts++;
      this.#changed(ranks);
      return task;
    }
    return undefined;
  }

  /**
   * A worker does not have the task any more.
   * @param isUntried whether it has not been tried, so that the attempt does not count (S18, S19)
   * @returns whether another worker has it
   */
  released(task: Task, rank: number, isUntried: boolean): boolean {
    const running = this.#running.get(task.number);
    if (running === undefined) return false;
    this.#stop(running);
    running.ranks = running.ranks.filter((one) => one !== rank);
    if (running.ranks.length === 0) {
      this.#running.delete(task.number);
      return false;
    }
    if (isUntried) task.attempts--;
    this.#changed(running.ranks);
    if (!task.isSettled) this.#watch(running);
    return true;
  }

  /** The task has its result. @param milliseconds how long the worker that gave it had the task */
  settled(task: Task, milliseconds: number): void {
    const running = this.#running.get(task.number);
    if (running === undefined) return;
    this.#durations.add(task.batch, milliseconds);
    this.#stop(running);
    this.#changed(running.ranks);
  }

  /** Takes up that a worker had the task before a restart. */
  restore(task: Task, rank: number): void {
    const running = this.#running.get(task.number) ?? { task, ranks: [], actor: undefined };
    running.ranks = [...running.ranks, rank];
    this.#running.set(task.number, running);
  }

  /** The job continues after a restart. */
  resume(): void {
    for (const running of this.#running.values())
      if (running.ranks.length === 1 && !running.task.isSettled) this.#watch(running);
  }

  /** The job is over: nobody gets a second copy any more. */
  clear(): void {
    this.#wanted.clear();
  }

  #changed(ranks: readonly number[]): void {
    for (const rank of ranks) this.#job.crew.records.workerChanged(rank);
  }

  #watch(running: Running): void {
    const { policies, machines } = this.#job;
    if (machines.stragglers === undefined) return;
    const facts = this.#factsOf(running);
    const id = `${ACTOR}${running.task.number}`;
    running.actor = policies.stragglers.begin(machines.stragglers, { id, input: facts });
    this.#decide(running, { type: 'task.running', ...facts });
  }

  /** Ends what decides about a second copy, and the wish for one. */
  #stop(running: Running): void {
    this.#wanted.delete(running);
    const { actor, task } = running;
    if (actor === undefined) return;
    running.actor = undefined;
    this.#job.timers.stop(timerOf(task));
    this.#job.policies.stragglers.send(actor, { type: 'task.ended' });
  }

  #decide(running: Running, event: EventFrom<StragglersMachine>): void {
    const { policies, machines, timers, workspace } = this.#job;
    const { actor, task } = running;
    if (actor === undefined) return;
    const origin = {
      workspace,
      plugin: machines.policyBy,
      machine: machines.stragglers?.id ?? '',
      task: task.number,
    };
    const step = policies.stragglers.send(actor, event);
    const command = commandIn(step, origin, (commanded) =>
      flawOf(commanded, this.#maxAttemptsOf(task), task),
    );
    if (command?.type === 'watch') {
      timers.start(timerOf(task), command.milliseconds / 1000, () =>
        this.#decide(running, { type: 'watch.elapsed', ...this.#factsOf(running) }),
      );
      return;
    }
    running.actor = undefined;
    if (command?.type !== 'copy') return;
    this.#wanted.add(running);
    this.#line.offerTasks();
  }

  #maxAttemptsOf({ maxAttempts }: Task): number {
    return maxAttempts ?? this.#job.options.maxAttempts;
  }

  #factsOf({ task, ranks: [rank = 0] }: Running): RunningTask {
    const { crew, now, options } = this.#job;
    const worker = crew.worker(rank);
    return {
      task: task.number,
      attempts: task.attempts,
      maxAttempts: this.#maxAttemptsOf(task),
      onDeadWorker: options.onDeadWorker,
      rank,
      host: worker.host,
      metadata: Object.fromEntries(task.value.metadata),
      milliseconds: now - worker.busySince,
      waitingWorkers: this.#line.workers,
      ...this.#durations.of(task.batch),
    };
  }
}

const timerOf = ({ number }: Task): string => `lateness of task ${number}`;

/** @returns why a command cannot be carried out for that task, if so */
function flawOf(command: StragglersCommand, maxAttempts: number, { attempts }: Task): string | undefined {
  if (command.type === 'copy' && attempts >= maxAttempts)
    return 'it has commanded copy for a task that has no attempts left';
  return command.type === 'watch' ? flawOfTime(command.type, command.milliseconds) : undefined;
}
