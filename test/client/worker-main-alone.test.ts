import { setImmediate as endOfTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ModuleError } from '../../src/client/task/module-function.ts';
import type { TaskContext } from '../../src/client/task/task.ts';
import { MODULE } from '../../src/client/errors/job.ts';
import { WorkerMain } from '../../src/client/worker/worker-main.ts';
import type {
  MessageFromWorker,
  MessageToWorker,
  WorkerOrder,
} from '../../src/client/worker/worker-messages.ts';
import { KEY, VARIABLE } from '../../src/wire/names.ts';
import { STATUS } from '../../src/wire/reply.ts';
import { replyWith } from '../support/scripted-job.ts';
import { obliging, refusal, ScriptedServer, type Asked } from '../support/scripted-server.ts';
import { shortReply } from '../support/server-line.ts';

// The program of a worker without a process, whose server and sentinel are the test.

class Program {
  readonly said: MessageFromWorker[] = [];
  readonly exits: number[] = [];
  readonly complaints: string[] = [];
  readonly loaded: string[] = [];
  readonly results: { value: string | undefined; metadata: Record<string, string> }[] = [];
  /** The ranks with an activity of their own. */
  readonly boards: unknown[] = [];
  refusesResults = false;
  memory = 0;
  readonly server: ScriptedServer;
  readonly main: WorkerMain;
  hear: (message: MessageToWorker) => void = () => undefined;
  /** Requests for a task, oldest first. */
  readonly #asked: Asked[] = [];

  constructor(f: (value: never, context: TaskContext) => unknown = () => undefined) {
    this.server = new ScriptedServer((asked, at) => {
      const {
        args: [verb = '', , variable, , value],
        metadata,
      } = asked;
      if (variable === VARIABLE.task) return void this.#asked.push(asked);
      if (variable !== VARIABLE.result) return obliging(asked, at);
      this.results.push({ value, metadata: Object.fromEntries(metadata) });
      return this.refusesResults ? refusal(verb, STATUS.failed, 'no room') : shortReply();
    });
    const platform = {
      ...this.server.platform(),
      hostname: 'ada',
      pid: 77,
      endOfTurn: () => Promise.resolve(),
      loadModule: (path: string) => {
        this.loaded.push(path);
        return path === '/t.mjs'
          ? Promise.resolve({ f })
          : Promise.reject(new ModuleError(MODULE.missing(path)));
      },
    };
    const link = {
      send: (message: MessageFromWorker) => void this.said.push(message),
      onMessage: (listener: (message: MessageToWorker) => void) => (this.hear = listener),
      activity: (rank?: number) => {
        this.boards.push(rank);
        return { begin: () => undefined, end: () => undefined };
      },
    };
    this.main = new WorkerMain(link, {
      memory: () => this.memory,
      print: () => undefined,
      complain: (text) => void this.complaints.push(text),
      exit: (status) => void this.exits.push(status),
      platform,
    });
  }

  async start(rank: number, more: Partial<WorkerOrder> = {}): Promise<void> {
    this.hear({ type: 'order', server: { host: 'eve' }, workspace: 'w', rank, cancelled: {}, ...more });
    await this.turns();
  }

  async turns(): Promise<void> {
    for (let n = 0; n < 10; n++) await endOfTurn();
  }

  /** Gives a task to the rank that has waited longest. */
  async give(value: unknown, metadata: Readonly<Record<string, string>> = {}): Promise<void> {
    const asked = this.#asked.shift();
    if (asked === undefined) throw new Error('nobody fetches a task');
    const own = {
      [KEY.module]: '/t.mjs',
      [KEY.function]: 'f',
      [KEY.batchId]: '7',
      [KEY.index]: '0',
      ...metadata,
    };
    await asked.line.say(replyWith(value, own));
    await this.turns();
  }

  get companies(): unknown[] {
    return this.said.flatMap((each) => (each.type === 'company' ? [[each.rank, each.company]] : []));
  }
}

/** A function whose calls end when the test says so. */
function held() {
  const ends = new Map<string, (value: unknown) => void>();
  const f = (value: string): Promise<unknown> => new Promise((resolve) => ends.set(value, resolve));
  return { f, ends };
}

describe('the program of a worker', () => {
  it('connects as it is ordered to, loads its module first, and describes itself', async () => {
    const program = new Program();
    program.main.rejected(new Error('before its order'));
    expect(program.complaints).toEqual(['sleigh: worker 0: before its order\n']);
    await program.start(3, { preload: '/t.mjs' });
    expect([program.loaded, program.said, program.boards]).toEqual([
      ['/t.mjs'],
      [{ type: 'ready' }],
      [undefined],
    ]);
    expect(program.server.wanted).toEqual([{ host: 'eve', workspace: 'w' }]);
    const registration = program.server.asked.find(({ args }) => args[2] === VARIABLE.workerIds);
    expect([registration?.args[4], Object.fromEntries(registration?.metadata ?? [])]).toEqual([
      '3',
      { [KEY.host]: 'ada', [KEY.pid]: '77', [KEY.session]: 'secret 1', [KEY.type]: 'text' },
    ]);
    program.hear({ type: 'condemn', call: 1 });
    expect(program.exits).toEqual([]);
  });

  it('ends the call of a batch that is cancelled, now or when it started', async () => {
    const signals: AbortSignal[] = [];
    const program = new Program((_value, { signal }) => {
      signals.push(signal);
      return new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    await program.start(3, { cancelled: { 8: 'ask' } });
    await program.give('a', { [KEY.batchId]: '8' });
    expect(signals).toEqual([]);
    await program.give('b');
    program.hear({ type: 'cancelled', batches: { 9: 'ask' } });
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    program.hear({ type: 'cancelled', batches: { 7: 'ask' } });
    await program.turns();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(program.results).toHaveLength(2);
    for (const { value, metadata } of program.results)
      expect([metadata[KEY.error], value]).toEqual(['1', expect.stringContaining('cancelled')]);
  });

  it('complains of a result that the server refuses, and not of one that is lost with its connection', async () => {
    const program = new Program(() => 'done');
    await program.start(3);
    program.refusesResults = true;
    await program.give('a');
    expect(program.complaints).toEqual([expect.stringMatching(/^sleigh: worker 3: .*no room/)]);
    expect([program.exits, program.results.length]).toEqual([[], 1]);
    for (const line of program.server.lines) line.destroy();
    await program.turns();
    expect([program.complaints.length, program.exits, program.said.at(-1)]).toEqual([
      1,
      [0],
      { type: 'leaving', why: 'cut-off', words: '' },
    ]);
  });
});

describe('the program of a worker leaves', () => {
  it('after its number of elements, and not before', async () => {
    const program = new Program(() => 'done');
    await program.start(3, { maxTasks: 2 });
    await program.give('a');
    expect([program.said.length, program.exits]).toEqual([1, []]);
    await program.give('b');
    expect(program.said.at(-1)).toEqual({ type: 'leaving', why: 'max-tasks', words: '' });
    expect([program.exits, program.results.length]).toEqual([[0], 2]);
  });

  it('when it takes more memory than it may, which it looks at every 100 ms', async () => {
    const program = new Program(() => 'done');
    await program.start(3, { maxMemory: 1_000 });
    for (const [memory, milliseconds] of [
      [1_001, 99],
      [1_000, 1],
      [1_001, 99],
    ] as const) {
      program.memory = memory;
      program.server.clock.advance(milliseconds);
      await program.give('a');
    }
    expect([program.said.length, program.exits]).toEqual([1, []]);
    program.server.clock.advance(1);
    await program.give('a');
    expect(program.said.at(-1)).toEqual({ type: 'leaving', why: 'max-memory', words: 'it took 1001 bytes' });
    const other = new Program(() => 'done');
    await other.start(3, { maxMemory: 1_000 });
    other.memory = 1_001;
    other.server.clock.advance(100);
    await other.give('a');
    expect([program.exits, other.exits]).toEqual([[0], [0]]);
  });

  it('a second after it could not register, and at once if it cannot load its module', async () => {
    const program = new Program();
    program.server.answer = ({ args: [verb = ''] }) => refusal(verb, STATUS.noWorkspace, 'no job');
    await program.start(3);
    program.server.clock.advance(999);
    await program.turns();
    expect([program.complaints, program.exits]).toEqual([[], []]);
    program.server.clock.advance(1);
    await program.turns();
    expect(program.complaints).toEqual([expect.stringMatching(/^sleigh: worker 3: .*no job.*\n$/)]);
    const other = new Program();
    await other.start(3, { preload: '/none.mjs' });
    expect(other.complaints).toEqual([expect.stringMatching(/^sleigh: worker 3: .*\/none\.mjs.*\n$/)]);
    expect([program.exits, other.exits, program.said, other.said]).toEqual([[1], [1], [], []]);
  });

  it('after an error that nobody has caught, within ten seconds', async () => {
    const program = new Program(() => new Promise(() => undefined));
    await program.start(3);
    program.main.crashed(new Error('oh'));
    expect(program.complaints).toEqual(['sleigh: worker 3: oh\n']);
    await program.turns();
    expect([program.said.at(-1), program.exits]).toEqual([
      { type: 'leaving', why: 'threw', words: 'oh' },
      [0],
    ]);
    // If a task keeps it from leaving, it exits anyway.
    program.server.clock.advance(9_999);
    expect(program.exits).toEqual([0]);
    program.server.clock.advance(1);
    expect(program.exits).toEqual([0, 1]);
  });
});

describe('the program of several ranks', () => {
  const concurrency = 2;

  it('says what each of them does, and has an activity for each', async () => {
    const { f, ends } = held();
    const program = new Program(f);
    await program.start(3, { concurrency });
    await program.start(4, { concurrency });
    expect([program.said, program.boards]).toEqual([
      [
        { type: 'ready', rank: 3 },
        { type: 'ready', rank: 4 },
      ],
      [3, 4],
    ]);
    await program.give('a');
    await program.give('b', { [KEY.attempt]: '2' });
    expect(program.companies).toEqual([[3, 'together']]);
    ends.get('a')?.('A');
    await program.turns();
    expect(program.companies).toEqual([
      [3, 'together'],
      [4, 'alone'],
      [3, 'waiting'],
    ]);
    ends.get('b')?.('B');
    await program.turns();
    expect(program.companies.at(-1)).toEqual([4, 'waiting']);
    expect(program.results.map(({ value }) => value)).toEqual(['A', 'B']);
  });

  it('does not wait any more with a task that is cancelled', async () => {
    const { f, ends } = held();
    const program = new Program(f);
    for (const rank of [3, 4]) await program.start(rank, { concurrency });
    await program.give('a');
    await program.give('b', { [KEY.attempt]: '2', [KEY.batchId]: '8' });
    expect([...ends.keys()]).toEqual(['a']);
    program.hear({ type: 'cancelled', batches: { 8: 'ask' } });
    await program.turns();
    expect(program.results.map(({ value }) => value)).toEqual([expect.stringContaining('cancelled')]);
    expect([...ends.keys()]).toEqual(['a']);
  });

  it('fails only the call that an error belongs to', async () => {
    const program = new Program(
      (value: string) =>
        new Promise(() => {
          if (value === 'b') queueMicrotask(() => program.main.rejected(new RangeError('of b')));
        }),
    );
    for (const rank of [3, 4]) await program.start(rank, { concurrency });
    await program.give('a');
    await program.give('b');
    expect(program.results.map(({ value }) => value)).toEqual([expect.stringContaining('of b')]);
    expect([program.complaints, program.exits]).toEqual([[], []]);
  });

  it('leaves with all of them if one cannot load a module, whose reason only this one gives', async () => {
    const { f, ends } = held();
    const program = new Program(f);
    for (const rank of [3, 4]) await program.start(rank, { concurrency });
    await program.give('a');
    await program.give('b', { [KEY.module]: '/none.mjs' });
    expect([program.said.filter(({ type }) => type === 'leaving'), program.exits]).toEqual([
      [{ type: 'leaving', rank: 4, why: 'not-loaded', words: expect.stringContaining('/none.mjs') }],
      [],
    ]);
    ends.get('a')?.('A');
    await program.turns();
    expect([program.said.at(-1), program.exits, program.results.length]).toEqual([
      { type: 'leaving', rank: 3, why: 'told-to-go', words: expect.stringContaining('/none.mjs') },
      [0],
      1,
    ]);
  });
});
