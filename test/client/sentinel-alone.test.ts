import { describe, expect, it } from 'vitest';
import type { Platform } from '../../src/client/platform.ts';
import { Sentinel, type SentinelOptions } from '../../src/client/sentinel/sentinel.ts';
import { CANCELLED_BATCHES } from '../../src/client/task/task-metadata.ts';
import { KEY, VARIABLE } from '../../src/wire/names.ts';
import { SENTINEL_REPORT } from '../../src/wire/sentinel-report.ts';
import { fateOf, longReply, shortReply, type ServerLine } from '../support/server-line.ts';
import { Puppet } from '../support/puppet.ts';
import { refusal, ScriptedServer, turns, type Answer } from '../support/scripted-server.ts';

const TURNS = 12;

interface Circumstances {
  readonly isDown?: boolean;
  /** What happens before the sentinel has a fourth connection. */
  readonly further?: () => Promise<void>;
}

/** A job whose server gives these ranks, and a sentinel of it whose workers are in the hands of the test. */
function sentinelOf(
  options: Partial<SentinelOptions> = {},
  ranks = ['4', '5', '-1'],
  webPort?: number,
  { isDown = false, further = () => Promise.resolve() }: Circumstances = {},
) {
  const waiting = new Map<string, ServerLine>();
  const answer: Answer = ({ args: [verb = '', , variable = ''], line }) => {
    if (variable === VARIABLE.workerIds && verb === 'fetch') {
      const rank = ranks.shift() ?? '-1';
      return rank === 'refused' ? refusal(verb, '0001', 'no ranks today') : longReply(rank);
    }
    if (variable === VARIABLE.workerIds) return longReply('0');
    const isWait = variable === VARIABLE.sentinelAlive || verb === 'ifind';
    if (isWait) waiting.set(variable, line);
    if (isWait) return undefined;
    return verb.startsWith('ifind') ? refusal(verb, '0001', 'no value available') : shortReply();
  };
  const server = new ScriptedServer(answer, { webPort });
  server.isDown = isDown;
  const children: Puppet[] = [];
  const started: unknown[] = [];
  const deaths: unknown[] = [];
  const own = server.platform();
  let connections = 0;
  const platform: Platform = {
    ...own,
    hostname: 'here',
    connect: async (wanted) => {
      if (++connections > 3) await further();
      return own.connect(wanted);
    },
    startWorker: (...args) => {
      started.push(args);
      const child = new Puppet();
      children.push(child);
      return child;
    },
  };
  const starting = Sentinel.start({
    server: { host: 'ada', port: 7 },
    workspace: 'w',
    workers: 2,
    kind: 'process',
    respawn: false,
    platform,
    onDeath: (...death) => deaths.push(death),
    ...options,
  });
  /** The server answers what waits in that variable. */
  const say = async (variable: string, text: string, index = 0): Promise<void> => {
    await waiting.get(variable)?.say(longReply(text, { index, metadata: new Map([['type', 'json']]) }));
    await turns(TURNS);
  };
  /** What was stored: the variable, the text, and the metadata without time, host and type. */
  const stored = (): unknown[] =>
    server.asked.splice(0).flatMap(({ args: [verb, , variable, , text], metadata }) => {
      if (verb !== 'store' || variable === undefined) return [];
      const { [KEY.time]: _time, [KEY.host]: _host, type: _type, ...rest } = Object.fromEntries(metadata);
      return [[variable, text, rest]];
    });
  return { server, children, started, deaths, starting, say, stored };
}
const session = { [KEY.session]: 'secret 1' };

describe('a sentinel', () => {
  it('has three connections, asks for its ranks, and starts a worker for each', async () => {
    const { server, children, started, starting } = sentinelOf({
      preload: '/m.mjs',
      maxTasksPerWorker: 3,
      maxMemory: 5,
      node: { execArgv: ['--one'] },
    });
    const sentinel = await starting;
    expect(sentinel.started).toBe(2);
    await turns(TURNS);
    const ranks = server.asked.filter(({ args }) => args[0] === 'fetch' && args[2] === VARIABLE.workerIds);
    expect(ranks.map(({ metadata }) => Object.fromEntries(metadata))).toEqual([session, session]);
    expect(server.taken()).toEqual([
      ...[0, 1, 2].map((at) => `${at}: use ws | w |  | no | no`),
      `2: findTry | w | ${VARIABLE.workerIds}`,
      `0: fetch | w | ${VARIABLE.workerIds}`,
      `0: fetch | w | ${VARIABLE.workerIds}`,
      `0: fetch | w | ${VARIABLE.sentinelAlive}`,
      `1: ifind | w | ${CANCELLED_BATCHES}`,
    ]);
    expect(started).toEqual(
      [4, 5].map((rank) => ['process', ['ada', '7', 'w', String(rank)], { execArgv: ['--one'] }]),
    );
    const order = { type: 'order', server: { host: 'ada', port: 7 }, workspace: 'w', cancelled: {} };
    const details = { preload: '/m.mjs', maxTasks: 3, maxMemory: 5 };
    expect(children.map(({ sent }) => sent)).toMatchObject(
      [4, 5].map((rank) => [{ ...order, ...details, rank }]),
    );
  });

  it('tells its workers which batches are cancelled, and of each change', async () => {
    const { server, children, starting, say } = sentinelOf();
    await starting;
    await turns(TURNS);
    await say(CANCELLED_BATCHES, '{"7":"kill"}', 3);
    expect(children.map(({ sent }) => sent.at(-1))).toEqual([
      { type: 'cancelled', batches: { 7: 'kill' } },
      { type: 'cancelled', batches: { 7: 'kill' } },
    ]);
    expect(server.taken().at(-1)).toMatch(
      new RegExp(`^1: ifind \\| w \\| ${CANCELLED_BATCHES} \\| \\d+ \\| 3$`),
    );
  });

  it('goes on while the job does, and ends with it, after a moment for the last words', async () => {
    const { server, children, starting, say, stored } = sentinelOf({ station: 'here', concurrency: 1 });
    const sentinel = await starting;
    const gone = fateOf(sentinel.gone);
    await turns(TURNS);
    await say(VARIABLE.sentinelAlive, '"0"');
    expect(sentinel.isOver).toBe(false);
    await say(VARIABLE.sentinelAlive, '"1"');
    expect([sentinel.isOver, children.map(({ sent }) => sent.length)]).toEqual([true, [1, 1]]);
    server.clock.advance(49);
    await turns(TURNS);
    expect(children.map(({ sent }) => sent.length)).toEqual([1, 1]);
    server.clock.advance(1);
    await turns(TURNS);
    expect(children.map(({ sent }) => sent.at(-1))).toEqual([{ type: 'release' }, { type: 'release' }]);
    stored();
    for (const child of children) await child.end('exit status 0');
    await turns(TURNS);
    const last = stored().at(-1);
    const text = 'the sentinel of 2 workers has ended';
    expect(last).toEqual([
      VARIABLE.bye,
      text,
      { [KEY.workers]: '2', [KEY.station]: 'here', [KEY.byeReason]: gone.outcome },
    ]);
    expect(server.lines.map(({ destroyed }) => destroyed)).toEqual([true, true, true]);
    expect(sentinel.isOver).toBe(true);
  });

  it('reports a death to the server and to its launcher, and passes on the output to the job', async () => {
    const { children, starting, deaths, stored } = sentinelOf();
    const sentinel = await starting;
    await turns(TURNS);
    stored();
    children[0]?.stdout.write('hello\n');
    children[1]?.stderr.write('oh\n');
    await turns(TURNS);
    expect(stored()).toEqual([
      [VARIABLE.logDebug, 'hello', { [KEY.rank]: '4' }],
      [VARIABLE.logError, 'oh', { [KEY.rank]: '5' }],
    ]);
    await children[1]?.end('signal SIGKILL');
    await turns(TURNS);
    expect(deaths).toEqual([[5, 'signal SIGKILL']]);
    expect(stored()).toMatchObject([
      [VARIABLE.workerDead, '5', { ...session, [KEY.how]: 'signal SIGKILL', [KEY.lastWords]: 'oh' }],
      [VARIABLE.logError, 'worker 5 has ended: signal SIGKILL', { [KEY.rank]: '5' }],
    ]);
    await children[0]?.end('exit status 3');
    await turns(TURNS);
    expect([deaths.length, await sentinel.gone]).toEqual([2, expect.any(String)]);
  });

  it('gives the output to its launcher, if it wants it, and copies it for a page', async () => {
    const output: string[] = [];
    const onOutput = (text: string): Promise<void> => Promise.resolve(void output.push(text));
    for (const webPort of [undefined, 80]) {
      const { children, starting, stored } = sentinelOf({ onOutput }, ['4'], webPort);
      await starting;
      await turns(TURNS);
      stored();
      children[0]?.stdout.write('one\ntwo\n');
      await turns(TURNS);
      expect(output.splice(0)).toEqual(['one\ntwo\n']);
      const copy = [VARIABLE.logDebug, 'one\ntwo', { [KEY.rank]: '4', [KEY.passedOn]: '1' }];
      expect(stored()).toEqual(webPort === undefined ? [] : [copy]);
      await children[0]?.end('signal SIGKILL');
      await turns(TURNS);
      // Its launcher says itself that a worker has died.
      const dead = [VARIABLE.workerDead, VARIABLE.bye];
      expect(stored().map((each) => Array.isArray(each) && each[0])).toEqual(dead);
    }
  });

  it('replaces a worker under its rank, if it may', async () => {
    const { server, children, starting } = sentinelOf(
      { workers: 1, respawn: { restarts: 5, within: 1_000, maxDelay: 10 } },
      ['4', '4'],
    );
    await starting;
    server.taken();
    await children[0]?.end('signal SIGKILL');
    await turns(TURNS);
    server.clock.advance(10);
    await turns(TURNS);
    const asked = server.asked.find(({ args }) => args[2] === VARIABLE.workerIds);
    expect(Object.fromEntries(asked?.metadata ?? [])).toEqual({ ...session, [KEY.replaces]: '4' });
    // The first connection is blocked in `sentinel_alive`.
    expect(asked?.line).toBe(server.lines[2]);
    expect(children[1]?.sent).toMatchObject([{ type: 'order', rank: 4 }]);
  });

  it('lets its workers complete their calls when it is drained, within the time', async () => {
    const { server, children, starting } = sentinelOf();
    const sentinel = await starting;
    await turns(TURNS);
    for (const child of children) child.say({ type: 'ready' });
    const drained = fateOf(sentinel.drain(70).then(() => 'drained'));
    await turns(TURNS);
    expect(children.map(({ sent }) => sent.at(-1))).toEqual([{ type: 'leave' }, { type: 'leave' }]);
    await children[0]?.end('exit status 0');
    server.clock.advance(69);
    await turns(TURNS);
    expect([children[1]?.sent.at(-1), drained.outcome]).toEqual([{ type: 'leave' }, 'pending']);
    server.clock.advance(1);
    await turns(TURNS);
    expect(children[1]?.sent.at(-1)).toEqual({ type: 'release' });
    await children[1]?.end('exit status 0');
    await turns(TURNS);
    expect([drained.outcome, sentinel.isOver]).toEqual(['drained', false]);
  });

  it('that is ended does not wait longer than a second for a server that says nothing', async () => {
    const { server, children, starting } = sentinelOf();
    const sentinel = await starting;
    await turns(TURNS);
    const ended = fateOf(sentinel.end().then(() => 'ended'));
    const { answer } = server;
    server.answer = (asked, at) => (asked.args[2] === VARIABLE.bye ? undefined : answer(asked, at));
    for (const child of children) await child.end('exit status 0');
    await turns(TURNS);
    server.clock.advance(999);
    await turns(TURNS);
    expect(ended.outcome).toBe('pending');
    server.clock.advance(1);
    await turns(TURNS);
    expect([ended.outcome, sentinel.isOver]).toEqual(['ended', false]);
  });

  it('that loses the server ends its workers, and the job is over for it', async () => {
    const { server, children, starting } = sentinelOf();
    const sentinel = await starting;
    await turns(TURNS);
    for (const line of server.lines) line.destroy();
    await turns(TURNS);
    expect([sentinel.isOver, children.map(({ sent }) => sent.at(-1))]).toEqual([
      true,
      [{ type: 'release' }, { type: 'release' }],
    ]);
    for (const child of children) await child.end('exit status 0');
    await turns(TURNS);
    expect(await sentinel.gone).toEqual(expect.any(String));
  });

  it('kills the worker that the page stops', async () => {
    const { server, children, starting, say } = sentinelOf({}, ['4', '5'], 80);
    const sentinel = await starting;
    await turns(TURNS);
    await say('#orders', '{"order":"stop","rank":5}', 1);
    expect(children.map(({ kills }) => kills)).toEqual([0, 1]);
    expect(server.taken()).toContain('3: use ws | w |  | no | no');
    const ended = sentinel.end();
    for (const child of children) await child.end('exit status 0');
    await ended;
    expect(server.lines.map(({ destroyed }) => destroyed)).toEqual([true, true, true, true]);
  });

  it('goes on without the orders of the page if it gets no connection for them', async () => {
    const { children, starting } = sentinelOf({}, ['4'], 80, {
      further: () => Promise.reject(new Error('no more connections')),
    });
    expect((await starting).started).toBe(1);
    await turns(TURNS);
    expect(children.map(({ sent }) => sent.length)).toEqual([1]);
  });

  it('closes a connection that it gets after its end', async () => {
    let connect: (() => void) | undefined;
    const further = (): Promise<void> => new Promise((resolve) => (connect = resolve));
    const { server, children, starting } = sentinelOf({}, ['4'], 80, { further });
    const ended = (await starting).end();
    for (const child of children) await child.end('exit status 0');
    await ended;
    connect?.();
    await turns(TURNS);
    expect(server.lines.map(({ destroyed }) => destroyed)).toEqual([true, true, true, true]);
  });

  it('reports nothing for the page when its workers have ended', async () => {
    const { server, children, starting, stored } = sentinelOf({}, ['4'], 80);
    const sentinel = await starting;
    await turns(TURNS);
    expect(stored()).toMatchObject([[`${SENTINEL_REPORT}4`, expect.any(String), {}]]);
    server.clock.advance(1_500);
    await turns(TURNS);
    const { answer } = server;
    server.answer = (asked, at) => (asked.args[2] === VARIABLE.bye ? undefined : answer(asked, at));
    const ended = fateOf(sentinel.end().then(() => 'ended'));
    for (const child of children) await child.end('exit status 0');
    await turns(TURNS);
    stored();
    server.clock.advance(999);
    await turns(TURNS);
    expect([stored(), ended.outcome]).toEqual([[], 'pending']);
    server.clock.advance(1);
    await turns(TURNS);
    expect(ended.outcome).toBe('ended');
  });

  it.each([
    [undefined, 2],
    [2, 1],
  ])(
    'has a rank for each call at once, %j in a process, and says how many workers have ended',
    async (concurrency, workers) => {
      const { children, starting, stored } = sentinelOf({ concurrency, workers });
      const sentinel = await starting;
      expect([sentinel.started, children.length]).toEqual([2, workers]);
      const ended = sentinel.end();
      for (const child of children) await child.end('exit status 0');
      await ended;
      expect(stored().at(-1)).toMatchObject([
        VARIABLE.bye,
        expect.any(String),
        { [KEY.workers]: String(workers) },
      ]);
    },
  );

  it('tells nobody of a death if a worker has left as planned', async () => {
    const { children, starting, deaths, stored } = sentinelOf();
    await starting;
    await turns(TURNS);
    stored();
    children[0]?.say({ type: 'ready' });
    children[0]?.say({ type: 'leaving', why: 'max-tasks', words: '' });
    await children[0]?.end('exit status 0');
    await turns(TURNS);
    expect([deaths, stored()]).toMatchObject([
      [],
      [[VARIABLE.workerDead, '4', { [KEY.why]: 'max-tasks', [KEY.task]: 'untried' }]],
    ]);
  });

  it('asks for a replacement when the server has the report of the end, or after two seconds', async () => {
    const respawn = { restarts: 5, within: 1_000, maxDelay: 10 };
    const { server, children, starting } = sentinelOf({ workers: 1, respawn }, ['4', '4']);
    await starting;
    children[0]?.say({ type: 'ready' });
    const { answer } = server;
    server.answer = (asked, at) =>
      asked.args[2] === VARIABLE.workerDead || asked.metadata.has(KEY.replaces)
        ? undefined
        : answer(asked, at);
    await children[0]?.end('signal SIGKILL');
    await turns(TURNS);
    server.clock.advance(1_999);
    await turns(TURNS);
    const isAsked = (): boolean => server.asked.some(({ metadata }) => metadata.has(KEY.replaces));
    expect([isAsked(), server.clock.running]).toEqual([false, 1]);
    server.clock.advance(1);
    await turns(TURNS);
    expect([isAsked(), server.clock.running]).toEqual([true, 0]);
  });

  it('starts with the ranks that it gets, from 0, and says why it got none', async () => {
    const few = await sentinelOf({}, ['0', 'refused']).starting;
    expect(few.started).toBe(1);
    await expect(sentinelOf({}, ['refused', 'refused']).starting).rejects.toMatchObject({
      name: 'NwsError',
      message: expect.stringContaining('no ranks today'),
    });
  });

  it.each([
    [undefined, 0],
    // The attempt at this time is the last: 2 s more, to the millisecond.
    [1.15, 3_150],
    [5, 7_150],
  ])('whose server is not there tries to reach it within its grace: %j', async (reconnectGrace, last) => {
    const { server, starting } = sentinelOf({ reconnectGrace }, ['4'], undefined, { isDown: true });
    const fate = fateOf(starting);
    await turns(TURNS);
    while (server.clock.running > 0 && fate.outcome === 'pending') {
      server.clock.advance(50);
      await turns(TURNS);
    }
    expect(fate.outcome).toMatchObject({ code: 'unreachable' });
    expect(server.clock.now()).toBe(last);
  });

  it.each([['a group that gives no rank', ['-1', '-1'], 'GroupFullError', 'w accepts no more workers']])(
    'does not start in %s',
    async (_what, ranks, name, message) => {
      const { server, starting, children } = sentinelOf({}, ranks);
      await expect(starting).rejects.toMatchObject({ name, message });
      await turns(TURNS);
      expect([children.length, server.lines.every(({ destroyed }) => destroyed)]).toEqual([0, true]);
    },
  );

  it('does not start where there is no job', async () => {
    const { server, starting } = sentinelOf();
    server.answer = ({ args: [verb = ''] }) =>
      verb === 'findTry' ? refusal(verb, '0001', 'no value available') : shortReply();
    await expect(starting).rejects.toMatchObject({ name: 'NoJobError' });
    await turns(TURNS);
    expect(server.lines.map(({ destroyed }) => destroyed)).toEqual([true, true, true]);
  });
});
