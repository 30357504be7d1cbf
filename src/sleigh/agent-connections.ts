import type { Entity } from '../store/change.ts';
import type { Client, CloseListener } from '../workspace/pending-get.ts';
import { hasEnded, isConnected, type Sentinel, type Worker } from './agents.ts';
import type { JobChanges, JobKey } from './job-changes.ts';

/** What the connections need of their job, which is notified when one of them closes. */
interface ConnectedJob extends CloseListener {
  readonly changes: JobChanges;
}

const keyOfFormer = (client: Client): JobKey => ['formerWorker', client.id];

/** The connections of workers and sentinels that have not closed. One connection may be that of both. */
export class AgentConnections {
  readonly #workerOf = new Map<Client, Worker>();
  readonly #sentinelOf = new Map<Client, Sentinel>();
  /** By their ids. */
  readonly #clients = new Map<number, Client>();
  /** The ranks of the sessions (P15) whose workers have ended. They survive the server; the workers may not be kept. */
  readonly #formerRanks = new Map<Client, number>();
  readonly #job: ConnectedJob;

  constructor(job: ConnectedJob) {
    this.#job = job;
  }

  workerOf(client: Client): Worker | undefined {
    return this.#workerOf.get(client);
  }
  sentinelOf(client: Client): Sentinel | undefined {
    return this.#sentinelOf.get(client);
  }

  /** The rank of the worker that the client is or was; undefined if it has never been one. */
  rankOf(client: Client): number | undefined {
    return this.#workerOf.get(client)?.rank ?? this.#formerRanks.get(client);
  }

  /** The connections of workers, including those that were replaced (S19), then those of sentinels. */
  get all(): readonly Iterable<Client>[] {
    return [this.#workerOf.keys(), this.#formerRanks.keys(), this.#sentinelOf.keys()];
  }

  /** The connections that belong to no session, in descending order of their ids. */
  get descending(): readonly Client[] {
    return [...this.#clients.values()]
      .filter(({ isSession = false }) => !isSession)
      .sort((a, b) => b.id - a.id);
  }

  connectWorker(worker: Worker, client: Client): void {
    this.#workerOf.set(client, worker);
    this.#clients.set(client.id, client);
  }

  connectSentinel(sentinel: Sentinel): void {
    this.#sentinelOf.set(sentinel.client, sentinel);
    this.#clients.set(sentinel.client.id, sentinel.client);
  }

  /**
   * Takes up the connection of a worker or a sentinel of before a restart. A session that was a sentinel which has ended is
   * one that has ended until the session ends (S2, S9).
   */
  adopt(agent: Worker | Sentinel): void {
    if (!('rank' in agent)) {
      if (!hasEnded(agent) || agent.client.isSession === true) this.connectSentinel(agent);
    } else if (agent.client !== undefined && isConnected(agent)) this.connectWorker(agent, agent.client);
  }

  /** The worker has ended. Its client, if it is a session, stays a former worker until the session ends (S7, P15). */
  endWorker(worker: Worker): void {
    const { client, rank } = worker;
    if (client?.isSession !== true || this.#workerOf.get(client) !== worker) return;
    this.#formerRanks.set(client, rank);
    this.#job.changes.put(keyOfFormer(client), { rank });
  }

  /** Takes up a session of before a restart whose worker had ended. @param worker the worker of that rank, if it is kept */
  adoptFormer(client: Client, rank: number, worker: Worker | undefined): void {
    this.#formerRanks.set(client, rank);
    this.#clients.set(client.id, client);
    if (worker?.client === client) this.#workerOf.set(client, worker);
    client.closeListeners.add(this.#job);
  }

  /** The sessions whose workers have ended, as a store must have them. */
  *entities(): Generator<Entity> {
    for (const [client, rank] of this.#formerRanks)
      yield { key: this.#job.changes.keyOf(keyOfFormer(client)), fields: { rank } };
  }

  /** The connection does not belong to a worker any more. @returns whether it belongs to nobody now */
  disconnectWorker(client: Client): boolean {
    this.#workerOf.delete(client);
    return !this.#sentinelOf.has(client) && this.#clients.delete(client.id);
  }

  /** A connection has closed. @returns whose it was */
  take(id: number): { readonly worker?: Worker | undefined; readonly sentinel?: Sentinel | undefined } {
    const client = this.#clients.get(id);
    if (client === undefined) return {};
    this.#clients.delete(id);
    const agents = { worker: this.#workerOf.get(client), sentinel: this.#sentinelOf.get(client) };
    this.#workerOf.delete(client);
    this.#sentinelOf.delete(client);
    if (this.#formerRanks.delete(client)) this.#job.changes.delete(keyOfFormer(client));
    return agents;
  }
}
