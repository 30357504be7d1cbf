import { describe, expect, it } from 'vitest';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { pipeline } from '../../src/client/master/pipeline.ts';
import { failureOf } from '../../src/client/task/outcome.ts';
import type { EachElemOptions } from '../../src/client/options/sleigh-options.ts';
import type { Results } from '../../src/client/master/results.ts';
import type { Sleigh } from '../../src/client/master/sleigh.ts';
import type { Task } from '../../src/client/task/task.ts';
import { CALL_REPORTS } from '../../src/client/task/call-report.ts';
import { CANCELLED_BATCHES } from '../../src/client/task/task-metadata.ts';
import { JOB_REPORT } from '../../src/wire/job-report.ts';
import { KEY, VARIABLE, VERB } from '../../src/wire/names.ts';
import { ScriptedJob } from '../support/scripted-job.ts';
import { fateOf } from '../support/server-line.ts';

// The calls of a master, whose workers are the test.

const TASK: Task = { module: '/t.mjs', name: 'f' };
const tasksOf = (job: ScriptedJob): Record<string, string>[] => job.metadataOf(VERB.store, VARIABLE.task);
const fail = (job: ScriptedJob, at: number): Promise<void> =>
  job.result(failureOf({ code: 'threw', message: 'Error: no' }), at, { [KEY.error]: '1' });

/** The values of a variable that the master has stored, as JSON. */
const storedIn = (job: ScriptedJob, variable: string): unknown[] =>
  job.server.asked
    .filter(({ args: [verb, , name] }) => verb === VERB.store && name === variable)
    .map(({ args }): unknown => JSON.parse(args[4] ?? ''));

/** What a loop over results gets, and what it throws. */
async function iterated(results: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  try {
    for await (const each of results) all.push(each);
  } catch (error) {
    all.push(['thrown', error]);
  }
  return all;
}

const awaited = (results: Results<unknown, 'throw' | 'collect'>): Promise<unknown[]> =>
  results.then(
    (all) => all,
    (error: unknown) => [['thrown', error]],
  );

const ERROR = expect.objectContaining({
  name: 'TaskError',
  code: 'threw',
  index: 0,
  // The error was made when no function of the program was on the stack.
  stack: expect.stringContaining('calls-alone.test.ts'),
});

type Taking = Pick<EachElemOptions, 'errors' | 'ordered'>;

describe('the results of a batch', () => {
  it.each<[how: string, take: typeof iterated | typeof awaited, options: Taking, got: unknown[]]>([
    ['a loop that throws', iterated, {}, [['thrown', ERROR]]],
    ['a loop that collects', iterated, { errors: 'collect' }, [ERROR, 'B', 'C']],
    ['a loop as they come', iterated, { errors: 'collect', ordered: false }, ['B', ERROR, 'C']],
    ['a loop as they come, that throws', iterated, { ordered: false }, ['B', ['thrown', ERROR]]],
    ['an await that throws', awaited, {}, [['thrown', ERROR]]],
    ['an await that collects', awaited, { errors: 'collect' }, [ERROR, 'B', 'C']],
    ['an await as they come', awaited, { errors: 'collect', ordered: false }, ['B', ERROR, 'C']],
  ])('are taken by %s', async (_how, take, options, got) => {
    const job = new ScriptedJob();
    await using sleigh = await job.start();
    const results = sleigh.eachElem(TASK, ['a', 'b', 'c'], { chunkSize: 1, ...options });
    const all = fateOf(take(results));
    await job.turns();
    await job.result('B', 1);
    await fail(job, 0);
    if (job.awaited.includes(VARIABLE.result)) await job.result('C', 2);
    await job.turns();
    expect(all.outcome).toEqual(got);
  });

  it('can be taken once, in one way, and have the worker of each', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start();
    const results = sleigh.eachElem(TASK, ['a'], { chunkSize: 1 });
    expect(Object.prototype.toString.call(results)).toBe('[object Results]');
    const outcomes = fateOf(iterated(results.outcomes()));
    await job.turns();
    await expect(results).rejects.toThrow('have been taken already');
    expect(await iterated(results)).toMatchObject([['thrown', { code: 'usage' }]]);
    await job.result('A');
    expect(outcomes.outcome).toMatchObject([{ index: 0, value: 'A', worker: 4 }]);
    const ends: string[] = [];
    const more = sleigh.eachElem(TASK, ['b']);
    const finished = fateOf(more.finally(() => ends.push('over')));
    expect(more.catch(() => undefined)).toBeInstanceOf(Promise);
    await job.turns();
    await job.result('B', 1);
    expect([finished.outcome, ends, await more]).toEqual([['B'], ['over'], ['B']]);
  });

  it('are those of tasks of one element if each may be tried once only, or its memory is moved', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start({ onDeadWorker: 'null' });
    const many = Array.from({ length: 6 }, (_, n) => n);
    const batches = [
      sleigh.eachElem(TASK, many),
      sleigh.eachElem(TASK, many, { chunkSize: 3 }),
      sleigh.eachElem(TASK, many, { chunkSize: 3, transfer: () => [] }),
    ];
    for (const each of batches) void each.catch(() => undefined);
    await job.turns();
    const ids = tasksOf(job).map(({ [KEY.batchId]: id, [KEY.chunk]: chunk }) => [id, chunk]);
    expect(ids.filter(([id]) => id === '1')).toEqual(many.map(() => ['1', undefined]));
    expect(ids.filter(([id]) => id === '2')).toEqual([
      ['2', '1'],
      ['2', '1'],
    ]);
    expect(ids.filter(([id]) => id === '3')).toEqual(many.map(() => ['3', undefined]));
  });

  it('are so many under way as the load factor says for each worker', async () => {
    for (const [options, tasks] of [
      [{}, 16],
      [{ loadFactor: 3 }, 6],
    ] as const) {
      const job = new ScriptedJob();
      await using sleigh = await job.start();
      const many = Array.from({ length: 40 }, (_, n) => n);
      void sleigh.eachElem(TASK, many, { chunkSize: 1, ...options }).catch(() => undefined);
      await job.turns();
      expect(tasksOf(job)).toHaveLength(tasks);
    }
  });

  it('end with the reason of a signal, which is not listened to any more in the end', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start();
    const abort = new AbortController();
    let listeners = 0;
    const { signal } = abort;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    const done = fateOf(sleigh.eachElem(TASK, ['a'], { signal }).then((all) => all));
    await job.turns();
    expect(listeners).toBe(1);
    await job.result('A');
    expect([done.outcome, listeners]).toEqual([['A'], 0]);
    const ended = fateOf(sleigh.eachElem(TASK, ['b'], { signal, onAbort: 'kill' }).then((all) => all));
    await job.turns();
    abort.abort(new RangeError('enough'));
    await job.turns();
    expect(ended.outcome).toEqual(new RangeError('enough'));
    expect(storedIn(job, CANCELLED_BATCHES)).toEqual([{ 2: 'kill' }]);
    const stored = tasksOf(job).length;
    await expect(sleigh.eachElem(TASK, ['c'], { signal, fixedArgs: 1 })).rejects.toThrow('enough');
    await expect(sleigh.submit(TASK, 'c', { signal, fixedArgs: 1 })).rejects.toThrow('enough');
    await expect(sleigh.submit(TASK, new Promise(() => undefined), { signal })).rejects.toThrow('enough');
    await job.turns();
    expect([tasksOf(job).length, job.metadataOf(VERB.find, VARIABLE.fixedArgId)]).toEqual([stored, []]);
  });

  it('that nobody takes are no error of the program if the batch does not begin', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start();
    const results = sleigh.eachElem(TASK, ['a'], { priority: 2_000 });
    await job.turns();
    await expect(results).rejects.toThrow('`priority`');
  });

  it('have to be lent by an array of memory', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start();
    for (const bad of [new ArrayBuffer(1), [1], undefined]) {
      const transfer = (): ArrayBuffer[] => unsafeCast(bad);
      await expect(sleigh.eachElem(TASK, ['a'], { transfer })).rejects.toThrow('`transfer` must return');
    }
  });
});

describe('what calls say while they run', () => {
  it('is passed on to those who listen, and what these throw ends the batch', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start();
    const heard: unknown[] = [];
    const options = {
      onLog: (log: unknown) => void heard.push(log),
      onElementProgress: (progress: { value: unknown }) => {
        heard.push(progress);
        if (progress.value === 'bad') throw new RangeError('not that');
      },
    };
    const results = fateOf(sleigh.eachElem(TASK, ['a'], options).then((all) => all));
    await job.turns();
    expect(tasksOf(job)).toMatchObject([{ [KEY.listens]: '1' }]);
    expect(job.asked(sleigh.workspace.name)).toContain(`declare var | W | ${CALL_REPORTS} | fifo`);
    const say = (type: string, value: unknown, batch = '1'): Promise<void> =>
      job.give(CALL_REPORTS, { type, batch, index: 0, worker: 4, value });
    await say('log', 'a line');
    await say('log', 'of another master', '9');
    await say('progress', 0.5);
    expect([heard, results.outcome]).toEqual([
      [
        { index: 0, worker: 4, text: 'a line' },
        { index: 0, worker: 4, value: 0.5 },
      ],
      'pending',
    ]);
    await say('progress', 'bad');
    expect(results.outcome).toEqual(new RangeError('not that'));
    await job.result('A');
    expect(job.awaited).not.toContain(CALL_REPORTS);
    const silent = fateOf(sleigh.submit(TASK, 'b', { onLog: options.onLog }));
    await job.turns();
    expect(job.awaited).toContain(CALL_REPORTS);
    await say('progress', 1, '2');
    await job.result('B', 1);
    expect([silent.outcome, heard.length]).toEqual(['B', 3]);
    expect(job.awaited).not.toContain(CALL_REPORTS);
  });
});

describe('calls of submit', () => {
  it('of one function are one batch, and those of others are others', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start();
    const calls = [TASK, TASK, { ...TASK, name: 'g' }, { ...TASK, language: 'python' as const }, TASK];
    for (const [at, task] of calls.entries()) {
      const result = fateOf(sleigh.submit(task, `element ${at}`));
      await job.turns();
      await job.result(`result ${at}`, at);
      expect(result.outcome).toBe(`result ${at}`);
    }
    expect(tasksOf(job).map(({ [KEY.batchId]: id, [KEY.index]: index }) => [id, index])).toEqual([
      ['1.0', '0'],
      ['1.1', '1'],
      ['2.0', '0'],
      ['3.0', '0'],
      ['1.2', '2'],
    ]);
    expect(tasksOf(job)[3]).toMatchObject({ [KEY.language]: 'python' });
    await job.pass(1_000);
    expect(storedIn(job, JOB_REPORT.progress).at(-1)).toMatchObject({
      done: 5,
      failed: 0,
      batches: [
        { id: '1', read: 3, done: 3, failed: 0 },
        { id: '2', read: 1, done: 1, failed: 0 },
        { id: '3', read: 1, done: 1, failed: 0 },
      ],
    });
  });

  it('that fail have the number of the call as their index, and are reported', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start();
    const failed = fateOf(sleigh.submit(TASK, 'a'));
    await job.turns();
    await fail(job, 0);
    expect(failed.outcome).toEqual(ERROR);
    expect(storedIn(job, JOB_REPORT.failures)).toMatchObject([
      { batch: '1', index: 0, code: 'threw', element: 'a', worker: 4, host: 'grace', attempts: 1 },
    ]);
    await job.pass(1_000);
    expect(storedIn(job, JOB_REPORT.progress).at(-1)).toMatchObject({
      done: 1,
      failed: 1,
      batches: [{ done: 1, failed: 1, read: 1 }],
    });
    const abort = new AbortController();
    const cancelled = fateOf(sleigh.submit(TASK, 'b', { signal: abort.signal, onAbort: 'kill' }));
    await job.turns();
    abort.abort(new RangeError('enough'));
    await job.turns();
    expect(cancelled.outcome).toEqual(new RangeError('enough'));
    const [mark] = storedIn(job, CANCELLED_BATCHES);
    expect(Object.values(mark ?? {})).toEqual(['kill']);
  });

  it('take a promise as their element, and fail with it', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start();
    await expect(sleigh.submit(TASK, Promise.reject(new RangeError('none')))).rejects.toThrow('none');
    expect(tasksOf(job)).toEqual([]);
    void sleigh.submit(TASK, Promise.resolve('a')).catch(() => undefined);
    await job.turns();
    const sent = job.server.asked.find(({ args }) => args[2] === VARIABLE.task);
    expect(sent?.args[4]).toBe('a');
    const abort = new AbortController();
    let give: ((element: string) => void) | undefined;
    const late = new Promise<string>((resolve) => (give = resolve));
    const withdrawn = fateOf(sleigh.submit(TASK, late, { signal: abort.signal }));
    await job.turns();
    abort.abort(new RangeError('enough'));
    give?.('late');
    await job.turns();
    expect([withdrawn.outcome, tasksOf(job).length]).toEqual([new RangeError('enough'), 1]);
    const both = { transfer: [], retry: { attempts: 2 } };
    await expect(sleigh.submit(TASK, 'x', both)).rejects.toThrow('`transfer` excludes');
    await expect(sleigh.submit(TASK, 'x', { priority: 2_000 })).rejects.toThrow('`priority`');
  });

  it('share tasks with others, unless their memory is moved', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start();
    for (const options of [{}, { retry: { attempts: 2 } }, { transfer: [] }]) {
      void sleigh.submit(TASK, 'a', options).catch(() => undefined);
      await job.turns();
    }
    expect(tasksOf(job).map((each) => KEY.budget in each)).toEqual([true, true, false]);
  });

  it('get the result of another call from the server, if that is large', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start();
    const first = sleigh.submit(TASK, 'a');
    const second = fateOf(sleigh.submit(TASK, first));
    await job.turns();
    const variable = tasksOf(job)[0]?.[KEY.leaveIn] ?? '';
    expect(variable).toMatch(/^#left /);
    await job.result('', 0, { [KEY.left]: '70000' });
    expect(tasksOf(job)[1]).toMatchObject({ [KEY.elementIn]: variable });
    // Neither shares its task.
    expect(tasksOf(job).map((each) => KEY.budget in each)).toEqual([false, false]);
    await job.result('B', 1);
    expect(second.outcome).toBe('B');
    job.has(variable, 'the large one');
    expect(await first).toBe('the large one');
    await job.turns();
    expect(job.asked(sleigh.workspace.name)).toContain(`delete var | W | ${variable}`);
  });
});

/** Calls a batch with these fixed arguments, which are the first of the job. */
const callWith = async (job: ScriptedJob, sleigh: Sleigh, fixedArgs: unknown): Promise<void> => {
  const results = fateOf(sleigh.eachElem(TASK, ['a'], { fixedArgs }).then((all) => all));
  await job.turns();
  expect(tasksOf(job).at(-1)).toMatchObject({ [KEY.fixedArgs]: '#fixedArg1', [KEY.fixedArgsFrom]: '1' });
  await job.result('A', tasksOf(job).length - 1);
  expect(results.outcome).toEqual(['A']);
};

describe('fixed arguments', () => {
  it('are stored once, and deleted when their batch is settled', async () => {
    const job = new ScriptedJob();
    job.has(VARIABLE.fixedArgId, '#fixedArg1');
    await using sleigh = await job.start();
    await callWith(job, sleigh, { n: 1 });
    const asked = job.asked(sleigh.workspace.name);
    expect(asked).toContain('store | W | #fixedArg1 | 1 | {"n":1}');
    expect(asked).toContain('delete var | W | #fixedArg1');
  });

  it('that were scattered are stored for any number of batches, until they are freed', async () => {
    const job = new ScriptedJob();
    job.has(VARIABLE.fixedArgId, '#fixedArg1');
    await using sleigh = await job.start();
    const scattered = await sleigh.scatter({ n: 1 });
    await callWith(job, sleigh, scattered);
    await callWith(job, sleigh, scattered);
    const deleted = (): string[] =>
      job.asked(sleigh.workspace.name).filter((each) => each.startsWith('delete'));
    expect(deleted()).toEqual([]);
    await scattered.free();
    expect(deleted()).toEqual(['delete var | W | #fixedArg1']);
    await scattered.free();
    expect(deleted()).toEqual([]);
    await expect(sleigh.eachElem(TASK, ['a'], { fixedArgs: scattered })).rejects.toThrow('scatter');
  });
});

describe('a pipeline', () => {
  const next = { ...TASK, name: 'g' };

  it('gives each result to the next stage, and large ones stay at the server', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start();
    const stages = [{ task: TASK, priority: 2, chunkSize: 1 }, next] as const;
    const results = fateOf(pipeline(sleigh, ['a', 'b'], stages).then((all) => all));
    await job.turns();
    const [first] = tasksOf(job);
    expect(first).toMatchObject({
      [KEY.function]: 'f',
      [KEY.priority]: '2',
      [KEY.leaveIn]: expect.any(String),
    });
    await job.result('small', 1);
    await job.result('', 0, { [KEY.left]: '70000' });
    const rest = tasksOf(job).slice(2);
    expect(rest).toMatchObject([{ [KEY.function]: 'g', [KEY.elementIn]: first?.[KEY.leaveIn] }, {}]);
    expect(rest[1]).not.toHaveProperty(KEY.elementIn);
    expect(rest.some((each) => KEY.leaveIn in each)).toBe(false);
    await job.result('A', 2);
    await job.result('B', 3);
    expect(results.outcome).toEqual(['A', 'B']);
    expect(job.asked(sleigh.workspace.name)).toContain(`delete var | W | ${first?.[KEY.leaveIn] ?? ''}`);
  });

  it('leaves nothing before or after a stage whose results have a name, and may be of one stage', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start({ join: 'elastic', workers: 0 });
    const named = { task: next, name: 'frames' };
    for (const stages of [[TASK, named], [{ ...named, task: TASK }, next], [TASK]] as const)
      void pipeline(sleigh, ['a'], unsafeCast<readonly [Task, Task]>(stages)).catch(() => undefined);
    await job.turns();
    expect(tasksOf(job).map((each) => KEY.leaveIn in each)).toEqual([false, false, false]);
  });

  it('needs a stage, and leaves nothing before one that moves memory', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start();
    const results = sleigh.eachElem(TASK, ['a']);
    void results.catch(() => undefined);
    for (const elements of [['a'], results])
      expect(() => pipeline(sleigh, elements, unsafeCast([]))).toThrow(
        expect.objectContaining({ code: 'usage' }),
      );
    await job.turns();
    const moving = { task: next, transfer: () => [] };
    void pipeline(sleigh, ['a'], [TASK, moving] as const).catch(() => undefined);
    await job.turns();
    expect(tasksOf(job)[1]).not.toHaveProperty(KEY.leaveIn);
  });
});

describe('memory that threads share with the program (S36)', () => {
  it('is named by a reference in elements, and moved memory is not the program’s any more', async () => {
    const job = new ScriptedJob();
    const launch = { ...job.launch, sharesMemory: true };
    await using sleigh = await job.start({ launch });
    const [one, two, three] = [new Uint8Array(8), new Uint8Array(8), new Uint8Array(8)];
    const transfer = (element: unknown): ArrayBuffer[] => (element === one ? [one.buffer] : []);
    void sleigh.eachElem(TASK, [one, two], { transfer }).catch(() => undefined);
    void sleigh.submit(TASK, three, { transfer: [three.buffer] }).catch(() => undefined);
    void sleigh.eachElem(TASK, [new SharedArrayBuffer(8)]).catch(() => undefined);
    void sleigh.submit(TASK, new SharedArrayBuffer(8)).catch(() => undefined);
    await job.turns();
    expect([one, two, three].map(({ byteLength }) => byteLength)).toEqual([0, 8, 0]);
    const sent = job.server.asked.flatMap(({ args }) => (args[2] === VARIABLE.task ? (args[4] ?? '') : []));
    expect([sent.length, sent.filter((text) => /secret \d+\.\d+/.test(text)).length]).toEqual([5, 4]);
  });
});

describe('a call of each worker', () => {
  it('has the options of any call, and is cancelled when it fails', async () => {
    const job = new ScriptedJob();
    job.has(VARIABLE.workerCount, '2');
    await using sleigh = await job.start();
    const called = fateOf(sleigh.eachWorker(TASK, 'x', { timeout: 500, onAbort: 'kill' }));
    await job.turns();
    expect(job.metadataOf(VERB.store, VARIABLE.broadcast)).toMatchObject([{ [KEY.timeout]: '500' }]);
    await job.give(
      VARIABLE.result,
      failureOf({ code: 'threw', message: 'Error: no' }),
      { [KEY.error]: '1', [KEY.batchId]: '1', [KEY.workerRank]: '1' },
      { variableId: '' },
    );
    expect([called.outcome, storedIn(job, CANCELLED_BATCHES)]).toEqual([
      expect.objectContaining({ code: 'threw', index: 1 }),
      [{ 1: 'kill' }],
    ]);
  });

  it('whose argument cannot be sent has ended', async () => {
    const job = new ScriptedJob();
    await using sleigh = await job.start();
    await expect(sleigh.eachWorker(TASK, () => 1)).rejects.toThrow('`argument` cannot be sent');
    await job.pass(1_000);
    expect(storedIn(job, JOB_REPORT.progress).at(-1)).toMatchObject({ batches: [{ id: '1', ended: 0 }] });
  });
});
