import { createActor, fromTransition, type AnyStateMachine } from 'xstate';
import { makeTerms, termsWith, type Admits, type Terms } from '../wire/handshake.ts';
import { countsOf } from '../actors/step-catalog.ts';
import { StoryKeeper, type StateCounts } from '../actors/story-keeper.ts';
import type { Changes } from '../store/change-recorder.ts';
import type { Change, Entity } from '../store/change.ts';
import type { Limits } from '../wire/limits.ts';
import type { FilePayload } from '../wire/payload.ts';
import { TraceRecorder } from '../trace/recorder.ts';
import { StepVerifier, type BrokenStep } from '../trace/verifier.ts';
import { ServerAccounting } from '../workspace/storage-accounting.ts';
import type { OthersUse } from '../workspace/others-use.ts';
import { containedSteps, eachInSteps, type Steps } from '../workspace/steps.ts';
import type { Part } from '../workspace/part.ts';
import type { Client } from '../workspace/pending-get.ts';
import { inspectedBy } from '../workspace/inspection.ts';
import type { StepObserver, Tracer } from '../workspace/tracing.ts';
import type { LogLevel } from '../workspace/host.ts';
import type { WorkspacePluginFactory } from '../workspace/workspace.ts';
import { Workspaces } from '../workspace/workspaces.ts';
import type { Command, CoreEvent } from './commands.ts';
import { Audit } from './audit.ts';
import { Recovery } from './recovery.ts';
import { Connection } from './connection.ts';
import { CoreTimers } from './core-timers.ts';
import type { ConnectionHost } from './connection-host.ts';
import { Metrics } from './metrics.ts';
import { JobOperations } from './job-operations.ts';
import { DurableWork } from './durable-work.ts';
import { Leases } from './leases.ts';
import { Sessions } from './sessions.ts';
import { Turns } from './turns.ts';

export interface CoreOptions {
  readonly limits: Limits;
  /** The plugins by the `wstype` that selects them (W9). */
  readonly plugins: ReadonlyMap<string, WorkspacePluginFactory>;
  /** Whether TLS is offered or required (P2.1, P2.5). */
  readonly tls: 'none' | 'offered' | 'required';
  /** Checks the token of a client; undefined if the server has no token (P2.5). */
  readonly admits?: Admits | undefined;
  /** A nonce for each connection, for proofs that a client knows the token (P2.5). */
  readonly nonceOf?: ((connection: number) => string) | undefined;
  readonly webPort?: number | undefined;
  /** Whether clients may stop the server with `deadman` and `KillServerOnClose` (P3). The default is true. */
  readonly mayBeStopped?: boolean | undefined;
  /** Unique to this run of the server: up to 10 letters and digits (V9, W8). */
  readonly run: string;
  /** Whether every step of every actor is returned as a command. */
  readonly traces?: boolean;
  /** Whether every step of every actor is checked against its machine. */
  readonly verifies?: boolean;
  /** Machines that plugins bring: the check of steps and the page know them (S30). */
  readonly policyMachines?: readonly AnyStateMachine[] | undefined;
  /** Whether the server has a store: its changes are recorded, and `recover` must be called before the first event. */
  readonly isStored?: boolean;
  /** When something is durable, as the handshake says it (D7). */
  readonly durability?: string | undefined;
  /** Other cores of this process, which share its limits, and which part of the data it has (D17). */
  readonly others?: OthersUse | undefined;
  readonly part?: Part | undefined;
}

/** Decides by the number of commands so far whether the rest of an event must wait for its turn (P14). */
export type IsTimeUp = (commands: number) => boolean;
const neverUp: IsTimeUp = () => false;

/**
 * The server as a function: it takes events and returns commands. It uses no socket, clock, file or process, and the
 * same events give the same commands.
 */
export class Core implements ConnectionHost {
  readonly hasPage: boolean;
  readonly limits: Limits;
  readonly terms: Terms;
  readonly accounting: ServerAccounting;
  readonly workspaces: Workspaces;
  readonly sessions: Sessions;
  readonly leases: Leases;
  readonly jobs: JobOperations;
  readonly mayBeStopped: boolean;
  readonly audit = new Audit(this);
  readonly figures = new Metrics();
  /** Work that continues after the event that began it. */
  readonly turns: Turns;
  readonly timers = new CoreTimers((command) => this.command(command));
  readonly tracer: Tracer | undefined;
  /** Checks each step of each actor while it runs; undefined if nobody asked for it. */
  readonly verifier: StepVerifier | undefined;
  readonly policyMachines: readonly AnyStateMachine[];
  /** Accepts the changes of what survives the server. */
  readonly changes: Changes;
  readonly #durable: DurableWork;
  readonly #recovery: Recovery;
  readonly connectionChart: ReturnType<typeof Connection.bind>;
  readonly #root = createActor(fromTransition((state: null) => state, null)).start();
  readonly #connections = new Map<number, Connection>();
  readonly #run: string;
  readonly #nonceOf: CoreOptions['nonceOf'];
  #files = 0;
  #variables = 0;
  #now = 0;
  #isTimeUp = neverUp;
  #commands: Command[] = [];

  constructor(options: CoreOptions) {
    this.limits = options.limits;
    this.terms = makeTerms(options);
    this.#nonceOf = options.nonceOf;
    this.mayBeStopped = options.mayBeStopped ?? true;
    const discard = (file: FilePayload): void => this.command({ type: 'discardFile', file });
    this.accounting = new ServerAccounting(options.limits, discard, options.others);
    this.hasPage = options.webPort !== undefined;
    this.#run = options.run;
    this.#durable = new DurableWork(options.isStored === true);
    this.changes = this.#durable.changes;
    this.turns = new Turns(
      () => this.isTimeUp,
      () => this.command({ type: 'continue' }),
      this.#durable.outlasts,
    );
    this.workspaces = new Workspaces(this, { ...options, suffix: options.run });
    this.jobs = new JobOperations(this.workspaces);
    this.#recovery = new Recovery(this, options.run);
    this.tracer = options.traces === true ? this.#recorder() : undefined;
    this.policyMachines = options.policyMachines ?? [];
    if (options.verifies === true)
      this.verifier = new StepVerifier(this.clock, (broken) => this.#broke(broken), this.policyMachines);
    this.stories = new StoryKeeper(
      this.clock,
      undefined,
      this.verifier?.observer((input) => `connection ${String(input?.['id'])}`),
    );
    this.sessions = new Sessions(this);
    this.leases = new Leases(this, options.part);
    this.connectionChart = Connection.bind(this, (id) => this.connection(id));
  }

  readonly clock = (): number => this.#now;
  /** Of the connections, the sessions and the leases. */
  readonly stories: StoryKeeper;
  /**
   * The actor system of a connection. All connections share one, which saves a tenth of the memory of each. Steps are
   * reported for each system, so a connection that is traced has its own.
   */
  systemOf(scope: string) {
    return this.tracer === undefined ? { parent: this.#root } : inspectedBy(this.tracer, scope);
  }

  /** How many connections are in each state of their machine. */
  get connectionCounts(): StateCounts {
    return countsOf(this.stories, this.connectionChart);
  }
  /** The number of connections whose client waits for a reply. */
  get blockedConnections(): number {
    const { connectionCounts: counts } = this;
    return counts.in('open.blocked.silent') + counts.in('open.blocked.receiving');
  }
  get connections(): Iterable<Connection> {
    return this.#connections.values();
  }
  /** The numbers of running timers and of connections, for tests and metrics. */
  get counts() {
    return { timers: this.timers.size, connections: this.#connections.size };
  }

  /** The observer of the actors of one job. */
  observerOf(scope: string): StepObserver | undefined {
    return this.verifier?.observer(() => scope);
  }

  #broke(broken: BrokenStep): void {
    this.figures.countViolation(broken);
    const { scope, actor, chart, event, before, after, reason, story } = broken;
    const fields = { scope, actor, chart, event, before, after, reason, story };
    this.log('error', 'an actor took a step that its machine does not allow', fields);
  }

  #recorder(): Tracer {
    return new TraceRecorder(
      this.clock,
      (step) => this.command({ type: 'trace', step }),
      (error) => this.log('error', 'a step could not be traced', { error }),
    ).tracer;
  }

  /** The options that a connection is offered. */
  termsOf(connection: number): Terms {
    return termsWith(this.terms, this.#nonceOf?.(connection));
  }

  newVariableId(): string {
    return this.#run + String(++this.#variables).padStart(20 - this.#run.length, '0');
  }

  command(command: Command): void {
    this.#commands.push(command);
  }

  log(level: LogLevel, message: string, fields: Record<string, unknown> = {}): void {
    this.command({ type: 'log', level, message, fields });
  }

  findConnection(id: number): Connection | undefined {
    return this.#connections.get(id);
  }

  connection(id: number): Connection {
    const connection = this.#connections.get(id);
    if (connection === undefined) throw new Error(`there is no connection ${id}`);
    return connection;
  }

  restoreFile(file: FilePayload): void {
    if (!this.#recovery.takesUp(file)) return;
    this.#files = Math.max(this.#files, file.file);
    this.command({ type: 'restoreFile', file });
  }

  newFile(size: number): FilePayload {
    return { file: ++this.#files, size };
  }

  /**
   * @param now milliseconds since 1970, never decreasing
   * @param isTimeUp whether the rest of the work must wait for its turn (P14); called between two pieces of work
   * @returns the commands to perform, in this order
   */
  handle(event: CoreEvent, now: number, isTimeUp = neverUp): Command[] {
    this.#now = now;
    this.#isTimeUp = isTimeUp;
    this.#commands = [];
    this.#durable.begin();
    try {
      this.#dispatch(event);
    } catch (error) {
      this.log('error', 'an event could not be handled', { event: event.type, error });
      if ('connection' in event) this.#connections.get(event.connection)?.fault();
    }
    return this.#commands;
  }

  /** Whether the last event has read or changed what survives the server. */
  get isTouched(): boolean {
    return this.#durable.isTouched;
  }

  /**
   * The changes since the last call, to be committed together. After any event the changes so far are a sound state.
   * @returns undefined while work that has changed something is half done (P14): it continues in later events
   */
  takeChanges(): readonly Change[] | undefined {
    return this.#durable.take();
  }

  /** Everything that survives the server, as its store must have it. */
  entities(): Iterable<Entity> {
    return this.#recovery.entities();
  }

  /**
   * Takes up an entity of before a restart. They come in the order of their keys, before the first event.
   * @throws if its format is not known
   */
  restore(entity: Entity, now: number): void {
    this.#now = now;
    this.#recovery.restore(entity);
  }

  /**
   * Every entity is taken up; every connection of before the restart has closed.
   * @returns the commands to perform, as `handle` does. @throws as `Recovery.run`
   */
  recover(now: number): Command[] {
    this.#now = now;
    this.#recovery.run(this.inSteps, this.contained);
    return this.#commands;
  }

  /** Whether the time for the current event is up. */
  get isTimeUp(): boolean {
    return this.#isTimeUp(this.#commands.length);
  }

  readonly inSteps = (steps: Steps): void => {
    this.turns.run(
      containedSteps(steps, (act) => this.contained(act)),
      () => undefined,
    );
  };

  readonly clientOf = (id: number): Client | undefined => this.sessions.clientOf(id);

  /** Runs a function whose failure must not prevent those after it. */
  readonly contained = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      this.log('error', 'something could not be done', { error });
    }
  };

  #dispatch(event: CoreEvent): void {
    switch (event.type) {
      case 'received':
        return this.#connections.get(event.connection)?.receive(event.bytes);
      case 'connected':
        return this.#connect(event.connection, event.peer, event.isInside);
      case 'secured':
        return this.#connections.get(event.connection)?.secured();
      case 'flushed':
        return this.#connections.get(event.connection)?.flushed();
      case 'fileWritten':
        return this.#connections.get(event.connection)?.fileWritten(event.error);
      case 'disconnected':
        this.contained(() => this.#connections.get(event.connection)?.disconnected());
        this.#connections.delete(event.connection);
        return;
      case 'timerFired':
        return this.timers.fire(event.timer);
      case 'jobOperation':
        return this.command(this.jobs.handle(event));
      case 'continued':
        return this.turns.go();
      case 'draining':
        return this.#notifyPlugins();
      case 'stopping':
        this.#notifyPlugins();
        return this.inSteps(
          eachInSteps(this.#connections.values(), (connection) => connection.serverStops()),
        );
    }
  }

  #notifyPlugins(): void {
    for (const { plugin, record } of this.workspaces.all)
      if (!record.survivesServer) this.contained(() => plugin?.serverStops?.());
  }

  #connect(id: number, peer: string, isInside = false): void {
    if (this.#connections.size >= this.limits.connectionCount) {
      this.audit.overLimit(peer);
      return this.command({ type: 'close', connection: id });
    }
    const connection = new Connection(id, peer, this, isInside);
    this.#connections.set(id, connection);
    connection.start();
  }
}
