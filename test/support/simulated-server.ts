import { expect } from 'vitest';
import { Core } from '../../src/core/core.ts';
import type { Command, CoreEvent } from '../../src/core/commands.ts';
import type { TraceStep } from '../../src/trace/step.ts';
import type { JobEvent } from '../../src/sleigh/job-event.ts';
import { sleighPlugin } from '../../src/sleigh/plugin.ts';
import type { JobPolicy } from '../../src/sleigh/job-policy.ts';
import { jobMachinesWith, machinesOf } from '../../src/sleigh/policy-machines.ts';
import { DEFAULT_OPTIONS } from '../../src/sleigh/options.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/wire/limits.ts';
import type { WorkspacePluginFactory } from '../../src/workspace/workspace.ts';
import type { Entity } from '../../src/store/change.ts';
import { MemoryFiles } from './memory-files.ts';
import { contentsOf, leftIn, staleIn, type Contents } from './leftovers.ts';
import { miscounted } from './memory-held.ts';
import { differences, Projection, recovered, withoutNewIds } from './projection.ts';
import { SimulatedPeer, SimulatedClient, type ConnectOptions } from './simulated-client.ts';

export interface ServerOptions {
  readonly limits?: Partial<Limits>;
  readonly plugins?: Readonly<Record<string, WorkspacePluginFactory>>;
  readonly tls?: boolean;
  readonly webPort?: number;
  /** Faults of the server are collected in `errors`; otherwise each of them ends the test. */
  readonly expectsErrors?: boolean;
  /** The outcome of writing a file: the reason why it failed (P11). */
  readonly fileError?: string;
  /** The steps of actors are recorded in `trace`. */
  readonly traces?: boolean;
  /** The steps of actors are checked against their machines. */
  readonly verifies?: boolean;
  /** What happens in jobs is recorded in `jobEvents`, as for a plugin. */
  readonly hearsJobs?: boolean;
  /** The rules of jobs that a plugin brings. */
  readonly policy?: JobPolicy;
  /** Whether it has a store; the default is true. */
  readonly isStored?: boolean;
}

/** What a core holds that nobody has used, by what its contents depend on: it is the same for all tests. */
const unused = new Map<string, Contents>();

const FIRST_RUN = 7;
const START = Date.UTC(2026, 10, 22, 13, 41, 10);

/** A whole server in this process: the core, with memory and simulated time around it. */
export class SimulatedServer {
  readonly core: Core;
  readonly files: MemoryFiles;
  readonly errors: string[] = [];
  readonly warnings: string[] = [];
  readonly trace: TraceStep[] = [];
  /** What happened in jobs. */
  readonly jobEvents: JobEvent[] = [];
  /** Why operations of plugins were refused, by their numbers. */
  readonly outcomes = new Map<number, string | undefined>();
  /** Milliseconds since 1970. */
  now: number;
  /** A client has requested that the server stops (P3). */
  stopRequested = false;
  readonly #projection: Projection;
  /** The clients that were sent something, in this order. */
  served: number[] = [];
  readonly #options: ServerOptions;
  readonly #run: number;
  readonly #clients = new Map<number, SimulatedPeer>();
  readonly #timers = new Map<number, number>();
  /** The connections that are not read from. */
  readonly #paused = new Set<number>();
  readonly #events: CoreEvent[] = [];
  #handling = false;
  #hasStopped = false;

  /** @param before a server that has crashed: this one takes up its store and its files */
  constructor(options: ServerOptions = {}, before?: SimulatedServer) {
    this.#options = options;
    this.files = new MemoryFiles(before?.files);
    this.now = before?.now ?? START;
    this.#run = before === undefined ? FIRST_RUN : before.#run + 1;
    this.core = this.#newCore();
    const perform = (command: Command): void => this.#perform(command);
    this.#projection = recovered(before?.stored ?? [], this.core, this.now, perform);
  }

  /** What its store has now. */
  get stored(): readonly Entity[] {
    return this.#projection.store.entities;
  }

  /** Compares everything, and not only now and then. @throws if its store is not what the core says that survives it */
  expectRightStore(): void {
    expectRightStore('this moment', this.#projection.differences());
  }

  get clients(): readonly SimulatedPeer[] {
    return [...this.#clients.values()];
  }

  /** The server crashes. @param changed options of the next one. @returns the one that is started then, to which nobody is connected */
  crash(changed: ServerOptions = {}): SimulatedServer {
    return new SimulatedServer({ ...this.#options, ...changed }, this);
  }

  /** What the store of the server that is started after a crash has. */
  get recovered(): readonly Entity[] {
    return recovered(this.stored, this.#newCore(this.#run + 1), this.now).store.entities;
  }

  /** The server stops in order. @returns the one that is started then, to which nobody is connected */
  stop(): SimulatedServer {
    this.handle({ type: 'draining' });
    this.handle({ type: 'stopping' });
    this.#hasStopped = true;
    return this.crash();
  }

  #unused(): Contents {
    const { plugins = {}, policy, ...others } = this.#options;
    const like = JSON.stringify([others, Object.keys(plugins), Object.keys(policy ?? {})]);
    const known = unused.get(like) ?? contentsOf(this.#newCore());
    unused.set(like, known);
    return known;
  }

  #newCore(run = this.#run): Core {
    const options = this.#options;
    const hooks = options.hearsJobs === true ? { onEvent: tell } : {};
    const { policy, traces: isTraced = false } = options;
    const machines = policy && jobMachinesWith(policy, { isTraced, plugin: 'test' });
    const core = new Core({
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      plugins: new Map(
        Object.entries({ sleigh: sleighPlugin(DEFAULT_OPTIONS, machines, hooks), ...options.plugins }),
      ),
      tls: options.tls === true ? 'offered' : 'none',
      webPort: options.webPort,
      run: `run${run}`,
      traces: options.traces ?? false,
      verifies: options.verifies ?? false,
      policyMachines: policy && machinesOf(policy),
      isStored: options.isStored ?? true,
    });
    function tell(event: JobEvent): void {
      core.command({ type: 'jobEvent', event });
    }
    return core;
  }

  /** A new connection. */
  accept(): SimulatedPeer {
    return this.#admit(new SimulatedPeer(this.#clients.size + 1, this));
  }

  /** A client after its handshake, with metadata in both directions by default. */
  connect(options: ConnectOptions = {}): SimulatedClient {
    const client = this.#admit(new SimulatedClient(this.#clients.size + 1, this));
    client.shakeHands(options);
    return client;
  }

  #admit<Kind extends SimulatedPeer>(client: Kind): Kind {
    this.#clients.set(client.id, client);
    this.handle({ type: 'connected', connection: client.id, peer: client.peer });
    return client;
  }

  /** Every connection closes, in the order in which they were opened. */
  disconnectAll(): void {
    for (const client of this.#clients.values()) client.disconnect();
  }

  /** Advances the time, and fires timers in order. */
  advance(milliseconds: number): void {
    const until = this.now + milliseconds;
    while (this.fireNextTimer(until));
    this.now = until;
  }

  /**
   * Advances to the next timer, if that is not too late.
   * @returns whether one fired
   */
  fireNextTimer(until = Infinity): boolean {
    const [timer, at] = [...this.#timers].reduce((a, b) => (b[1] < a[1] ? b : a), [0, Infinity]);
    if (at === Infinity || at > until) return false;
    this.now = Math.max(this.now, at);
    this.#timers.delete(timer);
    this.handle({ type: 'timerFired', timer });
    return true;
  }

  handle(event: CoreEvent): void {
    this.#events.push(event);
    if (this.#handling) return;
    this.#handling = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift())
        this.#handleOne(next);
    } finally {
      this.#handling = false;
    }
  }

  #handleOne(event: CoreEvent): void {
    for (const command of this.core.handle(event, this.now)) this.#perform(command);
    expectRightStore(event.type, this.#projection.follow());
  }

  #perform(command: Command): void {
    switch (command.type) {
      case 'send':
        return this.#deliver(command.connection, command.bytes);
      case 'sendFile':
        return this.#deliver(command.connection, this.files.read(command.file));
      case 'startTls':
        this.#events.push({ type: 'secured', connection: command.connection });
        return;
      case 'flush':
        this.#events.push({ type: 'flushed', connection: command.connection });
        return;
      case 'continue':
        this.#events.push({ type: 'continued' });
        return;
      case 'pause':
        if (this.#paused.has(command.connection)) throw new Error(`${command.connection} is paused already`);
        this.#paused.add(command.connection);
        return;
      case 'resume':
        if (!this.#paused.delete(command.connection)) throw new Error(`${command.connection} is not paused`);
        return;
      case 'close':
        this.#client(command.connection).closed = true;
        this.#client(command.connection).disconnect();
        return;
      case 'restoreFile':
        return;
      case 'openFile':
        return this.files.open(command.file);
      case 'writeFile':
        return this.files.write(command.file, command.bytes);
      case 'finishFile': {
        const { connection } = command;
        this.#events.push({ type: 'fileWritten', connection, error: this.#options.fileError });
        return;
      }
      case 'discardFile':
        return this.files.discard(command.file);
      case 'startTimer':
        this.#timers.set(command.timer, this.now + Math.max(command.milliseconds, 0));
        return;
      case 'stopTimer':
        if (!this.#timers.delete(command.timer)) throw new Error(`timer ${command.timer} does not run`);
        return;
      case 'log':
        if (command.level === 'error') this.#report(command.message, command.fields);
        if (command.level === 'warn')
          this.warnings.push(`${command.message}: ${JSON.stringify(command.fields)}`);
        return;
      case 'trace':
        this.trace.push(command.step);
        return;
      case 'jobEvent':
        this.jobEvents.push(command.event);
        return;
      case 'operationEnded':
        this.outcomes.set(command.operation, command.reason);
        return;
      case 'keepJob':
        throw new Error('no page asked for jobs that have ended');
      case 'stopServer':
        this.stopRequested = true;
    }
  }

  #client(id: number): SimulatedPeer {
    const client = this.#clients.get(id);
    if (client === undefined) throw new Error(`there is no client ${id}`);
    return client;
  }

  #deliver(id: number, bytes: string | Uint8Array): void {
    const client = this.#client(id);
    if (client.closed) throw new Error(`client ${id} is sent something after its close`);
    // Its blocked request was withdrawn before anything else that its end causes (V6, S13).
    if (client.gone) throw new Error(`client ${id} has gone and is sent something`);
    if (this.served.at(-1) !== id) this.served.push(id);
    client.receive(typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1'));
  }

  #report(message: string, fields: Record<string, unknown>): void {
    const error = fields['error'];
    const text = `${message}: ${JSON.stringify(fields)}`;
    if (this.#options.expectsErrors !== true) throw new Error(text, { cause: error });
    this.errors.push(text);
  }

  #expectNothingStale(): void {
    expect(staleIn(this.core)).toEqual([]);
    expect(miscounted(this.core)).toEqual([]);
  }

  /**
   * All clients disconnect, and every workspace is deleted: then nothing may be left, and no client has an extra reply.
   * A server that has stopped has given up what survives it as it was.
   */
  end(): void {
    if (this.#hasStopped) return;
    this.#expectNothingStale();
    const { recovered, stored: before } = this;
    for (const client of this.#clients.values()) {
      client.disconnect();
      if (client instanceof SimulatedClient) client.expectNothingElse();
    }
    // A change that was not recorded at all may be seen only now.
    expectRightStore('the end', this.#projection.differences());
    // The recovery law.
    expect(differences(withoutNewIds(recovered, before), withoutNewIds(this.stored, before))).toEqual([]);
    this.#expectNothingStale();
    const last = this.connect();
    const listing = last.call(['list wss']).value ?? '';
    for (const line of listing.split('\n').filter((line) => line !== ''))
      expect(last.call(['delete ws', line.slice(1, line.indexOf('\t'))]).status).toBe('0000');
    // Sessions last until their grace has passed (P15.3).
    while (this.core.sessions.count > 0 && this.fireNextTimer());
    last.disconnect();
    const { accounting, counts } = this.core;
    const { bytes, memory, incoming, unread, budget } = accounting;
    // An amount that is released under another kind would not show in the sum.
    expect(Object.values(budget.byKind).filter((held) => held !== 0)).toEqual([]);
    const arrived = { incoming: incoming.bytes, unread: unread.bytes };
    const left = { ...counts, files: this.files.count, bytes, memory, ...arrived };
    expect(left).toEqual({
      timers: 0,
      connections: 0,
      files: 0,
      bytes: 0,
      memory: 0,
      incoming: 0,
      unread: 0,
    });
    expect(leftIn(this.core, this.#unused())).toEqual([]);
  }
}

function expectRightStore(event: string, wrong: readonly string[]): void {
  if (wrong.length > 0) throw new Error(`after ${event} the store is wrong: ${wrong.join('\n')}`);
}

/** The body of a test with a server of its own, at whose end nothing may be left. */
export function simulated(body: (server: SimulatedServer) => void, options: ServerOptions = {}): () => void {
  return () => {
    const server = new SimulatedServer(options);
    body(server);
    server.end();
  };
}
