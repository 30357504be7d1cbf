import { KEY, VARIABLE } from '../wire/names.ts';
import { sizeOf, type Metadata } from '../wire/payload.ts';
import type { PendingGet, Client, Found } from './pending-get.ts';
import type { Variable } from './variable.ts';

/** The variables that clients of the old style make a job of, in an ordinary workspace (W12). */
const PARTS: ReadonlySet<string> = new Set([VARIABLE.task, VARIABLE.result, VARIABLE.rideOver]);

/** Whether what happens to a variable of this name is to be told to the job. */
export const isPartOfOldSleigh = (name: string): boolean => PARTS.has(name);

/** What it needs of its workspace. */
interface OldSleighHost {
  readonly name: string;
  readonly host: { log(level: 'warn', message: string, fields: Record<string, unknown>): void };
  find(name: string): Variable | undefined;
}

/** What a client took and has stored no result for. */
interface Holding {
  tasks: number;
  /** The number of the last one in its variable (V10), and its bytes. */
  number: number;
  bytes: number;
}

/**
 * A job of the old style. The server has no rules for it, so this only watches: who has a task, and who left with one
 * (W12). Nothing that a client sees depends on it.
 */
export class OldSleigh {
  readonly #workspace: OldSleighHost;
  readonly #holdings = new Map<Client, Holding>();
  /** Those who ask for results. The tasks that they take out are not worked on. */
  readonly #masters = new Set<Client>();
  #isWaitedFor = false;
  #lost = 0;

  constructor(workspace: OldSleighHost) {
    this.#workspace = workspace;
  }

  /** Whether its variables are there, and a worker waits for its end or has left with a task before it. */
  get isRunning(): boolean {
    const isWhole = [VARIABLE.task, VARIABLE.result].every(
      (name) => this.#workspace.find(name) !== undefined,
    );
    return isWhole && (this.workers > 0 || this.#lost > 0);
  }
  /** Clients that wait for its end. */
  get workers(): number {
    return this.#workspace.find(VARIABLE.rideOver)?.behaviour.counts.finders ?? 0;
  }
  get queued(): number {
    return this.#workspace.find(VARIABLE.task)?.behaviour.counts.values ?? 0;
  }
  get results(): number {
    return this.#workspace.find(VARIABLE.result)?.behaviour.counts.values ?? 0;
  }
  /** Tasks that were taken by clients that are still there, and have no result yet. */
  get running(): number {
    let running = 0;
    for (const { tasks } of this.#holdings.values()) running += tasks;
    return running;
  }
  /** Tasks that were taken by clients that left without a result. */
  get lost(): number {
    return this.#lost;
  }
  /** What `list vars` tells of it to whoever asks (W12). */
  get metadata(): Metadata {
    return new Map([
      [KEY.running, String(this.running)],
      [KEY.lost, String(this.#lost)],
    ]);
  }

  /** A client is about to get something of one of its variables. */
  asked(name: string, ask: PendingGet): void {
    if (name === VARIABLE.task && ask.takes) ask.onAnswer = (found) => this.#taken(ask.client, found);
    else if (name === VARIABLE.result) this.#isMaster(ask.client);
    else if (name === VARIABLE.rideOver && ask.waits)
      this.#isWaitedFor ||= this.#workspace.find(VARIABLE.rideOver)?.behaviour.counts.values === 0;
  }

  /** A value was stored into one of its variables. */
  stored(name: string, client: Client): void {
    if (name === VARIABLE.result) this.#worked(client);
    else if (name === VARIABLE.rideOver) this.end();
  }

  /** It is over: nothing is lost any more. */
  end(): void {
    this.#isWaitedFor = false;
    this.#lost = 0;
    for (const client of [...this.#holdings.keys(), ...this.#masters]) client.closeListeners.delete(this);
    this.#holdings.clear();
    this.#masters.clear();
  }

  #isMaster(client: Client): void {
    this.#holdings.delete(client);
    this.#masters.add(client);
    client.closeListeners.add(this);
  }

  #taken(client: Client, { index, payload }: Found): void {
    if (this.#masters.has(client)) return;
    const tasks = (this.#holdings.get(client)?.tasks ?? 0) + 1;
    this.#holdings.set(client, { tasks, number: index, bytes: sizeOf(payload) });
    client.closeListeners.add(this);
  }

  #worked(client: Client): void {
    const holding = this.#holdings.get(client);
    if (holding === undefined) return;
    holding.tasks--;
    if (holding.tasks > 0) return;
    this.#holdings.delete(client);
    client.closeListeners.delete(this);
  }

  clientLeft(client: Client): void {
    this.#masters.delete(client);
    const holding = this.#holdings.get(client);
    this.#holdings.delete(client);
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
