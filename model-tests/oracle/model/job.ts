import { Batches, placeOf } from './batches.ts';
import type { Client } from './client.ts';
import { Crew, isAwaited, type Worker } from './crew.ts';
import { KeptResults } from './kept.ts';
import { Joining } from './joining.ts';
import { agentStatus, scoreboard } from './listings.ts';
import { Endings } from './endings.ts';
import { DIED, readReport, whyNotReport, type Report } from './reported.ts';
import { Ranks } from './ranks.ts';
import { Tasks, type Options } from './tasks.ts';
import {
  DEAD,
  DONE,
  isWhole,
  notANumber,
  NO_VALUE_YET,
  PURGED,
  refusal,
  STORE_REFUSED,
  text,
  WORKER_DEAD,
  type Entries,
  type Reply,
} from './replies.ts';
import type { Get, SendReply, Value } from './variable.ts';
import type { Workspace } from './workspace.ts';

export const POLICIES = ['shutdown', 'requeue', 'null'];

const CONST = ['version', 'plugin_version', 'join_status', 'rankCount', 'agentStatus', 'scoreboard'];
const ACTIVE = ['workerCount', 'status', 'waitForWorkers', 'worker_ids', 'sentinel_alive', 'task', 'result'];
const CUSTOM = [...CONST, ...ACTIVE, 'broadcast', 'jobStatus', 'fixedargID'];
const RINGS = ['bye', 'logDebug', 'logError'];
const FIFOS = ['worker registrations', ...RINGS];
const SHOWN = new Set([...CONST.slice(1), 'workerCount', 'task', 'result']);
const REFUSE_STORES = new Set([...CONST, 'sentinel_alive', 'jobStatus', 'fixedargID']);

const SHUTTING_DOWN: Reply = { status: '5001', reasons: ['Store failed: sleigh is shutting down.'] };

/** S7: also a worker that has left, if its sentinel reports it (S19). */
const hasEnded = (worker: Worker | undefined): boolean =>
  worker !== undefined && worker.state !== 'registered';

/** The sleigh, derived only from S1–S21: lists, searched from the front. Time passes only in `elapse`. */
export class Job {
  readonly #workspace: Workspace;
  readonly #options: Options;
  readonly #send: SendReply;
  readonly #crew: Crew;
  readonly #batches: Batches;
  readonly #kept: KeptResults;
  readonly #tasks: Tasks;
  readonly #joining: Joining;
  readonly #endings: Endings;
  readonly #ranks: Ranks;
  #fixedArguments = 0;

  constructor(workspace: Workspace, entries: Entries, send: SendReply, now: () => number = () => 0) {
    const isElastic = entries['join'] === 'elastic';
    this.#workspace = workspace;
    this.#options = {
      policy: entries['onDeadWorker'] ?? (isElastic ? 'requeue' : 'shutdown'),
      maxAttempts: Number(entries['maxAttempts'] ?? 3),
      reconnectGrace: Number(entries['reconnectGrace'] ?? 0),
    };
    this.#send = send;
    this.#crew = new Crew(isElastic);
    this.#batches = new Batches(send);
    this.#kept = new KeptResults(workspace);
    this.#tasks = new Tasks(this.#crew, this.#batches, this.#kept, this.#options, send, now);
    this.#endings = new Endings({
      workspace,
      crew: this.#crew,
      batches: this.#batches,
      tasks: this.#tasks,
      policy: this.#options.policy,
      send,
    });
    this.#joining = new Joining(this.#crew, send, () => this.#close());
    this.#ranks = new Ranks({
      workspace,
      crew: this.#crew,
      tasks: this.#tasks,
      joining: this.#joining,
      endings: this.#endings,
      reconnectGrace: this.#options.reconnectGrace,
      send,
      close: () => this.#close(),
    });
    const most = Number(entries['rankCount'] ?? -1);
    if (most !== -1) this.#crew.maximum = most;
    for (const name of CUSTOM) workspace.variable(name, !SHOWN.has(name));
    for (const name of FIFOS) workspace.variable(name, true).declare('fifo');
    for (const name of RINGS) workspace.variable(name).isRing = true;
  }

  /** A variable with a behaviour of its own. */
  has(name: string): boolean {
    return CUSTOM.includes(name);
  }

  isBuiltIn(name: string): boolean {
    return CUSTOM.includes(name) || FIFOS.includes(name);
  }

  /** The facts that a client may know of itself, to send meaningful requests. */
  roleOf(client: Client): 'over' | 'none' | 'sentinel' | 'idle' | 'busy' | 'ended' {
    const worker = this.#crew.workerOf(client);
    if (this.#endings.isOver && worker?.task === undefined) return 'over';
    if (worker !== undefined && worker.state !== 'registered') return 'ended';
    if (worker !== undefined) return worker.task === undefined ? 'idle' : 'busy';
    return this.#crew.sentinelOf(client) === undefined ? 'none' : 'sentinel';
  }
  /** The owner of each rank. */
  get workers(): readonly Worker[] {
    return this.#crew.workers;
  }
  get isElastic(): boolean {
    return this.#crew.isElastic;
  }
  get firstAwaited(): number | undefined {
    return this.#crew.workers.find(isAwaited)?.rank;
  }

  // Gets

  get(name: string, get: Get): Reply | undefined {
    const reply = this.#answer(name, get);
    return reply === undefined || reply.status !== '0000'
      ? reply
      : { ...reply, from: this.#workspace.variable(name), index: 0 };
  }

  #answer(name: string, get: Get): Reply | undefined {
    const crew = this.#crew;
    switch (name) {
      case 'version':
        return text('1');
      case 'plugin_version':
        return text(/^sleigh \d+\.\d+\.\d+/);
      case 'join_status':
        return text(crew.join);
      case 'rankCount':
        return text(String(crew.registered));
      case 'broadcast':
        return text('0');
      case 'workerCount':
        crew.freeze();
        return text(String(crew.isElastic ? crew.registered : crew.maximum));
      case 'fixedargID': {
        const made = `#fixedArg${++this.#fixedArguments}`;
        this.#workspace.variable(made, true).declare('single');
        return text(made);
      }
      case 'worker_ids':
        return this.#ranks.giveRank(get);
      case 'agentStatus':
        return agentStatus(crew, this.#tasks.waiting, this.#batches.masterState);
      case 'scoreboard':
        return scoreboard(crew);
      case 'jobStatus':
        return this.#tasks.jobStatus(get.metadata);
      case 'status':
      case 'waitForWorkers':
        return this.#joining.get(name, get);
      case 'sentinel_alive':
        return this.#awaitWaking(get);
      case 'task':
        return this.#getTask(get);
      default:
        return this.#getResult(get);
    }
  }

  /** D4: the server is started again. */
  restarting(): void {
    this.#kept.forgetFetched();
    this.#tasks.restarting();
  }

  /** All connections of before have closed. */
  restarted(): void {
    if (!this.isOver) this.#tasks.restarted();
  }

  /** When the wait of a task for workers of a host ends, if that is not after a time (S32.1). */
  nextUntil(time: number): number | undefined {
    return this.#tasks.nextUntil(time);
  }

  /** It is that late. */
  waited(): void {
    if (!this.isOver) this.#tasks.waited();
  }

  elapse(): void {
    this.#joining.elapse();
  }

  #close(): void {
    const crew = this.#crew;
    crew.close();
    this.#joining.replyToAll(text(String(crew.registeredAtClosing)));
    if (!this.#endings.isOver) this.#tasks.answerForAbsent();
    this.#endings.endWithoutWorkers();
    this.#tasks.answerDeclined();
  }

  /** S9. */
  #awaitWaking({ client, waits }: Get): Reply | undefined {
    const sentinel = this.#crew.sentinelOf(client);
    if (this.#endings.isOver || sentinel === undefined || sentinel.state === 'dead') return text('1');
    if (!waits) return NO_VALUE_YET;
    sentinel.state = 'blocked';
    return undefined;
  }

  /** S7, S7.1, S8. */
  #getTask({ client, takes, waits }: Get): Reply | undefined {
    const refused = takes ? [] : [refusal('find is not supported on the task queue')];
    const worker = this.#crew.workerOf(client);
    if (hasEnded(worker)) refused.push(WORKER_DEAD);
    if (this.#endings.isOver) refused.push(DEAD);
    if (refused.length > 0) return refusal(...refused.flatMap(({ reasons = [] }) => reasons));
    if (worker?.task !== undefined) this.#skip(worker);
    return this.#endings.isOver ? DEAD : this.#tasks.give(client, waits);
  }

  /** S7.1. */
  #skip(worker: Worker): void {
    const { task } = worker;
    worker.task = undefined;
    if (task === undefined || !this.#tasks.isOpen(task)) return;
    if (this.#options.policy === 'shutdown') return this.#endings.shutDown(true);
    this.#tasks.fail(worker, task, false);
    this.#tasks.dispatch();
  }

  #getResult({ client, takes, waits, metadata }: Get): Reply | undefined {
    const refused: string[] = [];
    if (hasEnded(this.#crew.workerOf(client))) refused.push('worker is dead');
    if (this.#endings.isOver) refused.push('sleigh is dead');
    if (refused.length > 0) return refusal(...refused);
    const place = placeOf(metadata);
    const reply = this.#batches.take(place);
    if (reply !== undefined || waits) this.#batches.asked(client);
    if (reply !== undefined) return reply;
    if (!waits) return NO_VALUE_YET;
    this.#batches.wait(place, client, takes);
    return undefined;
  }

  // Stores

  store(name: string, value: Value, client: Client): Reply {
    if (REFUSE_STORES.has(name)) return STORE_REFUSED;
    switch (name) {
      case 'workerCount':
        if (!isWhole(value.text)) return notANumber('workerCount', value.text);
        this.#crew.maximum = Number(value.text);
        this.#joining.look();
        return DONE;
      case 'status':
      case 'waitForWorkers':
        return isWhole(value.text) ? DONE : notANumber(name, value.text);
      case 'worker_ids':
        return this.#ranks.register(value, client);
      case 'task':
      case 'broadcast':
        return this.#submit(name, value);
      default:
        return this.#storeResult(value, client);
    }
  }

  #submit(name: string, value: Value): Reply {
    const { maxAttempts, priority, reach = 'present' } = value.metadata;
    const { isElastic } = this.#crew;
    if (this.#endings.isOver) return SHUTTING_DOWN;
    if (name === 'task') {
      if (maxAttempts !== undefined && !(isWhole(maxAttempts) && Number(maxAttempts) >= 1))
        return refusal(`maxAttempts must be a whole number from 1, not "${maxAttempts}".`);
      if (priority !== undefined && !(isWhole(priority) && Math.abs(Number(priority)) <= 1_000))
        return refusal(`priority must be a whole number from -1000 to 1000, not "${priority}".`);
      if (this.#tasks.isKnown(value.metadata)) return { ...DONE, metadata: { nwsKnown: '1' } };
      this.#tasks.submit(value);
      return DONE;
    }
    if (isElastic && reach !== 'present' && reach !== 'all')
      return refusal(`reach must be present or all, not "${reach}".`);
    if (this.#crew.join === 'open') this.#crew.join = 'joining';
    const copies = this.#tasks.broadcast(value);
    return isElastic ? { ...DONE, metadata: { nwsCopies: String(copies) } } : DONE;
  }

  #storeResult(value: Value, client: Client): Reply {
    const worker = this.#crew.workerOf(client);
    if (worker?.task === undefined) return refusal('Store failed: no current task to store a result of.');
    this.#tasks.complete(worker, worker.task, value);
    return DONE;
  }

  /** Values that an ordinary variable would accept and a job refuses (S13, S19). */
  refusesStore(name: string, { text, metadata }: Value): Reply | undefined {
    if (name !== 'worker_dead') return undefined;
    if (!isWhole(text)) return notANumber('worker_dead', text);
    const { session } = metadata;
    if (session === undefined) return undefined;
    return whyNotReport(metadata) ?? this.#crew.whyNotSupervisor('worker_dead', Number(text), session);
  }

  /**
   * S19.
   * @returns whether it is a report, which is not kept
   */
  takesReport(name: string, { text, metadata }: Value): boolean {
    if (name !== 'worker_dead' || metadata['session'] === undefined) return false;
    this.#reported(Number(text), readReport(metadata) ?? DIED);
    return true;
  }

  /** An ordinary variable was stored to. */
  stored(name: string, { text }: Value): void {
    if (name === 'Sleigh ride over') this.#endings.shutDown(false);
    if (name === 'worker_dead') this.#reported(Number(text), DIED);
  }

  #reported(rank: number, report: Report): void {
    const worker = this.#crew.workers[rank];
    if (worker !== undefined && !this.#endings.isOver)
      this.#endings.end([{ worker, report, mayLeave: false }]);
  }

  withdraw(client: Client): void {
    this.#tasks.withdraw(client);
    this.#joining.withdraw(client);
    const sentinel = this.#crew.sentinelOf(client);
    if (sentinel?.state === 'blocked') sentinel.state = 'active';
  }

  /** W6.1. */
  outlives(client: Client): boolean {
    const isAgent = this.#crew.workerOf(client) !== undefined || this.#crew.sentinelOf(client) !== undefined;
    return isAgent && this.#options.policy === 'requeue';
  }

  /** Its connection has closed. */
  forget(client: Client): void {
    this.#endings.forget(client);
    this.#joining.look();
  }

  /** S9: its period is over. */
  wake(client: Client): void {
    const sentinel = this.#crew.sentinelOf(client);
    if (sentinel !== undefined) this.#endings.wake(sentinel);
  }

  /** S9, S13: its heartbeat did not come in time. */
  expire(sentinel: Client): void {
    this.#endings.expire(sentinel);
  }

  /** S5, S6: the time for joining is over. */
  closeByTime(): void {
    if (this.#crew.join !== 'closed') this.#close();
  }

  get isOver(): boolean {
    return this.#endings.isOver;
  }

  /** S16. */
  purge(): void {
    const blocked = this.#crew.sentinels.filter(({ state }) => state === 'blocked');
    this.#joining.replyToAll(PURGED);
    for (const { client } of blocked) this.#send(client, PURGED);
    for (const client of this.#tasks.waiting) this.#send(client, PURGED);
    this.#batches.replyToAll(PURGED);
  }

  /** The line of a variable in `list vars`; listing is reading (S4). */
  line(name: string): string | undefined {
    if (name === 'result') return this.#batches.line;
    if (name === 'task') return this.#tasks.line;
    if (name === 'workerCount') this.#crew.freeze();
    return this.has(name) ? [name, 1, 0, 0, 'custom'].join('\t') : undefined;
  }
}
