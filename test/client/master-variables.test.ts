import { setImmediate as endOfTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import type { ConnectionPool } from '../../src/client/connection/connection-pool.ts';
import { BatchReports } from '../../src/client/master/batch-reports.ts';
import { CallReports } from '../../src/client/master/call-reports.ts';
import { CancelMarks } from '../../src/client/master/cancel-marks.ts';
import { FixedArguments } from '../../src/client/master/fixed-arguments.ts';
import { listenTo, metadataOf, type MasterJob } from '../../src/client/master/master-job.ts';
import { ThreadMemory } from '../../src/client/master/thread-memory.ts';
import type { CallListeners } from '../../src/client/options/sleigh-options.ts';
import { CALL_REPORTS, type CallReport } from '../../src/client/task/call-report.ts';
import { failed, failureOf } from '../../src/client/task/outcome.ts';
import { CANCELLED_BATCHES } from '../../src/client/task/task-metadata.ts';
import { chunkPart, type ChunkPart } from '../../src/client/values/chunk.ts';
import type { EncodedValue } from '../../src/client/values/values.ts';
import { JOB_REPORT, type FailedElement, type JobReport } from '../../src/wire/job-report.ts';
import { KEY, VARIABLE } from '../../src/wire/names.ts';
import { ManualClock } from '../support/manual-clock.ts';

// What a master keeps in variables of its job, without a server: the test answers each request, in its own time.

const linesOf = (main: object, more: object = {}): ConnectionPool =>
  unsafeCast<ConnectionPool>({ main, ...more });

describe('the cancelled batches', () => {
  it('are stored one store at a time, and each store has all of them', async () => {
    const stores: { readonly value: unknown; readonly done: (error?: Error) => void }[] = [];
    const store = (workspace: string, variable: string, value: unknown): Promise<void> => {
      expect([workspace, variable]).toEqual(['job', CANCELLED_BATCHES]);
      return new Promise((resolve, reject) => {
        stores.push({ value, done: (error) => (error === undefined ? resolve() : reject(error)) });
      });
    };
    const marks = new CancelMarks(linesOf({ store }), 'job');
    marks.delete('0');
    expect(stores).toEqual([]);
    marks.set('1', 'ask');
    marks.set('2', 'kill');
    marks.delete('1');
    expect(stores.map(({ value }) => value)).toEqual([{ 1: 'ask' }]);
    stores[0]?.done(new Error('the job has ended'));
    await endOfTurn();
    expect(stores.map(({ value }) => value).slice(1)).toEqual([{ 2: 'kill' }]);
    stores[1]?.done();
    await endOfTurn();
    expect(stores).toHaveLength(2);
    marks.delete('2');
    expect(stores.at(-1)?.value).toEqual({});
  });
});

/** A server that numbers the variables of fixed arguments (S11). */
function fixed() {
  const log: string[] = [];
  let made = 0;
  const faults: Error[] = [];
  const texts: string[] = [];
  const main = {
    find: (_workspace: string, variable: string) => {
      expect(variable).toBe(VARIABLE.fixedArgId);
      return Promise.resolve({ value: `#fixedArg${++made}` });
    },
    storeEncoded: (_workspace: string, variable: string, { bytes }: EncodedValue) => {
      texts.push(Buffer.from(bytes).toString());
      const fault = faults.shift();
      if (fault !== undefined) return Promise.reject(fault);
      log.push(`store ${variable}`);
      return Promise.resolve();
    },
    deleteVariable: (_workspace: string, variable: string) => {
      log.push(`delete ${variable}`);
      return Promise.reject(new Error('it is gone'));
    },
  };
  const memory = new ThreadMemory('secret');
  const fixedArguments = new FixedArguments(linesOf(main), 'job', memory);
  const from = (): string | undefined => new Map(fixedArguments.metadata()).get(KEY.fixedArgsFrom);
  const begin = async (fixedArgs: unknown): Promise<string> =>
    (await fixedArguments.metadataOf({ module: '/t.mjs', name: 'f' }, { fixedArgs })).get(KEY.fixedArgs) ??
    '';
  return { fixedArguments, log, texts, memory, from, begin, faults };
}

describe('fixed arguments', () => {
  it('are stored for each batch, and deleted with it; tasks say which are the oldest', async () => {
    const { fixedArguments, log, from, begin } = fixed();
    expect(from()).toBeUndefined();
    const [one, two] = [await begin({ n: 1 }), await begin({ n: 2 })];
    expect([one, two, from()]).toEqual(['#fixedArg1', '#fixedArg2', '1']);
    await fixedArguments.release(two);
    expect(from()).toBe('1');
    await fixedArguments.release(one);
    expect(from()).toBe('3');
    expect(await begin(null)).toBe('#fixedArg3');
    expect(from()).toBe('3');
    expect(log).toEqual([
      'store #fixedArg1',
      'store #fixedArg2',
      'delete #fixedArg2',
      'delete #fixedArg1',
      'store #fixedArg3',
    ]);
  });

  it('that the server refuses leave nothing behind, and those that cannot be sent do not reach it', async () => {
    const { log, from, begin, faults } = fixed();
    faults.push(new Error('too large'));
    await expect(begin({ n: 1 })).rejects.toThrow('too large');
    await expect(begin(() => 1)).rejects.toThrow('`fixedArgs` cannot be sent');
    expect([log, from()]).toEqual([['delete #fixedArg1'], '2']);
  });

  it('that were scattered stay as long as a batch uses them or the program keeps them', async () => {
    const { fixedArguments, log, begin } = fixed();
    const scattered = await fixedArguments.scatter({ large: true });
    const variable = await begin(scattered);
    expect(await begin(scattered)).toBe(variable);
    await fixedArguments.release(variable);
    await fixedArguments.release(variable);
    expect(log).toEqual(['store #fixedArg1']);
    await begin(scattered);
    await begin(scattered);
    await scattered.free();
    await scattered.free();
    await expect(begin(scattered)).rejects.toThrow(TypeError);
    await fixedArguments.release(variable);
    expect(log).toHaveLength(1);
    await fixedArguments.release(variable);
    expect(log.slice(1)).toEqual(['delete #fixedArg1']);
    const unused = await fixedArguments.scatter(1);
    await unused.free();
    expect(log.slice(2)).toEqual(['store #fixedArg2', 'delete #fixedArg2']);
  });

  it('refer to memory that threads share with the program (S36)', async () => {
    const { fixedArguments, begin, memory, texts } = fixed();
    memory.isShared = true;
    const shared = new SharedArrayBuffer(8);
    await begin({ shared });
    await fixedArguments.scatter([shared]);
    expect(texts).toEqual([expect.stringContaining('secret.1'), expect.stringContaining('secret.1')]);
  });

  it('are among what all tasks of a batch say, without the defaults', async () => {
    const { fixedArguments } = fixed();
    const metadataOf = async (...given: Parameters<FixedArguments['metadataOf']>) =>
      Object.fromEntries(await fixedArguments.metadataOf(...given));
    const name = { [KEY.module]: '/t.mjs', [KEY.function]: 'f' };
    expect(await metadataOf({ module: '/t.mjs', name: 'f', language: 'javascript' }, {})).toEqual(name);
    expect(
      await metadataOf(
        { module: '/t.mjs', name: 'f', language: 'python' },
        { fixedArgs: 1, seed: 0, priority: -1, host: 'ada', timeout: 5 },
      ),
    ).toEqual({
      ...name,
      [KEY.language]: 'python',
      [KEY.fixedArgs]: '#fixedArg1',
      [KEY.seed]: '0',
      [KEY.priority]: '-1',
      [KEY.taskHost]: 'ada',
      [KEY.timeout]: '5',
    });
  });
});

/** A server with the reports of calls, which it gives to whoever fetches them. */
function reporting() {
  const queue: CallReport[] = [];
  const declared: string[] = [];
  const waiting: { give: (report: CallReport) => void; fail: (reason: unknown) => void }[] = [];
  const main = {
    declare: (_workspace: string, variable: string, mode: string) => {
      declared.push(`${variable} ${mode}`);
      return Promise.resolve();
    },
    fetchTry: () => {
      const value = queue.shift();
      return Promise.resolve(value && { value });
    },
  };
  const wait = (_workspace: string, _what: string, { signal }: { readonly signal: AbortSignal }) =>
    new Promise((resolve, reject) => {
      const value = queue.shift();
      if (value !== undefined) return resolve({ value });
      waiting.push({ give: (report) => resolve({ value: report }), fail: reject });
      signal.addEventListener('abort', () => {
        waiting.length = 0;
        reject(signal.reason);
      });
    });
  const report = async (batch: string, content: string | object): Promise<void> => {
    const about = typeof content === 'string' ? { text: content } : content;
    const value = unsafeCast<CallReport>({ batch, ...about });
    const taker = waiting.shift();
    if (taker === undefined) queue.push(value);
    else taker.give(value);
    await endOfTurn();
  };
  const told: string[] = [];
  const listener = (each: CallReport): void => void told.push(Object.values(each).join(' '));
  const reports = new CallReports(linesOf(main, { wait }), 'job');
  return { reports, report, told, listener, waiting, declared, queue };
}

describe('what calls say while they run (S23.9)', () => {
  it('is passed to the batch that listens, as long as its calls run', async () => {
    const { reports, report, told, listener, waiting, declared, queue } = reporting();
    await reports.prepare();
    await reports.prepare();
    expect(declared).toEqual([`${CALL_REPORTS} fifo`]);
    reports.add('1', listener);
    reports.add('2', listener);
    expect(waiting).toHaveLength(1);
    await report('1', 'a');
    await report('2', 'b');
    await report('9', 'of nobody');
    // What has arrived until the end of the calls is passed on.
    queue.push(unsafeCast<CallReport>({ batch: '1', text: 'c' }));
    await reports.remove('1');
    await report('1', 'late');
    await report('2', 'd');
    expect([told, waiting.length]).toEqual([['1 a', '2 b', '1 c', '2 d'], 1]);
    await reports.remove('2');
    // Nobody listens, so nobody takes what belongs to others.
    expect(waiting).toHaveLength(0);
    await report('2', 'later');
    expect([told.length, queue.length]).toEqual([4, 1]);
    reports.add('3', listener);
    await endOfTurn();
    expect(waiting).toHaveLength(1);
    await report('3', 'e');
    expect(told.at(-1)).toBe('3 e');
  });

  it('is awaited only when the server has a place for it', async () => {
    let answer: (() => void) | undefined;
    const declare = (): Promise<void> => new Promise((resolve) => (answer = resolve));
    const reports = new CallReports(linesOf({ declare }), 'job');
    let isPrepared = false;
    void reports.prepare().then(() => (isPrepared = true));
    await endOfTurn();
    expect(isPrepared).toBe(false);
    answer?.();
    await endOfTurn();
    expect(isPrepared).toBe(true);
  });

  it('ends with the job', async () => {
    const { reports, listener, waiting } = reporting();
    reports.add('1', listener);
    waiting[0]?.fail(new Error('the job has ended'));
    await endOfTurn();
    // It is not asked again, and nobody waits for it.
    expect(waiting).toHaveLength(1);
    await reports.remove('1');
  });

  it.each<[string, CallListeners, string | undefined, readonly unknown[]]>([
    ['nobody', {}, undefined, []],
    ['a listener for progress', { onElementProgress: ({ value }) => heard.push(value) }, '1', [5]],
    ['a listener for what is logged', { onLog: ({ text }) => heard.push(text) }, '1', ['text']],
  ])('is asked for by %s alone, and comes as what it is', async (_what, listeners, listens, expected) => {
    heard.length = 0;
    const { reports, report, waiting } = reporting();
    const job = unsafeCast<MasterJob>({
      fixedArguments: fixed().fixedArguments,
      dispatcher: { callReports: reports },
    });
    const metadata = await metadataOf(job, { module: '/t.mjs', name: 'f' }, listeners);
    listenTo(job, { id: '1', settled: new Promise(() => undefined), cancel: () => undefined }, listeners);
    expect([metadata.get(KEY.listens), waiting.length]).toEqual([listens, listens === undefined ? 0 : 1]);
    await report('1', { type: 'progress', index: 0, worker: 0, value: 5 });
    await report('1', { type: 'log', index: 0, worker: 0, value: 'text' });
    expect(heard).toEqual(expected);
  });
});

const heard: unknown[] = [];

/** A server that keeps what is reported about batches, and answers that the job has ended. */
function reportedBatches() {
  const clock = new ManualClock();
  const log: string[] = [];
  const progress: JobReport[] = [];
  const failures: FailedElement[] = [];
  const main = {
    store: (_workspace: string, variable: string, value: unknown) => {
      log.push(`store ${variable}`);
      if (variable === JOB_REPORT.progress) progress.push(unsafeCast(value));
      else failures.push(unsafeCast(value));
      return Promise.reject(new Error('the job has ended'));
    },
    fetchTry: (_workspace: string, variable: string) => {
      log.push(`drop ${variable}`);
      return Promise.reject(new Error('the job has ended'));
    },
  };
  const sender = { hosts: new Map(), maxAttempts: 3 };
  const reports = new BatchReports({ lines: linesOf(main), workspace: 'job', clock, sender });
  const begin = (id: number) => reports.begin(String(id), { module: '/t.mjs', name: 'f' });
  return { clock, log, progress, failures, reports, begin };
}

const progressAt = (done: number) => ({ done, failed: 0, read: done, total: undefined });

describe('the progress of batches (S24)', () => {
  it('is reported at once, and then together once a second, as long as something changes', () => {
    const { clock, progress, begin } = reportedBatches();
    const batch = begin(1);
    const empty = { id: '1', module: '/t.mjs', function: 'f', read: 0, done: 0, failed: 0, began: 0 };
    expect(progress).toEqual([{ done: 0, failed: 0, batches: [empty] }]);
    batch.progress(progressAt(1));
    batch.progress(progressAt(2));
    clock.advance(999);
    expect(progress).toHaveLength(1);
    clock.advance(1);
    expect([progress.length, progress[1]?.done, clock.running]).toEqual([2, 2, 1]);
    clock.advance(1_000);
    expect([progress.length, clock.running]).toEqual([2, 0]);
    batch.progress(progressAt(3));
    expect([progress.length, clock.running]).toEqual([3, 1]);
  });

  it.each([false, true])(
    'is not reported after the end of the job (has something changed: %s)',
    (hasChanged) => {
      const { clock, progress, reports, begin } = reportedBatches();
      const batch = begin(1);
      if (hasChanged) batch.progress(progressAt(1));
      reports.end();
      expect([progress.length, clock.running]).toEqual([hasChanged ? 2 : 1, 0]);
      batch.progress(progressAt(2));
      reports.end();
      expect([progress.length, clock.running]).toEqual([hasChanged ? 2 : 1, 0]);
    },
  );

  it('is that of 100 batches, and those that have ended are left out first', () => {
    const { clock, progress, begin } = reportedBatches();
    const ids = (): string[] => progress.at(-1)?.batches.map(({ id }) => id) ?? [];
    const running = [begin(1), begin(2)];
    for (let id = 3; id <= 101; id++) begin(id).ended();
    clock.advance(1_000);
    expect([ids().length, ids().slice(0, 3), ids().at(-1)]).toEqual([100, ['1', '2', '4'], '101']);
    for (let id = 102; id <= 199; id++) begin(id);
    clock.advance(1_000);
    expect([ids().length, ids().slice(0, 3)]).toEqual([100, ['1', '2', '102']]);
    begin(200);
    clock.advance(1_000);
    expect([running.length, ids().length, ids().slice(0, 2)]).toEqual([2, 100, ['2', '102']]);
  });
});

const part = (value: unknown): ChunkPart => chunkPart({ value }, 'element', 'not-sent');

describe('the failed elements of batches (S24)', () => {
  const failure = failureOf({ code: 'threw', message: `m${'x'.repeat(1_000)}` });
  it('are reported with the beginning of their message, their stack, and their element', () => {
    const { failures, begin } = reportedBatches();
    const batch = begin(1);
    const { error } = failed(3, { ...failure, stack: `s${'x'.repeat(4_000)}` }, 2);
    batch.failed({ index: 3, error }, part(`e${'x'.repeat(500)}`));
    const large = new Map<unknown, unknown>([
      [{ a: { b: { c: { d: 1 } } } }, Array.from({ length: 21 }, () => 1)],
    ]);
    batch.failed({ index: 4, error }, part(large));
    batch.failed({ index: 5, error }, part(new Set(['x'.repeat(600)])));
    expect(failures[0]).toMatchObject({
      message: `m${'x'.repeat(999)}`,
      stack: `s${'x'.repeat(3_999)}`,
      element: `e${'x'.repeat(499)}`,
    });
    expect(failures[1]?.element?.replaceAll(/\s+/g, ' ')).toBe(
      `Map(1) { { a: { b: { c: [Object] } } } => [ ${'1, '.repeat(20)}... 1 more item ] }`,
    );
    expect(failures[2]?.element).toBe(`Set(1) { '${'x'.repeat(500)}'... 100 more characters }`.slice(0, 500));
  });

  it('are the newest 1,000', () => {
    const { log, begin } = reportedBatches();
    const batch = begin(1);
    for (let index = 0; index < 1_000; index++) batch.failed(failed(index, failure), undefined);
    expect(log.filter((each) => each.startsWith('drop'))).toEqual([]);
    batch.failed(failed(1_000, failure), undefined);
    expect(log.slice(-2)).toEqual([`drop ${JOB_REPORT.failures}`, `store ${JOB_REPORT.failures}`]);
  });
});
