import { setImmediate as endOfTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ThreadPort } from '../../src/client/platform.ts';
import { CALL_REPORTS } from '../../src/client/task/call-report.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { UnresolvedValue } from '../../src/client/values/lending.ts';
import { ModuleError, type Exports } from '../../src/client/task/module-function.ts';
import { Chunk, chunkPart, type ChunkPart } from '../../src/client/values/chunk.ts';
import { encodeTogether } from '../../src/client/values/values.ts';
import type { TaskContext } from '../../src/client/task/task.ts';
import type { TaskStopped } from '../../src/client/task/task-failure.ts';
import type { CallDetails } from '../../src/client/worker/activity.ts';
import { CallTurns } from '../../src/client/worker/call-turns.ts';
import { Departure } from '../../src/client/worker/departure.ts';
import { MasterMemory } from '../../src/client/worker/master-memory.ts';
import { TaskRunner } from '../../src/client/worker/task-runner.ts';
import type { Access } from '../../src/client/worker/worker.ts';
import type { MemoryRequest } from '../../src/client/worker/worker-messages.ts';
import { WorkerMemory } from '../../src/client/worker/worker-memory.ts';
import { MODULE } from '../../src/client/errors/job.ts';
import { KEY } from '../../src/wire/names.ts';
import { ManualClock } from '../support/manual-clock.ts';

// A worker's calls without a process: the test has its modules, its clock, and what its sentinel sees.

type Task = (value: unknown, context: TaskContext) => unknown;

interface Surroundings {
  /** Whether its process has several ranks. */
  readonly isShared?: boolean;
  /** The port to its master. */
  readonly memory?: ThreadPort;
}

class Hands {
  readonly clock = new ManualClock();
  readonly departure = new Departure();
  /** What the sentinel can see: each call, and its end. */
  readonly log: string[] = [];
  readonly found: string[] = [];
  readonly stored: unknown[] = [];
  readonly values = new Map<string, unknown>();
  readonly turns: CallTurns | undefined;
  readonly runner: TaskRunner;
  readonly #access: Access;

  constructor(functions: Readonly<Record<string, Task>>, { isShared = false, memory }: Surroundings = {}) {
    this.turns = isShared ? new CallTurns() : undefined;
    const loadModule = (path: string): Promise<Exports> =>
      path === '/t.mjs' ? Promise.resolve(functions) : Promise.reject(new ModuleError(MODULE.missing(path)));
    const platform = { clock: this.clock, loadModule, endOfTurn: () => Promise.resolve() };
    this.runner = new TaskRunner({
      server: { host: 'ada', port: 1 },
      workspace: 'job',
      rank: 3,
      platform,
      activity: {
        begin: (details) => void this.log.push(textOf(details)),
        end: () => void this.log.push('end'),
      },
      departure: this.departure,
      memory: new WorkerMemory(platform),
      masterMemory: new MasterMemory(memory && (() => memory)),
      turns: this.turns,
      onTurn: (company) => void this.log.push(company),
      within: (_running, call) => call(),
      print: (text) => void this.log.push(text),
      onElement: () => void this.log.push('element'),
    });
    this.#access = {
      find: (variable) => {
        this.found.push(variable);
        const value = this.values.get(variable);
        const found = { value, metadata: new Map(), descriptor: 1, variableId: '', index: 0 };
        return Promise.resolve(value === undefined ? undefined : found);
      },
      store: (variable, value) => void this.stored.push([variable, value]),
    };
  }

  run(value: unknown, metadata: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const all = {
      [KEY.module]: '/t.mjs',
      [KEY.function]: 'f',
      [KEY.batchId]: '7',
      [KEY.index]: '4',
      ...metadata,
    };
    return Promise.resolve(this.runner.caller(this.#access)(value, new Map(Object.entries(all))));
  }
}

const textOf = ({ batch, at, limit, isLoading }: CallDetails): string =>
  `${isLoading ? 'load' : 'call'} ${batch} ${at} ${limit}`;

const chunkOf = (...values: readonly unknown[]): Chunk =>
  new Chunk(
    Buffer.from(encodeTogether(values.map((value) => chunkPart({ value }, 'element', 'not-sent'))).bytes),
  );
/** The results in a chunk, or the messages of the failures. */
const resultsOf = (parts: unknown): unknown[] =>
  Array.from(new Chunk(Buffer.from(encodeTogether(unsafeCast<ChunkPart[]>(parts)).bytes)), (each) =>
    'failure' in each ? each.failure.message : each.value,
  );

/** A value that is the size of that memory. */
const sizeOf = (reference: string): UnresolvedValue =>
  new UnresolvedValue([reference], (memory) => memory.get(reference)?.byteLength);

/** What a call draws in a worker of its own. */
const draw = (metadata: Record<string, string>): Promise<unknown> =>
  new Hands({ f: (_, context) => context.random() }).run('x', metadata);

describe('a call', () => {
  it('gets its element and its context, and is seen from its beginning to its end', async () => {
    let seen: TaskContext | undefined;
    const hands = new Hands({
      f: (value, context) => {
        seen = context;
        return `did ${String(value)}`;
      },
    });
    expect(await hands.run('x', { [KEY.attempt]: '2', [KEY.timeout]: '500' })).toBe('did x');
    expect(hands.log).toEqual(['load 7 0 60000', 'end', 'call 7 0 500', 'end', 'element']);
    expect(seen).toMatchObject({
      index: 4,
      attempt: 2,
      rank: 3,
      workspace: 'job',
      server: { host: 'ada', port: 1 },
    });
    expect([hands.runner.isRunning, hands.clock.running]).toEqual([false, 0]);
    await hands.run('x');
    expect([seen?.attempt, hands.log[7]]).toEqual([1, 'call 7 0 Infinity']);
  });

  it('for each worker has its rank as its index', async () => {
    const hands = new Hands({ f: (_, { index }) => index });
    expect(await hands.run('x', { [KEY.everyone]: '1', [KEY.index]: '' })).toBe(3);
  });

  it('draws the same random numbers in each worker and attempt, from the seed or the batch', async () => {
    const own = await draw({});
    expect(await draw({ [KEY.attempt]: '3' })).toBe(own);
    expect(await draw({ [KEY.seed]: '7' })).not.toBe(await draw({ [KEY.seed]: '8' }));
    expect(await draw({ [KEY.index]: '5' })).not.toBe(own);
  });

  it('prints what it logs, or sends it to a master that listens', async () => {
    const hands = new Hands({ f: (_, context) => context.log('at', 1) });
    await hands.run('x');
    expect([hands.log.includes('element 4: at 1\n'), hands.stored.length]).toEqual([true, 0]);
    await hands.run('x', { [KEY.listens]: '1' });
    expect([hands.log.filter((each) => each.startsWith('element 4')).length, hands.stored.length]).toEqual([
      1, 1,
    ]);
  });

  it('reports its progress to a master that listens: what can be sent, and the last value when it ends', async () => {
    const hands = new Hands({
      f: (_, context) => {
        for (const value of [1, 2]) context.progress(value);
        context.progress(() => undefined);
      },
    });
    const listens = { [KEY.listens]: '1' };
    await expect(hands.run('x', listens)).rejects.toThrow(/progress/);
    const report = { batch: '7', index: 4, worker: 3, type: 'progress' };
    expect(hands.stored).toEqual([1, 2].map((value) => [CALL_REPORTS, { ...report, value }]));
    await expect(hands.run('x')).rejects.toThrow(/progress/);
    expect(hands.stored).toHaveLength(2);
  });

  it('that fails is over', async () => {
    const hands = new Hands({
      f: () => {
        throw new RangeError('no');
      },
    });
    await expect(hands.run('x')).rejects.toThrow('no');
    expect([hands.runner.isRunning, hands.log.slice(2)]).toEqual([
      false,
      ['call 7 0 Infinity', 'end', 'element'],
    ]);
    expect(hands.runner.fail(new Error('late'))).toBe(false);
  });

  it('fails with an error that is thrown beside it', async () => {
    const hands = new Hands({ f: () => new Promise(() => undefined) });
    const failed = expect(hands.run('x')).rejects.toThrow('beside');
    await endOfTurn();
    expect([hands.runner.isRunning, hands.runner.fail(new Error('beside'))]).toEqual([true, true]);
    await failed;
    expect(hands.runner.isRunning).toBe(false);
  });

  it('that is cancelled is told so once, and fails with that whatever it returns', async () => {
    let signal: AbortSignal | undefined;
    let finish: ((value: unknown) => void) | undefined;
    const hands = new Hands({
      f: (_, context) => {
        ({ signal } = context);
        return new Promise((resolve) => (finish = resolve));
      },
    });
    const failed = expect(hands.run('x')).rejects.toMatchObject({ code: 'cancelled' });
    await endOfTurn();
    hands.runner.setCancelled({ 8: 'ask' });
    expect(signal?.aborted).toBe(false);
    hands.runner.setCancelled({ 7: 'ask' });
    expect(signal?.aborted).toBe(true);
    finish?.('done');
    await failed;
    // Alone in its process, it is killed by the sentinel if it does not end, and by nobody here.
    expect([hands.clock.running, hands.departure.why]).toEqual([0, undefined]);
    await expect(hands.run('x')).rejects.toMatchObject({ code: 'cancelled' });
    hands.runner.setCancelled({});
    void hands.run('x');
    await endOfTurn();
    expect(hands.runner.isRunning).toBe(true);
  });

  it('that takes too long is left, and its worker leaves', async () => {
    const hands = new Hands({ f: () => new Promise(() => undefined) });
    const failed = expect(hands.run('x', { [KEY.timeout]: '100' })).rejects.toMatchObject({
      code: 'timed-out',
    });
    await endOfTurn();
    hands.clock.advance(599);
    expect(hands.departure.why).toBeUndefined();
    hands.clock.advance(1);
    await failed;
    expect(hands.departure.why).toBe('timed-out');
  });
});

describe('what a task needs besides its element', () => {
  it('is fetched once, and dropped when its batch has ended', async () => {
    const hands = new Hands({ f: (_, { fixedArgs }) => fixedArgs });
    for (const n of [1, 2]) hands.values.set(`#fixedArg${n}`, { n });
    const call = (n: number, metadata = {}): Promise<unknown> =>
      hands.run('x', { [KEY.fixedArgs]: `#fixedArg${n}`, ...metadata });
    expect([await call(1), await call(1), await call(2), await hands.run('x')]).toEqual([
      { n: 1 },
      { n: 1 },
      { n: 2 },
      undefined,
    ]);
    await call(2, { [KEY.fixedArgsFrom]: '2' });
    expect(hands.found).toEqual(['#fixedArg1', '#fixedArg2']);
    hands.values.delete('#fixedArg1');
    await expect(call(1)).rejects.toMatchObject({ code: 'cancelled' });
    expect(hands.log.slice(-2)).toEqual(['load 7 0 60000', 'end']);
  });

  it('may be its element, which is at the server', async () => {
    const hands = new Hands({ f: (value) => value });
    hands.values.set('#left 1', [1]);
    expect(await hands.run(null, { [KEY.elementIn]: '#left 1' })).toEqual([1]);
    expect(hands.log).toContain('call 7 0 Infinity');
    await expect(hands.run(null, { [KEY.elementIn]: '#left 2' })).rejects.toThrow('#left 2');
  });

  it('may refer to memory of the master, which is asked for it (S36)', async () => {
    const hands = new Hands(
      { f: (value, { fixedArgs }) => [value, fixedArgs] },
      {
        memory: {
          postMessage: (asked) => {
            const { asked: number, references } = unsafeCast<MemoryRequest>(asked);
            const memory = references.map((each) => new ArrayBuffer(each.length));
            answer?.({ asked: number, memory });
          },
          on: (_event, listener) => (answer = listener),
          once: () => undefined,
          unref: () => undefined,
        },
      },
    );
    let answer: ((message: unknown) => void) | undefined;
    hands.values.set('#fixedArg1', sizeOf('four'));
    expect(await hands.run(sizeOf('nineteen'), { [KEY.fixedArgs]: '#fixedArg1' })).toEqual([8, 4]);
    const elsewhere = new Hands({ f: (value) => value }).run(sizeOf('a'));
    await expect(elsewhere).rejects.toMatchObject({ name: 'TaskStopped' });
  });

  it('is a module with that function: without it the task fails, and the worker stays', async () => {
    const hands = new Hands({ f: () => 1, default: () => 'the default' });
    await expect(hands.run('x', { [KEY.function]: 'g' })).rejects.toMatchObject({ code: 'no-export' });
    const noFunction = new Map([[KEY.module, '/t.mjs']]);
    const access = unsafeCast<Access>({});
    expect(await hands.runner.caller(access)('x', noFunction)).toBe('the default');
    await expect(hands.runner.caller(access)('x', new Map())).rejects.toMatchObject({
      code: expect.any(String),
    });
    expect([hands.departure.why, hands.runner.hasDeclined]).toEqual([undefined, false]);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['cannot be loaded', { [KEY.module]: '/none.mjs' }],
    ['is of another language', { [KEY.language]: 'python' }],
  ])('is a module: if it %s, another worker is to try, and this one leaves', async (_what, metadata) => {
    const hands = new Hands({});
    await expect(hands.run('x', metadata)).rejects.toMatchObject({ name: 'Declined' });
    expect([hands.departure.why, hands.departure.words, hands.runner.hasDeclined]).toEqual([
      'not-loaded',
      expect.stringContaining(metadata[KEY.module] ?? '/t.mjs'),
      true,
    ]);
    // Each worker has to answer a broadcast itself.
    await expect(hands.run('x', { ...metadata, [KEY.everyone]: '1' })).rejects.toMatchObject({
      name: 'ModuleError',
    });
  });
});

describe('a chunk', () => {
  const chunk = { [KEY.chunk]: '1', [KEY.batchId]: '7,8', [KEY.index]: '4,0', [KEY.shares]: '1,2' };

  it('is called element by element, each with its batch and its place', async () => {
    const seen: unknown[] = [];
    const hands = new Hands({
      f: (value, { index }) => {
        seen.push([value, index]);
        if (value === 'b') throw new Error('not b');
        return `did ${String(value)}`;
      },
    });
    expect(resultsOf(await hands.run(chunkOf('a', 'b', 'c'), chunk))).toEqual([
      'did a',
      'Error: not b',
      'did c',
    ]);
    expect(seen).toEqual([
      ['a', 4],
      ['b', 0],
      ['c', 1],
    ]);
    expect(hands.log.filter((each) => each.startsWith('load'))).toEqual(['load 7 0 60000']);
    expect(hands.log.filter((each) => each.startsWith('call'))).toEqual([
      'call 7 0 Infinity',
      'call 8 1 Infinity',
      'call 8 2 Infinity',
    ]);
    // A value of that kind may be an element itself.
    const whole = chunkOf('a');
    expect(await hands.run('[]', { [KEY.chunk]: '1' })).toBe('did []');
    await hands.run(whole);
    expect(seen.at(-1)).toEqual([whole, 4]);
  });

  it('whose one batch is cancelled calls the elements of the others', async () => {
    const hands = new Hands({ f: (value) => value });
    hands.runner.setCancelled({ 8: 'ask' });
    expect(resultsOf(await hands.run(chunkOf('a', 'b', 'c'), chunk))).toEqual([
      'a',
      expect.stringContaining('cancelled'),
      expect.stringContaining('cancelled'),
    ]);
  });

  it('is left half done after its time, or when the worker is to leave, if it can be divided', async () => {
    const hands = new Hands({
      f: (milliseconds) => hands.clock.advance(Number(milliseconds)),
      leave: () => hands.departure.request('max-tasks'),
    });
    const done = async (chunked: Chunk, metadata = {}): Promise<number> =>
      resultsOf(await hands.run(chunked, { [KEY.chunk]: '1', ...metadata })).length;
    expect(await done(chunkOf(3, 2, 1, 1), { [KEY.budget]: '5' })).toBe(3);
    expect(await done(chunkOf(9, 9))).toBe(2);
    expect(await done(chunkOf(1, 1), { [KEY.function]: 'leave' })).toBe(2);
    expect(await done(chunkOf(1, 1), { [KEY.budget]: '5' })).toBe(1);
  });
});

describe('the ranks of one process', () => {
  it('call a broadcast once, and take turns with a task that ended a worker before', async () => {
    const begun: unknown[] = [];
    const ends: (() => void)[] = [];
    const hands = new Hands(
      {
        f: (value) => {
          begun.push(value);
          return new Promise<void>((resolve) => ends.push(resolve));
        },
      },
      { isShared: true },
    );
    const everyone = { [KEY.everyone]: '1', [KEY.batchId]: 'b' };
    void hands.run('all', everyone);
    await endOfTurn();
    await expect(hands.run('all', everyone)).rejects.toMatchObject({ name: 'CalledBeside' });
    void hands.run('suspect', { [KEY.attempt]: '2' });
    void hands.run('third', { [KEY.attempt]: '2', [KEY.aloneFrom]: '3' });
    await endOfTurn();
    expect([begun, hands.log.filter((each) => /alone|together/.test(each))]).toEqual([['all'], ['together']]);
    ends[0]?.();
    await endOfTurn();
    expect(begun).toEqual(['all', 'suspect']);
    ends[1]?.();
    await endOfTurn();
    expect([begun, hands.log.filter((each) => /alone|together/.test(each))]).toEqual([
      ['all', 'suspect', 'third'],
      ['together', 'alone', 'together'],
    ]);
  });

  it('call a task alone from the attempt that its master names, and its first attempt is the first (S23.10)', async () => {
    for (const [aloneFrom, company] of [
      ['1', 'alone'],
      ['2', 'together'],
    ] as const) {
      const hands = new Hands({ f: (value) => value }, { isShared: true });
      await hands.run('x', { [KEY.aloneFrom]: aloneFrom });
      expect(hands.log[0]).toBe(company);
    }
  });

  it('abandon a cancelled call that does not end, and leave', async () => {
    const hands = new Hands({ f: () => new Promise(() => undefined) }, { isShared: true });
    const failed = hands.run('x').catch((error: TaskStopped) => error.code);
    await endOfTurn();
    hands.runner.setCancelled({ 7: 'ask' });
    hands.clock.advance(349);
    expect(hands.departure.why).toBeUndefined();
    hands.clock.advance(1);
    expect([await failed, hands.departure.why]).toEqual(['cancelled', 'cancelled']);
  });
});
