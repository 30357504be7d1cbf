import { delimiter } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { commandPlans } from '../../src/client/launchers/command.ts';
import type { LaunchOrder } from '../../src/client/launchers/launcher.ts';
import { pythonPlace, pythonPlan, pythonWorkers } from '../../src/client/launchers/python-workers.ts';
import type { RemoteLaunch, RemoteLaunchCommand } from '../../src/client/launchers/remote-launch.ts';
import {
  decodeOrder,
  encodeOrder,
  type RemoteLaunchOrder,
} from '../../src/client/launchers/remote-launch-order.ts';
import { startRemoteLaunches, type RemoteLaunchPlan } from '../../src/client/launchers/remote-launches.ts';
import { ssh } from '../../src/client/launchers/ssh.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { KEY, VARIABLE } from '../../src/wire/names.ts';
import { fateOf, longReply, shortReply, type ServerLine } from '../support/server-line.ts';
import { refusal, ScriptedServer, turns, type Answer } from '../support/scripted-server.ts';

const ORDER: LaunchOrder = {
  server: { host: 'ada', port: 1 },
  workspace: 'w',
  workers: 5,
  hosts: [],
  onDeath: () => undefined,
  onOutput: () => undefined,
};
const REMOTE: RemoteLaunchOrder = { server: { port: 1 }, workspace: 'w', workers: 2, station: 's' };
const unasked = (): Promise<never> => Promise.reject(new Error('nothing is awaited'));

describe('a command', () => {
  it('runs once for each host that has workers, whose order and name are in its environment', async () => {
    const plans = commandPlans('run it', { hosts: ['a', 'b', 'c'], workers: 2 });
    expect(plans.map(({ name, workers }) => [name, workers])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    const started = plans[1]?.command(REMOTE);
    const line = encodeOrder(REMOTE);
    expect(started).toMatchObject({
      program: 'sh',
      args: ['-c', 'run it'],
      env: { SLEIGH_ORDER: line, SLEIGH_HOST: 'b', SLEIGH_WORKERS: '1' },
    });
    expect(await started?.order(unasked)).toBe(line);
  });

  it('runs once if no host is named, and is its own name', () => {
    const plans = commandPlans('run it', { hosts: [], workers: 3 });
    expect(plans.map(({ name, workers }) => [name, workers])).toEqual([['run it', 3]]);
    expect(plans[0]?.command(REMOTE).env).toMatchObject({ SLEIGH_HOST: '', SLEIGH_WORKERS: '3' });
  });
});

/** Where the workers find modules. */
const folders = (...args: Parameters<typeof pythonPlace>): unknown =>
  pythonPlace(...args).env['PYTHONPATH']?.split(delimiter);

describe('workers in Python', () => {
  it.each([
    [{}, 'python3'],
    [{ python: 'python3.9' }, 'python3.9'],
  ])('with %j are started by %s, which gets the order over standard input', async (options, program) => {
    const plan = pythonPlan(4, { env: { A: 'b' } }, options);
    expect([plan.name, plan.workers]).toEqual([program, 4]);
    const started = plan.command(REMOTE);
    expect(started).toMatchObject({
      program,
      args: ['-m', 'sleigh', 'worker', '--from-stdin'],
      env: { A: 'b' },
    });
    expect(await started.order(unasked)).toBe(encodeOrder(REMOTE));
  });

  it('find modules in the named folders, their own, those of the environment, and the package', () => {
    const own = expect.stringMatching(/clients\/python\/src\/?$/);
    vi.stubEnv('PYTHONPATH', undefined);
    expect(folders(undefined, {})).toEqual([process.cwd(), own]);
    vi.stubEnv('PYTHONPATH', '/outside');
    expect(folders({ cwd: '/there' }, { path: ['/a', '/b'] })).toEqual([
      '/a',
      '/b',
      '/there',
      '/outside',
      own,
    ]);
    const env = { PYTHONPATH: '/given', A: 'b' };
    expect(folders({ env }, {})).toEqual([process.cwd(), '/given', own]);
    expect(pythonPlace({ cwd: '/there', env }, {})).toMatchObject({ cwd: '/there', env: { A: 'b' } });
    vi.unstubAllEnvs();
  });

  it.each([
    [{ hosts: ['a'] }, '`hosts`'],
    [{ concurrency: 1 }, '`concurrency`'],
  ])('refuse the order %j', (order, text) => {
    expect(() => pythonWorkers().start({ ...ORDER, ...order })).toThrow(text);
  });
});

it.each([
  [[], 'ssh needs `hosts`'],
  [['ada', '-v'], '"-v" is not a host name'],
  [['ada', ' '], '" " is not a host name'],
])('ssh refuses the hosts %j', async (hosts, text) => {
  await expect(ssh().start({ ...ORDER, hosts })).rejects.toMatchObject({
    name: 'LaunchError',
    code: 'not-launched',
    message: text,
  });
});

describe('a launch order', () => {
  it.each([
    [{ server: {}, workspace: 'w', workers: 1 }, true],
    [{ server: 'ada', workspace: 'w', workers: 1 }, false],
    [{ server: {}, workspace: 1, workers: 1 }, false],
    [{ server: {}, workspace: 'w', workers: 0 }, false],
    [{ server: {}, workspace: 'w' }, false],
  ])('%j is valid: %s', (order, isValid) => {
    const text = ` ${encodeOrder(unsafeCast<RemoteLaunchOrder>(order))}\n`;
    if (isValid) expect(decodeOrder(text)).toEqual(order);
    else expect(() => decodeOrder(text)).toThrow('not a valid launch order');
  });
});

/** A program on this host that stands for workers elsewhere. */
class Station {
  readonly log: string[] = [];
  end: (how: string) => void = () => undefined;
  readonly ended = new Promise<string>((resolve) => (this.end = resolve));
  readonly command: RemoteLaunchCommand;
  readonly pass: (text: string) => void;

  constructor(started: RemoteLaunchCommand, pass: (text: string) => void) {
    this.command = started;
    this.pass = pass;
  }

  release = (): void => void this.log.push('released');
  kill = (signal: string): void => void this.log.push(signal);
}

const planOf = (name: string, workers: number): RemoteLaunchPlan => ({
  name,
  workers,
  command: (order) => ({
    program: name,
    args: [JSON.stringify(order)],
    order: () => Promise.resolve('the order'),
  }),
});

/** @param failing the number of the program that is not there */
function launched(
  order: Partial<LaunchOrder> = {},
  failing = -1,
  plans = [planOf('one', 2), planOf('two', 3)],
) {
  let follower: ServerLine | undefined;
  const follow: Answer = ({ args: [verb = ''], line }) => {
    if (verb !== 'ifind') return shortReply();
    follower = line;
    return undefined;
  };
  const server = new ScriptedServer(follow);
  const stations: Station[] = [];
  const output: string[] = [];
  const result = startRemoteLaunches({ ...ORDER, onOutput: (text) => output.push(text), ...order }, plans, {
    platform: server.platform(),
    startRemoteLaunch: (started, pass) => {
      const station = new Station(started, pass);
      if (stations.length === failing) return Promise.reject(new Error('spawn two ENOENT'));
      stations.push(station);
      return Promise.resolve(unsafeCast<RemoteLaunch>(station));
    },
  });
  const orderOf = (at: number): RemoteLaunchOrder => JSON.parse(stations[at]?.command.args[0] ?? '');
  /** A sentinel says that it and its workers have ended. */
  const bye = async (station: string, workers: number | undefined, reason: string): Promise<void> => {
    const count = workers === undefined ? {} : { [KEY.workers]: String(workers) };
    const said = { [KEY.station]: station, ...count, [KEY.byeReason]: reason };
    await follower?.say(longReply('', { metadata: new Map(Object.entries(said)) }));
    await turns(8);
  };
  return { server, stations, output, result, orderOf, bye };
}

describe('workers elsewhere', () => {
  it('are started by a program for each plan, with a name of its own', async () => {
    const all = launched({
      maxMemory: 7,
      unref: true,
      reconnectGrace: 8,
      server: { host: 'ada', token: 't' },
    });
    await all.result;
    await turns(8);
    const [first, second] = [0, 1].map(all.orderOf);
    const same = { server: { host: 'ada', token: 't' }, workspace: 'w', maxMemory: 7, reconnectGrace: 8 };
    expect(first).toEqual({ ...same, workers: 2, station: expect.stringMatching(/^[\w-]{36} 0$/) });
    expect(second).toEqual({ ...same, workers: 3, station: first?.station.replace(/0$/, '1') });
    expect(all.stations.map(({ command: { unref } }) => unref)).toEqual([true, true]);
    expect(all.server.wanted[0]).toEqual({
      host: 'ada',
      token: 't',
      workspace: 'w',
      unref: true,
      reconnectGrace: 8,
    });
    expect(all.server.taken()).toEqual([
      '0: open session | secret 1 | 8',
      '0: use ws | w |  | no | no',
      '1: open session | secret 2 | 8',
      '1: use ws | w |  | no | no',
      `1: ifind | w | ${VARIABLE.bye}`,
    ]);
    all.stations[0]?.pass('hello\n');
    expect(all.output).toEqual(['hello\n']);
  });

  it('are gone when each program has failed, or its sentinels have left with all of its workers', async () => {
    const { result, stations, output, orderOf, bye } = launched();
    const fate = fateOf((await result).gone);
    stations[0]?.end('exit status 0');
    stations[1]?.end('exit status 0');
    await turns(8);
    expect(output).toEqual([]);
    const [one = '', two = ''] = [0, 1].map((at) => orderOf(at).station);
    await bye('of another launch', 9, 'not this one');
    await bye(one, 2, 'first');
    await bye(two, 2, 'second');
    expect(fate.outcome).toBe('pending');
    await bye(two, 1, 'drained');
    expect(fate.outcome).toBe('drained');
  });

  it.each([
    ['exit status 3', 'the workers of two have ended: exit status 3'],
    ['signal SIGKILL', 'the workers of two have ended: signal SIGKILL'],
  ])('whose program ended with %s are gone with it, which is said', async (how, reason) => {
    const { result, stations, output, orderOf, bye } = launched();
    const fate = fateOf((await result).gone);
    await turns(8);
    await bye(orderOf(0).station, 2, 'drained');
    stations[0]?.end('exit status 0');
    await turns(8);
    expect(fate.outcome).toBe('pending');
    stations[1]?.end(how);
    await turns(8);
    expect([fate.outcome, output]).toEqual([reason, [`sleigh: ${reason}\n`]]);
  });

  it('are gone when the number of them has been told, of each program', async () => {
    const { result, stations, orderOf, bye } = launched({}, -1, [planOf('one', 1)]);
    const fate = fateOf((await result).gone);
    await turns(8);
    stations[0]?.end('exit status 0');
    await turns(8);
    const { station } = orderOf(0);
    await bye(station, undefined, 'without a number');
    expect(fate.outcome).toBe('pending');
    await bye(station, 1, 'drained');
    expect(fate.outcome).toBe('drained');
  });

  it('that a program has submitted are waited for when they are stopped', async () => {
    const { result, stations, orderOf, bye } = launched({}, -1, [planOf('one', 1)]);
    const workers = await result;
    stations[0]?.end('exit status 0');
    const stopped = fateOf(workers.stop().then(() => 'stopped'));
    await turns(8);
    expect([stations[0]?.log, stopped.outcome]).toEqual([['released'], 'pending']);
    await bye(orderOf(0).station, 1, 'told to go');
    expect(stopped.outcome).toBe('stopped');
  });

  it('are released when they are stopped, and killed after five seconds, and again', async () => {
    const { result, stations, output, server } = launched();
    const workers = await result;
    const stopped = fateOf(workers.stop().then(() => 'stopped'));
    await turns(8);
    const logs = (): unknown => stations.map(({ log }) => log.join());
    expect(logs()).toEqual(['released', 'released']);
    server.clock.advance(4_999);
    await turns(8);
    expect(logs()).toEqual(['released', 'released']);
    server.clock.advance(1);
    await turns(8);
    expect(logs()).toEqual(['released,SIGTERM', 'released,SIGTERM']);
    stations[0]?.end('signal SIGTERM');
    server.clock.advance(4_999);
    await turns(8);
    expect(logs()).toEqual(['released,SIGTERM', 'released,SIGTERM']);
    server.clock.advance(1);
    await turns(8);
    expect([logs(), stopped.outcome]).toEqual([
      ['released,SIGTERM,SIGKILL', 'released,SIGTERM,SIGKILL'],
      'pending',
    ]);
    stations[1]?.end('signal SIGKILL');
    await turns(8);
    expect([stopped.outcome, output, await workers.gone]).toEqual([
      'stopped',
      [],
      'the workers of two have ended: signal SIGKILL',
    ]);
    expect(server.lines.every(({ destroyed }) => destroyed)).toBe(true);
  });

  it('that have left are not waited for', async () => {
    const { result, stations, server } = launched();
    const workers = await result;
    await turns(8);
    const stopped = fateOf(workers.stop().then(() => 'stopped'));
    for (const station of stations) station.end('exit status 1');
    await turns(8);
    expect([stopped.outcome, server.lines.every(({ destroyed }) => destroyed)]).toEqual(['stopped', true]);
  });

  it('of which some cannot be started are all stopped', async () => {
    const { result, stations, server } = launched({}, 1);
    const fate = fateOf(result);
    await turns(8);
    expect([stations.length, stations[0]?.log, fate.outcome]).toEqual([1, ['released'], 'pending']);
    stations[0]?.end('exit status 0');
    await turns(8);
    expect(fate.outcome).toMatchObject({
      name: 'LaunchError',
      message: 'the workers cannot be started: spawn two ENOENT',
      cause: { message: 'spawn two ENOENT' },
    });
    expect(server.lines.every(({ destroyed }) => destroyed)).toBe(true);
  });

  it('are not started in a workspace that does not exist', async () => {
    const server = new ScriptedServer(({ args: [verb = ''] }) => refusal(verb, '0100'));
    const parts = { platform: server.platform(), startRemoteLaunch: unasked };
    await expect(startRemoteLaunches(ORDER, [planOf('one', 1)], parts)).rejects.toMatchObject({
      name: 'LaunchError',
      cause: { code: 'no-workspace' },
    });
  });
});
