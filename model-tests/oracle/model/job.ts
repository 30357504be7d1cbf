import { Batches, status } from './batches.ts';
import { Client } from './client.ts';
import { Crew, type Broadcast, type Task, type Worker } from './crew.ts';
import { agentStatus, scoreboard } from './reports.ts';
import { DONE, PURGED, refusal, STORE_REFUSED, text, type Entries, type Reply } from './told.ts';
import type { Get, Tell, Value } from './variable.ts';
import type { Workspace } from './workspace.ts';

export const POLICIES = ['shutdown', 'requeue', 'null'];

const CONST = ['version', 'plugin_version', 'join_status', 'rankCount', 'agentStatus', 'scoreboard'];
const ACTIVE = ['workerCount', 'status', 'waitForWorkers', 'worker_ids', 'sentinel_alive', 'task', 'result'];
const CUSTOM = [...CONST, ...ACTIVE, 'broadcast', 'jobStatus', 'fixedargID'];
const FIFOS = ['worker registrations', 'bye', 'logDebug', 'logError'];
const SHOWN = new Set([...CONST.slice(1), 'workerCount', 'task', 'result']);
const REFUSE_STORES = new Set([...CONST, 'sentinel_alive', 'jobStatus', 'fixedargID']);

const DEAD = refusal('sleigh is dead');
const WORKER_DEAD = refusal('worker is dead');
const NO_VALUE_YET = refusal('no value available.');
const SHUTTING_DOWN: Reply = { status: '5001', reasons: ['Store failed: sleigh is shutting down.'] };

/** The server itself, when it stores. */
const NOBODY = new Client('');

const isWhole = (value: string): boolean => /^\s*[+-]?\d+\s*$/.test(value);
const notANumber = (what: string, value: string): Reply =>
  refusal(`${what} must be a number, not "${value}".`);

/** The sleigh, out of S1–S16 alone: lists, searched from the front. Time does not pass in it, but for `elapse`. */
export class Job {
  readonly #workspace: Workspace;
  readonly #policy: string;
  readonly #maxAttempts: number;
  readonly #tell: Tell;
  readonly #crew = new Crew();
  readonly #batches: Batches;
  #queue: Task[] = [];
  #broadcasts: Broadcast[] = [];
  /** Who is blocked in `task`, workers or not, the longest first. */
  #waiting: Client[] = [];
  /** Who waits for the group to close, or for a delay. */
  #joining: { client: Client; isShort: boolean }[] = [];
  /** The join phase takes no time at all. */
  #closesAtOnce = false;
  #windingDown = false;
  #fixedArguments = 0;

  constructor(workspace: Workspace, options: Entries, tell: Tell) {
    this.#workspace = workspace;
    this.#policy = options['onDeadWorker'] ?? 'shutdown';
    this.#maxAttempts = Number(options['maxAttempts'] ?? 3);
    this.#tell = tell;
    this.#batches = new Batches(tell);
    const most = Number(options['rankCount'] ?? -1);
    if (most !== -1) this.#crew.maximum = most;
    for (const name of CUSTOM) workspace.variable(name, !SHOWN.has(name));
    for (const name of FIFOS) workspace.variable(name, true).declare('fifo');
  }

  /** A variable with a behaviour of its own. */
  has(name: string): boolean {
    return CUSTOM.includes(name);
  }

  isBuiltIn(name: string): boolean {
    return CUSTOM.includes(name) || FIFOS.includes(name);
  }

  /** What a client may know of itself, to ask for what makes sense. */
  roleOf(client: Client): 'over' | 'none' | 'sentinel' | 'idle' | 'busy' {
    const worker = this.#crew.workerOf(client);
    if (this.#windingDown && worker?.task === undefined) return 'over';
    if (worker !== undefined) return worker.task === undefined ? 'idle' : 'busy';
    return this.#crew.sentinelOf(client) === undefined ? 'none' : 'sentinel';
  }
  get ranks(): number {
    return this.#crew.workers.length;
  }
  get firstDeclared(): number | undefined {
    return this.#crew.workers.find(({ state }) => state === 'declared')?.rank;
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
        return text(String(crew.maximum));
      case 'fixedargID': {
        const made = `#fixedArg${++this.#fixedArguments}`;
        this.#workspace.variable(made, true).declare('single');
        return text(made);
      }
      case 'worker_ids': {
        const value = get.takes ? crew.giveRank(get.client) : crew.workers.length;
        return { ...text(String(value)), metadata: { allocated: get.takes ? '1' : '0' } };
      }
      case 'agentStatus':
        return agentStatus(crew, this.#waiting, this.#batches.masterState);
      case 'scoreboard':
        return scoreboard(crew);
      case 'jobStatus':
        return this.#jobStatus(get.metadata);
      case 'status':
      case 'waitForWorkers':
        return this.#awaitClosing(name, get);
      case 'sentinel_alive':
        return this.#awaitWaking(get);
      case 'task':
        return this.#getTask(get);
      default:
        return this.#getResult(get);
    }
  }

  /** S10. */
  #jobStatus({ batchId, all }: Entries): Reply {
    const isOf = (task: Task | undefined): boolean =>
      task !== undefined && (all === '1' || task.batch === batchId);
    const running = this.#crew.workers.filter(({ task }) => isOf(task)).length;
    const again = this.#crew.workers.filter((worker) => isOf(worker.again)).length;
    return status(this.#queue.filter(isOf).length + running + again, running);
  }

  /** S5, S6. */
  #awaitClosing(name: string, { client, waits, metadata }: Get): Reply | undefined {
    const crew = this.#crew;
    const { delay } = metadata;
    if (delay !== undefined && !isWhole(delay)) return notANumber('delay', delay);
    if (crew.join === 'closed') return text(String(crew.registeredAtClosing));
    if (!waits) return NO_VALUE_YET;
    const isShort = delay === '0';
    if (name === 'waitForWorkers') {
      this.#joining.push({ client, isShort });
      return undefined;
    }
    if (crew.join === 'open') {
      crew.join = 'joining';
      crew.begunByStatus = true;
      this.#closesAtOnce = isShort;
      if (crew.registered === crew.expected) {
        this.#close();
        return text(String(crew.registeredAtClosing));
      }
    }
    this.#joining.push({ client, isShort: false });
    return undefined;
  }

  /** The waits of no seconds at all are over. */
  elapse(): void {
    if (this.#closesAtOnce && this.#crew.join === 'joining') this.#close();
    const short = this.#joining.filter(({ isShort }) => isShort);
    this.#joining = this.#joining.filter(({ isShort }) => !isShort);
    for (const { client } of short) this.#tellLate(client, text(String(this.#crew.registered)));
  }

  #tellLate(client: Client, reply: Reply): void {
    this.#tell(client, reply.status === '0000' ? { ...reply, from: null, index: 0 } : reply);
  }

  #close(): void {
    const crew = this.#crew;
    crew.close();
    for (const { client } of this.#joining.splice(0))
      this.#tellLate(client, text(String(crew.registeredAtClosing)));
    if (!this.#windingDown) for (const broadcast of this.#broadcasts) this.#settleFor(crew.absent, broadcast);
    this.#endWithoutWorkers();
  }

  /** S13: a closed group that has lost its last worker. One that closed empty waits for the grace period. */
  #endWithoutWorkers(): void {
    const { join, registered, registeredAtClosing } = this.#crew;
    const hasLost = registeredAtClosing > 0;
    if (join === 'closed' && registered === 0 && hasLost) this.#shutDown(true);
  }

  /** S9. */
  #awaitWaking({ client, waits }: Get): Reply | undefined {
    const sentinel = this.#crew.sentinelOf(client);
    if (this.#windingDown || sentinel === undefined || sentinel.state === 'dead') return text('1');
    if (!waits) return NO_VALUE_YET;
    sentinel.state = 'blocked';
    return undefined;
  }

  /** S7, S7.1, S8. */
  #getTask({ client, takes, waits }: Get): Reply | undefined {
    const refused = takes ? [] : [refusal('find is not supported on the task queue')];
    const worker = this.#crew.workerOf(client);
    if (worker?.state === 'dead') refused.push(WORKER_DEAD);
    if (this.#windingDown) refused.push(DEAD);
    if (refused.length > 0) return refusal(...refused.flatMap(({ reasons = [] }) => reasons));
    if (worker?.task !== undefined) this.#fail(worker, worker.task, false);
    if (this.#windingDown) return DEAD;
    const next = worker && this.#next(worker);
    if (next !== undefined) return next;
    if (!waits) return NO_VALUE_YET;
    this.#waiting.push(client);
    return undefined;
  }

  /** What a worker does next, if there is anything. */
  #next(worker: Worker): Reply | undefined {
    const broadcast = this.#broadcasts[worker.had];
    let task = worker.again;
    if (task !== undefined) worker.again = undefined;
    else if (broadcast !== undefined) {
      worker.had++;
      task = { ...broadcast, copyOf: broadcast, attempts: 0 };
    } else task = this.#queue.shift();
    if (task === undefined) return undefined;
    task.attempts++;
    worker.task = task;
    return { status: '0000', value: task.text, descriptor: task.descriptor, metadata: task.metadata };
  }

  /** Gives to those who wait, the longest first. */
  #dispatch(): void {
    const waiting = this.#waiting;
    for (const client of waiting) {
      const worker = this.#crew.workerOf(client);
      const reply = worker?.state === 'registered' ? this.#next(worker) : undefined;
      if (reply === undefined) continue;
      this.#waiting = this.#waiting.filter((other) => other !== client);
      this.#tellLate(client, reply);
    }
  }

  #getResult({ client, takes, waits, metadata }: Get): Reply | undefined {
    const refused: string[] = [];
    if (this.#crew.workerOf(client)?.state === 'dead') refused.push('worker is dead');
    if (this.#windingDown) refused.push('sleigh is dead');
    if (refused.length > 0) return refusal(...refused);
    const batch = metadata['batchId'];
    const reply = this.#batches.take(batch);
    if (reply !== undefined || waits) this.#batches.asked(client);
    if (reply !== undefined) return reply;
    if (!waits) return NO_VALUE_YET;
    this.#batches.wait(batch, client, takes);
    return undefined;
  }

  // Stores

  store(name: string, value: Value, client: Client): Reply {
    if (REFUSE_STORES.has(name)) return STORE_REFUSED;
    switch (name) {
      case 'workerCount':
        if (!isWhole(value.text)) return notANumber('workerCount', value.text);
        this.#crew.maximum = Number(value.text);
        return DONE;
      case 'status':
      case 'waitForWorkers':
        return isWhole(value.text) ? DONE : notANumber(name, value.text);
      case 'worker_ids':
        return this.#register(value, client);
      case 'task':
      case 'broadcast':
        return this.#submit(name, value);
      default:
        return this.#storeResult(value, client);
    }
  }

  /** S3, S4. */
  #register(value: Value, client: Client): Reply {
    const crew = this.#crew;
    const refused = crew.whyNotRegister(client, value.text);
    const worker = crew.workers[Number(value.text)];
    if (refused !== undefined || worker === undefined) return refused ?? DONE;
    worker.client = client;
    worker.state = 'registered';
    this.#workspace
      .variable('worker registrations')
      .put({ ...value, text: String(worker.rank), descriptor: 1 });
    if (crew.registered === crew.expected) this.#close();
    return DONE;
  }

  #submit(name: string, { text, descriptor, metadata }: Value): Reply {
    if (this.#windingDown) return SHUTTING_DOWN;
    const work = { text, descriptor, metadata, batch: metadata['batchId'] };
    if (name === 'task') this.#queue.push({ ...work, attempts: 0 });
    else {
      const broadcast = { ...work, settled: new Set<number>() };
      this.#broadcasts.push(broadcast);
      if (this.#crew.join === 'open') this.#crew.join = 'joining';
      if (this.#crew.join === 'closed') this.#settleFor(this.#crew.absent, broadcast);
    }
    this.#dispatch();
    return DONE;
  }

  #storeResult({ text, descriptor, metadata }: Value, client: Client): Reply {
    const worker = this.#crew.workerOf(client);
    const task = worker?.task;
    if (worker === undefined || task === undefined)
      return refusal('Store failed: no current task to store a result of.');
    worker.task = undefined;
    worker.completed++;
    task.copyOf?.settled.add(worker.rank);
    this.#batches.add(task.batch, {
      text,
      descriptor,
      metadata: this.#signed(worker.rank, task, { ...task.metadata, ...metadata }),
    });
    return DONE;
  }

  #signed(rank: number, { batch }: Pick<Task, 'batch'>, metadata: Entries): Entries {
    const { batchId: _, ...rest } = metadata;
    const signed: Entries = { ...rest, nwsWorkerRank: String(rank) };
    return batch === undefined ? signed : { ...signed, batchId: batch };
  }

  /** What an ordinary variable would take, and a job does not (S13). */
  refusesStore(name: string, { text }: Value): Reply | undefined {
    return name === 'worker_dead' && !isWhole(text) ? notANumber('worker_dead', text) : undefined;
  }

  /** An ordinary variable was stored to. */
  stored(name: string, { text }: Value): void {
    if (name === 'Sleigh ride over') this.#shutDown(false);
    const worker = name === 'worker_dead' ? this.#crew.workers[Number(text)] : undefined;
    if (worker !== undefined && !this.#windingDown) this.#die([worker]);
  }

  // Death and the end

  /** S13. What dies at one stroke is dead before the sleigh ends of it. */
  #die(workers: Worker[]): void {
    const dying = workers.filter(({ state }) => state === 'registered');
    if (this.#windingDown)
      for (const worker of dying) {
        worker.state = 'left';
        worker.task = undefined;
      }
    if (this.#windingDown || dying.length === 0) return;
    for (const worker of dying) this.#mourn(worker);
    if (this.#policy === 'shutdown') this.#shutDown(true);
    this.#endWithoutWorkers();
  }

  #mourn(worker: Worker): void {
    const { task, client } = worker;
    worker.state = 'dead';
    worker.again = undefined;
    if (client !== undefined && this.#isWaiting(client)) {
      this.#withdrawWork(client);
      this.#tell(client, WORKER_DEAD);
    }
    worker.task = undefined;
    if (this.#policy === 'shutdown') return;
    if (task !== undefined) this.#fail(worker, task, true);
    for (const broadcast of this.#broadcasts) this.#settleFor([worker.rank], broadcast);
  }

  #isWaiting(client: Client): boolean {
    return this.#waiting.includes(client) || this.#batches.isWaiting(client);
  }

  /** S7.1, S13. */
  #fail(worker: Worker, task: Task, died: boolean): void {
    worker.task = undefined;
    const goesOn = this.#policy === 'requeue' && task.attempts < this.#maxAttempts;
    if (this.#policy === 'shutdown') this.#shutDown(true);
    else if (goesOn && task.copyOf === undefined) {
      this.#queue.unshift(task);
      this.#dispatch();
    } else if (goesOn && !died) worker.again = task;
    else if (task.copyOf !== undefined) this.#settleFor([worker.rank], task.copyOf);
    else this.#answerNull(worker.rank, task);
  }

  #settleFor(ranks: number[], broadcast: Broadcast): void {
    if (this.#policy === 'shutdown') return;
    for (const rank of ranks) {
      if (broadcast.settled.has(rank)) continue;
      broadcast.settled.add(rank);
      this.#answerNull(rank, broadcast);
    }
  }

  #answerNull(rank: number, work: Broadcast | Task): void {
    const metadata = { ...this.#signed(rank, work, work.metadata), nwsNull: '1' };
    this.#batches.add(work.batch, { text: '', descriptor: 1, metadata });
  }

  /** S14, S14.1. */
  #shutDown(byItself: boolean): void {
    if (this.#windingDown) return;
    this.#windingDown = true;
    for (const sentinel of this.#crew.sentinels) {
      if (sentinel.state !== 'blocked') continue;
      sentinel.state = 'active';
      this.#tellLate(sentinel.client, text('1'));
    }
    this.#batches.tellAll(DEAD);
    if (!byItself) return;
    for (const client of this.#waiting.splice(0)) this.#tell(client, DEAD);
    this.#rideOver();
  }

  /** S14.1. It may have been declared by then: a barrier is not for servers to join. */
  #rideOver(): void {
    const variable = this.#workspace.variable('Sleigh ride over');
    if (variable.mode === '__barrier') return;
    variable.store({ text: '1', descriptor: 1, metadata: {} }, NOBODY);
  }

  withdraw(client: Client): void {
    this.#withdrawWork(client);
    this.#joining = this.#joining.filter((other) => other.client !== client);
    const sentinel = this.#crew.sentinelOf(client);
    if (sentinel?.state === 'blocked') sentinel.state = 'active';
  }

  #withdrawWork(client: Client): void {
    this.#waiting = this.#waiting.filter((other) => other !== client);
    this.#batches.withdraw(client);
  }

  /** Its connection has closed (S13). */
  /** W6.1. */
  outlives(client: Client): boolean {
    const isAgent = this.#crew.workerOf(client) !== undefined || this.#crew.sentinelOf(client) !== undefined;
    return isAgent && this.#policy === 'requeue';
  }

  forget(client: Client): void {
    const worker = this.#crew.workerOf(client);
    const sentinel = this.#crew.sentinelOf(client);
    const own = this.#crew.workers.filter((other) => other.sentinel === sentinel);
    const orphans = own.filter((other) => other.state === 'registered' && other !== worker);
    const isOver = this.#windingDown;
    if (sentinel !== undefined && sentinel.state !== 'dead')
      sentinel.state = orphans.length > 0 && !isOver ? 'dead' : 'left';
    for (const other of own) if (other.state === 'declared') other.state = 'deadbeat';
    // Those without a task go first, so that what is requeued is not given to one who dies with it.
    const idleFirst = [
      ...orphans.filter(({ task }) => task === undefined),
      ...orphans.filter(({ task }) => task !== undefined),
    ];
    const dying = worker === undefined ? [] : [worker];
    this.#die(isOver ? dying : [...dying, ...idleFirst]);
    if (isOver) this.#endWaiting(orphans);
  }

  /** S14: those who should have ended them are gone. */
  #endWaiting(workers: Worker[]): void {
    for (const { client } of workers) {
      if (client === undefined || !this.#waiting.includes(client)) continue;
      this.#withdrawWork(client);
      this.#tell(client, DEAD);
    }
  }

  /** S16. */
  purge(): void {
    const blocked = this.#crew.sentinels.filter(({ state }) => state === 'blocked');
    for (const { client } of [...this.#joining, ...blocked]) this.#tell(client, PURGED);
    for (const client of this.#waiting) this.#tell(client, PURGED);
    this.#batches.tellAll(PURGED);
  }

  /** The line of a variable in `list vars`; listing is reading (S4). */
  line(name: string): string | undefined {
    if (name === 'result') return this.#batches.line;
    if (name === 'task') return ['task', this.#queue.length, this.#waiting.length, 0, 'custom'].join('\t');
    if (name === 'workerCount') this.#crew.freeze();
    return this.has(name) ? [name, 1, 0, 0, 'custom'].join('\t') : undefined;
  }
}
