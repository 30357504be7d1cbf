import type { DeathPolicy } from '../../src/machines/shutdown.ts';
import type { Found } from '../../src/workspace/ask.ts';
import type { Refusal } from '../../src/workspace/refusal.ts';
import type { Listener, Party, Request } from './party.ts';

/** A task or a broadcast that was accepted, and what became of it by what the parties were told. */
export interface Note {
  readonly tag: string;
  readonly batch: string;
  /** The number of the broadcast; undefined for a task. */
  readonly broadcast: number | undefined;
  /** How often a worker was given it; for a broadcast, by rank. */
  readonly tries: Map<number, number>;
  /** How many must answer a broadcast: workerCount when the group closed, or when it was stored later. */
  expected: number | undefined;
  /** Results that masters took: the rank of each. */
  readonly taken: number[];
}

/** The bookkeeper: knows only what the parties did and were told, and never asks the server. */
export class Book implements Listener {
  readonly policy: DeathPolicy;
  readonly notes = new Map<string, Note>();
  tasks = 0;
  broadcasts = 0;
  /** Who was given each rank. */
  readonly ranks: Party[] = [];
  /** Ranks that are registered and neither dead nor gone. */
  readonly living = new Map<number, Party>();
  /** Who waits in what, who came first first. */
  readonly lines = new Map<string, Party[]>();
  /** Numbers of workers that were told in this step. */
  told: number[] = [];
  /** Who was given a task in this step. */
  given: Party[] = [];
  /** Workers that died in this step. */
  deaths = 0;
  /** Tasks that were failed in this step (S7.1). */
  failures = 0;
  /** What went wrong in this step. */
  faults: string[] = [];
  /** What holds from the last step on. */
  isClosed = false;
  numberAtClosing = 0;
  isWindingDown = false;
  /** Ranks that will never be a worker again, and how they ended. */
  readonly ended = new Map<number, string>();

  constructor(policy: DeathPolicy) {
    this.policy = policy;
  }

  begin(): void {
    if (this.told.length > 0) this.told = [];
    if (this.given.length > 0) this.given = [];
    if (this.faults.length > 0) this.faults = [];
    this.deaths = 0;
    this.failures = 0;
  }

  line(name: string): readonly Party[] {
    return this.lines.get(name) ?? [];
  }

  /** A task or broadcast is stored; somebody may be told of it before its master is. */
  stored(kind: 'task' | 'broadcast', batch: string, store: (tag: string) => boolean): void {
    const broadcast = kind === 'broadcast' ? this.broadcasts : undefined;
    const tag = `${kind} ${broadcast ?? this.tasks}`;
    this.notes.set(tag, { tag, batch, broadcast, tries: new Map(), expected: undefined, taken: [] });
    if (!store(tag)) this.notes.delete(tag);
    else if (this.isWindingDown) this.#fault(`${tag} was accepted while the sleigh shuts down`);
    else if (kind === 'task') this.tasks++;
    else this.broadcasts++;
  }

  /** The group is closed from this step on, or was. */
  closed(workerCount: number): void {
    if (!this.isClosed) this.numberAtClosing = this.living.size;
    this.isClosed = true;
    for (const note of this.notes.values()) if (note.broadcast !== undefined) note.expected ??= workerCount;
  }

  registered(party: Party, rank: number): void {
    if (this.isClosed) this.#fault(`${party.name} registered after the group had closed`);
    if (party.rank !== undefined) this.#fault(`${party.name} is two workers`);
    if (this.living.has(rank) || this.ended.has(rank)) this.#fault(`rank ${rank} was registered twice`);
    if (rank >= this.ranks.length) this.#fault(`rank ${rank} was registered and never given`);
    party.rank = rank;
    this.living.set(rank, party);
  }

  /** A connection has closed. */
  vanished(party: Party): void {
    for (const [name, line] of this.lines)
      if (line.includes(party))
        this.lines.set(
          name,
          line.filter((other) => other !== party),
        );
    party.holds = undefined;
    if (party.rank !== undefined) this.#lose(party.rank);
    // S14: the workers of a sentinel that leaves now are not dead.
    if (!this.isWindingDown) this.sentinelGone(party);
  }

  sentinelGone(party: Party): void {
    for (const [rank, sentinel] of this.ranks.entries()) if (sentinel === party) this.#lose(rank);
  }

  reported(rank: number): void {
    if (!this.isWindingDown) this.#lose(rank);
  }

  #lose(rank: number): void {
    const party = this.living.get(rank);
    if (party === undefined) return;
    party.holds = undefined;
    this.living.delete(rank);
    if (!this.isWindingDown) this.deaths++;
  }

  /** S7.1. */
  failed(party: Party): void {
    party.holds = undefined;
    this.failures++;
  }

  blocked(party: Party, request: Request): void {
    const name = lineOf(party, request);
    this.lines.set(name, [...this.line(name), party]);
  }

  answered(party: Party, request: Request, found: Found): void {
    if (request.ask.blocked)
      this.#leave(party, request, request.variable === 'task' || request.variable === 'result');
    const text = typeof found.payload === 'string' ? found.payload : '';
    switch (request.variable) {
      case 'worker_ids':
        if (request.ask.takes && text !== '-1') this.#given(party, Number(text));
        return;
      case 'task':
        return this.#gotTask(party, found.metadata.get('tag') ?? '');
      case 'result':
        return this.#gotResult(request, found);
      case 'status':
      case 'waitForWorkers':
        this.told.push(Number(text));
    }
  }

  refused(party: Party, request: Request, _reason: Refusal): void {
    if (request.ask.blocked) this.#leave(party, request, false);
  }

  astray(party: Party): void {
    this.#fault(`${party.name} was told something that it had not asked for, or twice`);
  }

  #leave(party: Party, request: Request, inTurn: boolean): void {
    const name = lineOf(party, request);
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

  #gotTask(party: Party, tag: string): void {
    const note = this.notes.get(tag);
    if (note === undefined) return this.#fault(`${party.name} was given a task that nobody stored`);
    if (party.rank === undefined) return this.#fault(`${party.name} is no worker and was given a task`);
    if (!this.living.has(party.rank)) this.#fault(`${party.name} is dead and was given a task`);
    if (this.isWindingDown) this.#fault(`${party.name} was given a task while the sleigh shuts down`);
    party.holds = tag;
    this.given.push(party);
    const who = note.broadcast === undefined ? 0 : party.rank;
    note.tries.set(who, (note.tries.get(who) ?? 0) + 1);
  }

  #gotResult({ batch }: Request, { metadata }: Found): void {
    const note = this.notes.get(metadata.get('tag') ?? '');
    if (note === undefined) return this.#fault('a result came of a task that nobody stored');
    if (note.batch !== batch || metadata.get('batchId') !== batch)
      this.#fault('a result came of another batch');
    if (metadata.has('nwsNull') && this.policy === 'shutdown')
      this.#fault('a null result came under shutdown');
    note.taken.push(Number(metadata.get('nwsWorkerRank')));
  }

  #fault(what: string): void {
    this.faults.push(what);
  }
}

/** Where a request waits. */
export const lineOf = (party: Party, { variable, batch }: Request): string =>
  variable === 'result'
    ? `result ${batch ?? ''}`
    : variable === 'task' && party.rank === undefined
      ? 'outsiders'
      : variable;
