import { reasonOf } from '../wire/error-kind.ts';
import { createActor, type ActorRefFrom, type Snapshot } from 'xstate';
import { onChange, type Actor } from '../actors/actor.ts';
import type { Entity } from '../store/change.ts';
import { storyOf } from '../actors/story.ts';
import type { joinPhaseMachine } from '../machines/join-phase.ts';
import type { shutdownMachine } from '../machines/shutdown.ts';
import type { sleighMachine } from '../machines/sleigh.ts';
import { BROKEN, countsOf } from '../actors/step-catalog.ts';
import { StoryKeeper, type StateCounts } from '../actors/story-keeper.ts';
import { KEY, VARIABLE } from '../wire/names.ts';
import { NO_METADATA, type Metadata } from '../wire/payload.ts';
import { TEXT_DESCRIPTOR } from '../wire/reply.ts';
import type { Client } from '../workspace/pending-get.ts';
import { PURGED, type Refusal } from '../workspace/refusal.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import type { Value } from '../workspace/value.ts';
import { inspectedBy } from '../workspace/inspection.ts';
import type { WorkspacePlugin, Workspace } from '../workspace/workspace.ts';
import type { Sentinel, Worker } from './agents.ts';
import { memoryOfStore } from './memory-of-store.ts';
import { actorOfJob } from './job-actors.ts';
import { Crew } from './crew.ts';
import { endedJob } from './ended-job.ts';
import { emitterOf, type JobHooks } from './job-hooks.ts';
import type { EmitJobEvent } from './job-event.ts';
import { Intake } from './intake.ts';
import { defineJobVariables } from './job-variables.ts';
import { Failures } from './failures.ts';
import { type Job, ownJob } from './job.ts';
import { jobMachines, type JobMachines } from './job-machines.ts';
import { actorStateIn } from './actor-record.ts';
import { Joining } from './joining.ts';
import { Deadlines } from './deadlines.ts';
import { JobChanges } from './job-changes.ts';
import { entitiesOfJob, recordOfJob, snapshotIn } from './job-record.ts';
import { JobLoader } from './job-loader.ts';
import { NamedTimers } from './named-timers.ts';
import { optionsIn, type JobOptions } from './options.ts';
import { PendingRequests } from './pending-requests.ts';
import { policiesOf, type Policies } from './policy-actors.ts';
import { Recovery } from './recovery.ts';
import { Registrations } from './registrations.ts';
import { SLEIGH_FAILED } from './refusals.ts';
import { Supervision } from './supervision.ts';
import { Heartbeats } from './heartbeats.ts';
import { Work } from './work.ts';

/**
 * One job: the supervisor, and the parts that implement the actions of the machines. Requests come from the job
 * variables and go directly to the actor that they concern. Actors notify each other through the supervisor.
 */
export class Sleigh implements WorkspacePlugin, Job {
  readonly workspace: Workspace;
  readonly changes: JobChanges;
  readonly timers: NamedTimers;
  readonly deadlines: Deadlines;
  readonly requests = new PendingRequests();
  readonly failures = new Failures();
  readonly policies: Policies;
  readonly crew: Crew;
  readonly heartbeats: Heartbeats;
  readonly registrations: Registrations;
  readonly supervision: Supervision;
  readonly recovery: Recovery;
  readonly joining: Joining;
  readonly intake: Intake;
  readonly work: Work;
  readonly machines: JobMachines;
  /** The stories of all its actors, and the number of workers and sentinels in each state. */
  readonly stories: StoryKeeper;
  fixedArguments = 0;
  options: JobOptions;
  startedAt: number;
  #supervisor: ActorRefFrom<typeof sleighMachine> | undefined;
  #hasFailed = false;
  readonly #hooks: JobHooks;
  readonly emit: EmitJobEvent;
  /** The entities of before a restart, until all are there. */
  #loaded: Entity[] = [];

  constructor(workspace: Workspace, options: JobOptions, machines?: JobMachines, hooks: JobHooks = {}) {
    this.#hooks = hooks;
    this.workspace = workspace;
    this.emit = emitterOf(workspace, hooks);
    this.options = options;
    this.startedAt = workspace.host.clock();
    this.changes = new JobChanges(workspace);
    this.deadlines = new Deadlines(this);
    this.timers = new NamedTimers(workspace.host.timers);
    this.policies = policiesOf(workspace, (system) => ownJob(system, this));
    this.crew = new Crew(this);
    this.heartbeats = new Heartbeats(this);
    this.registrations = new Registrations(this);
    this.supervision = new Supervision(this);
    this.recovery = new Recovery(this);
    this.joining = new Joining(this);
    this.work = new Work(this);
    this.machines = machines ?? jobMachines({ isTraced: workspace.host.tracer !== undefined });
    this.stories = new StoryKeeper(
      workspace.host.clock,
      this.failures.failed,
      workspace.host.observerOf?.(`sleigh ${workspace.name}`),
    );
    this.intake = new Intake(this);
    defineJobVariables(this);
    if (workspace.isLoading) return;
    this.#start();
    this.intake.start();
    if (options.join === 'elastic') this.joinPhase.send({ type: 'elastic.chosen' });
    this.changed();
  }

  /** @param snapshot of the supervisor of before a restart, which this one continues */
  #start(snapshot?: Snapshot<unknown>): void {
    const { name, host } = this.workspace;
    const { rankCount, onDeadWorker } = this.options;
    const supervisor = createActor(this.machines.sleigh, {
      id: 'sleigh',
      input: { maximum: rankCount, limit: host.limits.workerCount, policy: onDeadWorker },
      ...(snapshot !== undefined && { snapshot }),
      ...inspectedBy(host.tracer, `sleigh ${name}`),
    });
    this.#supervisor = supervisor;
    ownJob(supervisor.system, this);
    supervisor.subscribe({ error: (error) => this.fail('sleigh', error) });
    supervisor.start();
    if (this.changes.isRecorded)
      for (const actor of [supervisor, this.joinPhase, this.shutdown]) onChange(actor, () => this.changed());
  }

  get supervisor(): ActorRefFrom<typeof sleighMachine> {
    if (this.#supervisor === undefined) throw new Error(`the job in ${this.workspace.name} is not loaded`);
    return this.#supervisor;
  }

  changed(): void {
    if (this.changes.isRecorded) this.changes.touch(['job'], () => recordOfJob(this));
  }

  /** Everything about the job that survives the server, as its store must have it. */
  entities(): Iterable<Entity> {
    return entitiesOfJob(this);
  }

  /** Takes up an entity of before a restart; `restored` follows the last one. */
  restore(entity: Entity): void {
    this.#loaded.push(entity);
  }

  /** The job continues. The connections of before the restart have closed (S18); sessions last (P15). */
  restored(): void {
    this.load(this.#loaded);
    this.#loaded = [];
    if (this.#hasFailed) return;
    for (const client of this.crew.formerClients) this.clientLeft(client);
    this.work.resume();
    this.inSteps(this.work.batches.forgetGets());
  }

  /** Takes up all that survived an earlier job. Its connections still count as open, and nobody waits. */
  load(entities: Iterable<Entity>): void {
    const loader = new JobLoader(this, entities);
    loader.taking((record) => {
      if (record.flag('hasFailed')) {
        this.#start();
        this.intake.start();
        return this.#end();
      }
      this.options = optionsIn(record.inner('options'));
      this.startedAt = record.number('startedAt');
      this.#start(snapshotIn(record.text('supervisor')));
      this.intake.start(actorStateIn(record, 'work'));
      this.work.completed = record.number('completed');
      this.registrations.accepted = record.number('accepted');
      this.fixedArguments = record.number('fixedArguments');
      this.crew.restore(record.inner('crew'), this.shutdown.getSnapshot().context.isSupervised);
      const tasks = record.inner('tasks');
      loader.load({ oldest: tasks.number('oldest'), isKeeping: tasks.flag('isKeeping') });
    });
  }

  /** Milliseconds. */
  get now(): number {
    return this.workspace.host.clock();
  }

  /** Whether one of its actors has failed: then it does nothing, and refuses all requests. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  get joinPhase(): ActorRefFrom<typeof joinPhaseMachine> {
    return this.#child('joinPhase');
  }
  get shutdown(): ActorRefFrom<typeof shutdownMachine> {
    return this.#child('shutdown');
  }

  #child<Id extends 'joinPhase' | 'shutdown'>(id: Id) {
    const child = this.supervisor.getSnapshot().children[id];
    if (child === undefined) throw new Error(`the ${id} of ${this.workspace.name} has ended`);
    return child;
  }

  /**
   * @param id an id such as `worker.3` or `joinPhase`; `sleigh` is the supervisor
   * @returns undefined if there is none
   */
  actor(id: string): Actor | undefined {
    if (id === 'joinPhase' || id === 'shutdown') return this.supervisor.getSnapshot().children[id];
    return actorOfJob(this, id);
  }

  /** The number of its workers, or of its sentinels, in each state. */
  countsOf(what: 'worker' | 'sentinel'): StateCounts {
    return countsOf(this.stories, this.machines[what]);
  }

  /** Stores a text of the sleigh itself into one of its ordinary variables. */
  announce(variable: string, text: string, metadata: Metadata = NO_METADATA, client?: Client): void {
    const value = { descriptor: TEXT_DESCRIPTOR, payload: text, metadata };
    this.workspace.variable(variable).store(value, client);
  }

  memoryFor(name: string, value: Value): number {
    return memoryOfStore(this, name, value);
  }

  /** S13, S19, P5.5. */
  refuseStore(name: string, value: Value): Refusal | undefined {
    return name === VARIABLE.workerDead ? this.supervision.refuseReport(value) : undefined;
  }

  /** Keeps the report of a sentinel out of the variable, because it contains the session (S19). */
  isPrivate(name: string, value: Value): boolean {
    return name === VARIABLE.workerDead && value.metadata.has(KEY.session);
  }

  /** Handles stores to two ordinary variables that have consequences (S13, S14). */
  stored(name: string, value: Value): void {
    if (this.#hasFailed) return;
    if (name === VARIABLE.rideOver) this.shutdown.send({ type: 'shutdown.requested' });
    else if (name === VARIABLE.workerDead) this.supervision.report(value);
  }

  clientLeft(client: Client): void {
    if (!this.#hasFailed)
      this.supervisor.send({ type: 'connection.closed', client: client.id, peer: client.peer });
    // The supervisor of a failed job may have stopped, now or earlier.
    if (this.#hasFailed) this.crew.forget(client.id);
  }

  /** Under `requeue`, a worker or sentinel that owns the workspace does not delete it (W6.1). */
  outlives(client: Client): boolean {
    return this.options.onDeadWorker === 'requeue' && client.closeListeners.has(this);
  }

  get survivesServer(): boolean {
    return this.workspace.record.survivesServer;
  }

  /** The job shuts down with its server (S14.1). */
  serverStops(): void {
    if (!this.#hasFailed) this.shutdown.send({ type: 'server.stopping' });
  }

  deleting(): void {
    if (!this.#hasFailed) this.#hooks.onEnd?.(endedJob(this));
  }

  /** S16. */
  deleted(): void {
    if (this.#hasFailed) this.inSteps(this.endEveryone());
    else this.supervisor.send({ type: 'workspace.deleted' });
  }

  /** Refuses all gets that wait in job variables. */
  *refuseEveryone(reason: Refusal): Steps {
    yield* this.work.refuseEveryone(reason);
    yield* this.joining.refuseEveryone(reason);
    yield* this.heartbeats.refuseEveryone(reason);
  }

  /** Runs work that takes long in turns with others (P14). An error in it is a fault of the job. */
  inSteps(steps: Steps): void {
    this.workspace.host.inSteps(this.#guarded(steps));
  }
  *#guarded(steps: Steps): Steps {
    try {
      yield* steps;
    } catch (error) {
      this.fail('sleigh', error);
    }
  }

  /** Logs an unexpected event. It is a fault of the server that must not affect clients. */
  reportUnexpected(actor: Actor, { type }: { type: string }): void {
    this.#report(actor.id, type, 'a chart was sent an event that it does not expect', { event: type });
  }

  #report(id: string, event: string, what: string, fields: Record<string, unknown>, reason = ''): void {
    this.failures.add({ time: this.now, actor: id, event, clause: '', what: what + reason });
    const actor = this.actor(id);
    this.workspace.host.log('error', what, {
      workspace: this.workspace.name,
      actor: id,
      ...fields,
      story: actor && storyOf(actor)?.lines,
    });
  }

  *endEveryone(): Steps {
    this.deadlines.forgetAll();
    this.timers.stopAll();
    yield* this.refuseEveryone(PURGED);
    yield* this.crew.endEveryone();
    yield* this.work.drop();
    this.work.batches.forgetSpent();
    this.deadlines.forgetAll();
    this.timers.stopAll();
  }

  /**
   * An actor has failed, which is a fault of the server, so the data of the job may be inconsistent. The job ends
   * here, and all waiting clients are answered. The server and the other jobs continue.
   */
  fail(id: string, error: unknown): void {
    const reason = reasonOf(error);
    this.#report(id, BROKEN, 'a chart failed', { error }, `: ${reason}`);
    if (this.#hasFailed) return;
    this.#end();
    this.inSteps(this.#endWaiting());
  }

  #end(): void {
    this.#hasFailed = true;
    this.changes.end(['job'], recordOfJob(this));
    this.deadlines.forgetAll();
    this.timers.stopAll();
  }

  *#endWaiting(): Steps {
    yield* this.refuseEveryone(SLEIGH_FAILED);
    // Requests that were being served when it happened are in no line.
    for (const agents of [this.crew.everyWorker, this.crew.everySentinel])
      yield* eachInSteps<Worker | Sentinel>(agents, ({ pendingGet: ask }) => ask?.interrupt(SLEIGH_FAILED));
  }
}
