import { EventEmitter } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { PassThrough } from 'node:stream';
import timers, { setImmediate as endOfTurn } from 'node:timers/promises';
import workerThreads, { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  processes,
  startHere,
  threads,
  threadsBeside,
  type LaunchOrder,
} from '../../src/client/launchers/launcher.ts';
import { RemoteLaunch, type RemoteLaunchCommand } from '../../src/client/launchers/remote-launch.ts';
import { RELEASED, startChild, type Child } from '../../src/client/sentinel/child.ts';
import { parentOf } from '../../src/client/sentinel/parent.ts';
import { enter } from '../../src/client/sentinel/place.ts';
import { startWorkerChild } from '../../src/client/sentinel/worker-child.ts';
import { packageFile, PackageFileError } from '../../src/client/package-file.ts';
import { startPrivateServer } from '../../src/client/master/private-server.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { ActivityWriter, newBoard } from '../../src/client/worker/activity.ts';
import type { WatchdogData } from '../../src/client/worker/worker-link.ts';
import { FakeProcess, PID } from '../support/fake-process.ts';
import { fateOf } from '../support/server-line.ts';

const kills: [pid: number, signal: unknown][] = [];
beforeEach(() => {
  kills.length = 0;
  vi.spyOn(process, 'kill').mockImplementation((pid, signal) => {
    kills.push([pid, signal]);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

async function turns(): Promise<void> {
  for (let n = 0; n < 5; n++) await endOfTurn();
}

/** Lets waits of the source end when the test says so. @returns how long they are, and what ends the last one */
function waits() {
  const lengths: unknown[] = [];
  let end: (() => void) | undefined;
  vi.spyOn(timers, 'setTimeout').mockImplementation((milliseconds) => {
    lengths.push(milliseconds);
    return new Promise((resolve) => (end = () => resolve(unsafeCast(undefined))));
  });
  syncBuiltinESMExports();
  return { lengths, end: () => end?.() };
}

/** A thread in the hands of the test, and how it was started. */
class FakeThread extends EventEmitter {
  static last: FakeThread | undefined;
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly posted: unknown[] = [];
  readonly url: URL;
  readonly options: { workerData?: WatchdogData; argv: string[] };
  terminations = 0;
  unrefs = 0;

  constructor(url: URL, options: FakeThread['options']) {
    super();
    this.url = url;
    this.options = options;
    FakeThread.last = this;
  }

  postMessage = (message: unknown): void => void this.posted.push(message);
  terminate = (): void => void this.terminations++;
  unref = (): void => void this.unrefs++;
}

/** Threads with these flags cannot be started. */
function NoThread(): never {
  throw new Error('no such flag');
}

type WorkerHostParts = NonNullable<Parameters<typeof startWorkerChild>[3]>;
type ChildHostParts = NonNullable<Parameters<typeof startChild>[4]>;
const asThreads = (worker: unknown) => unsafeCast<WorkerHostParts['Worker']>(worker);

function startedProcess() {
  const process = new FakeProcess();
  const host: WorkerHostParts = { spawn: process.start, Worker: asThreads(NoThread) };
  const child = startWorkerChild('process', ['job', '1'], { execArgv: ['--one'] }, host);
  const heard: unknown[] = [];
  child.onMessage((message) => heard.push(message));
  return { process, child, heard };
}

describe('a worker process', () => {
  it('is started as the leader of a group, with pipes and the flags of its order', () => {
    const { process: fake, child } = startedProcess();
    const [program, args, options] = fake.started;
    expect([program, options]).toEqual([
      process.execPath,
      { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], detached: true },
    ]);
    const all = unsafeCast<string[]>(args);
    expect(all.slice(-3)).toEqual([expect.stringMatching(/worker-program\.js$/), 'job', '1']);
    expect(all).toContain('--one');
    expect([child.stdout, child.stderr]).toEqual([fake.stdout, fake.stderr]);
  });

  it('exchanges messages as lines, in pieces', async () => {
    const { process, child, heard } = startedProcess();
    child.send({ type: 'leave' });
    child.send({ type: 'cancelled', batches: { b: 'kill' } });
    expect(process.line.taken()).toBe('{"type":"leave"}\n{"type":"cancelled","batches":{"b":"kill"}}\n');
    const lines = `{"type":"ready","why":"é"}\n{"type":"idle"}\n`;
    for (const byte of Buffer.from(lines)) await process.line.say(Buffer.of(byte));
    expect(heard).toEqual([{ type: 'ready', why: 'é' }, { type: 'idle' }]);
    process.line.destroy(new Error('it ended just now'));
    await turns();
    child.send({ type: 'leave' });
  });

  it.each([
    [3, null, 'exit status 3'],
    [null, 'SIGKILL', 'signal SIGKILL'],
  ])('that ended with %s, %s takes its group along', async (code, signal, how) => {
    const { process, child } = startedProcess();
    const fate = fateOf(child.ended);
    expect(kills).toEqual([]);
    child.kill();
    expect(kills).toEqual([[-PID, 'SIGKILL']]);
    await process.end(code, signal);
    expect([fate.outcome, kills.length, process.line.destroyed]).toEqual([how, 2, true]);
  });

  it('has ended when its output has, and its group may be gone', async () => {
    vi.spyOn(process, 'kill').mockImplementation(() => {
      throw new Error('ESRCH');
    });
    const { process: fake, child } = startedProcess();
    const fate = fateOf(child.ended);
    child.kill();
    fake.emit('exit', 0, null);
    await turns();
    expect(fate.outcome).toBe('pending');
    await fake.end(0);
    expect(fate.outcome).toBe('exit status 0');
  });

  it('whose output others keep open has ended 200 ms later, and is heard no more', async () => {
    const { lengths, end } = waits();
    const { process: fake, child } = startedProcess();
    const fate = fateOf(child.ended);
    fake.emit('exit', 0, null);
    await turns();
    expect([fate.outcome, lengths, fake.line.destroyed]).toEqual(['pending', [200], false]);
    end();
    await turns();
    expect([fate.outcome, fake.line.destroyed]).toEqual(['exit status 0', true]);
  });

  it('that cannot be started says why', async () => {
    const { process, child } = startedProcess();
    process.emit('error', new Error('spawn ENOENT'));
    await process.end(null);
    expect(await child.ended).toBe('spawn ENOENT');
    expect(await child.usage()).toBeUndefined();
  });
});

function startedThread(thread: unknown = FakeThread, node: object = { resourceLimits: { stackSizeMb: 4 } }) {
  const host: WorkerHostParts = { spawn: new FakeProcess().start, Worker: asThreads(thread) };
  const child = startWorkerChild('thread', ['job', '1'], node, host);
  const heard: unknown[] = [];
  child.onMessage((message) => heard.push(message));
  return { child, heard, thread: FakeThread.last };
}

/** The other end of the channel of a thread. */
const portOf = (thread: FakeThread | undefined): MessagePort => {
  const data = thread?.options.workerData;
  if (data === undefined) throw new Error('there is no thread');
  return data.port;
};

/** Messages between ports take more than a turn. */
const heardAt = (port: MessagePort): Promise<unknown> =>
  new Promise((resolve) => port.once('message', resolve));

describe('a worker thread', () => {
  it('gets its arguments, its limits and its channel, and keeps its output', () => {
    const { thread, child } = startedThread();
    expect(thread?.url.pathname).toMatch(/worker-program\.js$/);
    expect(thread?.options).toMatchObject({
      argv: ['job', '1'],
      resourceLimits: { stackSizeMb: 4 },
      stdout: true,
      stderr: true,
      transferList: [portOf(thread)],
    });
    expect([child.stdout, child.stderr]).toEqual([thread?.stdout, thread?.stderr]);
    expect(startedThread(FakeThread, {}).thread?.options).not.toHaveProperty('resourceLimits');
    child.kill();
    expect(thread?.terminations).toBe(1);
    for (const each of [thread, FakeThread.last]) each?.emit('exit', 1);
  });

  it('exchanges messages, of which condemnations go to its board only', async () => {
    const { thread, child, heard } = startedThread();
    const port = portOf(thread);
    const first = heardAt(port);
    child.send({ type: 'condemn', call: 1 });
    child.send({ type: 'cancelled', batches: {} });
    expect(await first).toEqual({ type: 'cancelled', batches: {} });
    const next = heardAt(port);
    child.send({ type: 'leave' });
    expect(await next).toEqual({ type: 'leave' });
    port.postMessage({ type: 'ready' });
    await vi.waitFor(() => expect(heard).toEqual([{ type: 'ready' }]), { interval: 1 });
    const closed = new Promise((resolve) => port.once('close', () => resolve('closed')));
    thread?.emit('exit', 0);
    expect([await child.ended, await child.usage()]).toEqual(['exit status 0', undefined]);
    expect(await closed).toBe('closed');
  });

  it('that has ended is still heard, to its last message', async () => {
    const { thread, child, heard } = startedThread();
    const port = portOf(thread);
    for (const type of ['company', 'idle', 'leaving']) port.postMessage({ type });
    const board = newBoard();
    port.postMessage({ type: 'board', rank: 2, board });
    const { port1, port2 } = new MessageChannel();
    port.postMessage({ type: 'memory', port: port1 }, [port1]);
    const closed = new Promise((resolve) => port2.once('close', () => resolve('closed')));
    thread?.emit('error', new Error('out of memory'));
    thread?.emit('exit', 1);
    expect(await child.ended).toBe('Error: out of memory');
    expect(heard).toEqual([{ type: 'company' }, { type: 'idle' }, { type: 'leaving' }]);
    // A sentinel that is no thread has nobody to pass memory on to.
    expect(await closed).toBe('closed');
    // The board of the further rank is watched: a call that is not there cannot be condemned.
    child.send({ type: 'condemn', call: 1, rank: 2 });
  });

  it('of a sentinel that is a thread has its port to the master passed on (S36)', async () => {
    const { parentPort } = workerThreads;
    const passed: unknown[] = [];
    Object.assign(workerThreads, { parentPort: { postMessage: (...args: unknown[]) => passed.push(args) } });
    syncBuiltinESMExports();
    const { thread, child } = startedThread();
    const { port1, port2 } = new MessageChannel();
    portOf(thread).postMessage({ type: 'memory', port: port1 }, [port1]);
    thread?.emit('exit', 0);
    await child.ended;
    Object.assign(workerThreads, { parentPort });
    const port: unknown = expect.any(workerThreads.MessagePort);
    expect(passed).toEqual([[{ type: 'memory', port }, [port]]]);
    port2.close();
  });

  it('whose call lasts is seen at the second look, one every 50 ms', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { thread, heard } = startedThread();
    const board = thread?.options.workerData?.board;
    if (board === undefined) throw new Error('there is no thread');
    new ActivityWriter(board).begin({ batch: '7', at: 2, limit: Infinity, isLoading: false });
    vi.advanceTimersByTime(99);
    expect(heard).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(heard).toEqual([{ type: 'call', call: 1, batch: '7', at: 2, limit: null, isLoading: false }]);
    thread?.emit('exit', 0);
    vi.useRealTimers();
  });

  it('that cannot be started has ended, and says why', async () => {
    let port: MessagePort | undefined;
    const { child, heard } = startedThread(function Refused(_url: URL, options: FakeThread['options']) {
      port = options.workerData?.port;
      throw new Error('no such flag');
    });
    const closed = new Promise((resolve) => port?.once('close', () => resolve('closed')));
    expect([await child.ended, await closed]).toEqual(['no such flag', 'closed']);
    expect([await child.stdout.toArray(), (await child.stderr.toArray()).join('')]).toEqual([
      [],
      'sleigh: a worker cannot be started: no such flag\n',
    ]);
    child.send({ type: 'leave' });
    child.kill();
    expect([await child.usage(), heard]).toEqual([undefined, []]);
  });
});

const hostOf = (process: FakeProcess): ChildHostParts => ({
  fork: unsafeCast<ChildHostParts['fork']>(process.start),
  Worker: asThreads(FakeThread),
});

/** The flags that threads are started with: a program of this package, and a worker. */
function threadFlagsOf(): unknown[] {
  startChild('thread', 'sentinel/sentinel-program.js', [], {}, hostOf(new FakeProcess()));
  const started = [FakeThread.last?.options];
  started.push(startedThread().thread?.options);
  FakeThread.last?.emit('exit', 0);
  return started.map((options) => Object.entries(options ?? {}).filter(([name]) => name === 'execArgv'));
}

describe('a program of this package', () => {
  it('is a file of the package, or cannot be started', () => {
    expect(packageFile('dist/client/index.js').pathname).toMatch(/\/dist\/client\/index\.js$/);
    expect(() => packageFile('dist/client/none.js')).toThrow(PackageFileError);
  });

  it.each([
    [true, 2],
    [false, 0],
  ])('is a process; with unref %s it is let go %s times', async (unref, unrefs) => {
    const process = new FakeProcess();
    const child = startChild('process', 'sentinel/sentinel-program.js', ['w'], { unref }, hostOf(process));
    expect(process.started).toMatchObject([
      expect.stringMatching(/client\/sentinel\/sentinel-program\.js$/),
      ['w'],
      { stdio: ['ignore', 2, 2, 'ipc'] },
    ]);
    const heard: unknown[] = [];
    child.onMessage((message) => heard.push(message));
    process.emit('message', 'hello');
    child.send({ a: 1 });
    child.release();
    expect([heard, process.sent, process.unrefs]).toEqual([['hello'], [{ a: 1 }, RELEASED], unrefs]);
    const fate = fateOf(child.ended);
    await process.end(1);
    // Its last messages may be on their way.
    expect(fate.outcome).toBe('pending');
    process.connected = false;
    process.emit('disconnect');
    await turns();
    expect(fate.outcome).toBe('exit status 1');
    child.send({ b: 1 });
    expect(process.sent).toHaveLength(2);
  });

  it.each([
    ['error', [new Error('no fork')], 'no fork'],
    ['exit', [null, 'SIGTERM'], 'signal SIGTERM'],
  ])('that ends by %s says how', async (event, args, how) => {
    const process = new FakeProcess();
    process.connected = false;
    const child = startChild('process', 'sentinel/sentinel-program.js', [], {}, hostOf(process));
    child.onMessage(() => undefined);
    process.emit(event, ...args);
    expect([await child.ended, process.unrefs]).toEqual([how, 0]);
  });

  it('that ends while a message is sent is no error', () => {
    const process = new FakeProcess();
    process.send = (_message: unknown, failed?: (error: Error) => void): boolean => {
      const error = new Error('EPIPE');
      if (failed === undefined) throw error;
      failed(error);
      return false;
    };
    const child = startChild('process', 'sentinel/sentinel-program.js', [], {}, hostOf(process));
    expect(() => child.send({ a: 1 })).not.toThrow();
  });

  it('gets the flags of this program, as a thread only if it does not inherit them', () => {
    const own = process.execArgv;
    process.execArgv = ['--eval=x', '--import=tsx'];
    const given = threadFlagsOf();
    process.execArgv = ['--import=tsx'];
    const inherited = threadFlagsOf();
    process.execArgv = own;
    const both = [['execArgv', ['--import=tsx']]];
    expect([given, inherited]).toEqual([
      [both, both],
      [[], []],
    ]);
  });

  it.each([
    [true, 1],
    [false, 0],
  ])('is a thread; with unref %s it is let go %s times', async (unref, unrefs) => {
    const child = startChild(
      'thread',
      'sentinel/sentinel-program.js',
      ['w'],
      { unref },
      hostOf(new FakeProcess()),
    );
    const thread = FakeThread.last;
    expect([
      thread?.url.pathname.endsWith('client/sentinel/sentinel-program.js'),
      thread?.options.argv,
    ]).toEqual([true, ['w']]);
    const heard: unknown[] = [];
    child.onMessage((message) => heard.push(message));
    thread?.emit('message', 'hello');
    child.send({ a: 1 });
    child.release();
    expect([heard, thread?.posted, thread?.unrefs]).toEqual([['hello'], [{ a: 1 }, RELEASED], unrefs]);
    if (unref) thread?.emit('error', new Error('oh'));
    thread?.emit('exit', 4);
    expect(await child.ended).toBe(unref ? 'Error: oh' : 'exit status 4');
  });
});

/** A program whose parent is the test, which takes the place of this process. */
class FakeProgram extends EventEmitter {
  connected = true;
  readonly sent: unknown[] = [];
  readonly done: (() => void)[] = [];
  send = (message: unknown, _handle: undefined, _options: undefined, done: () => void): boolean =>
    this.sent.push(message) === this.done.push(done);
}

describe('the parent of a program', () => {
  it('is heard, is told when a message is sent, and is gone when it says so or ends', async () => {
    const program = new FakeProgram();
    vi.stubGlobal('process', program);
    const log: unknown[] = [];
    const parent = parentOf(() => log.push('gone'));
    parent.onMessage((message) => log.push(message));
    const sent = fateOf(parent.send({ a: 1 }).then(() => 'sent'));
    for (const message of [{ b: 1 }, RELEASED]) program.emit('message', message);
    program.emit('SIGINT');
    program.emit('disconnect');
    program.connected = false;
    const late = parent.send({ a: 2 }).then(() => 'not sent');
    vi.unstubAllGlobals();
    expect([log, program.sent, program.listenerCount('SIGINT')]).toEqual([
      [{ b: 1 }, 'gone', 'gone'],
      [{ a: 1 }],
      1,
    ]);
    expect([await late, sent.outcome]).toEqual(['not sent', 'pending']);
    program.done[0]?.();
    await turns();
    expect(sent.outcome).toBe('sent');
  });

  it('is the thread that has started it, which is gone when it says so or ends', async () => {
    const { port1, port2 } = new MessageChannel();
    const { isMainThread, parentPort } = workerThreads;
    Object.assign(workerThreads, { isMainThread: false, parentPort: port2 });
    syncBuiltinESMExports();
    const log: unknown[] = [];
    const parent = parentOf(() => log.push('gone'));
    Object.assign(workerThreads, { isMainThread, parentPort });
    parent.onMessage((message) => log.push(message));
    const said = heardAt(port1);
    await parent.send({ a: 1 });
    expect(await said).toEqual({ a: 1 });
    for (const message of [{ b: 1 }, RELEASED]) port1.postMessage(message);
    await vi.waitFor(() => expect(log).toEqual([{ b: 1 }, 'gone']), { interval: 1 });
    port1.close();
    await vi.waitFor(() => expect(log).toHaveLength(3), { interval: 1 });
  });

  it('may be gone already', () => {
    const program = new FakeProgram();
    program.connected = false;
    vi.stubGlobal('process', program);
    let gone = 0;
    parentOf(() => gone++);
    vi.unstubAllGlobals();
    expect(gone).toBe(1);
  });
});

it('a program enters the folder and gets the environment of its workers', () => {
  const entered = vi.spyOn(process, 'chdir').mockReturnValue();
  enter({ env: { SLEIGH_TEST_PLACE: 'here' } });
  expect([process.env['SLEIGH_TEST_PLACE'], entered.mock.calls]).toEqual(['here', []]);
  delete process.env['SLEIGH_TEST_PLACE'];
  enter({ cwd: '/there' });
  expect(entered.mock.calls).toEqual([['/there']]);
});

function launchedHere(order: Partial<LaunchOrder> = {}) {
  const log: unknown[] = [];
  let end: (how: string) => void = (how) => log.push(how);
  let say: (message: object) => void = (message) => log.push(message);
  const ended = new Promise<string>((resolve) => (end = resolve));
  const child: Child = {
    ended,
    send: (message) => void log.push(message),
    onMessage: (listener) => (say = listener),
    release: () => void log.push('released'),
  };
  const starts: unknown[] = [];
  const result = startHere(
    'thread',
    {
      server: { port: 1 },
      workspace: 'w',
      workers: 2,
      hosts: [],
      unref: true,
      maxMemory: 5,
      onDeath: (...death) => log.push(death),
      onOutput: (text) => log.push(text),
      onMemoryPort: (port) => log.push(port),
      ...order,
    },
    'process',
    (...args) => {
      starts.push(args);
      return child;
    },
  );
  return { log, starts, result, say: (m: object) => say(m), end: (how: string) => end(how) };
}

describe('workers on this host', () => {
  it('are started by a sentinel, which says what happens, and stopped when it has ended', async () => {
    const { log, starts, result, say, end } = launchedHere();
    expect(starts).toEqual([['process', 'sentinel/sentinel-program.js', ['w'], { unref: true }]]);
    expect(log.splice(0)).toEqual([
      { server: { port: 1 }, workspace: 'w', workers: 2, maxMemory: 5, kind: 'thread' },
    ]);
    const fate = fateOf(result);
    await turns();
    expect(fate.outcome).toBe('pending');
    say({ type: 'started' });
    const workers = await result;
    say({ type: 'death', rank: 3, how: 'signal SIGKILL' });
    say({ type: 'output', text: 'hello\n' });
    say({ type: 'memory', port: 'a port' });
    const stopped = fateOf(workers.stop().then(() => 'stopped'));
    await turns();
    expect([log, stopped.outcome]).toEqual([
      [[3, 'signal SIGKILL'], 'hello\n', 'a port', 'released'],
      'pending',
    ]);
    say({ type: 'gone', reason: 'enough' });
    end('exit status 0');
    await turns();
    expect([await workers.gone, stopped.outcome]).toEqual(['enough', 'stopped']);
  });

  it('are gone with their sentinel, whose end is the reason', async () => {
    const { result, say, end } = launchedHere();
    say({ type: 'started' });
    end('signal SIGKILL');
    expect(await (await result).gone).toBe('their sentinel has ended: signal SIGKILL');
  });

  it('that cannot be started are stopped, with the reason of the sentinel', async () => {
    const { log, result, say, end } = launchedHere();
    const fate = fateOf(result);
    say({ type: 'failed', message: 'no room' });
    await turns();
    expect([fate.outcome, log.at(-1)]).toEqual(['pending', 'released']);
    end('exit status 1');
    await turns();
    expect(fate.outcome).toMatchObject({ name: 'LaunchError', code: 'not-launched' });
    expect(String(fate.outcome)).toContain('no room');
    const other = launchedHere();
    other.end('exit status 1');
    await expect(other.result).rejects.toThrow('their sentinel has ended: exit status 1');
  });

  it('share the memory of this process only if they are threads of it (S36)', () => {
    expect([threads(), processes(), threadsBeside()].map(({ sharesMemory = false }) => sharesMemory)).toEqual(
      [true, false, false],
    );
  });

  it('are not on other hosts', async () => {
    const { result, starts } = launchedHere({ hosts: ['ada'] });
    await expect(result).rejects.toMatchObject({ name: 'LaunchError' });
    expect(starts).toEqual([]);
  });
});

async function launchedElsewhere(command: Partial<RemoteLaunchCommand> = {}) {
  const fake = new FakeProcess();
  const passed: string[] = [];
  const launching = RemoteLaunch.start(
    {
      program: 'ssh',
      args: ['-T'],
      env: { A: 'b' },
      order: () => Promise.resolve('the order'),
      ...command,
    },
    (text) => passed.push(text),
    unsafeCast<Parameters<typeof RemoteLaunch.start>[2]>(fake.start),
  );
  fake.emit('spawn');
  const launch = await launching;
  await turns();
  const written = (): string => String(fake.stdin.read() ?? '');
  return { fake, passed, launch, written };
}

describe('a program that starts workers elsewhere', () => {
  it('gets its order, and its output is passed on in lines', async () => {
    const { fake, passed, launch, written } = await launchedElsewhere();
    expect(fake.started).toMatchObject(['ssh', ['-T'], { detached: true, env: { A: 'b' } }]);
    expect([written(), fake.unrefs, fake.stdin.writableEnded]).toEqual(['the order\n', 0, false]);
    fake.stdout.write('one\ntw');
    fake.stderr.write('oh\n');
    await turns();
    expect(passed.splice(0)).toEqual(['one\n', 'oh\n']);
    fake.stdout.write('o\n');
    await turns();
    expect(passed).toEqual(['two\n']);
    launch.release();
    expect(fake.stdin.writableEnded).toBe(true);
    fake.stdin.emit('error', new Error('EPIPE'));
    await fake.end(3);
    expect(await launch.ended).toBe('exit status 3');
  });

  it('waits for what the program says first, which is not passed on', async () => {
    const { fake, passed, written } = await launchedElsewhere({
      unref: true,
      order: async (said) => `${(await said(/^port (\d+)$/))[1]} ${(await said(/^key (.*)$/))[1]}`,
    });
    // The process and its channel; its streams are no sockets here.
    expect(fake.unrefs).toBe(2);
    fake.stderr.write('key early\nport 7\n');
    await turns();
    expect([written(), passed.splice(0)]).toEqual(['', ['key early\n']]);
    fake.stderr.write('port 8\nkey k\nkey l\n');
    await turns();
    expect([written(), passed]).toEqual(['7 k\n', ['port 8\n', 'key l\n']]);
  });

  it('is ended with its group, unless it has ended', async () => {
    const { fake, launch } = await launchedElsewhere();
    launch.kill('SIGTERM');
    expect(kills.splice(0)).toEqual([[-PID, 'SIGTERM']]);
    await fake.end(null, 'SIGTERM');
    launch.kill('SIGKILL');
    const other = await launchedElsewhere();
    await other.fake.end(0);
    other.launch.kill('SIGKILL');
    expect([await launch.ended, await other.launch.ended, kills]).toEqual([
      'signal SIGTERM',
      'exit status 0',
      [],
    ]);
  });

  it('whose output others keep open has ended 200 ms later', async () => {
    const { lengths, end } = waits();
    const { fake, launch } = await launchedElsewhere();
    const fate = fateOf(launch.ended);
    fake.emit('exit', null, 'SIGTERM');
    await turns();
    expect([fate.outcome, lengths]).toEqual(['pending', [200]]);
    end();
    await turns();
    expect(fate.outcome).toBe('signal SIGTERM');
  });

  it('that is not there fails', async () => {
    const fake = new FakeProcess();
    const launching = RemoteLaunch.start(
      { program: 'none', args: [], order: () => Promise.resolve('') },
      () => undefined,
      unsafeCast<Parameters<typeof RemoteLaunch.start>[2]>(fake.start),
    );
    fake.emit('error', new Error('spawn none ENOENT'));
    await expect(launching).rejects.toThrow('ENOENT');
  });
});

/** Starts a private server, whose process has begun. */
async function startingServer(options: Parameters<typeof startPrivateServer>[0] = {}) {
  const fake = new FakeProcess();
  const server = startPrivateServer(options, fake.start);
  server.catch(() => undefined);
  await turns();
  fake.emit('spawn');
  await turns();
  return { fake, server };
}

describe('a private server', () => {
  const ANNOUNCED = '{"port":4711,"web":null}\n';

  it('gets its token over a pipe, and no settings of other servers', async () => {
    vi.stubEnv('NWS_SERVER_PORT', '1');
    vi.stubEnv('SLEIGH_HOST', 'x');
    vi.stubEnv('OTHER_SETTING', 'y');
    const { fake, server } = await startingServer();
    vi.unstubAllEnvs();
    const fate = fateOf(server);
    expect(fate.outcome).toBe('pending');
    fake.stdout.write(ANNOUNCED);
    await turns();
    const { address } = await server;
    expect(address).toEqual({ host: '127.0.0.1', port: 4711, token: String(fake.stdin.read()) });
    expect(Buffer.from(address.token ?? '', 'base64url')).toHaveLength(32);
    const [node, args, details] = unsafeCast<[string, string[], { env: object; detached: boolean }]>(
      fake.started,
    );
    expect([node, args[0], args.slice(1).join(' ')]).toEqual([
      process.execPath,
      expect.stringMatching(/cli.main\.js$/),
      'serve --host 127.0.0.1 --port 0 --json --no-web --token-file - --log-level silent',
    ]);
    expect(details).toMatchObject({
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { OTHER_SETTING: 'y' },
    });
    expect(Object.keys(details.env).filter((each) => /^(NWS|SLEIGH)_/.test(each))).toEqual([]);
    expect(fake.unrefs).toBe(0);
  });

  it('says where its page is, if the program wants to know, and may outlast what keeps the process alive', async () => {
    const pages: string[] = [];
    const { fake, server } = await startingServer({ onPage: (url) => void pages.push(url), unref: true });
    expect(unsafeCast<[string, string[]]>(fake.started)[1]).toContain('--web-port');
    expect(unsafeCast<[string, string[]]>(fake.started)[1]).not.toContain('--no-web');
    fake.stdout.write('{"port":4711,"web":{"url":"http://127.0.0.1:80/"}}\n');
    await server;
    expect([pages, fake.unrefs]).toEqual([['http://127.0.0.1:80/'], 2]);
  });

  it('passes its errors on once it has started, and is killed at the end', async () => {
    const { fake, server } = await startingServer();
    fake.stderr.write('while it starts\n');
    await turns();
    const printed = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    fake.stdout.write(ANNOUNCED);
    const started = await server;
    fake.stderr.write('later\n');
    await turns();
    expect(printed.mock.calls).toEqual([['later\n']]);
    // A pipe that its process has closed is no error of the program.
    fake.stdin.emit('error', new Error('EPIPE'));
    const closed = fateOf(started.close().then(() => 'closed'));
    await turns();
    expect([fake.kills, closed.outcome]).toEqual([1, 'pending']);
    await fake.end(null, 'SIGTERM');
    expect(closed.outcome).toBe('closed');
  });

  it.each([
    ['says', '{"error":{"message":"no room"}}\n', 'no room'],
    ['says in other words', ' dyld: no room \n', 'dyld: no room'],
    ['does not say', '', 'it ended without a word'],
  ])('that does not start %s why', async (_what, said, why) => {
    const { fake, server } = await startingServer();
    fake.stderr.write(said);
    await turns();
    await fake.end(1);
    await expect(server).rejects.toMatchObject({
      code: 'not-launched',
      message: `the server of this job cannot be started: ${why}`,
    });
  });

  it('whose program cannot be run says why', async () => {
    const fake = new FakeProcess();
    const server = startPrivateServer({}, fake.start);
    fake.emit('error', new Error('spawn ENOENT'));
    await expect(server).rejects.toMatchObject({
      code: 'not-launched',
      message: expect.stringContaining('ENOENT'),
    });
  });
});
