import { PassThrough } from 'node:stream';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { NwsConnection } from '../../src/client/connection/connection.ts';
import { Sleigh, threads } from '../../src/client/index.ts';
import { thisHost, type Platform } from '../../src/client/platform.ts';
import { inLines } from '../../src/client/sentinel/output-lines.ts';
import { SentinelEventWriter } from '../../src/client/sentinel/sentinel-event-writer.ts';
import { GroupFullError, Sentinel } from '../../src/client/sentinel/sentinel.ts';
import { WorkerHost, type RankEnd } from '../../src/client/sentinel/worker-host.ts';
import { WorkerPool, type WorkerPoolOptions } from '../../src/client/sentinel/worker-pool.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import type { CallSeen, MessageAboutRank } from '../../src/client/worker/worker-messages.ts';
import { KEY, VARIABLE } from '../../src/wire/names.ts';
import { eventually } from '../support/eventually.ts';
import { Puppet } from '../support/puppet.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { sharedServer } from '../support/shared-server.ts';

function hostWith(concurrency: number) {
  const child = new Puppet();
  const clock = new ManualClock();
  const output: string[] = [];
  const log: string[] = [];
  const host = new WorkerHost(0, {
    child,
    clock,
    concurrency,
    onOutput: (rank, stream, lines) => Promise.resolve(void output.push(`${rank} ${stream}: ${lines}`)),
  });
  const ends: (RankEnd & { rank: number })[] = [];
  const add = (rank: number): void =>
    host.add(rank, {
      heard: ({ type }: MessageAboutRank) => log.push(`${rank} ${type}`),
      ended: (end) => ends.push({ rank, ...end }),
    });
  return { child, clock, output, log, host, ends, add };
}

describe('a worker process', () => {
  it('of one rank passes on what it says, its output, and how it ends with its last words', async () => {
    const { child, output, log, host, ends, add } = hostWith(1);
    add(4);
    expect(host.hasRoom).toBe(false);
    child.say({ type: 'ready' });
    child.stdout.write('one\ntwo\nthr');
    child.stderr.write('oh\nno\n');
    await endOfTurn();
    expect([log, output]).toEqual([['4 ready'], ['0 stdout: one\ntwo', '0 stderr: oh\nno']]);
    host.condemn(4, 7);
    expect(child.sent).toEqual([{ type: 'condemn', call: 7 }]);
    expect(await host.usage(4)).toEqual({ processorMs: 1, memory: 2 });
    await child.end('signal SIGKILL');
    expect(output.at(-1)).toBe('0 stdout: thr');
    expect(ends).toEqual([
      { rank: 4, how: 'signal SIGKILL', company: 'alone', killedFor: '', isFirst: true, lastWords: 'oh\nno' },
    ]);
  });

  it('keeps the last 2,048 characters of its standard error', async () => {
    const { child, ends, add } = hostWith(1);
    add(0);
    for (let n = 0; n < 3; n++) child.stderr.write(`${String(n).repeat(1_000)}\n`);
    await child.end('exit status 1');
    // With the newline at the end, which is not shown.
    expect(ends[0]?.lastWords).toBe(`${'0'.repeat(45)}\n${'1'.repeat(1_000)}\n${'2'.repeat(1_000)}`);
  });

  it('that has ended is not waited for longer than a second if nobody takes its output', async () => {
    const child = new Puppet();
    const clock = new ManualClock();
    const never = new Promise<void>(() => undefined);
    const host = new WorkerHost(0, { child, clock, concurrency: 2, onOutput: () => never });
    let ended = 0;
    host.add(0, { heard: () => undefined, ended: () => ended++ });
    child.stdout.write('line\n');
    await child.end('exit status 0');
    clock.advance(999);
    await endOfTurn();
    expect([ended, host.hasRoom]).toEqual([0, false]);
    clock.advance(1);
    await endOfTurn();
    expect(ended).toBe(1);
  });

  it('of several ranks tells them apart, and says in whose company each was', async () => {
    const { child, log, host, ends, add } = hostWith(3);
    for (const rank of [1, 2]) add(rank);
    expect(host.hasRoom).toBe(true);
    child.say({ type: 'ready', rank: 2 });
    child.say({ type: 'ready', rank: 9 });
    child.say({ type: 'company', rank: 2, company: 'together' });
    expect(log).toEqual(['2 ready']);
    host.condemn(2, 7);
    expect(child.sent).toEqual([{ type: 'condemn', call: 7, rank: 2 }]);
    expect([await host.usage(1), await host.usage(2)]).toEqual([{ processorMs: 1, memory: 2 }, undefined]);
    host.kill(2, 'timed-out');
    host.kill(1, 'cancelled');
    expect([child.kills, host.hasRoom]).toEqual([2, false]);
    await child.end('signal SIGKILL');
    expect(ends.map(({ rank, company, killedFor, isFirst }) => [rank, company, killedFor, isFirst])).toEqual([
      [1, 'waiting', 'timed-out', true],
      [2, 'together', '', false],
    ]);
  });

  it('of two ranks is told whose call is condemned, and was alone only if it has one rank', async () => {
    const { child, host, ends, add } = hostWith(2);
    add(1);
    host.condemn(1, 7);
    expect(child.sent).toEqual([{ type: 'condemn', call: 7, rank: 1 }]);
    await child.end('exit status 1');
    expect(ends).toMatchObject([{ rank: 1, company: 'waiting' }]);
  });

  it('whose ranks leave one after the other is left by each, and ends with the last one', async () => {
    const { child, host, ends, add } = hostWith(3);
    for (const rank of [1, 2]) add(rank);
    child.say({ type: 'leaving', rank: 1, why: 'cut-off', words: '' });
    expect(host.hasRoom).toBe(true);
    add(3);
    child.say({ type: 'leaving', rank: 2, why: 'max-tasks', words: '' });
    expect(host.hasRoom).toBe(false);
    child.say({ type: 'leaving', rank: 3, why: 'max-tasks', words: '' });
    expect(ends.map(({ rank, how, isFirst }) => [rank, how, isFirst])).toEqual([
      [1, 'exit status 0', true],
      [2, 'exit status 0', false],
    ]);
    await child.end('exit status 3');
    expect(ends.slice(2).map(({ rank, how, isFirst }) => [rank, how, isFirst])).toEqual([
      [3, 'exit status 3', false],
    ]);
  });

  it('that dies after one of its ranks has left is reported as both', async () => {
    const { child, ends, add } = hostWith(3);
    for (const rank of [1, 2, 3]) add(rank);
    child.say({ type: 'leaving', rank: 1, why: 'cut-off', words: '' });
    await child.end('signal SIGKILL');
    expect(ends.map(({ rank, how, isFirst }) => [rank, how, isFirst])).toEqual([
      [1, 'exit status 0', true],
      [2, 'signal SIGKILL', true],
      [3, 'signal SIGKILL', false],
    ]);
  });
});

describe('the output of a worker', () => {
  it('is passed on in whole lines, and in parts if a line is very long', async () => {
    const stream = new PassThrough();
    const taken: string[] = [];
    const done = inLines(stream, (lines) => Promise.resolve(void taken.push(lines)));
    for (const piece of ['a', 'b\nc\nd', Buffer.from('\n\u00e9').subarray(0, 2)]) {
      stream.write(piece);
      await endOfTurn();
    }
    stream.write(Buffer.from('\u00e9').subarray(1));
    await endOfTurn();
    expect(taken).toEqual(['ab\nc', 'd']);
    // With the letter before there are 65,536 characters, which still wait for the end of their line.
    stream.write('x'.repeat(65_535));
    await endOfTurn();
    expect(taken).toHaveLength(2);
    stream.write('y');
    await endOfTurn();
    expect(taken.slice(2).map((each) => each.length)).toEqual([65_537]);
    stream.end('\nlast');
    await done;
    expect(taken.slice(3)).toEqual(['', 'last']);
  });

  it('ends with a stream that fails', async () => {
    const stream = new PassThrough();
    const taken: string[] = [];
    const done = inLines(stream, (lines) => Promise.resolve(void taken.push(lines)));
    stream.write('half');
    await endOfTurn();
    stream.destroy(new Error('EIO'));
    await done;
    expect(taken).toEqual(['half']);
  });

  it('may be of no interest to its receiver any more', async () => {
    const stream = new PassThrough();
    stream.end('line\nlast');
    expect(await inLines(stream, () => Promise.reject(new Error('gone')))).toBeUndefined();
  });
});

function writer() {
  const stored: { variable: string; text: unknown; metadata: Record<string, string> }[] = [];
  const pending: (() => void)[] = [];
  const connection = {
    store: (_workspace: string, variable: string, text: unknown, metadata: ReadonlyMap<string, string>) => {
      stored.push({ variable, text, metadata: Object.fromEntries(metadata) });
      return new Promise<void>((resolve) => pending.push(resolve));
    },
  };
  const platform = unsafeCast<Platform>({ clock: new ManualClock(), hostname: 'ada' });
  const events = new SentinelEventWriter(unsafeCast<NwsConnection>(connection), 'job', 'secret', platform);
  const accept = (): void => pending.splice(0).forEach((resolve) => resolve());
  return { events, stored, accept };
}

describe('what a sentinel writes', () => {
  const always = { [KEY.time]: '1970-01-01T00:00:00.000Z', [KEY.host]: 'ada' };

  it('says how a worker ended, where in its task, and with which words', () => {
    const { events, stored } = writer();
    const end = { rank: 3, how: 'exit status 1', why: 'died', words: 'oh', at: 2 } as const;
    for (const task of ['failed', 'none'] as const) void events.end(unsafeCast({ ...end, task }));
    const details = {
      ...always,
      [KEY.session]: 'secret',
      [KEY.how]: 'exit status 1',
      [KEY.why]: 'died',
      [KEY.lastWords]: 'oh',
    };
    expect(stored).toEqual([
      {
        variable: VARIABLE.workerDead,
        text: '3',
        metadata: { ...details, [KEY.task]: 'failed', [KEY.at]: '2' },
      },
      { variable: VARIABLE.workerDead, text: '3', metadata: { ...details, [KEY.task]: 'none' } },
    ]);
  });

  it('is for people where a worker has died, and where the sentinel itself ends', () => {
    const { events, stored } = writer();
    void events.death(3, 'exit status 1');
    void events.bye(2, 'here', 'the job has ended');
    expect(stored).toEqual([
      {
        variable: VARIABLE.logError,
        text: 'worker 3 has ended: exit status 1',
        metadata: { ...always, [KEY.rank]: '3', [KEY.ended]: 'exit status 1' },
      },
      {
        variable: VARIABLE.bye,
        text: 'the sentinel of 2 workers has ended',
        metadata: {
          ...always,
          [KEY.workers]: '2',
          [KEY.station]: 'here',
          [KEY.byeReason]: 'the job has ended',
        },
      },
    ]);
  });

  it('leaves out copies of output while 256 KiB of them are on their way, and says how often', async () => {
    const { events, stored, accept } = writer();
    const half = 'x'.repeat(131_072);
    for (const text of [half, half, 'y', 'z']) events.copy(1, VARIABLE.logDebug, text);
    expect(stored.map(({ text }) => String(text).length)).toEqual([131_072, 131_072]);
    accept();
    await endOfTurn();
    for (const text of ['a', 'b']) events.copy(1, VARIABLE.logDebug, text);
    expect(stored.slice(2).map(({ text }) => text)).toEqual([
      '(output was left out here 2 times: it came too fast)\na',
      'b',
    ]);
    expect(stored.at(-1)?.metadata).toEqual({ ...always, [KEY.rank]: '1', [KEY.passedOn]: '1' });
  });
});

/** The workers of a sentinel, which are in the hands of the test. It gives those ranks, one after the other. */
function poolOf(ranks: readonly number[], options: Partial<WorkerPoolOptions> = {}) {
  const children: Puppet[] = [];
  const named: unknown[] = [];
  const asked: unknown[] = [];
  const ends: unknown[] = [];
  const clock = new ManualClock();
  const left = [...ranks];
  const platform = unsafeCast<Platform>({
    clock,
    startWorker: (_kind: string, args: readonly string[]) => {
      named.push(args);
      const child = new Puppet();
      children.push(child);
      return child;
    },
  });
  const pool = new WorkerPool({
    platform,
    kind: 'process',
    workers: ranks.length,
    budget: undefined,
    order: { server: { host: 'ada', port: 7 }, workspace: 'job' },
    askForRank: (replaces) => {
      asked.push(replaces);
      return Promise.resolve(left.shift());
    },
    report: (end, isFirst) => Promise.resolve(void ends.push([end, isFirst])),
    onOutput: () => Promise.resolve(),
    ...options,
  });
  const run = async (milliseconds = 0): Promise<void> => {
    clock.advance(milliseconds);
    for (let n = 0; n < 3; n++) await endOfTurn();
  };
  return { children, named, asked, ends, clock, pool, run };
}

/** A call that lasts. */
const lasting = (more: Partial<CallSeen> = {}): CallSeen & { type: 'call' } => ({
  type: 'call',
  call: 3,
  batch: '7',
  at: 2,
  limit: null,
  isLoading: false,
  ...more,
});
const ENDED = { rank: 4, how: 'signal SIGKILL', at: 2, words: '' };

describe('the workers of a sentinel', () => {
  it.each([1, 2])('get an order for each rank, %i to a process', async (concurrency) => {
    const { children, named, pool } = poolOf([0, 1, 2], { workers: 4, concurrency });
    expect(await pool.begun).toBe(3);
    const orders = children.map(({ sent }) => sent);
    const order = (of: number) => ({
      type: 'order',
      server: { host: 'ada', port: 7 },
      workspace: 'job',
      rank: of,
      cancelled: {},
      ...(concurrency > 1 && { concurrency }),
    });
    expect(orders).toEqual(
      concurrency === 1 ? [[order(0)], [order(1)], [order(2)]] : [[order(0), order(1)], [order(2)]],
    );
    expect(named[0]).toEqual(['ada', '7', 'job', '0']);
    pool.setCancelled({ 7: 'ask' });
    expect(children.map(({ sent }) => sent.at(-1))).toEqual(
      children.map(() => ({ type: 'cancelled', batches: { 7: 'ask' } })),
    );
    pool.kill(2);
    pool.kill(9);
    expect(children.map(({ kills }) => kills)).toEqual(concurrency === 1 ? [0, 0, 1] : [0, 1]);
    pool.stop();
    for (const child of children) await child.end('exit status 0');
    await pool.stopped;
  });

  it('have 750 ms beyond the limit of a call, which is condemned before they are killed (S22.2, S22.4)', async () => {
    const { children, ends, clock, run } = poolOf([4]);
    await run();
    const [child] = children;
    child?.say({ type: 'ready' });
    child?.say(lasting({ limit: 100 }));
    await run(849);
    const server = { host: 'ada', port: 7 };
    expect(child?.sent).toEqual([{ type: 'order', server, workspace: 'job', rank: 4, cancelled: {} }]);
    await run(1);
    expect(child?.sent.slice(1)).toEqual([{ type: 'condemn', call: 3 }]);
    child?.say({ type: 'condemned', call: 2 });
    expect(child?.kills).toBe(0);
    child?.say({ type: 'condemned', call: 3 });
    expect(child?.kills).toBe(1);
    await child?.end('signal SIGKILL');
    await run();
    expect(ends).toEqual([[{ ...ENDED, task: 'failed', why: 'timed-out' }, true]]);
    // What is left limits the output and the report.
    await run(2_000);
    expect(clock.running).toBe(0);
  });

  it('go on if the condemned call has ended, and are killed if they do not answer', async () => {
    const { children, pool, run } = poolOf([4]);
    await run();
    const [child] = children;
    child?.say({ type: 'ready' });
    child?.say(lasting());
    pool.setCancelled({ 6: 'kill' });
    expect(child?.sent.at(-1)).toMatchObject({ type: 'cancelled' });
    pool.setCancelled({ 7: 'kill' });
    expect(child?.sent.at(-1)).toEqual({ type: 'condemn', call: 3 });
    child?.say({ type: 'idle' });
    await run(1_000);
    expect(child?.kills).toBe(0);
    // A further call of the cancelled batch is condemned at once.
    child?.say(lasting({ call: 4 }));
    expect(child?.sent.at(-1)).toEqual({ type: 'condemn', call: 4 });
    await run(999);
    expect(child?.kills).toBe(0);
    await run(1);
    expect(child?.kills).toBe(1);
  });

  it('are told of each cancellation once, and a call that is asked to end has half a second (S22.3)', async () => {
    const { children, pool, run } = poolOf([4]);
    await run();
    const [child] = children;
    child?.say({ type: 'ready' });
    child?.say(lasting());
    pool.setCancelled({ 7: 'ask' });
    await run(499);
    pool.setCancelled({ 7: 'ask', 8: 'ask' });
    expect(child?.sent.at(-1)).toMatchObject({ type: 'cancelled' });
    await run(1);
    expect(child?.sent.at(-1)).toEqual({ type: 'condemn', call: 3 });
  });

  it('are followed by whoever wants to know what they do', async () => {
    const log: unknown[] = [];
    const usages: Promise<unknown>[] = [];
    const { children, pool, run } = poolOf([4], {
      watch: {
        started: (rank, { usage }) => {
          log.push(['started', rank]);
          usages.push(usage());
        },
        calls: (rank, seen) => log.push(['calls', rank, seen?.call]),
        ended: (rank) => log.push(['ended', rank]),
      },
    });
    await run();
    const [child] = children;
    child?.say({ type: 'ready' });
    child?.say(lasting());
    child?.say({ type: 'idle' });
    await child?.end('exit status 1');
    await run();
    expect(log).toEqual([
      ['started', 4],
      ['calls', 4, 3],
      ['calls', 4, undefined],
      ['ended', 4],
    ]);
    expect(usages).toHaveLength(1);
    // One that has ended is told nothing more.
    pool.setCancelled({ 9: 'ask' });
    expect(child?.sent).toHaveLength(1);
  });

  it('are let go when they have left, or after the time of a drain', async () => {
    for (const milliseconds of [69, 70]) {
      const { children, clock, pool, run, ends } = poolOf([4]);
      await run();
      const [child] = children;
      child?.say({ type: 'ready' });
      pool.drain(70);
      expect(child?.sent.slice(1)).toEqual([{ type: 'leave' }]);
      if (milliseconds === 69) child?.say({ type: 'leaving', why: 'told-to-go', words: 'as it was told' });
      await run(milliseconds);
      expect(child?.sent.slice(2)).toEqual(milliseconds === 69 ? [] : [{ type: 'release' }]);
      child?.stderr.write('the last words\n');
      await child?.end('exit status 0');
      expect(await pool.stopped).toBe('the workers were told to go');
      const words = milliseconds === 69 ? 'as it was told' : 'the last words';
      expect(ends).toEqual([
        [{ rank: 4, how: 'exit status 0', at: 0, task: 'untried', why: 'told-to-go', words }, true],
      ]);
      await run(2_000);
      expect(clock.running).toBe(0);
    }
  });

  it('are replaced under their rank, after a delay if they were never ready (S22.9, S22.10)', async () => {
    const { children, asked, run, pool, clock } = poolOf([4, 4], {
      workers: 1,
      budget: { restarts: 1, within: 1_000, maxDelay: 1_000 },
    });
    await run();
    await children[0]?.end('exit status 1');
    await run(99);
    expect(asked).toEqual([undefined]);
    await run(1);
    expect([asked, children.length]).toEqual([[undefined, 4], 2]);
    await children[1]?.end('exit status 1');
    await run();
    const before = clock.running;
    pool.stop();
    expect([clock.running, await pool.stopped]).toEqual([before - 1, 'the workers were told to go']);
    await run(9_999);
    expect(asked).toHaveLength(2);
  });

  it('are replaced two seconds after their end if the server does not take the report', async () => {
    const { children, asked, run } = poolOf([4, 4], {
      workers: 1,
      budget: { restarts: 1, within: 1_000, maxDelay: 1_000 },
      report: () => new Promise(() => undefined),
    });
    await run();
    children[0]?.say({ type: 'ready' });
    await children[0]?.end('exit status 1');
    await run(1_999);
    expect(asked).toHaveLength(1);
    await run(1);
    expect(asked).toEqual([undefined, 4]);
  });

  it('are not started any more when their rank comes too late', async () => {
    let give: ((rank: number) => void) | undefined;
    const { children, pool, run } = poolOf([4], {
      askForRank: () => new Promise((resolve) => (give = resolve)),
    });
    await run();
    pool.stop();
    expect(await pool.stopped).toBe('the workers were told to go');
    give?.(4);
    await run();
    expect([children, await pool.begun]).toEqual([[], 1]);
  });
});

describe('a sentinel', () => {
  const server = sharedServer();
  const start = (workspace: string): Promise<Sentinel> =>
    Sentinel.start({ server, workspace, workers: 1, kind: 'thread', onDeath: () => undefined });

  it('has connections that come back within the grace, if one is given (P15)', async () => {
    const connection = await thisHost.connect({ ...server, reconnectGrace: 5 });
    expect(connection.grace).toBe(5);
    connection.close();
  });

  it('does not start in a workspace that is not there', async () => {
    await expect(start('none')).rejects.toMatchObject({ name: 'NwsError', code: 'no-workspace' });
  });

  it('does not start in a group that is closed', async () => {
    const launch = threads();
    await using sleigh = await Sleigh.start({ server, workers: 1, launch, onOutput: () => undefined });
    await sleigh.join(0);
    const error: unknown = await start(sleigh.workspace.name).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(GroupFullError);
    expect(error).toMatchObject({ message: `${sleigh.workspace.name} accepts no more workers` });
  });

  it.each<[string, (job: Sleigh, sentinel: Sentinel) => Promise<unknown>, boolean]>([
    ['its job has ended', (job) => job.stop(), true],
    ['it was told to end', (_job, sentinel) => sentinel.end(), false],
    ['its workers were drained', (_job, sentinel) => sentinel.drain(1_000), false],
  ])(
    'that ends because %s says whether the job is over, and leaves nothing behind',
    async (_why, end, isOver) => {
      const children: Puppet[] = [];
      const connections: NwsConnection[] = [];
      const platform: Platform = {
        ...thisHost,
        connect: async (options) => {
          const connection = await thisHost.connect(options);
          connections.push(connection);
          return connection;
        },
        startWorker: () => {
          const child = new Puppet();
          children.push(child);
          const leave = child.send;
          child.send = (message) => {
            leave(message);
            const { type } = unsafeCast<{ type: string }>(message);
            if (type === 'leave' || type === 'release') void child.end('exit status 0');
          };
          child.kill = () => void child.end('signal SIGKILL');
          return child;
        },
      };
      await using job = await Sleigh.start({ server, workers: 0, join: 'elastic' });
      const { name: workspace } = job.workspace;
      const options = { server, workspace, workers: 2, kind: 'process', respawn: false, platform } as const;
      const sentinel = await Sentinel.start({ ...options, onDeath: () => undefined });
      expect([sentinel.started, children.length, sentinel.isOver]).toEqual([2, 2, false]);
      await end(job, sentinel);
      await sentinel.gone;
      await eventually(() => connections.every(({ isLost }) => isLost), 'its connections are closed');
      expect(sentinel.isOver).toBe(isOver);
    },
  );
});
