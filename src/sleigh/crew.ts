import { actorOf, type Actor } from '../actors/actor.ts';
import type { TaskFate, WorkerEnd } from '../machines/worker-end.ts';
import { KEY } from '../wire/names.ts';
import type { PendingGet, Client } from '../workspace/pending-get.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import { isRegistered, newWorker, stateOfWorker, type Sentinel, type Worker } from './agents.ts';
import { BoundedRegistry } from './bounded-registry.ts';
import { refuseRank, replyRank } from './rank-replies.ts';
import { tellToStop } from './sentinel-binding.ts';
import { shortened, UNREPORTED } from './death-report.ts';
import type { Sleigh } from './sleigh.ts';

/** The number of ended workers that are kept in an elastic group, and of ended sentinels (S17). */
const MOST_ENDED = 1_000;

/** The workers and sentinels of one sleigh (S2, S3, S9, S13). It implements the actions of the sentinels' machines. */
export class Crew {
  readonly #workers: BoundedRegistry<Worker>;
  readonly #workerOf = new Map<Client, Worker>();
  readonly #sentinels: BoundedRegistry<Sentinel>;
  readonly #sentinelOf = new Map<Client, Sentinel>();
  /** The connections of both, by their ids. */
  readonly #clients = new Map<number, Client>();
  readonly #sleigh: Sleigh;
  /** The number of agents that ended in each state and are not kept, because their ranks were replaced or evicted. */
  readonly #past = new Map<string, number>();
  /** The number of workers that replaced others (S19). */
  replacements = 0;
  /** Whether a rank was given to a sentinel that supervises its workers (S19). */
  isSupervised = false;
  #changes = 0;
  #nextSentinel = 0;

  constructor(sleigh: Sleigh) {
    this.#sleigh = sleigh;
    const most = sleigh.options.join === 'elastic' ? MOST_ENDED : Number.POSITIVE_INFINITY;
    this.#workers = new BoundedRegistry(most, sleigh.workspace.holdings);
    this.#sentinels = new BoundedRegistry(most, sleigh.workspace.holdings);
  }

  get workers(): readonly Worker[] {
    return this.#workers.all;
  }
  get size(): number {
    return this.#workers.size;
  }
  /** By rank. */
  get everyWorker(): Iterable<Worker> {
    return this.#workers.values();
  }
  get everySentinel(): Iterable<Sentinel> {
    return this.#sentinels.values();
  }
  get sentinels(): readonly Sentinel[] {
    return this.#sentinels.all;
  }

  worker(rank: number): Worker {
    const worker = this.#workers.get(rank);
    if (worker === undefined) throw new Error(`no worker has rank ${rank}`);
    return worker;
  }

  /** @param id an id such as `worker.3` or `sentinel.0` */
  actor(id: string): Actor | undefined {
    const [, kind, number] = /^(worker|sentinel)\.(\d{1,15})$/.exec(id) ?? [];
    if (number === undefined) return undefined;
    return (kind === 'worker' ? this.#workers.get(Number(number)) : this.#sentinels.get(Number(number)))
      ?.actor;
  }

  /** The actors that a client is or was. */
  *actorsOf(client: Client): Generator<Actor> {
    const agents = [this.#sentinelOf.get(client), this.#workerOf.get(client)];
    for (const agent of agents) if (agent !== undefined) yield agent.actor;
  }

  /** The worker that registered on that connection, in whatever state. */
  workerOf(client: Client): Worker | undefined {
    return this.#workerOf.get(client);
  }

  /** The worker of that rank, if it is kept. */
  find(rank: number): Worker | undefined {
    return this.#workers.get(rank);
  }

  /** Makes this the connection of the worker. */
  connect(worker: Worker, client: Client): void {
    worker.client = client;
    this.#workerOf.set(client, worker);
    this.#clients.set(client.id, client);
    client.closeListeners.add(this.#sleigh);
    this.changed(worker);
  }

  /** The connection does not belong to a worker any more. */
  disconnect(client: Client): void {
    this.#workerOf.delete(client);
    if (this.#sentinelOf.has(client)) return;
    this.#clients.delete(client.id);
    client.closeListeners.delete(this.#sleigh);
  }

  isRegistered(rank: number): boolean {
    const worker = this.find(rank);
    return worker !== undefined && isRegistered(worker);
  }

  /** The ranks of the workers that satisfy a condition, in ascending order. */
  *ranksOf(holds: (worker: Worker) => boolean): Generator<number> {
    for (const worker of this.#workers.values()) if (holds(worker)) yield worker.rank;
  }

  /** Records that an agent has changed its state, for `agentStatus` (S12). */
  changed(agent: Worker | Sentinel): void {
    agent.since = ++this.#changes;
  }

  /** Gives the rank to the client, which becomes a sentinel if it is not one (S2). */
  giveRank(ask: PendingGet, rank: number): void {
    const sentinel = this.#sentinelOf.get(ask.client) ?? this.#newSentinel(ask, rank);
    sentinel.actor.send({ type: 'rank.given', rank });
    this.#declare(rank, sentinel);
    replyRank(ask, rank);
  }

  /** Replaces the worker of a rank: it dies if it is registered, and the rank waits for the next worker (S19). */
  replace(ask: PendingGet, rank: number): void {
    const former = this.worker(rank);
    const { actor, sentinel } = former;
    if (isRegistered(former)) former.end = UNREPORTED;
    actor.send({ type: 'rank.replaced' });
    // By the policy the death may have ended the sleigh.
    if (this.#sleigh.isWindingDown) return refuseRank(ask);
    if (actor.getSnapshot().status === 'done') {
      sentinel.workers.delete(former);
      this.#passes(former);
      this.replacements++;
      this.#declare(rank, sentinel, former).actor.send({ type: 'rank.replaced' });
      this.#sleigh.joining.chart.send({ type: 'rank.replaced' });
    }
    replyRank(ask, rank);
  }

  /** Handles a request for a rank (S2). A dead sentinel gets no more ranks. */
  askForRank(ask: PendingGet): void {
    const replaces = ask.metadata.get(KEY.replaces);
    if (replaces !== undefined) return this.#sleigh.supervision.askForReplacement(ask, replaces);
    const sentinel = this.#sentinelOf.get(ask.client);
    if (sentinel?.actor.getSnapshot().status === 'done') refuseRank(ask);
    else this.#sleigh.joining.chart.send({ type: 'rank.asked', request: this.#sleigh.requests.add(ask) });
  }

  #newSentinel({ client, metadata }: PendingGet, rank: number): Sentinel {
    const id = this.#nextSentinel++;
    const actor = actorOf(this.#sleigh.machines.sentinel, {
      parent: this.#sleigh.supervisor,
      id: `sentinel.${id}`,
      input: { id, rank },
    });
    const session = metadata.get(KEY.session);
    const sentinel: Sentinel = { id, client, actor, session, workers: new Set(), ask: undefined, since: 0 };
    this.#sentinels.add(id, sentinel);
    this.#sentinelOf.set(client, sentinel);
    this.#clients.set(client.id, client);
    client.closeListeners.add(this.#sleigh);
    this.changed(sentinel);
    actor.start();
    if (this.#sleigh.isWindingDown) actor.send({ type: 'sleigh.over' });
    if (session !== undefined) {
      this.isSupervised = true;
      this.#sleigh.ending.chart.send({ type: 'supervision.began' });
    }
    return sentinel;
  }

  #declare(rank: number, sentinel: Sentinel, replaced?: Worker): Worker {
    const isSupervised = sentinel.session !== undefined;
    const actor = actorOf(this.#sleigh.machines.worker, {
      parent: this.#sleigh.supervisor,
      id: `worker.${rank}`,
      input: { rank, isSupervised, isElastic: this.#sleigh.options.join === 'elastic' },
    });
    const worker = newWorker(rank, sentinel, actor, replaced);
    this.#workers.add(rank, worker);
    sentinel.workers.add(worker);
    actor.start();
    return worker;
  }

  retireSentinel(id: number): void {
    this.#sentinels.retire(id);
  }

  /** Marks the worker as ended; it may be evicted later (S17). */
  retire(rank: number): void {
    const ended = this.#workers.retire(rank);
    if (ended === undefined) return;
    ended.sentinel.workers.delete(ended);
    this.#passes(ended);
  }

  #passes(worker: Worker): void {
    const state = stateOfWorker(worker);
    this.#past.set(state, this.past(state) + 1);
  }

  /** The number of agents that ended in that state and are not kept. */
  past(state: string): number {
    return this.#past.get(state) ?? 0;
  }

  /** S9. */
  askAlive(ask: PendingGet): void {
    const sentinel = this.#sentinelOf.get(ask.client);
    if (sentinel === undefined || sentinel.actor.getSnapshot().status === 'done') tellToStop(ask);
    else
      sentinel.actor.send({
        type: 'alive.asked',
        request: this.#sleigh.requests.add(ask),
        waits: ask.waits,
      });
  }

  /** @throws if there is none of that number */
  sentinel(id: number): Sentinel {
    const sentinel = this.#sentinels.get(id);
    if (sentinel === undefined) throw new Error(`there is no sentinel ${id}`);
    return sentinel;
  }

  #takeClient(id: number): Client | undefined {
    const client = this.#clients.get(id);
    this.#clients.delete(id);
    return client;
  }

  /** Handles the end of a worker's or sentinel's connection while the sleigh serves (S13). */
  lose(id: number): void {
    const client = this.#takeClient(id);
    if (client === undefined) return;
    const worker = this.#workerOf.get(client);
    this.#workerOf.delete(client);
    if (worker !== undefined && isRegistered(worker)) {
      worker.actor.send({
        type: 'connection.closed',
        hasSession: worker.session !== undefined,
        ...this.#sleigh.registrations.owedBy(worker),
      });
    }
    const sentinel = this.#sentinelOf.get(client);
    this.#sentinelOf.delete(client);
    if (sentinel === undefined || sentinel.actor.getSnapshot().status === 'done') return;
    let registeredWorkers = 0;
    for (const each of sentinel.workers) if (isRegistered(each)) registeredWorkers++;
    sentinel.actor.send({ type: 'connection.closed', registeredWorkers });
  }

  /** Handles the end of a connection during the shutdown (S14). */
  letGo(id: number): void {
    const client = this.#takeClient(id);
    if (client === undefined) return;
    const worker = this.#workerOf.get(client);
    this.#workerOf.delete(client);
    if (worker !== undefined && isRegistered(worker)) worker.actor.send({ type: 'departed' });
    const sentinel = this.#sentinelOf.get(client);
    this.#sentinelOf.delete(client);
    if (sentinel?.actor.getSnapshot().status === 'active') sentinel.actor.send({ type: 'departed' });
  }

  /** Handles a reported death, with the report if it is from the sentinel (S13, S19). */
  reportDeath(rank: number, task: TaskFate, end: WorkerEnd | undefined): void {
    if (!this.isRegistered(rank)) return;
    const worker = this.worker(rank);
    worker.end = end;
    worker.actor.send({ type: 'death.reported', task });
    // The results carry the whole report. The page needs only a part.
    worker.end = end && shortened(end);
  }

  /**
   * Sends the end of a sentinel to its workers (S13). Ranks that never registered become deadbeats. Workers without a
   * task go first, so that the task of one is not given to another that is about to end. Deadbeats go last, so that
   * not all expected workers seem to be there (S17).
   */
  *tellWorkersOf(sentinel: Sentinel, which: 'all' | 'unregistered'): Steps {
    // By rank, also after replacements: the tasks of the dead return to the queue in that order.
    const workers = [...sentinel.workers].sort((a, b) => a.rank - b.rank);
    const tell = (worker: Worker): void =>
      worker.actor.send({ type: 'sentinel.gone', ...this.#sleigh.registrations.owedBy(worker) });
    if (which === 'all') {
      yield* eachInSteps(workers, (worker) => {
        if (isRegistered(worker) && worker.task === undefined) tell(worker);
      });
      yield* eachInSteps(workers, (worker) => {
        if (isRegistered(worker)) tell(worker);
      });
    }
    yield* eachInSteps(workers, (worker) => {
      if (isAwaited(worker.actor) || (which === 'all' && isRegistered(worker))) tell(worker);
    });
  }

  /** The sentinel that should have ended these workers has left (S14). */
  endWaitingOf({ workers }: Sentinel): Steps {
    return eachInSteps(workers, (worker) => {
      if (stateOfWorker(worker) === 'waiting') worker.actor.send({ type: 'waiting.ended' });
    });
  }

  /** Notifies each rank that has not registered when the group closes (S6.1, S19). */
  closeRanks(): Steps {
    return eachInSteps(this.everyWorker, ({ actor }) => {
      if (isAwaited(actor)) actor.send({ type: 'group.closed' });
    });
  }

  /** Waiting sentinels are told to stop now, the others when they ask (S14). */
  dismissSentinels(): Steps {
    return eachInSteps(this.#sentinels.values(), ({ actor }) => {
      if (actor.getSnapshot().status === 'active') actor.send({ type: 'sleigh.over' });
    });
  }

  /** S16. */
  *endEveryone(): Steps {
    // Includes workers that were replaced (S19).
    for (const clients of [this.#workerOf, this.#sentinelOf])
      yield* eachInSteps(clients.keys(), (client) => client.closeListeners.delete(this.#sleigh));
    for (const agents of [this.#workers, this.#sentinels]) {
      yield* eachInSteps<Worker | Sentinel>(agents.values(), ({ actor }) => {
        if (actor.getSnapshot().status === 'active') actor.send({ type: 'departed' });
      });
      agents.forgetAll();
    }
  }
}

/** Whether a client may still register as that worker. */
const isAwaited = (actor: Worker['actor']): boolean => {
  const { status, value } = actor.getSnapshot();
  return status === 'active' && typeof value === 'string';
};
