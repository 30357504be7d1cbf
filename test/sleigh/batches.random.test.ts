import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchesIn, batchOf, isMail, type BatchRef } from '../../src/sleigh/batch-ref.ts';
import { Batches } from '../../src/sleigh/batches.ts';
import { JobChanges } from '../../src/sleigh/job-changes.ts';
import { RangesOfRanks } from '../../src/sleigh/ranks.ts';
import { Reserves } from '../../src/sleigh/result-record.ts';
import { nullResultsOf } from '../../src/sleigh/results.ts';
import { ChangeRecorder } from '../../src/store/change-recorder.ts';
import { textOfKey, type Entity } from '../../src/store/change.ts';
import { RecordReader } from '../../src/store/record.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { KEY } from '../../src/wire/names.ts';
import { isFile, isPieces, type FilePayload, type Metadata } from '../../src/wire/payload.ts';
import { COST } from '../../src/workspace/memory-budget.ts';
import { PendingGet, type Client, type Found } from '../../src/workspace/pending-get.ts';
import { PURGED } from '../../src/workspace/refusal.ts';
import { finish } from '../../src/workspace/steps.ts';
import { ServerAccounting, StorageAccounting } from '../../src/workspace/storage-accounting.ts';
import type { Value } from '../../src/workspace/value.ts';

/** The metadata of tasks: without a batch, of a batch, and of several batches that share a mailbox. */
const TASKS: readonly Metadata[] = [
  new Map(),
  new Map([['batchId', 'a']]),
  new Map([['batchId', 'b']]),
  new Map([
    ['batchId', 'a,c'],
    ['mailbox', 'm'],
  ]),
  new Map([['mailbox', 'n']]),
];
const NUMBERS = [...TASKS.keys()];
const IDS = [undefined, 'a', 'b', 'c'];
/** Parts of the list of results: from where, and how many. */
const PARTS = [
  [0, 0],
  [1, 2],
  [2, 100],
  [5, 3],
] as const;

/** What was answered to gets, in order. */
class Reader implements Client {
  readonly id = 1;
  readonly peer = '10.0.0.1:4000';
  readonly closeListeners = new Set<never>();
  readonly answered: { readonly get: PendingGet; readonly text: string }[] = [];
  readonly refused: PendingGet[] = [];

  answer(get: PendingGet, { payload, metadata }: Found): void {
    if (isPieces(payload)) throw new Error('a result is a list of pieces');
    this.answered.push({ get, text: nameOfValue({ payload, metadata }) });
  }
  refuse(get: PendingGet): void {
    this.refused.push(get);
  }
}

const nameOf = (text: string, metadata: Metadata): string =>
  metadata.get(KEY.null) === undefined ? text : `null of ${metadata.get(KEY.workerRank)}`;
const nameOfValue = ({ payload, metadata }: Pick<Value, 'payload' | 'metadata'>): string =>
  nameOf(isFile(payload) ? nameOfFile(payload) : typeof payload === 'string' ? payload : '', metadata);
const nameOfFile = ({ file }: FilePayload): string => `result ${file}`;

interface Totals {
  accepted: number;
  answered: number;
  failed: number;
}

/** The same as lists. */
class Model {
  readonly queued: number[] = [];
  readonly running: number[] = [];
  readonly results: { readonly task: number; readonly name: string }[] = [];
  readonly waiting: { readonly task: number; readonly get: PendingGet }[] = [];
  readonly totals = new Map<string | undefined, Totals>();
  latest: PendingGet | undefined;

  count(task: number, change: Partial<Totals>): void {
    for (const id of batchesIn(refOf(task))) {
      const totals = this.totals.get(id) ?? { accepted: 0, answered: 0, failed: 0 };
      this.totals.set(id, totals);
      totals.accepted += change.accepted ?? 0;
      totals.answered += change.answered ?? 0;
      totals.failed += change.failed ?? 0;
    }
  }

  /** A result arrives. @returns the get that it answers */
  add(task: number, name: string, failed: number): PendingGet | undefined {
    this.count(task, { answered: 1, failed });
    const first = this.waiting.find((one) => one.task === task);
    if (first === undefined) {
      this.results.push({ task, name });
      return undefined;
    }
    this.leave(first.get);
    return first.get;
  }

  leave(get: PendingGet): void {
    this.waiting.splice(
      this.waiting.findIndex((one) => one.get === get),
      1,
    );
    if (this.latest === get) this.latest = undefined;
  }

  /** Whether anything of the batch is left. */
  isBusy(id: string | undefined): boolean {
    const counts = (task: number): boolean => countsIn(task, id);
    const hasGet = this.waiting.some(({ task }) => !isMail(refOf(task)) && counts(task));
    return hasGet || [...this.queued, ...this.running, ...this.results.map(({ task }) => task)].some(counts);
  }

  isMailboxBusy(task: number): boolean {
    return [...this.results, ...this.waiting].some((one) => one.task === task);
  }
}

/** Much quicker than to compare objects: the test compares thousands. */
const expectEqual = (actual: unknown, expected: unknown): void =>
  expect(JSON.stringify(actual, null, 1)).toBe(JSON.stringify(expected, null, 1));

const isOf = (task: number, { metadata }: Value): boolean =>
  [KEY.batchId, KEY.mailbox].every((key) => metadata.get(key) === TASKS[task]?.get(key));

const refOf = (task: number): BatchRef => batchOf(TASKS[task] ?? new Map());

/** A get names the mailbox alone. */
function refOfGets(task: number): BatchRef {
  const ref = refOf(task);
  return isMail(ref) ? batchOf(new Map([['mailbox', ref.mailbox]])) : ref;
}

const REFS = [...IDS, ...NUMBERS.map(refOf)];

const countsIn = (task: number, id: string | undefined): boolean => batchesIn(refOf(task)).includes(id);

/** How many of these tasks count in the batch. */
const countIn = (tasks: readonly number[], id: string | undefined): number =>
  tasks.filter((task) => countsIn(task, id)).length;
/** The same for several batches together. */
const count = (tasks: readonly number[], ref: BatchRef): number =>
  batchesIn(ref).reduce((sum, id) => sum + countIn(tasks, id), 0);

const listed = (entities: Iterable<Entity>): string[] =>
  Array.from(entities, ({ key, fields }) => `${textOfKey(key)} ${JSON.stringify(fields)}`).sort();
const spentAt = (entity: Entity): number => RecordReader.of(entity).optionalNumber('spentAt') ?? 0;

/** Takes one of some numbers away. */
function without(tasks: number[], task: number): boolean {
  const at = tasks.indexOf(task);
  if (at >= 0) tasks.splice(at, 1);
  return at >= 0;
}

const ACTS = [
  'queue',
  'start',
  'startCopy',
  'retract',
  'requeue',
  'answer',
  'fail',
  'keepElsewhere',
  'nulls',
  'drop',
  'take',
  'take',
  'fetch',
  'find',
  'withdraw',
] as const;
type Act = (typeof ACTS)[number];

/** Batches, what they record, and their model. */
class Play {
  /** The files of results that somebody can get still. */
  readonly files = new Set<number>();
  readonly server = new ServerAccounting(DEFAULT_LIMITS, ({ file }) => {
    if (!this.files.delete(file)) throw new Error(`the file ${file} is discarded twice`);
  });
  readonly recorder = new ChangeRecorder();
  readonly accounting = new StorageAccounting(this.server);
  readonly changes = new JobChanges({ number: 1, changes: this.recorder });
  readonly batches = new Batches(this.accounting, this.changes);
  readonly model = new Model();
  readonly reader = new Reader();
  readonly elsewhere: Value[] = [];
  readonly store = new Map<string, Entity>();
  readonly #gets: PendingGet[] = [];
  #results: number;

  constructor(results = 0) {
    this.#results = results;
  }

  act(act: Act, task: number, count: number): void {
    const { batches, model } = this;
    const ref = refOf(task);
    switch (act) {
      case 'queue':
        model.queued.push(task);
        model.count(task, { accepted: 1 });
        return batches.queue(ref);
      case 'start':
        if (!without(model.queued, task)) return;
        model.running.push(task);
        return batches.start(ref, { queued: true });
      case 'startCopy':
        model.running.push(task);
        model.count(task, { accepted: 1 });
        batches.accept(ref);
        return batches.start(ref, { queued: false });
      case 'retract':
        if (!without(model.running, task)) return;
        model.count(task, { accepted: -1 });
        batches.retract(ref);
        return batches.finish(ref);
      case 'requeue':
        if (!without(model.running, task)) return;
        model.queued.push(task);
        return batches.requeue(ref);
      case 'answer':
      case 'fail':
        return this.#answer(task, act === 'fail');
      case 'keepElsewhere':
        return this.#keepElsewhere(task);
      case 'nulls':
        return this.#addNulls(task, count);
      case 'drop':
        if (!without(model.queued, task)) return;
        return batches.dropQueued(ref);
      case 'take':
        return this.#take(task);
      case 'fetch':
      case 'find':
        return this.#wait(task, act);
      case 'withdraw':
        return this.#withdraw(count);
    }
  }

  /** Every third result is in a file. */
  #resultOf(task: number, isFailed: boolean): { readonly name: string; readonly value: Value } {
    const file = ++this.#results;
    const name = `result ${file}`;
    const metadata = new Map(TASKS[task] ?? []);
    if (isFailed) metadata.set(KEY.error, '1');
    if (file % 3 > 0) return { name, value: { descriptor: 1, payload: name, metadata } };
    this.files.add(file);
    return { name, value: { descriptor: 1, payload: { file, size: 5 }, metadata } };
  }

  #expectAnswers(expected: readonly { readonly get: PendingGet; readonly text: string }[]): void {
    const named = (answers: typeof expected): string[] =>
      answers.map(({ get, text }) => `${this.#gets.indexOf(get)} ${text}`);
    expectEqual(named(this.reader.answered.splice(0)), named(expected));
  }

  #answer(task: number, isFailed: boolean): void {
    if (!without(this.model.running, task)) return;
    const { name, value } = this.#resultOf(task, isFailed);
    const get = this.model.add(task, name, isFailed ? 1 : 0);
    this.batches.addResult(refOf(task), value);
    this.batches.finish(refOf(task));
    this.#expectAnswers(get === undefined ? [] : [{ get, text: name }]);
  }

  #keepElsewhere(task: number): void {
    if (!without(this.model.running, task)) return;
    const { name, value } = this.#resultOf(task, false);
    this.model.count(task, { answered: 1 });
    this.batches.finish(refOf(task));
    this.batches.addResult(refOf(task), value, (result) => this.elsewhere.push(result));
    expect(this.elsewhere).toEqual([value]);
    for (const result of this.elsewhere.splice(0)) this.accounting.release(result);
    expect(name).toBe(nameOfValue(value));
  }

  #addNulls(task: number, count: number): void {
    const ranks = [{ from: 3, to: 4 + count }];
    if (count > 1) ranks.push({ from: 9, to: 11 });
    const nulls = new RangesOfRanks(ranks);
    this.model.count(task, { accepted: nulls.length });
    this.batches.accept(refOf(task), nulls.length);
    const value = { descriptor: 1, payload: 'a task', metadata: TASKS[task] ?? new Map() };
    const expected = ranks
      .flatMap(({ from, to }) => Array.from({ length: to - from }, (_, at) => `null of ${from + at}`))
      .flatMap((text) => {
        const get = this.model.add(task, text, 1);
        return get === undefined ? [] : { get, text };
      });
    this.batches.addNulls(refOf(task), nullResultsOf({ value, batch: refOf(task) }, nulls));
    this.#expectAnswers(expected);
  }

  #newGet(act: 'fetch' | 'find'): PendingGet {
    const get = new PendingGet(this.reader, {
      verb: act,
      takes: act === 'fetch',
      waits: true,
      metadata: new Map(),
    });
    this.#gets.push(get);
    return get;
  }

  #take(task: number): void {
    const { model } = this;
    const at = model.results.findIndex((one) => one.task === task);
    const get = this.#newGet('fetch');
    expect(this.batches.take(refOfGets(task), get)).toBe(at >= 0);
    const [taken] = at < 0 ? [] : model.results.splice(at, 1);
    if (taken !== undefined) model.latest = undefined;
    this.#expectAnswers(taken === undefined ? [] : [{ get, text: taken.name }]);
  }

  #wait(task: number, act: 'fetch' | 'find'): void {
    if (this.model.results.some((one) => one.task === task)) return;
    const get = this.#newGet(act);
    this.model.waiting.push({ task, get });
    this.model.latest = get;
    this.batches.wait(refOfGets(task), get);
  }

  #withdraw(which: number): void {
    const { waiting } = this.model;
    const one = waiting[which % Math.max(waiting.length, 1)];
    if (one === undefined) return;
    this.model.leave(one.get);
    one.get.withdraw();
  }

  /** Compares everything that one can ask for. */
  expectAsModel(): void {
    const { batches, model } = this;
    const fetchers = model.waiting.filter(({ get }) => get.takes).length;
    expectEqual(
      {
        status: REFS.map((ref) => batches.status(ref)),
        all: batches.all,
        counts: batches.counts,
        masterWaits: batches.latestMasterWaits,
        waiting: this.#numbersOf(batches.asks()),
      },
      {
        status: REFS.map((ref) => {
          const running = count(model.running, ref);
          return { pending: count(model.queued, ref) + running, running };
        }),
        all: { pending: model.queued.length + model.running.length, running: model.running.length },
        counts: { values: model.results.length, fetchers, finders: model.waiting.length - fetchers },
        masterWaits: model.latest !== undefined,
        waiting: this.#numbersOf(model.waiting.map(({ get }) => get)),
      },
    );
    this.#expectListing();
    this.#expectSummaries();
  }

  #numbersOf(gets: Iterable<PendingGet>): number[] {
    return Array.from(gets, (get) => this.#gets.indexOf(get)).sort((a, b) => a - b);
  }

  /** The results by batch and mailbox, and any part of the list. */
  #expectListing(): void {
    const all = this.batches.results(0, Infinity);
    const names = all.map(nameOfValue);
    const expected = NUMBERS.map((task) =>
      this.model.results.filter((one) => one.task === task).map(({ name }) => name),
    );
    expectEqual(
      {
        count: all.length,
        byTask: NUMBERS.map((task) => all.filter((one) => isOf(task, one)).map(nameOfValue)),
        available: NUMBERS.map((task) => this.batches.available(refOfGets(task))),
        parts: PARTS.map(([from, count]) => this.batches.results(from, count).map(nameOfValue)),
      },
      {
        count: this.model.results.length,
        byTask: expected,
        available: expected.map(({ length }) => length),
        parts: PARTS.map(([from, count]) => names.slice(from, from + count)),
      },
    );
  }

  #expectSummaries(): void {
    const { batches, model } = this;
    const known = IDS.filter((id) => model.isBusy(id) || (model.totals.get(id)?.accepted ?? 0) > 0);
    const inOrder = Array.from(batches.summaries()).sort((a, b) => IDS.indexOf(a.id) - IDS.indexOf(b.id));
    const results = model.results.map(({ task }) => task);
    const none = { accepted: 0, answered: 0, failed: 0 };
    const boxes = NUMBERS.filter((task) => isMail(refOf(task)) && model.isMailboxBusy(task));
    const names = [...known, ...boxes.map((task) => TASKS[task]?.get('mailbox'))];
    expectEqual(
      {
        summaries: inOrder.map(({ id, totals, queued, running, results }) => [
          [id, queued, running, results],
          { accepted: totals.accepted, answered: totals.answered },
        ]),
        overall: batches.totals.overall,
        memory: this.server.budget.byKind.batches,
      },
      {
        summaries: known.map((id) => {
          const { accepted, answered } = model.totals.get(id) ?? none;
          const counts = [countIn(model.queued, id), countIn(model.running, id), countIn(results, id)];
          return [[id, ...counts], { accepted, answered }];
        }),
        overall: [...model.totals.values()].reduce(
          (sum, { accepted, answered, failed }) => ({
            accepted: sum.accepted + accepted,
            answered: sum.answered + answered,
            failed: sum.failed + failed,
          }),
          none,
        ),
        memory: names.reduce((bytes, name) => bytes + COST.batch + (name?.length ?? 0), 0),
      },
    );
  }

  /** The store has what the batches say that survives the server. */
  expectRecorded(): void {
    for (const change of this.recorder.take())
      if (change.type === 'put') this.store.set(textOfKey(change.key), change);
      else if (change.type === 'delete') this.store.delete(textOfKey(change.key));
    expectEqual(listed(this.store.values()), listed(this.batches.entities()));
  }

  /** The batches of the server that is started after a crash. */
  restored(): Play {
    const next = new Play(this.#results);
    for (const file of this.files) next.files.add(file);
    const entities = [...this.batches.entities()];
    const of = (kind: string): Entity[] => entities.filter(({ key }) => key[0] === kind);
    for (const entity of of('batch').toSorted((a, b) => spentAt(a) - spentAt(b)))
      next.batches.restoreTotals(entity.key[2] ?? 0, RecordReader.of(entity));
    for (const [tasks, copy, queued] of [
      [this.model.queued, next.model.queued, true],
      [this.model.running, next.model.running, false],
    ] as const)
      for (const task of tasks) {
        copy.push(task);
        next.batches.restoreTask(refOf(task), { queued });
      }
    const cursors = new Map(
      of('cursor').map((entity) => [entity.key[2], RecordReader.of(entity).number('rank')]),
    );
    const reserves = new Reserves(next.accounting);
    for (const entity of of('result')) {
      const [, , inbox = 0, number = 0] = entity.key;
      const cursor = cursors.get(inbox);
      cursors.delete(inbox);
      const result = reserves.resultIn(RecordReader.of(entity), () => undefined, cursor);
      next.batches.restoreResult(inbox, number, result);
    }
    next.model.results.push(...this.model.results);
    for (const [id, totals] of this.model.totals) next.model.totals.set(id, { ...totals });
    finish(next.batches.forgetGets());
    for (const entity of entities) next.store.set(textOfKey(entity.key), entity);
    return next;
  }

  /** The job ends: the gets are refused, and nothing is left. */
  end(): void {
    finish(this.batches.refuseWaiting(PURGED));
    expect(new Set(this.reader.refused)).toEqual(new Set(this.model.waiting.map(({ get }) => get)));
    this.model.waiting.length = 0;
    this.model.latest = undefined;
    this.expectAsModel();
    finish(this.batches.clear());
    this.model.results.length = 0;
    this.expectAsModel();
    for (const task of this.model.queued.splice(0)) this.batches.dropQueued(refOf(task));
    for (const task of this.model.running.splice(0)) this.batches.finish(refOf(task));
    this.expectAsModel();
    this.batches.forgetSpent();
    expect(this.files).toEqual(new Set());
    const { byKind } = this.server.budget;
    expect([byKind.batches, byKind.values, byKind.nullResults, this.server.bytes]).toEqual([0, 0, 0, 0]);
  }
}

const steps = fc.array(fc.tuple(fc.constantFrom(...ACTS), fc.constantFrom(...NUMBERS, 3), fc.nat(3)), {
  minLength: 20,
  maxLength: 30,
});

/** Several short tests, because each of them is quick. */
const SERIES = [1, 2, 3, 4, 5, 6];

describe('batches and mailboxes', () => {
  it.each(SERIES)(
    'count tasks, results and gets as a model does, and the store has it (S7, S10, S21, D8): %i',
    () => {
      fc.assert(
        fc.property(steps, (all) => {
          const play = new Play();
          for (const [act, task, count] of all) {
            play.act(act, task, count);
            play.expectAsModel();
            play.expectRecorded();
          }
          play.end();
        }),
        { numRuns: 2 },
      );
    },
  );

  it.each(SERIES)(
    'continue after a restart with tasks, results and totals, without the gets (D8): %i',
    () => {
      fc.assert(
        fc.property(steps, steps, (before, after) => {
          const first = new Play();
          for (const [act, task, count] of before) first.act(act, task, count);
          const play = first.restored();
          play.expectAsModel();
          play.expectRecorded();
          for (const [act, task, count] of after) play.act(act, task, count);
          play.expectAsModel();
          play.expectRecorded();
          play.end();
        }),
        { numRuns: 2 },
      );
    },
  );
});
