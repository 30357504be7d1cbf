import { decideUnfinished, type Unfinished } from '../machines/dead-worker-policy.ts';
import type { Actor } from '../actors/actor.ts';
import type { RecordReader } from '../store/record.ts';
import { actorStateIn } from './actor-record.ts';
import type { Crew } from './crew.ts';
import type { JobHost } from './job-host.ts';
import type { Policies } from './policy-actors.ts';
import type { PolicyStep, RecoveryCommand } from './policy-command.ts';
import { commandIn, flawOfTime } from './policy-failure.ts';
import type { Task } from './task.ts';
import type { WaitingTask } from './waiting-tasks.ts';
import type { Work } from './work.ts';

interface UnfinishedJob extends JobHost {
  readonly crew: Crew;
  readonly work: Work;
  readonly policies: Policies;
}

/** The names of its actors begin with this. */
const ACTOR = 'recovery.';

/** Gives the task a null result for that worker. */
type Answer = (task: Task, rank: number) => void;

/**
 * Tasks whose workers have died or have failed them. The machine of the policy decides about each (S13, S7.1, S30.3), and
 * its commands are carried out here.
 */
export class UnfinishedTasks {
  readonly #job: UnfinishedJob;
  readonly #answer: Answer;

  constructor(job: UnfinishedJob, answer: Answer) {
    this.#job = job;
    this.#answer = answer;
  }

  /** @param workerStays the worker has failed the task and is still there */
  decide(task: Task, rank: number, workerStays: boolean): void {
    const { policies, machines } = this.#job;
    const facts = this.#factsOf(task, rank, workerStays);
    const id = facts.isCopy ? `${ACTOR}${facts.task}.${rank}` : `${ACTOR}${facts.task}`;
    const actor = policies.recovery.begin(machines.recovery, { id, input: facts });
    const command = this.#commandOf(
      policies.recovery.send(actor, { type: 'task.unfinished', ...facts }),
      facts,
    );
    this.#follow(command, { task, rank, machine: machines.recovery.id, actor });
  }

  /** The time of a waiting task has passed. */
  waitElapsed(number: number): void {
    const { work, policies } = this.#job;
    const waiting = work.tasks.waiting.take(number);
    if (waiting === undefined) return;
    const { task, rank, actor } = waiting;
    // From here on it is dealt with like one that has just ended.
    work.batches.start(task.batch, { queued: true });
    if ('kept' in actor) return this.#carryOut({ type: 'requeue' }, task, rank);
    const facts = this.#factsOf(task, rank, false);
    this.#follow(this.#commandOf(policies.recovery.send(actor, { type: 'wait.elapsed' }), facts), waiting);
  }

  #follow(command: RecoveryCommand, waiting: WaitingTask): void {
    const { work, deadlines } = this.#job;
    const { task, rank } = waiting;
    if (command.type !== 'wait') return this.#carryOut(command, task, rank);
    work.batches.requeue(task.batch);
    work.tasks.waiting.add(waiting);
    deadlines.start('wait of task', command.milliseconds / 1000, task.number);
  }

  /**
   * Takes up a task that waited before a restart. Without the machine that let it wait, it waits to the end, and is then
   * given to other workers.
   */
  restore(task: Task, record: RecordReader): void {
    const { machines, policies, work, workspace } = this.#job;
    const [rank, machine] = [record.number('rank'), record.text('machine')];
    const isKnown = machine === machines.recovery.id;
    if (!isKnown)
      workspace.host.log(
        'warn',
        'a policy is missing: the task that waits for it goes to the queue when its time has passed',
        {
          workspace: workspace.name,
          machine,
          task: task.number,
        },
      );
    const origin = {
      id: `${ACTOR}${task.number}`,
      input: this.#factsOf(task, rank, false),
      restored: actorStateIn(record, 'actor'),
    };
    const actor = isKnown
      ? policies.recovery.begin(machines.recovery, origin)
      : { kept: record.inner('actor').fields };
    work.tasks.waiting.restore({ task, rank, machine, actor });
  }

  /** The actor of a task that waits. @param id such as `recovery.7` */
  actor(id: string): Actor | undefined {
    const actor = this.#job.work.tasks.waiting.find(Number(id.slice(ACTOR.length)))?.actor;
    return actor !== undefined && 'id' in actor ? actor : undefined;
  }

  #factsOf(task: Task, rank: number, workerStays: boolean): Unfinished {
    const { onDeadWorker, maxAttempts } = this.#job.options;
    return {
      task: task.number,
      attempts: task.attempts,
      maxAttempts: task.maxAttempts ?? maxAttempts,
      isCopy: task.broadcast !== undefined,
      workerStays,
      onDeadWorker,
      rank,
      host: this.#job.crew.find(rank)?.host ?? '',
      metadata: Object.fromEntries(task.value.metadata),
    };
  }

  /** @returns what the policy commands; what the server does by itself if the policy has failed */
  #commandOf(step: PolicyStep<RecoveryCommand>, facts: Unfinished): RecoveryCommand {
    const { workspace, machines } = this.#job;
    const origin = { workspace, plugin: machines.policyBy, machine: machines.recovery.id, task: facts.task };
    const command = commandIn(step, origin, (commanded) => flawOf(commanded, facts));
    if (command !== undefined) return command;
    return { type: decideUnfinished(facts.onDeadWorker, facts) };
  }

  #carryOut({ type }: Exclude<RecoveryCommand, { type: 'wait' }>, task: Task, rank: number): void {
    const { work, crew } = this.#job;
    switch (type) {
      case 'requeue':
        return work.queueAgain(task);
      case 'retry':
        work.batches.finish(task.batch);
        crew.worker(rank).retry = task;
        return;
      case 'answer':
        work.batches.finish(task.batch);
        return this.#answer(task, rank);
      case 'drop':
        return work.giveUp(task);
    }
  }
}

/** @returns why a command cannot be carried out for that task, if so */
function flawOf(command: RecoveryCommand, { isCopy, workerStays }: Unfinished): string | undefined {
  if (isCopy && (command.type === 'requeue' || command.type === 'wait'))
    return `it has commanded ${command.type} for a copy of a broadcast, which no other worker can take`;
  if (command.type === 'retry' && !(isCopy && workerStays))
    return 'it has commanded retry for a task whose worker cannot try it again';
  return command.type === 'wait' ? flawOfTime(command.type, command.milliseconds) : undefined;
}
