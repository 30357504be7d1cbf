import { KEY, VARIABLE } from '../wire/names.ts';
import { sizeOf, type Metadata } from '../wire/payload.ts';
import type { PendingGet, Client, Found } from './pending-get.ts';
import type { Variable } from './variable.ts';

/** The variables that form an old-style job in a plain workspace (W12). */
const PARTS: ReadonlySet<string> = new Set([VARIABLE.task, VARIABLE.result, VARIABLE.rideOver]);

/** Whether changes to a variable of this name concern an old-style job. */
export const isPartOfOldSleigh = (name: string): boolean => PARTS.has(name);

/** The part of its workspace that it uses. */
interface OldSleighHost {
  readonly name: string;
  readonly host: { log(level: 'warn', message: string, fields: Record<string, unknown>): void };
  find(name: string): Variable | undefined;
}

/** The tasks that a client has taken and has stored no results for. */
interface Holding {
  tasks: number;
  /** The number of the last one in its variable (V10), and its size in bytes. */
  number: number;
  bytes: number;
}

/**
 * Observes an old-style job: which clients have tasks, and which left with one (W12). The server has no rules for
 * such jobs, so clients see no effect of this.
 */
export class OldSleigh {
  readonly #workspace: OldSleighHost;
  readonly #accounting = new Map<Client, Holding>();
  /** The clients that request results. Tasks that they take are not processed. */
  readonly #masters = new Set<Client>();
  #isWaitedFor = false;
  #lost = 0;

  constructor(workspace: OldSleighHost) {
    this.#workspace = workspace;
  }

  /** Whether its variables exist, and a worker waits for its end or has left with a task before it. */
  get isRunning(): boolean {
    const isWhole = [VARIABLE.task, VARIABLE.result].every(
      (name) => this.#workspace.find(name) !== undefined,
    );
    return isWhole && (this.workers > 0 || this.#lost > 0);
  }
  /** The number of clients that wait for its end. */
  get workers(): number {
    return this.#workspace.find(VARIABLE.rideOver)?.behaviour.counts.finders ?? 0;
  }
  get queued(): number {
    return this.#workspace.find(VARIABLE.task)?.behaviour.counts.values ?? 0;
  }
  get results(): number {
    return this.#workspace.find(VARIABLE.result)?.behaviour.counts.values ?? 0;
  }
  /** The number of tasks without a result that were taken by connected clients. */
  get running(): number {
    let running = 0;
    for (const { tasks } of this.#accounting.values()) running += tasks;
    return running;
  }
  /** The number of tasks that were taken by clients that left without a result. */
  get lost(): number {
    return this.#lost;
  }
  /** The metadata that `list vars` returns on request (W12). */
  get metadata(): Metadata {
    return new Map([
      [KEY.running, String(this.running)],
      [KEY.lost, String(this.#lost)],
    ]);
  }

  /** Called when a client is about to get a value of one of its variables. */
  asked(name: string, get: PendingGet): void {
    if (name === VARIABLE.task && get.takes) get.onAnswer = (found) => this.#taken(get.client, found);
    else if (name === VARIABLE.result) this.#isMaster(get.client);
    else if (name === VARIABLE.rideOver && get.waits)
      this.#isWaitedFor ||= this.#workspace.find(VARIABLE.rideOver)?.behaviour.counts.values === 0;
  }

  /** Called when a value was stored into one of its variables. */
  stored(name: string, client: Client): void {
    if (name === VARIABLE.result) this.#worked(client);
    else if (name === VARIABLE.rideOver) this.end();
  }

  /** The job has ended, so no task can be lost any more. */
  end(): void {
    this.#isWaitedFor = false;
    this.#lost = 0;
    for (const client of [...this.#accounting.keys(), ...this.#masters]) client.closeListeners.delete(this);
    this.#accounting.clear();
    this.#masters.clear();
  }

  #isMaster(client: Client): void {
    this.#accounting.delete(client);
    this.#masters.add(client);
    client.closeListeners.add(this);
  }

  #taken(client: Client, { index, payload }: Found): void {
    if (this.#masters.has(client)) return;
    const tasks = (this.#accounting.get(client)?.tasks ?? 0) + 1;
    this.#accounting.set(client, { tasks, number: index, bytes: sizeOf(payload) });
    client.closeListeners.add(this);
  }

  #worked(client: Client): void {
    const holding = this.#accounting.get(client);
    if (holding === undefined) return;
    holding.tasks--;
    if (holding.tasks > 0) return;
    this.#accounting.delete(client);
    client.closeListeners.delete(this);
  }

  clientLeft(client: Client): void {
    this.#masters.delete(client);
    const holding = this.#accounting.get(client);
    this.#accounting.delete(client);
    if (holding === undefined || !this.#isWaitedFor) return;
    this.#lost += holding.tasks;
    this.#workspace.host.log('warn', 'a worker of an old-style sleigh left with a task', {
      workspace: this.#workspace.name,
      peer: client.peer,
      reason: 'its connection closed before it stored a result',
      took: { variable: VARIABLE.task, ...holding },
    });
  }
}
