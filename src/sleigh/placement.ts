import type { EventFrom } from 'xstate';
import type { Actor, ActorOf } from '../actors/actor.ts';
import type { PlacementMachine } from '../machines/policies/locality.ts';
import type { QueuedTask } from '../machines/policies/policy-tasks.ts';
import { KEY } from '../wire/names.ts';
import { eachInSteps } from '../workspace/steps.ts';
import { isRegistered, type Worker } from './agents.ts';
import type { Crew } from './crew.ts';
import type { JobHost } from './job-host.ts';
import type { Policies } from './policy-actors.ts';
import type { PlacementCommand } from './policy-command.ts';
import { commandIn, flawOfTime } from './policy-failure.ts';
import type { Task } from './task.ts';
import type { TaskLine } from './task-line.ts';
import type { Tasks } from './tasks.ts';

interface PlacementJob extends JobHost {
  readonly crew: Crew;
  readonly policies: Policies;
}

/** The queue, and the workers that wait for its tasks. */
interface Queue {
  readonly tasks: Tasks;
  readonly line: TaskLine;
}

/** A queued task about which the machine decides. */
interface Placed {
  readonly task: Task;
  readonly actor: ActorOf<PlacementMachine>;
  /** When it was queued, in milliseconds. */
  readonly since: number;
  /** How often it has waited for workers of a host. */
  waits: number;
}

/** The names of its actors begin with this. */
const ACTOR = 'placement.';

/** How often a task may wait for workers of a host each time it is queued, so that none waits for ever. */
const MAX_WAITS = 3;

/**
 * Which workers may take a queued task (S32). The machine of the policy decides about each task that is queued, and its
 * commands are carried out here. Without a policy nothing is kept here.
 *
 * None of this is recorded: the tasks are in the queue at their places, and after a restart the machine decides again.
 */
export class Placement {
  /** The tasks that are kept for workers of a host, by their numbers. */
  readonly #held = new Map<number, Placed>();
  /** The number of registered workers of each host. */
  readonly #workers = new Map<string, number>();
  readonly #job: PlacementJob;
  readonly #queue: Queue;

  constructor(job: PlacementJob, queue: Queue) {
    this.#job = job;
    this.#queue = queue;
  }

  /** The tasks that are kept for workers of a host, by their numbers. */
  held(): Iterable<readonly [number, Placed]> {
    return this.#held;
  }

  /** Their numbers. */
  heldNumbers(): Iterable<number> {
    return this.#held.keys();
  }

  /** @param id such as `placement.7` */
  actor(id: string): Actor | undefined {
    return this.#held.get(Number(id.slice(ACTOR.length)))?.actor;
  }

  /** A task was queued, and no worker has been offered it yet. */
  queued(task: Task): void {
    const { machines, now, policies } = this.#job;
    if (machines.placement === undefined) return;
    const origin = { task, since: now, waits: 0 };
    const facts = this.#factsOf(origin);
    const id = `${ACTOR}${task.number}`;
    const actor = policies.placement.begin(machines.placement, { id, input: facts });
    this.#decide({ ...origin, actor }, { type: 'task.queued', ...facts });
  }

  /** The task is not in the queue any more. */
  taken({ number }: Task): void {
    if (this.#held.size === 0) return;
    const placed = this.#held.get(number);
    if (placed === undefined) return;
    this.#held.delete(number);
    this.#job.timers.stop(timerOf(number));
    this.#job.policies.placement.send(placed.actor, { type: 'task.taken' });
  }

  /** A worker has registered. */
  workerCame({ host }: Worker): void {
    if (this.#job.machines.placement !== undefined)
      this.#workers.set(host, (this.#workers.get(host) ?? 0) + 1);
  }

  /** A worker has ended. Tasks that are kept for workers of its host wait no longer if it was the last one. */
  workerEnded({ client, host }: Worker): void {
    const count = this.#workers.get(host);
    if (client === undefined || count === undefined) return;
    if (count > 1) return void this.#workers.set(host, count - 1);
    this.#workers.delete(host);
    const waiting = [...this.#held.values()].filter(({ task }) => task.onHost === host);
    if (waiting.length === 0) return;
    this.#job.inSteps(
      eachInSteps(waiting, (placed) => {
        if (placed.task.onHost === host && !this.#workers.has(host)) this.#elapsed(placed);
      }),
    );
  }

  /** The job continues after a restart. */
  resume(): void {
    if (this.#job.machines.placement === undefined) return;
    const registered = [...this.#job.crew.everyWorker].filter(isRegistered);
    for (const worker of registered) this.workerCame(worker);
    // They are moved meanwhile.
    for (const task of Array.from(this.#queue.tasks.queue)) this.queued(task);
  }

  /** The wait of a task is over. */
  #elapsed(placed: Placed): void {
    const { number } = placed.task;
    if (this.#held.get(number) !== placed) return;
    this.#job.timers.stop(timerOf(number));
    placed.waits++;
    this.#decide(placed, { type: 'wait.elapsed', ...this.#factsOf(placed) });
    this.#queue.line.offerTasks();
  }

  #decide(placed: Placed, event: EventFrom<PlacementMachine>): void {
    const { policies, machines, timers, workspace } = this.#job;
    const { actor, task, waits } = placed;
    const { number } = task;
    const origin = {
      workspace,
      plugin: machines.policyBy,
      machine: machines.placement?.id ?? '',
      task: number,
    };
    const step = policies.placement.send(actor, event);
    const command = commandIn(step, origin, (commanded) => this.#flawOf(commanded, waits));
    if (command?.type !== 'onHost') {
      this.#held.delete(number);
      this.#queue.tasks.queue.move(task, undefined);
      return;
    }
    this.#held.set(number, placed);
    this.#queue.tasks.queue.move(task, command.host);
    timers.start(timerOf(number), command.milliseconds / 1000, () => this.#elapsed(placed));
  }

  /** @returns why a command cannot be carried out, if so */
  #flawOf(command: PlacementCommand, waits: number): string | undefined {
    if (command.type !== 'onHost') return undefined;
    if (!this.#workers.has(command.host))
      return `it has commanded onHost for the host "${command.host}", where no worker is`;
    if (waits >= MAX_WAITS) return `it has commanded onHost for a task that has waited ${MAX_WAITS} times`;
    return flawOfTime('wait', command.milliseconds);
  }

  #factsOf({ task, since, waits }: Omit<Placed, 'actor'>): QueuedTask {
    return {
      task: task.number,
      attempts: task.attempts,
      host: task.value.metadata.get(KEY.taskHost) ?? '',
      hosts: [...this.#workers.keys()],
      metadata: Object.fromEntries(task.value.metadata),
      milliseconds: this.#job.now - since,
      waits,
    };
  }
}

const timerOf = (number: number): string => `placement of task ${number}`;
