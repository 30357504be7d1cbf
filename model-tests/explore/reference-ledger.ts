import type { TaskFate } from '../../src/machines/worker-end.ts';
import type { DeathPolicy } from '../../src/machines/shutdown.ts';
import type { Metadata } from '../../src/wire/payload.ts';
import type { Found } from '../../src/workspace/pending-get.ts';
import type { Refusal } from '../../src/workspace/refusal.ts';
import type { Listener, Party, Request } from './party.ts';
import type { Cast } from './scenario.ts';

/** A task or a broadcast that was accepted, and its state according to the replies to the parties. */
export interface Note {
  readonly tag: string;
  readonly batch: string;
  /** The number of the broadcast; undefined for a task. */
  readonly broadcast: number | undefined;
  /** The number of times it was handed out; for a broadcast, by rank. */
  readonly tries: Map<number, number>;
  /** The number of results that a broadcast needs: workerCount at the close of the group, or at its store if that is later. */
  expected: number | undefined;
  /** The ranks of the results that masters have taken. */
  readonly taken: number[];
  /** Ranks that have a copy of a broadcast and have not answered it. */
  readonly owing: Set<number>;
  /** Whether workers that join later get a copy, too (S17). */
  readonly isForAll: boolean;
  /** Whether it was handed out and is queued again. */
  isBack: boolean;
  /** Ranks that have had a copy of a broadcast, or whose result was replaced by a null result (S19). */
  readonly reached: Set<number>;
  /** Ranks that have declined a task (S19). */
  readonly declined: Set<number>;
}

/** An independent account of the job. It knows only the requests and the replies of the parties, and never reads the server. */
export class ReferenceLedger implements Listener {
  readonly policy: DeathPolicy;
  readonly notes = new Map<string, Note>();
  tasks = 0;
  broadcasts = 0;
  /** The sentinel of each rank. */
  readonly ranks: Party[] = [];
  /** The ranks of registered workers that have neither died nor left. */
  readonly living = new Map<number, Party>();
  /** The waiting parties of each line, in the order of their arrival. */
  readonly lines = new Map<string, Party[]>();
  /** The numbers of workers in the replies of this step. */
  told: number[] = [];
  /** The parties that got a task in this step. */
  given: Party[] = [];
  /** Workers that died in this step. */
  deaths = 0;
  /** Tasks that were failed in this step (S7.1). */
  failures = 0;
  /** The violations of this step. */
  faults: string[] = [];
  /** Whether the group was closed before this step. */
  isClosed = false;
  numberAtClosing = 0;
  isShuttingDown = false;
  /** The ranks of workers that have ended, with their final states. */
  readonly ended = new Map<number, string>();

  readonly isElastic: boolean;
  readonly mayReturn: boolean;
  readonly #isSupervised: boolean;
  /** Ranks under which a replacement is awaited (S19). */
  readonly replaced = new Set<number>();
  /** The number of replacements so far. */
  replacements = 0;
  readonly #maxAttempts: number;
  /** The ranks of disconnected workers that may come back (S18). */
  readonly lost = new Set<number>();
  /** The number of disconnected workers that left in this step because the sleigh shuts down. */
  stopping = 0;

  constructor({ policy, extras, maxAttempts }: Cast) {
    this.policy = policy;
    this.isElastic = extras.includes('elastic');
    this.mayReturn = extras.includes('returning');
    this.#isSupervised = extras.includes('supervised');
    this.#maxAttempts = maxAttempts;
  }

  /** Whether a supervising sentinel has got a rank (S19). */
  get isSupervised(): boolean {
    return this.#isSupervised && this.ranks.length > 0;
  }

  begin(): void {
    if (this.told.length > 0) this.told = [];
    if (this.given.length > 0) this.given = [];
    if (this.faults.length > 0) this.faults = [];
    this.deaths = 0;
    this.failures = 0;
    this.stopping = 0;
  }

  line(name: string): readonly Party[] {
    return this.lines.get(name) ?? [];
  }

  /** A task or a broadcast is stored. A worker may get it before the reply to its master. */
  stored(
    kind: 'task' | 'broadcast',
    { batch, isForAll = false }: { batch: string; isForAll?: boolean },
    store: (tag: string) => Metadata | undefined,
  ): void {
    const broadcast = kind === 'broadcast' ? this.broadcasts : undefined;
    const tag = `${kind} ${broadcast ?? this.tasks}`;
    const owing = new Set(broadcast === undefined ? [] : this.living.keys());
    const expected = this.isElastic && broadcast !== undefined ? owing.size : undefined;
    const note: Note = {
      tag,
      batch,
      broadcast,
      tries: new Map(),
      expected,
      taken: [],
      owing,
      isForAll,
      isBack: false,
      reached: new Set(owing),
      declined: new Set(),
    };
    this.notes.set(tag, note);
    const told = store(tag);
    const copies = told?.get('nwsCopies');
    if (told !== undefined && copies !== expected?.toString())
      this.#fault(`${tag} has ${expected} copies, and ${copies} were told of`);
    if (told === undefined) this.notes.delete(tag);
    else if (this.isShuttingDown) this.#fault(`${tag} was accepted while the sleigh shuts down`);
    else if (kind === 'task') this.tasks++;
    else this.broadcasts++;
  }

  /** The group is closed, in this step or before it. */
  closed(workerCount: number): void {
    if (!this.isClosed) this.numberAtClosing = this.living.size;
    this.isClosed = true;
    for (const note of this.notes.values()) if (note.broadcast !== undefined) note.expected ??= workerCount;
  }

  registered(party: Party, rank: number): void {
    const isReplacement = this.replaced.delete(rank);
    if (this.isClosed && !isReplacement) this.#fault(`${party.name} registered after the group had closed`);
    if (party.rank !== undefined) this.#fault(`${party.name} is two workers`);
    if (this.living.has(rank) || this.ended.has(rank)) this.#fault(`rank ${rank} was registered twice`);
    if (rank >= this.ranks.length) this.#fault(`rank ${rank} was registered and never given`);
    party.rank = rank;
    party.was = undefined;
    this.living.set(rank, party);
    for (const note of this.notes.values())
      if (
        note.broadcast !== undefined &&
        (this.isElastic ? note.isForAll : !this.isClosed && !note.reached.has(rank))
      ) {
        note.owing.add(rank);
        note.reached.add(rank);
        if (note.expected !== undefined) note.expected++;
      }
  }

  /** S18: it names its last task as its current one or, if replies were lost, the one before. */
  comesBack(party: Party, repliesAreLost: boolean): void {
    const { was } = party;
    if (was === undefined) throw new Error(`${party.name} was nobody`);
    const { rank, holds, number } = was;
    party.was = undefined;
    party.rank = rank;
    party.number = number;
    party.holds = repliesAreLost ? undefined : holds;
    if (repliesAreLost && holds !== undefined) this.#takesBack(holds, rank);
    this.living.set(rank, party);
    this.lost.delete(rank);
    const doing = repliesAreLost === (holds === undefined) ? number : number - 1;
    const metadata = new Map([['session', SESSION]]);
    if (repliesAreLost || holds !== undefined) metadata.set('doing', String(doing));
    if (!party.store('worker_ids', String(rank), metadata))
      return this.#fault(`${party.name} may not come back`);
    const expected = party.holds === undefined ? '0' : '1';
    if (party.told.get('nwsBusy') !== expected)
      this.#fault(`${party.name} comes back and is told ${party.told.get('nwsBusy')}`);
  }

  /** S18: the task never reached its worker, so it was not tried. */
  #takesBack(tag: string, rank: number): void {
    const note = this.notes.get(tag);
    if (note === undefined) return;
    const who = note.broadcast === undefined ? 0 : rank;
    note.tries.set(who, (note.tries.get(who) ?? 0) - 1);
    note.isBack = true;
  }

  /** S18: the grace period of a disconnected worker has elapsed. */
  graceElapsed(rank: number): void {
    this.#lose(rank);
  }

  /** S18: workers that are disconnected when the sleigh shuts down have left. */
  shutsDown(): void {
    this.stopping = this.lost.size;
    for (const rank of this.lost) this.living.delete(rank);
    this.lost.clear();
  }

  /** A result of its current task was accepted. */
  completed(party: Party): void {
    const note = this.notes.get(party.holds ?? '');
    if (note === undefined) throw new Error(`${party.name} has no task and could store a result`);
    if (party.rank !== undefined) note.owing.delete(party.rank);
    party.holds = undefined;
  }

  /** S17: whether it has a task, or a copy without a result. */
  #owes(rank: number, { holds }: Party): boolean {
    return holds !== undefined || [...this.notes.values()].some(({ owing }) => owing.has(rank));
  }

  /** Its request waits no longer, because its connection has closed. */
  withdrawn(party: Party): void {
    for (const [name, line] of this.lines)
      if (line.includes(party))
        this.lines.set(
          name,
          line.filter((other) => other !== party),
        );
  }

  /** A connection has closed. */
  vanished(party: Party): void {
    this.withdrawn(party);
    const { rank } = party;
    if (rank !== undefined && this.living.get(rank) === party) {
      if ((this.mayReturn || this.#isSupervised) && !this.isShuttingDown) this.lost.add(rank);
      else this.#lose(rank);
    }
    // S14: the workers of a sentinel that leaves now are not dead.
    if (!this.isShuttingDown) this.sentinelGone(party);
  }

  sentinelGone(party: Party): void {
    for (const [rank, sentinel] of this.ranks.entries()) if (sentinel === party) this.#lose(rank);
  }

  reported(rank: number): void {
    if (!this.isShuttingDown) this.#lose(rank, true);
  }

  /** S19: its sentinel has reported how it ended. */
  reportedBySentinel(rank: number, task: TaskFate): void {
    const party = this.living.get(rank);
    if (this.isShuttingDown || party === undefined) return;
    const note = this.notes.get(party.holds ?? '');
    if (note?.broadcast === undefined && (task === 'untried' || task === 'declined'))
      note?.tries.set(0, (note.tries.get(0) ?? 0) - 1);
    if (task === 'declined') note?.declined.add(rank);
    this.#lose(rank, task === 'tried', task !== 'tried');
  }

  /** S19: a worker that is replaced while it is registered has died. */
  replacedBySentinel(rank: number): void {
    if (!this.isShuttingDown) this.#lose(rank, true);
  }

  /** S19: another worker is awaited under that rank. */
  replaces(rank: number, { found }: { found: boolean }): void {
    if (!found) return;
    this.replacements++;
    if (this.isShuttingDown) this.#fault(`rank ${rank} is replaced while the sleigh shuts down`);
    this.replaced.add(rank);
    this.ended.delete(rank);
  }

  #lose(rank: number, isReported = false, hasLeft = false): void {
    const party = this.living.get(rank);
    if (party === undefined) return;
    const dies = !hasLeft && (!this.isElastic || isReported || this.#owes(rank, party));
    const note = this.notes.get(party.holds ?? '');
    if (note !== undefined) note.isBack = true;
    party.holds = undefined;
    this.living.delete(rank);
    this.lost.delete(rank);
    for (const { owing } of this.notes.values()) owing.delete(rank);
    if (!this.isShuttingDown && dies) this.deaths++;
  }

  /** S7.1. */
  failed(party: Party): void {
    const note = this.notes.get(party.holds ?? '');
    const who = note?.broadcast === undefined ? 0 : (party.rank ?? 0);
    if (note !== undefined) {
      note.isBack = true;
      if (this.policy !== 'requeue' || (note.tries.get(who) ?? 0) >= this.#maxAttempts)
        note.owing.delete(who);
    }
    party.holds = undefined;
    this.failures++;
  }

  blocked(party: Party, request: Request): void {
    const name = lineOf(party, request, this.isElastic);
    this.lines.set(name, [...this.line(name), party]);
  }

  answered(party: Party, request: Request, found: Found): void {
    if (request.pendingGet.blocked)
      this.#leave(party, request, request.variable === 'task' || request.variable === 'result');
    const text = typeof found.payload === 'string' ? found.payload : '';
    switch (request.variable) {
      case 'worker_ids':
        // A rank that is given again is noted by who asked for it (S19).
        if (request.pendingGet.takes && text !== '-1' && !request.pendingGet.metadata.has('replaces'))
          this.#given(party, Number(text));
        return;
      case 'task':
        return this.#gotTask(party, found.metadata);
      case 'result':
        return this.#gotResult(request, found);
      case 'status':
      case 'waitForWorkers':
        this.told.push(Number(text));
    }
  }

  refused(party: Party, request: Request, _reason: Refusal): void {
    if (request.pendingGet.blocked) this.#leave(party, request, false);
  }

  astray(party: Party): void {
    this.#fault(`${party.name} was told something that it had not asked for, or twice`);
  }

  #leave(party: Party, request: Request, inTurn: boolean): void {
    const name = lineOf(party, request, this.isElastic);
    const line = this.line(name);
    if (inTurn && line[0] !== party)
      this.#fault(`${party.name} was served before ${line[0]?.name ?? 'nobody'}`);
    this.lines.set(
      name,
      line.filter((other) => other !== party),
    );
  }

  #given(party: Party, rank: number): void {
    if (rank !== this.ranks.length)
      this.#fault(`rank ${rank} was given out after ${this.ranks.length} ranks`);
    if (this.isClosed) this.#fault(`rank ${rank} was given out after the group had closed`);
    this.ranks.push(party);
  }

  #gotTask(party: Party, metadata: Metadata): void {
    const tag = metadata.get('tag') ?? '';
    const note = this.notes.get(tag);
    if (note === undefined) return this.#fault(`${party.name} was given a task that nobody stored`);
    if (party.rank === undefined) return this.#fault(`${party.name} is no worker and was given a task`);
    if (!this.living.has(party.rank)) this.#fault(`${party.name} is dead and was given a task`);
    if (note.declined.has(party.rank)) this.#fault(`${party.name} was given a task that it has declined`);
    if (this.isShuttingDown) this.#fault(`${party.name} was given a task while the sleigh shuts down`);
    party.holds = tag;
    const number = Number(metadata.get('nwsTask') ?? 0);
    if (this.mayReturn && number <= party.number)
      this.#fault(`${party.name} was given number ${number} again`);
    party.number = number;
    this.given.push(party);
    const who = note.broadcast === undefined ? 0 : party.rank;
    note.tries.set(who, (note.tries.get(who) ?? 0) + 1);
  }

  #gotResult({ batch }: Request, { metadata }: Found): void {
    const note = this.notes.get(metadata.get('tag') ?? '');
    if (note === undefined) return this.#fault('a result came of a task that nobody stored');
    if (note.batch !== batch || metadata.get('batchId') !== batch)
      this.#fault('a result came of another batch');
    if (metadata.has('nwsNull') && this.policy === 'shutdown' && !this.#isSupervised)
      this.#fault('a null result came under shutdown');
    if (this.isElastic && note.broadcast !== undefined && metadata.get('nwsCopies') === undefined)
      this.#fault('a result of a broadcast does not tell how many there are');
    note.taken.push(Number(metadata.get('nwsWorkerRank')));
  }

  #fault(what: string): void {
    this.faults.push(what);
  }
}

/** The session of workers that may come back. */
export const SESSION = 'its own';

/** The name of the line in which a request waits. */
export const lineOf = (party: Party, { variable, batch }: Request, isElastic: boolean): string =>
  variable === 'result'
    ? `result ${batch ?? ''}`
    : variable === 'task' && party.rank === undefined
      ? 'outsiders'
      : // An elastic group closes for nobody: who asks waits for the others, or for the delay (S17).
        isElastic && variable === 'status'
        ? 'waitForWorkers'
        : variable;
