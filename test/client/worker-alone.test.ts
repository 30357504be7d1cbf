import { setImmediate as endOfTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { chunkPart } from '../../src/client/values/chunk.ts';
import { UnresolvedValue } from '../../src/client/values/lending.ts';
import type { ThreadPort } from '../../src/client/platform.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { CalledBeside, Declined, Departure } from '../../src/client/worker/departure.ts';
import { MasterMemory } from '../../src/client/worker/master-memory.ts';
import { work, type Access, type Call, type WorkerOptions } from '../../src/client/worker/worker.ts';
import { KEY, VARIABLE } from '../../src/wire/names.ts';
import { VARIABLES } from '../../src/wire/refusals.ts';
import { STATUS } from '../../src/wire/reply.ts';
import { replyWith } from '../support/scripted-job.ts';
import { obliging, refusal, ScriptedServer, type Answer, type Asked } from '../support/scripted-server.ts';
import { fateOf, shortReply } from '../support/server-line.ts';

// What a worker asks of its server, whose replies are the test's.

class Working {
  readonly server: ScriptedServer;
  readonly departure = new Departure();
  readonly refusals: unknown[] = [];
  readonly log: string[] = [];
  access: Access | undefined;
  readonly fate: { outcome: unknown };
  /** Answers a request before anything else does. */
  before: Answer = () => undefined;
  grace: string | undefined;
  #task: Asked | undefined;

  constructor(call: Call, more: Partial<WorkerOptions> = {}) {
    this.server = new ScriptedServer((asked, at) => {
      const { args } = asked;
      const first = this.before(asked, at);
      if (first !== undefined) return first;
      if (args[2] === VARIABLE.workerIds && this.grace !== undefined)
        return shortReply(STATUS.ok, new Map([[KEY.grace, this.grace]]));
      if (args[2] !== VARIABLE.task) return obliging(asked, at);
      this.#task = asked;
      return undefined;
    });
    const platform = { ...this.server.platform(), hostname: 'grace' };
    const working = work({
      open: () => NwsConnection.openWith(() => this.server.channel(), {}),
      workspace: 'w',
      rank: 3,
      description: new Map(),
      call: (access) => {
        this.access = access;
        return call;
      },
      departure: this.departure,
      onReady: () => this.log.push('ready'),
      onRefusal: (error) => this.refusals.push(error),
      platform,
      ...more,
    });
    this.fate = fateOf(working.then(() => 'over'));
  }

  async turns(): Promise<void> {
    for (let n = 0; n < 8; n++) await endOfTurn();
  }

  /** Gives it a task. */
  async give(value: unknown, metadata: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.turns();
    const asked = this.#task;
    this.#task = undefined;
    if (asked === undefined) throw new Error('it does not fetch a task');
    await asked.line.say(replyWith(value, metadata));
    await this.turns();
  }

  /** What it has stored as results. */
  get results(): { value: string | undefined; metadata: Record<string, string> }[] {
    return this.server.asked
      .filter(({ args }) => args[0] === 'store' && args[2] === VARIABLE.result)
      .map(({ args, metadata }) => ({ value: args[4], metadata: Object.fromEntries(metadata) }));
  }

  /** What it has asked for since the last time: the verb and the variable. */
  asked(): string[] {
    return this.server.asked
      .splice(0)
      .map(({ args: [verb, , variable = ''] }) => `${verb} ${variable}`.trim());
  }
}

const FETCH = 'fetch task';
const STORE = 'store result';
const TEXT = { [KEY.host]: 'grace', [KEY.type]: 'text' };

/** Refuses results of at least so many bytes. */
const refuse =
  (least: number): Answer =>
  ({ args: [verb = '', , variable, , value = ''] }) =>
    variable === VARIABLE.result && value.length >= least
      ? refusal(verb, STATUS.failed, 'no room')
      : undefined;

describe('a worker', () => {
  it('sends each result together with its request for the next task, with its host and the attempt', async () => {
    const working = new Working((value) => `did ${String(value)}`);
    await working.give('a', { [KEY.attempt]: '1' });
    await working.give('b', { [KEY.attempt]: '2' });
    await working.give('c');
    expect(working.log).toEqual(['ready']);
    expect(working.results).toEqual([
      { value: 'did a', metadata: TEXT },
      { value: 'did b', metadata: { ...TEXT, [KEY.attempt]: '2' } },
      { value: 'did c', metadata: TEXT },
    ]);
    expect(working.asked()).toEqual([
      'use ws',
      'store worker_ids',
      FETCH,
      ...[1, 2, 3].flatMap(() => [STORE, FETCH]),
    ]);
    working.departure.request('told-to-go');
    await working.turns();
    expect([working.fate.outcome, working.server.lines[0]?.destroyed]).toEqual(['over', true]);
  });

  it.each([
    ['small', 4_096, false, [STORE, FETCH]],
    ['large', 4_097, false, [STORE]],
    ['small, and others share its process', 1, true, [STORE]],
  ])('whose result is %s waits for its reply, or does not', async (_what, bytes, isShared, asked) => {
    const stored: unknown[] = [];
    const onStored = (): void => void stored.push(working.asked());
    const working = new Working(() => 'x'.repeat(bytes), isShared ? { onStored } : {});
    await working.turns();
    stored.length = 0;
    working.before = ({ args }) => (args[2] === VARIABLE.result ? '' : undefined);
    working.asked();
    await working.give('a');
    expect([working.asked(), stored]).toEqual([asked, []]);
    await working.server.lines[0]?.say(shortReply());
    await working.turns();
    expect([working.asked(), stored]).toEqual([asked.length === 1 ? [FETCH] : [], isShared ? [[]] : []]);
    working.departure.request('told-to-go');
  });

  it('reports a refused result in its place if that is large, and otherwise only that it was refused', async () => {
    const working = new Working((size) => 'x'.repeat(Number(size)));
    working.before = refuse(5_000);
    await working.give(5_000);
    expect([working.refusals, working.results.map(({ metadata }) => metadata[KEY.error])]).toEqual([
      [],
      [undefined, '1'],
    ]);
    expect(working.results[1]?.value).toContain('5000');
    expect(working.results[1]?.value).toContain('no room');
    working.before = refuse(0);
    await working.give(7);
    expect(working.refusals).toMatchObject([{ message: expect.stringContaining('no room') }]);
    // As many bytes as are sent together with the next request.
    await working.give(4_096);
    expect([working.refusals.length, working.results.at(-1)?.metadata[KEY.error]]).toEqual([2, undefined]);
    await working.give(6_000);
    expect(working.refusals).toHaveLength(3);
    working.before = () => undefined;
    await working.give(1);
    expect([working.results.at(-1)?.value, working.fate.outcome]).toEqual(['x', 'pending']);
    working.departure.request('told-to-go');
  });

  it('finds and stores variables for its calls, and goes on if the server refuses what they store', async () => {
    const working = new Working(async () => {
      const found = await working.access?.find('v');
      working.access?.store('v', 1);
      return [found?.value, (await working.access?.find('none')) ?? null];
    });
    working.before = ({ args: [verb = '', , variable] }) => {
      if (variable === 'none') return refusal(verb, STATUS.failed, VARIABLES.noValue().message);
      if (variable !== 'v') return undefined;
      return verb === 'store' ? refusal(verb, STATUS.failed, 'no') : replyWith(7);
    };
    await working.turns();
    working.asked();
    await working.give('a');
    expect(working.results[0]?.value).toBe('[7,null]');
    expect(working.asked()).toEqual(['findTry v', 'store v', 'findTry none', STORE, FETCH]);
    expect([working.refusals, working.fate.outcome]).toEqual([[], 'pending']);
    working.departure.request('told-to-go');
  });

  it('that is to leave during a call stores its result, and asks for no further task', async () => {
    let end: ((value: unknown) => void) | undefined;
    const working = new Working(() => new Promise((resolve) => (end = resolve)));
    await working.give('a');
    working.asked();
    working.departure.request('max-tasks');
    await working.turns();
    expect([working.asked(), working.fate.outcome]).toEqual([[], 'pending']);
    end?.('done');
    await working.turns();
    expect([working.asked(), working.fate.outcome, working.server.lines[0]?.destroyed]).toEqual([
      [STORE],
      'over',
      true,
    ]);
  });

  it('that declines a task leaves without an answer', async () => {
    const working = new Working(() => Promise.reject(new Declined('no module')));
    await working.give('a');
    expect([working.results, working.fate.outcome, working.server.lines[0]?.destroyed]).toEqual([
      [],
      'over',
      true,
    ]);
  });

  it('says of a broadcast that another rank calls it, and how long a task with a budget took', async () => {
    const working = new Working((value) => {
      if (value === 'beside') throw new CalledBeside();
      if (value === 'throws') throw new RangeError('no');
      working.server.clock.advance(12.3456);
      return value === 'chunk' ? [chunkPart({ value: 'part' }, 'result', 'threw')] : 'whole';
    });
    for (const value of ['beside', 'whole', 'throws', 'chunk'])
      await working.give(value, { [KEY.budget]: '50', ...(value === 'chunk' && { [KEY.chunk]: '1' }) });
    await working.give('whole');
    expect(working.results.map(({ metadata: { host: _host, ...rest } }) => rest)).toEqual([
      { [KEY.beside]: '1', [KEY.type]: 'json' },
      { [KEY.type]: 'text', [KEY.took]: '12.346' },
      { [KEY.type]: 'graph', [KEY.error]: '1' },
      { [KEY.type]: 'chunk', [KEY.took]: '12.346' },
      { [KEY.type]: 'text' },
    ]);
    working.departure.request('told-to-go');
  });

  it('that loses its connection comes back, and repeats the result that was not received', async () => {
    const working = new Working(() => 'done');
    working.grace = '20';
    working.before = ({ args }) => (args[2] === VARIABLE.result ? '' : undefined);
    await working.give('a', { [KEY.taskNumber]: '9' });
    working.before = () => undefined;
    working.asked();
    working.server.lines[0]?.destroy();
    await working.turns();
    working.server.clock.advance(1_000);
    await working.turns();
    expect([working.asked(), working.refusals]).toEqual([['use ws', 'store worker_ids', STORE, FETCH], []]);
    working.departure.request('told-to-go');
  });

  it.each([
    ['has no task when its result was accepted', undefined, [FETCH]],
    ['has its task until it is known to have failed', '9', [STORE, FETCH]],
  ])('that loses its connection %s', async (_what, doing, repeated) => {
    const working = new Working(() => 'done');
    working.grace = '20';
    if (doing !== undefined) working.before = refuse(0);
    await working.give('a', { [KEY.taskNumber]: '9' });
    working.asked();
    working.server.lines[0]?.destroy();
    await working.turns();
    working.server.clock.advance(1_000);
    await working.turns();
    const registration = working.server.asked.find(({ args }) => args[2] === VARIABLE.workerIds);
    expect(registration?.metadata.get(KEY.doing)).toBe(doing);
    expect(working.asked()).toEqual(['use ws', 'store worker_ids', ...repeated]);
    working.departure.request('told-to-go');
  });

  it('whose job has ended is over; another fault is that of the program', async () => {
    const working = new Working(() => 'done');
    working.before = ({ args: [verb = '', , variable] }) =>
      variable === VARIABLE.task ? refusal(verb, STATUS.noWorkspace, 'gone') : undefined;
    await working.turns();
    expect(working.fate.outcome).toBe('over');
    const refused = new Working(() => 'done');
    refused.before = ({ args: [verb = '', , variable] }) =>
      variable === VARIABLE.workerIds ? refusal(verb, STATUS.failed, 'no rank') : undefined;
    await refused.turns();
    expect(refused.fate.outcome).toMatchObject({ message: expect.stringContaining('no rank') });
    const faulty = new Working(() => 'done', {
      onStored: () => {
        throw new RangeError('of the program');
      },
    });
    await faulty.give('a');
    expect(faulty.fate.outcome).toEqual(new RangeError('of the program'));
  });
});

/** A port to a master that the test plays. */
class FakePort {
  readonly sent: { asked: number; references: readonly string[] }[] = [];
  isUnref = false;
  hear: (message: unknown) => void = () => undefined;
  close: () => void = () => undefined;
  readonly port: ThreadPort = {
    postMessage: (message) => void this.sent.push(unsafeCast(message)),
    on: (_event, listener) => (this.hear = listener),
    once: (_event, listener) => (this.close = listener),
    unref: () => (this.isUnref = true),
  };
}

/** A value with the sizes of its memory. */
const valueOf = (...references: readonly string[]): UnresolvedValue =>
  new UnresolvedValue(references, (memory) => references.map((each) => memory.get(each)?.byteLength));

describe('the memory of the master', () => {
  it('is asked for over one port, and each value gets its own answer', async () => {
    const fake = new FakePort();
    let opened = 0;
    const memory = new MasterMemory(() => {
      opened++;
      return fake.port;
    });
    expect(opened).toBe(0);
    const fates = [valueOf('a', 'b'), valueOf('c')].map((each) => fateOf(memory.resolve(each)));
    expect([fake.sent, opened, fake.isUnref]).toEqual([
      [
        { asked: 1, references: ['a', 'b'] },
        { asked: 2, references: ['c'] },
      ],
      1,
      true,
    ]);
    fake.hear({ asked: 2, memory: [new ArrayBuffer(3)] });
    fake.hear({ asked: 2, memory: [new ArrayBuffer(9)] });
    fake.hear({ asked: 7, memory: [] });
    await endOfTurn();
    expect(fates.map(({ outcome }) => outcome)).toEqual(['pending', [3]]);
    fake.hear({ asked: 1, memory: [new ArrayBuffer(1), new SharedArrayBuffer(2)] });
    await endOfTurn();
    expect(fates[0]?.outcome).toEqual([1, 2]);
  });

  it('may be gone, or in another process, or its master may end', async () => {
    const fake = new FakePort();
    const memory = new MasterMemory(() => fake.port);
    const gone = fateOf(memory.resolve(valueOf('a', 'b')));
    fake.hear({ asked: 1, memory: [new ArrayBuffer(1), undefined] });
    const waiting = fateOf(memory.resolve(valueOf('c')));
    await endOfTurn();
    expect([gone.outcome, waiting.outcome]).toMatchObject([
      { name: 'TaskStopped', code: 'unreadable' },
      'pending',
    ]);
    fake.close();
    await endOfTurn();
    expect(waiting.outcome).toMatchObject({ name: 'TaskStopped', code: 'unreadable' });
    await expect(memory.resolve(valueOf('d'))).rejects.toMatchObject({ name: 'TaskStopped' });
    expect(fake.sent).toHaveLength(2);
    await expect(new MasterMemory(undefined).resolve(valueOf('e'))).rejects.toMatchObject({
      name: 'TaskStopped',
    });
  });
});
