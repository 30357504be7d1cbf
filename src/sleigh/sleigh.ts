import { assertEvent, createActor, type ActorRefFrom } from 'xstate';
import { sleighMachine } from '../machines/sleigh.ts';
import { NO_METADATA, type Metadata } from '../wire/payload.ts';
import { TEXT_DESCRIPTOR } from '../wire/reply.ts';
import { parseWhole } from '../wire/numbers.ts';
import type { Client } from '../workspace/ask.ts';
import { PURGED, notANumber, type Refusal } from '../workspace/refusal.ts';
import { textOf, type Value } from '../workspace/value.ts';
import { inspectedBy } from '../workspace/tracing.ts';
import type { Occupant, Workspace } from '../workspace/workspace.ts';
import { Crew } from './crew.ts';
import { Ending, RIDE_OVER } from './ending.ts';
import { defineJobVariables } from './job-variables.ts';
import { Joining } from './joining.ts';
import { NamedTimers } from './named-timers.ts';
import type { SleighOptions } from './options.ts';
import { SLEIGH_DEAD, SLEIGH_FAILED } from './refusals.ts';
import { Work } from './work.ts';

/** The variable that tells of a dead worker (S13). */
const WORKER_DEAD = 'worker_dead';

/**
 * One job: the supervisor of its charts, and what these charts command. Requests come from the job variables and go
 * straight to the chart that they concern; what one chart tells the others goes through the supervisor.
 */
export class Sleigh implements Occupant {
  readonly workspace: Workspace;
  readonly options: SleighOptions;
  readonly timers: NamedTimers;
  readonly crew: Crew;
  readonly joining: Joining;
  readonly ending: Ending;
  readonly work: Work;
  readonly workerChart: ReturnType<Work['bind']>;
  readonly sentinelChart: ReturnType<Crew['bindSentinels']>;
  readonly supervisor: ActorRefFrom<typeof sleighMachine>;
  #hasFailed = false;

  constructor(workspace: Workspace, options: SleighOptions) {
    this.workspace = workspace;
    this.options = options;
    this.timers = new NamedTimers(workspace.host.timers);
    this.crew = new Crew(this);
    this.joining = new Joining(this);
    this.ending = new Ending(this);
    this.work = new Work(this);
    this.workerChart = this.work.bind();
    this.sentinelChart = this.crew.bindSentinels();
    this.supervisor = createActor(this.#bind(), {
      id: 'sleigh',
      input: {
        maximum: options.rankCount,
        limit: workspace.host.limits.workerCount,
        policy: options.onDeadWorker,
      },
      ...inspectedBy(workspace.host.tracer, `sleigh ${workspace.name}`),
    });
    this.supervisor.subscribe({ error: (error) => this.#fail('supervisor', error) });
    defineJobVariables(this);
    this.supervisor.start();
  }

  /** Milliseconds. */
  get now(): number {
    return this.workspace.host.clock();
  }

  /** One of its charts has failed: it does nothing any more, and refuses what it is asked. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** S14: it is shutting down, or over. */
  get isWindingDown(): boolean {
    return this.supervisor.getSnapshot().value !== 'serving';
  }

  child<Id extends 'joinPhase' | 'shutdown'>(id: Id) {
    const child = this.supervisor.getSnapshot().children[id];
    if (child === undefined) throw new Error(`the ${id} of ${this.workspace.name} has ended`);
    return child;
  }

  /** Stores a text that the sleigh itself has to tell into one of its ordinary variables. */
  announce(variable: string, text: string, metadata: Metadata = NO_METADATA, client?: Client): void {
    const value = { descriptor: TEXT_DESCRIPTOR, payload: text, metadata };
    this.workspace.variable(variable).store(value, client);
  }

  /** S13, P5.5. */
  refuseStore(name: string, value: Value): Refusal | undefined {
    if (name !== WORKER_DEAD || parseWhole(textOf(value)) !== undefined) return undefined;
    return notANumber(WORKER_DEAD, textOf(value));
  }

  /** S13, S14: two ordinary variables that say something to the sleigh. */
  stored(name: string, value: Value): void {
    if (this.#hasFailed) return;
    if (name === RIDE_OVER) this.ending.chart.send({ type: 'ride.over' });
    else if (name === WORKER_DEAD)
      this.supervisor.send({ type: 'death.reported', rank: Number(textOf(value)) });
  }

  clientLeft(client: Client): void {
    this.supervisor.send({ type: 'connection.closed', client });
  }

  /** The job ends with its server, and everyone is told (S14.1). */
  serverStops(): void {
    if (!this.#hasFailed) this.ending.chart.send({ type: 'server.stopping' });
  }

  /** S16. */
  deleted(): void {
    if (this.#hasFailed) this.#endEveryone();
    else this.supervisor.send({ type: 'workspace.deleted' });
  }

  /** Tells everyone who waits in a job variable, for whatever reason the variables go. */
  refuseEveryone(reason: Refusal): void {
    this.work.refuseEveryone(reason);
    this.joining.refuseEveryone(reason);
    this.crew.refuseEveryone(reason);
  }

  #bind() {
    return sleighMachine.provide({
      actors: { joinPhase: this.joining.bind(), shutdown: this.ending.bind() },
      actions: {
        closeRanks: () => this.crew.closeRanks(),
        settleBroadcasts: () => this.work.settleBroadcasts(),
        loseConnection: ({ event }) => {
          assertEvent(event, 'connection.closed');
          this.crew.lose(event.client);
        },
        letConnectionGo: ({ event }) => {
          assertEvent(event, 'connection.closed');
          this.crew.letGo(event.client);
        },
        reportDeath: ({ event }) => {
          assertEvent(event, 'death.reported');
          this.crew.reportDeath(event.rank);
        },
        tellWorkersOfSentinel: ({ event }) => {
          assertEvent(event, ['sentinel.died', 'sentinel.left']);
          this.crew.tellWorkersOf(event.id, 'all');
        },
        giveUpRanksOfSentinel: ({ event }) => {
          assertEvent(event, 'sentinel.left');
          this.crew.tellWorkersOf(event.id, 'declared');
        },
        endWaitingOfSentinel: ({ event }) => {
          assertEvent(event, 'sentinel.left');
          this.crew.endWaitingOf(event.id);
        },
        dismissSentinels: () => this.crew.dismissSentinels(),
        refuseMasters: () => this.work.batches.refuseWaiting(SLEIGH_DEAD),
        endWaiting: () => this.work.endWaiting(),
        dropWork: () => this.work.drop(),
        endEveryone: () => this.#endEveryone(),
        reportUnexpected: ({ event }) => this.reportUnexpected('supervisor', event),
        reportBroken: ({ event }) => {
          if ('actorId' in event) this.#fail(event.actorId, event.error);
        },
      },
    });
  }

  /** A chart was sent what it has no place for: a fault of ours, that nobody should have to pay for. */
  reportUnexpected(actor: string, event: { type: string }): void {
    this.workspace.host.log('error', 'a chart was sent an event that it does not expect', {
      workspace: this.workspace.name,
      actor,
      event: event.type,
    });
  }

  #endEveryone(): void {
    this.refuseEveryone(PURGED);
    this.crew.endEveryone();
    this.work.drop();
    this.timers.stopAll();
  }

  /**
   * A chart has failed, which is a fault of ours: its books are not to be trusted any more. The job ends here, and all
   * who wait are told; the server and the other jobs go on.
   */
  #fail(actor: string, error: unknown): void {
    this.workspace.host.log('error', 'a chart failed', { workspace: this.workspace.name, actor, error });
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.timers.stopAll();
    this.refuseEveryone(SLEIGH_FAILED);
    // Those whom no list knows, since it happened while they were being served.
    for (const { ask } of [...this.crew.workers, ...this.crew.sentinels]) ask?.interrupt(SLEIGH_FAILED);
  }
}
