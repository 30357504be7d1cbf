import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Interruption } from '../../src/cli/interruption.ts';
import { Output, OutputError } from '../../src/cli/output.ts';
import { NetWorkSpace } from '../../src/client/index.ts';
import { createServer, type Server } from '../../src/index.ts';
import { MAIN, Folder } from '../support/run-process.ts';
import { isShort } from '../support/form.ts';

let server: Server;
let folder: Folder;
let ws: NetWorkSpace;
beforeAll(async () => {
  server = await createServer({ port: 0, logLevel: 'silent' });
  ws = await NetWorkSpace.open('shop', { port: server.port });
  await ws.store('text', 'value');
  await ws.store('json', { a: 1 });
  await ws.store('bytes', Buffer.from([0, 1, 2]));
  folder = new Folder();
  folder.write('id.mjs', 'export default (x) => x;');
  const trace = join(folder.path, 'trace.jsonl');
  const traced = await createServer({ port: 0, logLevel: 'silent', trace });
  (await NetWorkSpace.open('traced', { port: traced.port })).close();
  await traced.close();
});
afterAll(async () => {
  await server.close();
  folder[Symbol.dispose]();
});

const at = (): string[] => ['--server', `127.0.0.1:${server.port}`];

/** Every command that prints to standard output, with arguments that make it print. */
const COMMANDS: readonly (readonly [name: string, args: () => readonly string[], input: string])[] = [
  ['run', () => ['run', 'id.mjs', '--workers', '1'], '1\n'],
  ['run, one long result', () => ['run', 'id.mjs', '--workers', '1'], `${'x'.repeat(200_000)}\n`],
  ['get', () => ['get', 'shop', 'text', ...at()], ''],
  ['get of JSON', () => ['get', 'shop', 'json', ...at()], ''],
  ['get --json', () => ['get', 'shop', 'bytes', '--json', ...at()], ''],
  ['watch', () => ['watch', 'shop', 'text', ...at()], ''],
  ['ls', () => ['ls', ...at()], ''],
  ['ls --json', () => ['ls', '--json', ...at()], ''],
  ['ls WORKSPACE', () => ['ls', 'shop', ...at()], ''],
  ['status', () => ['status', ...at()], ''],
  ['status --json', () => ['status', '--json', ...at()], ''],
  ['charts', () => ['charts'], ''],
  ['charts NAME', () => ['charts', 'worker'], ''],
  ['charts --json', () => ['charts', '--json'], ''],
  ['charts --out', () => ['charts', '--out', 'charts', '--format', 'svg'], ''],
  ['charts --trace', () => ['charts', '--trace', 'trace.jsonl', '--web-port', '0'], ''],
  ['verify --json', () => ['verify', 'trace.jsonl', '--json'], ''],
  ['completion', () => ['completion', 'bash'], ''],
  ['--help', () => ['--help'], ''],
  ['run --help', () => ['run', '--help'], ''],
  ['--version', () => ['--version'], ''],
];

interface Ended {
  readonly status: number | null;
  readonly errors: string;
}

/** @param stdout the destination of standard output; 'closed' is a pipe that nobody reads */
async function command(args: readonly string[], stdout: number | 'closed', input = ''): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder.path,
    stdio: ['pipe', stdout === 'closed' ? 'pipe' : stdout, 'pipe'],
  });
  child.stdout?.destroy();
  child.stdin?.on('error', () => undefined).end(input);
  let errors = '';
  child.stderr?.on('data', (bytes: Buffer) => (errors += bytes.toString()));
  await once(child, 'close');
  return { status: child.exitCode, errors };
}

const FULL = 'cannot write to standard output: no space is left on the device';

const toFullDisk = (args: readonly string[], input?: string): Promise<Ended> =>
  command(args, openSync('/dev/full', 'w'), input);

describe.runIf(!isShort && process.platform === 'linux')('a full disk under standard output', () => {
  it.each(COMMANDS)('is reported as an error by %s', async (_name, args, input) => {
    const { status, errors } = await toFullDisk(args(), input);
    expect(status).toBe(1);
    expect(errors.match(new RegExp(FULL, 'g'))).toHaveLength(1);
  });

  it.each([[[]], [['--json']]])('is reported as an error by serve %j, which exits', async (flags) => {
    const ended = await toFullDisk(['serve', '--port', '0', '--no-web', '--log-level', 'silent', ...flags]);
    expect(ended.status).toBe(1);
    expect(ended.errors).toContain(FULL);
  });

  it('is reported as an error by worker --json', async () => {
    const job = await NetWorkSpace.open('job', { port: server.port, metadata: { wstype: 'sleigh' } });
    const ended = await toFullDisk(['worker', 'job', '--workers', '1', '--json', ...at()]);
    expect(ended.status).toBe(1);
    expect(JSON.parse(ended.errors)).toEqual({ error: { code: 'unwritable', message: FULL } });
    job.close();
  });
});

describe.skipIf(isShort)('a reader that has closed the pipe', () => {
  const names = new Set(['run, one long result', 'get', 'ls', 'charts NAME', 'completion', '--help']);
  it.each(COMMANDS.filter(([name]) => names.has(name)))(
    'causes no error in %s',
    async (_name, args, input) => {
      expect(await command(args(), 'closed', input)).toEqual({ status: 0, errors: '' });
    },
  );
});

const errorOf = (code: string): Error => Object.assign(new Error(code), { code });
const failing = (code: string): Writable =>
  new Writable({ write: (_piece, _encoding, done) => done(errorOf(code)) });

describe('output', () => {
  it('reports an error once, whether it happens at the write or later', async () => {
    const output = new Output(failing('ENOSPC'));
    const faults: unknown[] = [];
    output.onFault((fault) => faults.push(fault));
    output.write('lost');
    await expect(output.flush()).rejects.toThrow(OutputError);
    await expect(output.print('more')).rejects.toThrow('no space is left on the device');
    expect(faults).toHaveLength(1);
  });

  it('treats a closed pipe as an interruption without failure', async () => {
    const output = new Output(failing('EPIPE'));
    output.write('unread');
    const fault: unknown = await output.flush().catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(Interruption);
    expect(fault).toMatchObject({ status: 0 });
  });

  it('waits for a slow reader', async () => {
    const stream = new PassThrough({ highWaterMark: 1 });
    const output = new Output(stream);
    let isDone = false;
    const printed = output.print('first').then(() => (isDone = true));
    await new Promise(setImmediate);
    expect(isDone).toBe(false);
    stream.resume();
    await printed;
  });
});
