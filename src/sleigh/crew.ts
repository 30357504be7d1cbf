import { BOUNDS } from '../wire/bounds.ts';
import type { Actor } from '../actors/actor.ts';
import type { Asker } from '../machines/work.ts';
import type { TaskFate, WorkerEnd } from '../machines/worker-end.ts';
import type { Fields } from '../store/change.ts';
import type { RecordReader } from '../store/record.ts';
import { KEY } from '../wire/names.ts';
import type { Client, CloseListener, PendingGet } from '../workspace/pending-get.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import {
  hasEnded,
  isRegistered,
  newSentinel,
  newWorker,
  rankStateOf,
  stateOfSentinel,
  stateOfWorker,
  type Sentinel,
  type Worker,
} from './agents.ts';
import { AgentActors } from './agent-actors.ts';
import { AgentConnections } from './agent-connections.ts';
import { AgentRecords } from './agent-records.ts';
import { BoundedRegistry } from './bounded-registry.ts';
import { shortened } from './death-report.ts';
import type { JobHost } from './job-host.ts';
import { replyRank } from './rank-replies.ts';
import type { Tasks } from './tasks.ts';
import { Timeline } from './timeline.ts';

/** What the crew needs of its job. */
interface CrewJob extends JobHost, CloseListener {
  readonly work: { readonly tasks: Tasks };
}

/** The workers and sentinels of one sleigh (S2, S3, S9, S13). What the sentinel charts command is done here. */
export class Crew {
  readonly #workers: BoundedRegistry<Worker>;
  readonly #sentinels: BoundedRegistry<Sentinel>;
  readonly connections: AgentConnections;
  readonly #job: CrewJob;
  /** How many of those that nobody knows any more ended in each state: their ranks were replaced, or are forgotten. */
  readonly #past = new Map<string, number>();
  /** The number of workers that replaced others (S19). */
  replacements = 0;
  /** Whether a rank was given to a sentinel that supervises its workers (S19). */
  isSupervised = false;
  /** Undefined without a page that shows it. */
  readonly timeline: Timeline | undefined;
  readonly records: AgentRecords;
  readonly actors: AgentActors;
  #changes = 0;
  #nextSentinel = 0;

  constructor(job: CrewJob) {
    this.#job = job;
    this.connections = new AgentConnections(job);
    this.timeline = job.workspace.host.hasPage === true ? new Timeline() : undefined;
    this.records = new AgentRecords(this, job.changes);
    this.actors = new AgentActors(job, this.records);
    const most = job.options.join === 'elastic' ? BOUNDS.endedAgents.value : Number.POSITIVE_INFINITY;
    this.#workers = new BoundedRegistry(most, job.workspace.accounting);
    this.#sentinels = new BoundedRegistry(most, job.workspace.accounting);
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
    const agents = [this.connections.sentinelOf(client), this.workerOf(client)];
    for (const agent of agents) if (agent !== undefined) yield agent.actor;
  }

  /** The worker that registered on that connection, in whatever state. */
  workerOf(client: Client): Worker | undefined {
    return this.connections.workerOf(client);
  }

  /** The worker of that rank, if it is kept. */
  find(rank: number): Worker | undefined {
    return this.#workers.get(rank);
  }

  /** Makes this the connection of the worker. */
  connect(worker: Worker, client: Client): void {
    worker.client = client;
    this.connections.connectWorker(worker, client);
    client.closeListeners.add(this.#job);
    this.changed(worker);
  }

  /** The connection does not belong to a worker any more. */
  disconnect(client: Client): void {
    if (this.connections.disconnectWorker(client)) client.closeListeners.delete(this.#job);
  }

  /** S7, S13: who a client is that asks for work. */
  askerOf(client: Client): Asker {
    const worker = this.workerOf(client);
    if (worker === undefined) return this.connections.rankOf(client) === undefined ? 'outsider' : 'ended';
    return isRegistered(worker) ? 'worker' : 'ended';
  }

  /** S17: in an elastic group one that owes nothing may leave. */
  owedBy(worker: Worker): { readonly tasks: number; readonly copies: number } {
    const copies = this.#job.work.tasks.copiesFor(worker);
    return { tasks: worker.task?.isSettled === false ? 1 : 0, copies };
  }

  /** The ranks of the workers that satisfy a condition, in ascending order. */
  *ranksOf(holds: (worker: Worker) => boolean): Generator<number> {
    for (const worker of this.#workers.values()) if (holds(worker)) yield worker.rank;
  }

  /** Records that an agent has changed its state, for `agentStatus` (S12). */
  changed(agent: Worker | Sentinel): void {
    agent.since = ++this.#changes;
    if ('rank' in agent) this.records.workerChanged(agent.rank);
    else this.records.sentinelChanged(agent.id);
  }

  /** Gives the rank to the client, which becomes a sentinel if it is not one (S2). */
  giveRank(get: PendingGet, rank: number): void {
    const sentinel = this.connections.sentinelOf(get.client) ?? this.#newSentinel(get, rank);
    sentinel.actor.send({ type: 'rank.given', rank });
    this.#declare(rank, sentinel);
    replyRank(get, rank);
  }

  /** S19: whoever has the rank is dead by that. The death may end the sleigh, so the supervisor decides afterwards. */
  vacate(rank: number, request: number): void {
    const former = this.worker(rank);
    former.actor.send({ type: 'rank.replaced' });
    this.#job.supervisor.send({ type: 'rank.vacated', rank, request, state: rankStateOf(former) });
  }

  /** S19: the next worker is waited for under the rank of one that has ended. */
  declareReplacement(rank: number): void {
    const former = this.worker(rank);
    former.sentinel.workers.delete(former);
    this.#passes(former);
    this.replacements++;
    this.#job.changed();
    this.#declare(rank, former.sentinel, former).actor.send({ type: 'rank.replaced' });
    this.#job.joinPhase.send({ type: 'rank.replaced' });
  }

  /** S2. */
  askForRank(get: PendingGet): void {
    const sentinel = this.connections.sentinelOf(get.client);
    this.#job.joinPhase.send({
      type: 'rank.asked',
      request: this.#job.requests.add(get),
      sentinel: sentinel === undefined ? 'none' : stateOfSentinel(sentinel),
    });
  }

  #newSentinel({ client, metadata }: PendingGet, rank: number): Sentinel {
    const [id, session] = [this.#nextSentinel++, metadata.get(KEY.session)];
    const actor = this.actors.sentinel({ id, rank });
    this.#job.changed();
    const sentinel = newSentinel(id, { client, actor, session });
    this.#sentinels.add(id, sentinel);
    this.connections.connectSentinel(sentinel);
    client.closeListeners.add(this.#job);
    this.changed(sentinel);
    actor.start();
    this.#job.supervisor.send({ type: 'sentinel.came', id });
    if (session !== undefined) {
      this.isSupervised = true;
      this.#job.shutdown.send({ type: 'supervision.began' });
    }
    return sentinel;
  }

  #declare(rank: number, sentinel: Sentinel, replaced?: Worker): Worker {
    const worker = newWorker(rank, sentinel, this.actors.worker(rank, sentinel), replaced);
    this.#add(worker);
    worker.actor.start();
    this.records.workerChanged(rank);
    this.#job.emit?.({ type: 'declare_worker', rank, sentinel: sentinel.id });
    return worker;
  }

  #add(worker: Worker): void {
    this.#workers.add(worker.rank, worker);
    worker.sentinel.workers.add(worker);
  }

  /** Takes up a sentinel of before a restart, whose connection counts as open. */
  adoptSentinel(sentinel: Sentinel): void {
    const { id, since } = sentinel;
    this.#sentinels.add(id, sentinel);
    this.#nextSentinel = Math.max(this.#nextSentinel, id + 1);
    this.#changes = Math.max(this.#changes, since);
    if (hasEnded(sentinel)) this.endSentinel(id);
    this.#adopt(sentinel);
  }

  /** Takes up a worker of before a restart, whose connection counts as open unless it is lost. */
  adoptWorker(worker: Worker): void {
    this.#add(worker);
    this.#changes = Math.max(this.#changes, worker.since);
    if (hasEnded(worker)) this.end(worker.rank);
    this.#adopt(worker);
  }

  /** A session of before a restart lasts, and tells the job when it ends (P15). */
  #adopt(agent: Worker | Sentinel): void {
    this.connections.adopt(agent);
    if (agent.client?.isSession === true) agent.client.closeListeners.add(this.#job);
  }

  /** The connections of before a restart that have closed, in the order of their numbers. */
  get formerClients(): readonly Client[] {
    return this.connections.descending;
  }

  /** The counts that survive the server. A store of an earlier version lacks the number of sentinels. */
  get state(): Fields {
    const { replacements } = this;
    return { replacements, past: Object.fromEntries(this.#past), sentinels: this.#nextSentinel };
  }
  restore(state: RecordReader, isSupervised: boolean): void {
    this.replacements = state.number('replacements');
    this.#nextSentinel = state.optionalNumber('sentinels') ?? 0;
    const past = state.inner('past');
    for (const name of Object.keys(past.fields)) this.#past.set(name, past.number(name));
    this.isSupervised = isSupervised;
  }

  endSentinel(id: number): void {
    const forgotten = this.#sentinels.markEnded(id);
    if (forgotten !== undefined) this.records.sentinelForgotten(forgotten.id);
  }

  /** Marks the worker as ended; it may be evicted later (S17). */
  end(rank: number): void {
    const worker = this.worker(rank);
    this.connections.endWorker(worker);
    // The results have all of it; for who looks at the page a part is enough.
    worker.end &&= shortened(worker.end);
    const ended = this.#workers.markEnded(rank);
    if (ended === undefined) return;
    ended.sentinel.workers.delete(ended);
    this.records.workerForgotten(ended.rank);
    this.#passes(ended);
  }

  #passes(worker: Worker): void {
    const state = stateOfWorker(worker);
    this.#past.set(state, this.past(state) + 1);
    this.#job.changed();
  }

  /** The number of agents that ended in that state and are not kept. */
  past(state: string): number {
    return this.#past.get(state) ?? 0;
  }

  /** S9. */
  askAlive(get: PendingGet): void {
    const sentinel = this.connections.sentinelOf(get.client);
    const request = this.#job.requests.add(get);
    if (sentinel === undefined || hasEnded(sentinel))
      this.#job.supervisor.send({ type: 'alive.asked', request });
    else sentinel.actor.send({ type: 'alive.asked', request, waits: get.waits });
  }

  /** The sentinel of that number, if it is kept. */
  findSentinel(id: number): Sentinel | undefined {
    return this.#sentinels.get(id);
  }

  /** @throws if there is none of that number */
  sentinel(id: number): Sentinel {
    const sentinel = this.#sentinels.get(id);
    if (sentinel === undefined) throw new Error(`there is no sentinel ${id}`);
    return sentinel;
  }

  /** A connection has closed, and the job has failed. */
  forget(id: number): void {
    this.connections.take(id);
  }

  /** S13: the connection of a worker or sentinel has closed while the sleigh serves. */
  handleDisconnection(id: number): void {
    const { worker, sentinel } = this.connections.take(id);
    worker?.actor.send({ type: 'connection.closed', ...this.owedBy(worker) });
    if (sentinel !== undefined) this.closeSentinel(sentinel);
  }

  /** Ends a sentinel as when its connection closes (S13, S30.2). */
  closeSentinel(sentinel: Sentinel): void {
    const registered = Array.from(sentinel.workers).filter(isRegistered);
    sentinel.actor.send({ type: 'connection.closed', registeredWorkers: registered.length });
  }

  /** Handles the end of a connection during the shutdown (S14). */
  handleLeaving(id: number): void {
    const { worker, sentinel } = this.connections.take(id);
    worker?.actor.send({ type: 'left' });
    sentinel?.actor.send({ type: 'left' });
  }

  /** Handles a reported death, with the report if it is from the sentinel (S13, S19). */
  reportDeath(rank: number, task: TaskFate, end: WorkerEnd | undefined): void {
    this.find(rank)?.actor.send({ type: 'death.reported', task, end });
  }

  /** S16. */
  *endEveryone(): Steps {
    for (const clients of this.connections.all)
      yield* eachInSteps(clients, (client) => client.closeListeners.delete(this.#job));
    for (const agents of [this.#workers, this.#sentinels]) {
      yield* eachInSteps<Worker | Sentinel>(agents.values(), ({ actor }) => actor.send({ type: 'left' }));
      agents.forgetAll();
    }
  }
}
