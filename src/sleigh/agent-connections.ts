import type { Client } from '../workspace/pending-get.ts';
import { hasEnded, isConnected, type Sentinel, type Worker } from './agents.ts';

/** The connections of workers and sentinels that have not closed. One connection may be that of both. */
export class AgentConnections {
  readonly #workerOf = new Map<Client, Worker>();
  readonly #sentinelOf = new Map<Client, Sentinel>();
  /** By their ids. */
  readonly #clients = new Map<number, Client>();

  workerOf(client: Client): Worker | undefined {
    return this.#workerOf.get(client);
  }
  sentinelOf(client: Client): Sentinel | undefined {
    return this.#sentinelOf.get(client);
  }

  /** The connections of workers, including those that were replaced (S19), then those of sentinels. */
  get all(): readonly Iterable<Client>[] {
    return [this.#workerOf.keys(), this.#sentinelOf.keys()];
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

  /** Takes up the connection of a worker or a sentinel of before a restart. */
  adopt(agent: Worker | Sentinel): void {
    if (!('rank' in agent)) {
      if (!hasEnded(agent)) this.connectSentinel(agent);
    } else if (agent.client !== undefined && isConnected(agent)) this.connectWorker(agent, agent.client);
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
    return agents;
  }
}
