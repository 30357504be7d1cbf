import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchOf } from '../../src/sleigh/batch-ref.ts';
import { JobChanges } from '../../src/sleigh/job-changes.ts';
import { KeptResults } from '../../src/sleigh/kept-results.ts';
import { PLACE } from '../../src/sleigh/null-reserve.ts';
import { Reserves } from '../../src/sleigh/result-record.ts';
import { NO_SHARE } from '../../src/sleigh/task-options.ts';
import { taskIn } from '../../src/sleigh/task-records.ts';
import type { Broadcast, Reader, Task } from '../../src/sleigh/task.ts';
import { Tasks } from '../../src/sleigh/tasks.ts';
import { ChangeRecorder } from '../../src/store/change-recorder.ts';
import { textOfKey, type Entity } from '../../src/store/change.ts';
import { RecordReader } from '../../src/store/record.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { finish } from '../../src/workspace/steps.ts';
import { ServerAccounting, StorageAccounting } from '../../src/workspace/storage-accounting.ts';
import { textOf, type Value } from '../../src/workspace/value.ts';
import { valueIn } from '../../src/workspace/value-record.ts';
import { sleighsOf } from '../support/invariants.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';

function anyWorkspace() {
  const job = new Job(new SimulatedServer());
  const [sleigh] = sleighsOf(job.server);
  if (sleigh === undefined) throw new Error('no job');
  return sleigh.workspace;
}
const WORKSPACE = anyWorkspace();

/** Much quicker than to compare objects: the test compares thousands. */
const expectEqual = (actual: unknown, expected: unknown): void =>
  expect(JSON.stringify(actual, null, 1)).toBe(JSON.stringify(expected, null, 1));
const listed = (entities: Iterable<Entity>): string[] =>
  Array.from(entities, ({ key, fields }) => `${textOfKey(key)} ${JSON.stringify(fields)}`).sort();
const nameOf = ({ value }: Pick<Task, 'value'>): string => textOf(value);

interface Sent {
  readonly name: string;
  readonly isLasting: boolean;
  /** Copies that workers have, or have not had yet. */
  outstanding: number;
}
interface ModelReader {
  readonly reader: Reader;
  /** The copies that it has not had. */
  readonly expected: string[];
}

const ACTS = ['add', 'add', 'take', 'take', 'take', 'putBack', 'again', 'finish', 'finish'] as const;
const MORE_ACTS = ['present', 'all', 'join', 'abandon', 'close'] as const;
type Act = (typeof ACTS)[number] | (typeof MORE_ACTS)[number];

/** The tasks of a job, and simple lists of what must be there. */
class Play {
  readonly server = new ServerAccounting(DEFAULT_LIMITS, () => undefined);
  readonly accounting = new StorageAccounting(this.server);
  readonly recorder = new ChangeRecorder();
  readonly kept = new KeptResults(WORKSPACE);
  readonly tasks: Tasks;
  readonly store = new Map<string, Entity>();
  queue: string[] = [];
  log: Sent[] = [];
  lasting: Sent[] = [];
  readonly readers: ModelReader[] = [];
  /** Tasks and copies that workers have. */
  running: { readonly task: Task; readonly by: ModelReader }[] = [];
  isKeeping: boolean;
  oldest = 0;
  #reported: unknown;
  #count: number;
  #ranks = 0;
  readonly #isElastic: boolean;

  constructor(isElastic: boolean, { isKeeping = !isElastic, count = 0 } = {}) {
    this.#isElastic = isElastic;
    this.isKeeping = isKeeping;
    this.#count = count;
    this.tasks = new Tasks(this.accounting, {
      keeping: isKeeping,
      changes: new JobChanges({ number: 1, changes: this.recorder }),
      changed: () => (this.#reported = this.tasks.state),
      kept: this.kept,
    });
    this.#reported = this.tasks.state;
  }

  #newValue(what: string): Value {
    const metadata = new Map([['batchId', what]]);
    return { descriptor: 1, payload: `${what} ${++this.#count}`, metadata };
  }

  act(act: Act, which: number): void {
    const reader = this.readers[which % Math.max(this.readers.length, 1)];
    const running = this.running[which % Math.max(this.running.length, 1)];
    if (act === 'add') this.#add();
    // Only in an elastic group, which keeps no others, a broadcast says that later workers get it.
    if (act === 'present' || act === 'all') this.#broadcast(this.#isElastic ? act : 'present');
    if (act === 'join' && this.readers.length < 4) this.#join();
    if (act === 'take' && reader !== undefined) this.#take(reader);
    if (act === 'abandon' && reader !== undefined) this.#abandon(reader);
    if (act === 'finish' && running !== undefined) this.#finish(running.task);
    if (act === 'putBack' && running?.task.broadcast === undefined) this.#putBack(running?.task);
    if (act === 'again' && running?.task.broadcast !== undefined) this.#tryAgain(running);
    if (act === 'close' && this.isKeeping) this.close();
  }

  #add(): void {
    const value = this.#newValue('task');
    const task = this.tasks.accept(value, batchOf(value.metadata), {
      maxAttempts: undefined,
      share: NO_SHARE,
    });
    this.queue.push(nameOf(task));
    this.tasks.add(task);
  }

  #broadcast(reach: 'present' | 'all'): void {
    const value = this.#newValue('copy');
    const readers = this.readers.length;
    const sent = { name: textOf(value), isLasting: reach === 'all', outstanding: readers };
    this.log.push(sent);
    if (sent.isLasting) this.lasting.push(sent);
    for (const { expected } of this.readers) expected.push(sent.name);
    this.tasks.addBroadcast(value, batchOf(value.metadata), readers, reach);
    this.#trim();
  }

  /** The copies for a worker that joins now, oldest first. */
  #copiesOfLate(): string[] {
    return [...this.lasting, ...(this.isKeeping ? this.log : [])].map(({ name }) => name);
  }

  #join(): void {
    expect(this.tasks.memoryOfCopies).toBe(this.#copiesOfLate().length * PLACE);
    const reader = { rank: this.#ranks++, host: '', ...this.tasks.join(0) };
    this.readers.push({ reader, expected: this.#copiesOfLate() });
    if (this.isKeeping) for (const sent of this.log) sent.outstanding++;
  }

  #take(by: ModelReader): void {
    const expected = by.expected.shift() ?? this.queue.shift();
    const task = this.tasks.takeFor(by.reader, 0);
    expect(task && nameOf(task)).toBe(expected);
    if (task !== undefined) this.running.push({ task, by });
  }

  #finish(task: Task): void {
    this.running = this.running.filter((one) => one.task !== task);
    this.tasks.finish(task);
    const sent = this.log.find(({ name }) => name === nameOf(task));
    if (sent !== undefined && task.broadcast !== undefined && task.isLate !== true) sent.outstanding--;
    this.#trim();
  }

  #trim(): void {
    while (!this.isKeeping && this.log[0]?.outstanding === 0) {
      this.log.shift();
      this.oldest++;
    }
  }

  #putBack(task: Task | undefined): void {
    if (task === undefined) return;
    this.running = this.running.filter((one) => one.task !== task);
    this.queue.unshift(nameOf(task));
    this.tasks.putBack(task);
  }

  #tryAgain({ task, by }: { readonly task: Task; readonly by: ModelReader }): void {
    if (by.reader.retry !== undefined || !this.readers.includes(by)) return;
    this.running = this.running.filter((one) => one.task !== task);
    by.expected.unshift(nameOf(task));
    by.reader.retry = task;
  }

  /** The worker ends, and has no more copies. */
  #abandon(by: ModelReader): void {
    const { tasks } = this;
    const copies = [...tasks.abandon(by.reader, tasks.nextBroadcast)];
    expectEqual(copies.map(nameOf), by.expected);
    this.readers.splice(this.readers.indexOf(by), 1);
    for (const copy of copies) this.#finish(copy);
  }

  /** The group closes. */
  close(): void {
    const open = this.tasks.close();
    expectEqual(open.map(nameOf), this.isKeeping ? this.log.map(({ name }) => name) : []);
    this.isKeeping = false;
    for (const broadcast of open) {
      this.tasks.settle(broadcast);
      broadcast.reserve.give(1);
    }
    finish(this.tasks.dropKept());
    this.lasting = [];
    this.#trim();
  }

  expectAsModel(): void {
    const { tasks } = this;
    expectEqual(
      {
        queue: tasks.queued(0, Infinity).map(textOf),
        some: tasks.queued(1, 2).map(textOf),
        length: tasks.length,
        log: tasks.broadcasts.map(nameOf),
        next: tasks.nextBroadcast,
        state: tasks.state,
        reported: this.#reported,
        readers: this.readers.map(({ reader }) => [
          tasks.copiesFor(reader),
          tasks.queuedFor(reader),
          tasks.isAvailableFor(reader),
        ]),
      },
      {
        queue: this.queue,
        some: this.queue.slice(1, 3),
        length: this.queue.length,
        log: this.log.map(({ name }) => name),
        next: this.oldest + this.log.length,
        state: { oldest: this.oldest, isKeeping: this.isKeeping },
        reported: { oldest: this.oldest, isKeeping: this.isKeeping },
        readers: this.readers.map(({ expected }) => [
          expected.length,
          this.queue.length,
          expected.length + this.queue.length > 0,
        ]),
      },
    );
  }

  get entities(): Entity[] {
    const own = this.running.filter(({ task }) => task.broadcast === undefined);
    return [...this.tasks.entities(), ...own.map(({ task }) => this.tasks.entityOf(task))];
  }

  expectRecorded(): void {
    for (const change of this.recorder.take())
      if (change.type === 'put') this.store.set(textOfKey(change.key), change);
      else if (change.type === 'delete') this.store.delete(textOfKey(change.key));
    expectEqual(listed(this.store.values()), listed(this.entities));
  }

  /** The tasks of the server that is started after a crash, when no worker has a copy. */
  restored(): Play {
    for (const { task } of this.running) if (task.broadcast !== undefined) this.#finish(task);
    const next = new Play(this.#isElastic, { isKeeping: this.isKeeping, count: this.#count });
    const { entities } = this;
    const of = (kind: string): Entity[] =>
      entities.filter(({ key }) => key[0] === kind).sort((a, b) => (a.key[2] ?? 0) - (b.key[2] ?? 0));
    const values = new Map(
      of('task').map((entity) => [entity.key[2] ?? 0, valueIn(RecordReader.of(entity), () => undefined)]),
    );
    const broadcasts = new Map<number, Broadcast>();
    const reserves = new Reserves(next.accounting);
    for (const entity of of('broadcast')) {
      const record = RecordReader.of(entity);
      const [number, task, isOpen] = [entity.key[2] ?? 0, record.number('task'), record.flag('isOpen')];
      const value = values.get(task);
      if (value === undefined) throw new Error(`broadcast ${number} has no value`);
      const reserve = reserves.of(number, value);
      if (isOpen) reserve.take(1);
      broadcasts.set(number, {
        number,
        task,
        value,
        batch: batchOf(value.metadata),
        copies: record.number('copies'),
        outstanding: this.log[number - this.oldest]?.outstanding ?? 0,
        isLasting: record.flag('isLasting'),
        reserve,
        isOpen,
      });
    }
    const known = { values, broadcasts, accounting: next.accounting };
    const queue = of('place').flatMap((entity) => taskIn(RecordReader.of(entity), known) ?? []);
    next.oldest = this.oldest;
    next.log = this.log;
    next.lasting = this.lasting;
    next.queue = this.queue;
    for (const { reader, expected } of this.readers) {
      const one = { reader: { ...reader, retry: undefined }, expected: [...expected] };
      if (reader.retry !== undefined) one.expected.shift();
      next.readers.push(one);
      next.#ranks = Math.max(next.#ranks, reader.rank + 1);
      for (const broadcast of broadcasts.values())
        if (broadcast.number >= reader.nextBroadcast) broadcast.reserve.take(1);
      const late = [...broadcasts.values()].filter(({ isLasting }) => isLasting);
      for (const { reserve } of late.slice(reader.nextLasting, reader.lastingBefore)) reserve.take(1);
    }
    next.tasks.restore(
      this.tasks.state,
      queue.sort((a, b) => a.place - b.place),
      [...broadcasts.values()],
    );
    for (const { task, by } of this.running) {
      next.tasks.restoreTask(task);
      next.running.push({ task, by });
    }
    next.#reported = next.tasks.state;
    for (const entity of entities) next.store.set(textOfKey(entity.key), entity);
    return next;
  }

  /** Copies that are to be tried again are taken first, so that none is lost in a restart. */
  settleRetries(): void {
    for (const by of this.readers) if (by.reader.retry !== undefined) this.#take(by);
  }

  end(): void {
    for (let by = this.readers[0]; by !== undefined; by = this.readers[0]) this.#abandon(by);
    for (const { task } of this.running) this.#finish(task);
    this.close();
    expectEqual(Array.from(this.tasks.clear(), nameOf), this.queue);
    this.queue = [];
    this.expectAsModel();
    this.expectRecorded();
    const { byKind } = this.server.budget;
    expect([byKind.values, byKind.nullResults, this.server.bytes, this.store.size]).toEqual([0, 0, 0, 0]);
  }
}

const steps = fc.array(fc.tuple(fc.constantFrom(...ACTS, ...MORE_ACTS), fc.nat(5)), {
  minLength: 20,
  maxLength: 40,
});

/** Several short tests, because each of them is quick. */
const SERIES = [1, 2, 3, 4];

describe.each([
  ['for workers that join later, until the group closes (S6.1)', false],
  ['only as long as somebody has not had them (S17)', true],
])('tasks, and broadcasts that are kept %s', (_what, isElastic) => {
  it.each(SERIES)('are given as simple lists say, which the store has as well (S7, S8, D8): %i', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const play = new Play(isElastic);
        for (const [act, which] of all) {
          play.act(act, which);
          play.expectAsModel();
          play.expectRecorded();
        }
        play.end();
      }),
      { numRuns: 2 },
    );
  });

  it.each(SERIES)('are the same after a restart (D8): %i', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const first = new Play(isElastic);
        for (const [act, which] of before) first.act(act, which);
        first.settleRetries();
        const play = first.restored();
        play.expectAsModel();
        play.expectRecorded();
        for (const [act, which] of after) play.act(act, which);
        play.expectAsModel();
        play.expectRecorded();
        play.end();
      }),
      { numRuns: 3 },
    );
  });
});

describe('the queue of tasks in the store (D8)', () => {
  it('has tasks that were put back before those that were never taken, over one restart after the other', () => {
    const first = new Play(true);
    first.act('join', 0);
    for (let n = 0; n < 4; n++) first.act('add', 0);
    for (let n = 0; n < 3; n++) first.act('take', 0);
    for (let n = 0; n < 2; n++) first.act('putBack', 0);
    expect(first.queue).toEqual(['task 2', 'task 1', 'task 4']);
    const second = first.restored();
    second.expectAsModel();
    second.act('add', 0);
    second.act('putBack', 0);
    expect(second.queue).toEqual(['task 3', 'task 2', 'task 1', 'task 4', 'task 5']);
    const third = second.restored();
    third.expectAsModel();
    third.end();
  });

  it('says to the last whose results are kept (S29)', () => {
    const { tasks, kept } = new Play(true);
    const metadata = new Map([
      ['keepIn', 'v'],
      ['keepAs', 'a'],
    ]);
    const value = { descriptor: 1, payload: '', metadata };
    const isKnown = (): boolean => kept.knows({ variable: 'v', key: 'a' });
    const task = tasks.accept(value, undefined, { maxAttempts: undefined, share: NO_SHARE });
    expect(isKnown()).toBe(true);
    tasks.finish(task);
    expect(isKnown()).toBe(false);
  });
});
