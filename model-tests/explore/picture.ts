import { Yallist } from 'yallist';
import type { Sleigh } from '../../src/sleigh/sleigh.ts';
import { PendingGet, type Client } from '../../src/workspace/pending-get.ts';
import type { Value } from '../../src/workspace/value.ts';
import { WaitingLine } from '../../src/workspace/waiting-line.ts';
import type { Broadcast } from '../../src/sleigh/task.ts';
import type { Tasks } from '../../src/sleigh/tasks.ts';
import type { Sentinel } from '../../src/sleigh/agents.ts';
import { FairQueue } from '../../src/sleigh/fair-queue.ts';
import type { ResultQueue } from '../../src/sleigh/result-queue.ts';
import { openField } from '../../test/support/open-fields.ts';

interface Batch {
  readonly inbox: { readonly results: ResultQueue; readonly waiting: WaitingLine };
  readonly queued: number;
  readonly running: number;
}

/** The private parts of a job on which its further behaviour depends. */
export class Picture {
  readonly queue: FairQueue;
  readonly lines: Readonly<Record<'task' | 'outsiders' | 'status' | 'waitForWorkers', Iterable<unknown>>>;
  readonly blocked: ReadonlySet<Sentinel>;
  readonly batches: ReadonlyMap<string | undefined, Batch>;
  readonly timers: ReadonlyMap<string, unknown>;
  readonly #tasks: Tasks;

  constructor({ work, joining, heartbeats, timers }: Sleigh) {
    this.queue = openField(work.tasks, 'queue', FairQueue);
    this.lines = {
      task: asks(openField(work.line, 'waiting', WaitingLine)),
      outsiders: asks(openField(work.line, 'outsiders', WaitingLine)),
      status: asks(openField(joining, 'forStatus', WaitingLine)),
      waitForWorkers: asks(openField(joining, 'forNumber', WaitingLine)),
    };
    this.blocked = openField<Set<Sentinel>>(heartbeats, 'blocked', Set);
    this.batches = openField<Map<string | undefined, Batch>>(work.batches, 'batches', Map);
    this.#tasks = work.tasks;
    this.timers = openField<Map<string, unknown>>(timers, 'running', Map);
  }

  /** Broadcasts for all who come (S17). */
  get lasting(): readonly Broadcast[] {
    return openField<Broadcast[]>(this.#tasks, 'lasting', Array);
  }

  line(name: keyof Picture['lines']): Client[] {
    return clientsOf(this.lines[name]);
  }
  masters(batch: string | undefined): Client[] {
    const waiting = this.batches.get(batch)?.inbox.waiting;
    return waiting === undefined ? [] : clientsOf(asks(waiting));
  }
  results(batch: string | undefined): Value[] {
    const results = this.batches.get(batch)?.inbox.results;
    return results?.slice(0, results.length) ?? [];
  }
  get sentinels(): Client[] {
    return [...this.blocked].map(({ client }) => client);
  }
}

const asks = (line: WaitingLine): Iterable<unknown> => openField(line, 'asks', Yallist);

const clientsOf = (line: Iterable<unknown>): Client[] =>
  [...line].flatMap((ask) => (ask instanceof PendingGet ? [ask.client] : []));
