import { once } from 'node:events';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { command, LaunchError, Sleigh, ssh, tasks, type Launcher } from '../../src/client/index.ts';
import { decodeOrder, encodeOrder } from '../../src/client/launchers/remote-launch-order.ts';
import { sshPlans, type SshOptions } from '../../src/client/launchers/ssh.ts';
import type { ServerAddress } from '../../src/client/connection/server-address.ts';
import { shares } from '../../src/client/launchers/remote-launches.ts';
import { createServer, type Server } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { MAIN, CommandProcess, Folder, isRunning } from '../support/run-process.ts';
import { startServe } from '../support/serve-process.ts';
import { noSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { isShort } from '../support/form.ts';

const task = tasks<typeof import('./modules/tasks.mjs')>(new URL('modules/tasks.mjs', import.meta.url));

let folder: Folder;
let server: Server;
/** The command of this package for a shell, from a path with spaces. */
let sleighCommand: string;
let output: string;
let deaths: [rank: number, how: string][];
beforeEach(async () => {
  folder = new Folder();
  server = await createServer({ port: 0, logLevel: 'silent' });
  symlinkSync(MAIN, join(folder.path, 'my sleigh'));
  sleighCommand = `'${process.execPath}' '${folder.path}/my sleigh'`;
  output = '';
  deaths = [];
});
afterEach(async () => {
  await server.close();
  folder[Symbol.dispose]();
});

const start = (launch: Launcher, hosts: readonly string[] = [], workers = 2): Promise<Sleigh> =>
  Sleigh.start({
    workers,
    hosts,
    launch,
    label: `it's a "job"`,
    server: { host: '127.0.0.1', port: server.port },
    onOutput: (text) => (output += text),
    onDeath: (...death) => deaths.push(death),
  });

const pidsOf = async (sleigh: Sleigh): Promise<number[]> =>
  (await sleigh.eachWorker(task.whoAmI, undefined)).map(({ pid }) => pid);

describe('the number of workers on each host', () => {
  it('is the same on all hosts, or one more on some', () => {
    expect(shares(7, ['a', 'b', 'c']).map(({ workers }) => workers)).toEqual([3, 2, 2]);
    expect(shares(2, ['a', 'b', 'c'])).toEqual([
      { host: 'a', workers: 1 },
      { host: 'b', workers: 1 },
    ]);
  });
});

describe('a launch order', () => {
  it('contains nothing that a shell would interpret, and is decoded unchanged', () => {
    const order = { server: { host: '::1', port: 1 }, workspace: `'"$x, \u00e9`, workers: 2, station: '0' };
    expect(encodeOrder(order)).toMatch(/^[\w-]+$/);
    expect(decodeOrder(encodeOrder(order))).toEqual(order);
    expect(() => decodeOrder('no')).toThrow('not a valid launch order');
  });
});

const SSH_OPTIONS = ['BatchMode=yes', 'ServerAliveInterval=15', 'ServerAliveCountMax=3'];
const TUNNEL_OPTIONS = ['ExitOnForwardFailure=yes', 'ControlMaster=no', 'ControlPath=none', 'LogLevel=INFO'];
const argumentsOf = (options: readonly string[], ...rest: readonly string[]): string[] => [
  '-T',
  ...options.flatMap((each) => ['-o', each]),
  ...rest,
];
/** What ssh is started with, and the order for a sentinel after ssh has said a line. */
const startedWith = async (
  address: ServerAddress,
  options: SshOptions = {},
  line = 'Allocated port 4321 for remote forward to 127.0.0.1:1',
) => {
  const [plan] = sshPlans({ server: address, workers: 3, hosts: ['node', 'other'] }, options);
  if (plan === undefined) throw new Error('there is a plan for each host');
  const { program, args, order } = plan.command({
    server: address,
    workspace: 'job',
    workers: 2,
    station: '0',
  });
  const said = (pattern: RegExp): Promise<RegExpMatchArray> => {
    const match = pattern.exec(line);
    return match === null ? Promise.reject(new Error('not awaited')) : Promise.resolve(match);
  };
  return { plan, program, args, order: decodeOrder(await order(said)) };
};

describe('the command of ssh', () => {
  it.each<[ServerAddress, string]>([
    [{}, '127.0.0.1:8765'],
    [{ host: 'localhost', port: 7 }, 'localhost:7'],
    [{ host: '::1', port: 7 }, '[::1]:7'],
    [{ host: '127.0.0.2', port: 7 }, '127.0.0.2:7'],
  ])('for the server %j forwards a port of the other side to %s', async (address, target) => {
    const { plan, program, args, order } = await startedWith(address);
    expect([plan.name, plan.workers, program]).toEqual(['node', 2, 'ssh']);
    const rest = ['-R', `0:${target}`, '--', 'node', 'sleigh worker --from-stdin'];
    expect(args).toEqual(argumentsOf([...TUNNEL_OPTIONS, ...SSH_OPTIONS], ...rest));
    expect(order).toMatchObject({ server: { host: '127.0.0.1', port: 4321 }, workspace: 'job' });
  });

  it('has the options of the user first, and no tunnel to a server that others can reach', async () => {
    const address = { host: 'ada', port: 7, token: 'secret' };
    const { args, order } = await startedWith(address, { options: ['Port=22'], remoteCommand: 'npx sleigh' });
    const rest = ['--', 'node', 'npx sleigh worker --from-stdin'];
    expect(args).toEqual(argumentsOf(['Port=22', ...SSH_OPTIONS], ...rest));
    expect(order.server).toEqual(address);
    expect((await startedWith({ host: '127.0.0.1' }, { tunnel: false })).args).not.toContain('-R');
  });

  it.each<[ServerAddress['tls'], unknown]>([
    [undefined, undefined],
    [false, undefined],
    [true, { servername: 'ada' }],
    [{ ca: 'of ada' }, { servername: 'ada', ca: 'of ada' }],
    [{ servername: 'lovelace' }, { servername: 'lovelace' }],
  ])('through a tunnel keeps the name of the certificate, with TLS %j', async (tls, expected) => {
    const address = { host: 'ada', port: 7, token: 'secret', ...(tls !== undefined && { tls }) };
    const { order } = await startedWith(address, { tunnel: true });
    expect(order.server).toEqual({
      host: '127.0.0.1',
      port: 4321,
      token: 'secret',
      ...(expected !== undefined && { tls: expected }),
    });
  });
});

describe('workers that a command starts', () => {
  it.skipIf(isShort)(
    'end with their job although the server is gone and may come back',
    { timeout: 50_000 },
    async () => {
      await using stored = await startServe('--data', join(folder.path, 'data'), '--log-level', 'silent');
      const sleigh = await Sleigh.start({
        workers: 1,
        launch: command(`exec ${sleighCommand} worker`),
        server: { host: '127.0.0.1', port: stored.port },
        reconnectGrace: 60,
        onOutput: () => undefined,
      });
      const [pid = 0] = await pidsOf(sleigh);
      stored.kill('SIGKILL');
      await stored.outcome;
      await sleigh.stop();
      expect(isRunning(pid)).toBe(false);
    },
  );

  it('do a job, return their output, and end with the job', async () => {
    const sleigh = await start(command(`exec ${sleighCommand} worker`));
    expect(await sleigh.eachElem(task.square, [1, 2, 3])).toEqual([1, 4, 9]);
    const pids = await pidsOf(sleigh);
    await sleigh.stop();
    expect(pids.filter(isRunning)).toEqual([]);
    expect([output, deaths]).toEqual(['', []]);
  });
});

describe.skipIf(isShort)('workers that a command starts', () => {
  it('may be started once for each host, whose name the command receives', async () => {
    const text = `printf '%s %s\\n' "$SLEIGH_HOST" "$SLEIGH_WORKERS"; exec ${sleighCommand} worker --threads`;
    const sleigh = await start(command(text), ['one', '-two; false'], 3);
    expect(new Set(await pidsOf(sleigh)).size).toBe(2);
    await sleigh.stop();
    expect(output.split('\n').toSorted()).toEqual(['', '-two; false 1', 'one 2']);
  });

  it('may be submitted by a command that returns at once, as sbatch does', async () => {
    // The process that runs it is not a child of the command, and has only its environment.
    const submit = `setsid ${sleighCommand} worker </dev/null >/dev/null 2>&1 & exit 0`;
    const sleigh = await start(command(submit));
    const pids = await pidsOf(sleigh);
    expect(await sleigh.eachElem(task.square, [5])).toEqual([25]);
    await sleigh.stop();
    expect(pids.filter(isRunning)).toEqual([]);
  });

  it('may be started by many copies of the command, as srun does', async () => {
    const copy = `${sleighCommand} worker --workers 1 </dev/null`;
    const sleigh = await start(command(`${copy} & ${copy} & wait`));
    expect(new Set(await pidsOf(sleigh)).size).toBe(2);
    await sleigh.stop();
    expect(output).toBe('');
  });

  it('report the death of a worker, which loses no task', async () => {
    const sleigh = await start(command(`exec ${sleighCommand} worker`));
    const results = await sleigh.eachElem(
      task.deadly,
      [1, 2, 3].map((n) => ({ folder: folder.path, n })),
    );
    expect(results).toHaveLength(3);
    await eventually(() => deaths.length === 1, 'the death is told');
    expect(deaths[0]?.[1]).toBe('signal SIGKILL');
    await sleigh.stop();
  });

  it('end the job when the command fails, with its error', async () => {
    const sleigh = await start(command('echo no nodes >&2; exit 3'));
    await expect(sleigh.eachElem(task.square, [1])).rejects.toThrow(
      'the workers of echo no nodes >&2; exit 3 have ended: exit status 3',
    );
    expect(output).toBe(
      'no nodes\nsleigh: the workers of echo no nodes >&2; exit 3 have ended: exit status 3\n',
    );
    await sleigh.stop();
  });

  it('receive their launch order in no command line', async () => {
    const sleigh = await start(command(`exec ${sleighCommand} worker`));
    const [pid = 0] = await pidsOf(sleigh);
    const parent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    expect(readFileSync(`/proc/${parent}/cmdline`, 'utf8').split('\0').slice(1)).toEqual([
      `${folder.path}/my sleigh`,
      'worker',
      '',
    ]);
    await sleigh.stop();
  });
});

describe.skipIf(isShort || noSshd !== undefined)(
  `workers by ssh${noSshd === undefined ? '' : ` (${noSshd})`}`,
  () => {
    let sshd: Sshd;
    beforeAll(async () => (sshd = await startSshd()));
    afterAll(() => sshd[Symbol.asyncDispose]());

    const bySsh = (tunnel?: boolean): Launcher =>
      ssh({ options: sshd.options, remoteCommand: sleighCommand, tunnel });

    it('do a job on two hosts through a tunnel to a server that only this host reaches', async () => {
      const sleigh = await start(bySsh(), ['127.0.0.1', 'localhost'], 3);
      const me = await sleigh.eachWorker(task.whoAmI, undefined);
      expect(me.map(({ rank }) => rank)).toEqual([0, 1, 2]);
      expect(await sleigh.eachElem(task.square, [1, 2, 3])).toEqual([1, 4, 9]);
      await sleigh.stop();
      expect(me.filter(({ pid }) => isRunning(pid))).toEqual([]);
      expect([output, deaths]).toEqual(['', []]);
    });

    it('reach the server at another address than its own, with and without a tunnel', async () => {
      for (const tunnel of [true, false]) {
        const sleigh = await start(bySsh(tunnel), ['127.0.0.1'], 1);
        const [pid = 0] = await pidsOf(sleigh);
        const port = Number(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[3]);
        expect(port === server.port).toBe(!tunnel);
        await sleigh.stop();
      }
    });

    it('stop when the connection closes, even during a long call', async () => {
      const sleigh = await start(bySsh(), ['127.0.0.1']);
      const pids = await pidsOf(sleigh);
      const order = { folder: folder.path, milliseconds: 60_000 };
      const results = sleigh.eachElem(task.deep, [order]).then(
        () => 'done',
        (error: unknown) => String(error),
      );
      await eventually(() => folder.files.length > 1, 'the call has begun');
      sshd.cut();
      expect(await results).toContain('element 0: no worker can be had any more');
      await eventually(() => !pids.some(isRunning), 'the workers are gone');
      expect(output).toMatch(/the workers of 127\.0\.0\.1 have ended: exit status 255\n$/);
      await sleigh.stop();
    });

    it('stop when the master is killed', async () => {
      folder.write('module.mjs', `export default (n) => { console.error('pid', process.pid); for (;;); };`);
      const options = sshd.options.flatMap((option) => ['--ssh-option', option]);
      const args = ['module.mjs', '--host', '127.0.0.1', '--workers', '1', ...options];
      const master = new CommandProcess(folder.path, ['run', ...args, '--remote-command', sleighCommand]);
      master.child.stdin.write('1\n');
      const [[pid = ''] = []] = await master.said(/pid (\d+)/g);
      master.child.kill('SIGKILL');
      await once(master.child, 'exit');
      await eventually(() => !isRunning(Number(pid)), 'the worker is gone');
    });

    it('are not started if the host name would be an option of ssh', async () => {
      const trap = `-oProxyCommand=touch ${folder.path}/trap`;
      await expect(start(bySsh(), [trap])).rejects.toThrow(new LaunchError(`"${trap}" is not a host name`));
      await expect(start(bySsh(), [])).rejects.toThrow(new LaunchError('ssh needs `hosts`'));
    });

    it('complete the job if another host cannot be reached, which is reported', async () => {
      const sleigh = await start(bySsh(), ['127.0.0.1', 'no-such-host.invalid']);
      expect(await sleigh.eachElem(task.square, [3])).toEqual([9]);
      await eventually(() => /workers of no-such-host\.invalid have ended/.test(output), 'it is told');
      await sleigh.stop();
    });
  },
);

describe('sleigh run on other hosts', () => {
  it.skipIf(isShort || noSshd !== undefined)('starts workers on hosts, and shows their output', async () => {
    await using sshd = await startSshd();
    folder.write('module.mjs', 'export default (n) => { console.log("called"); return n * 2; };');
    const options = sshd.options.flatMap((option) => ['--ssh-option', option]);
    const args = ['module.mjs', '--host', '127.0.0.1', '--host', 'localhost', '--workers', '2', ...options];
    const run = new CommandProcess(folder.path, ['run', ...args, '--remote-command', sleighCommand], {
      input: '1\n2\n3\n',
    });
    expect([await run.status(), run.lines]).toEqual([0, ['2', '4', '6']]);
    expect(run.errors).toBe('called\n'.repeat(3));
  });
});

describe.skipIf(isShort)('sleigh run on other hosts', () => {
  it('starts workers by a command, or as threads', async () => {
    folder.write('module.mjs', 'export default (n) => n * 2;');
    for (const launch of [`${sleighCommand} worker`, 'threads', 'processes']) {
      const args = ['run', 'module.mjs', '--workers', '2', '--launch', launch];
      const run = new CommandProcess(folder.path, args, { input: '1\n2\n' });
      expect([await run.status(), run.lines, run.errors]).toEqual([0, ['2', '4'], '']);
    }
  });

  it.each([
    [
      ['--launch', 'threads', '--host', 'x'],
      /^sleigh: --launch threads is for this host, and --host for others\n$/,
    ],
    [['--host', '-x'], /^sleigh: "-x" is not a host name\n$/],
    [
      ['--launch', 'exit 4'],
      /^sleigh: the workers of exit 4 have ended: exit status 4\nsleigh: no worker can be had any more: the workers of exit 4 have ended: exit status 4; lines not done: 1\n$/,
    ],
  ])('rejects %j', async (args, errors) => {
    folder.write('module.mjs', 'export default (n) => n;');
    const run = new CommandProcess(folder.path, ['run', 'module.mjs', ...args], { input: '1\n' });
    expect(await run.status()).toBe(1);
    expect(run.errors).toMatch(errors);
  });
});
