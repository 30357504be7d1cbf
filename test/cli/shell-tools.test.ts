import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NetWorkSpace } from '../../src/client/index.ts';
import { createServer, type Server } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { CommandProcess, Folder, type RunOptions } from '../support/run-process.ts';
import { isShort } from '../support/form.ts';

/** A module that workers can load, and that has no function "none". */
const WORDS = fileURLToPath(new URL('../../examples/words.mjs', import.meta.url));

let server: Server;
let folder: Folder;
let ws: NetWorkSpace;
beforeEach(async () => {
  server = await createServer({ port: 0, logLevel: 'silent' });
  folder = new Folder();
  ws = await NetWorkSpace.open('my shop', { port: server.port });
});
afterEach(async () => {
  await server.close();
  folder[Symbol.dispose]();
});

const start = (args: readonly string[], options?: RunOptions): CommandProcess =>
  new CommandProcess(folder.path, [...args, '--server', `127.0.0.1:${server.port}`], options);

interface Ended {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

async function tool(args: readonly string[], options?: RunOptions): Promise<Ended> {
  const process = start(args, options);
  const status = await process.status();
  return { status, output: process.output, errors: process.errors };
}

const printed = (output: string): Ended => ({ status: 0, output, errors: '' });
const failed = (error: string): Ended => ({ status: 1, output: '', errors: `sleigh: ${error}\n` });

describe('sleigh get', () => {
  it('leaves the value in the variable, or removes it with --take', async () => {
    await ws.store('x', 'one');
    await tool(['get', 'my shop', 'x']);
    expect(await tool(['get', 'my shop', 'x', '--take'])).toEqual(printed('one'));
    expect(await tool(['get', 'my shop', 'x'])).toEqual(failed('there is no value in "x" of "my shop"'));
  });
});

describe.skipIf(isShort)('sleigh get', () => {
  it('prints text unchanged, JSON with indentation, and bytes unchanged', async () => {
    await ws.store('x', 'no newline é');
    expect(await tool(['get', 'my shop', 'x'])).toEqual(printed('no newline é'));
    await ws.store('y', { a: [1, null] });
    expect(await tool(['get', 'my shop', 'y'])).toEqual(printed('{\n  "a": [\n    1,\n    null\n  ]\n}\n'));
    await ws.store('z', Buffer.from('raw'));
    expect(await tool(['get', 'my shop', 'z'])).toEqual(printed('raw'));
    await ws.store('m', new Map([['k', 1n]]));
    expect(await tool(['get', 'my shop', 'm'])).toEqual(printed("Map(1) { 'k' => 1n }\n"));
  });

  it('prints the numbers of JSON with all their digits', async () => {
    await tool(['put', 'my shop', 'x', '{"id":12345678901234567891, "v":1.10}', '--json']);
    expect((await tool(['get', 'my shop', 'x'])).output).toBe(
      '{\n  "id": 12345678901234567891,\n  "v": 1.10\n}\n',
    );
    expect((await tool(['get', 'my shop', 'x', '--json'])).output).toBe(
      '{"id":12345678901234567891,"v":1.10}\n',
    );
  });

  it('refuses to print a value as JSON that JSON cannot represent', async () => {
    await ws.store('x', { mean: NaN });
    expect(await tool(['get', 'my shop', 'x', '--json'])).toEqual({
      status: 1,
      output: '',
      errors:
        '{"error":{"code":"no-json","message":"the value cannot be written as JSON: \\"mean\\" is NaN"}}\n',
    });
  });

  it('prints every value as a line of JSON with --json', async () => {
    for (const [value, line] of [
      ['two\nlines "é" \u{1f600}', JSON.stringify('two\nlines "é" \u{1f600}')],
      [{ a: 1 }, '{"a":1}'],
      [Buffer.from('bytes!!'), '{"base64":"Ynl0ZXMhIQ=="}'],
      [new Map([['k', 1]]), '[["k",1]]'],
    ] as const) {
      await ws.store('x', value);
      expect(await tool(['get', 'my shop', 'x', '--json', '--take'])).toEqual(printed(`${line}\n`));
    }
  });

  it('waits without limit with --wait, or up to a limit with --timeout', async () => {
    const waiting = start(['get', 'my shop', 'later', '--wait']);
    await eventually(async () => (await ws.list()).some(({ finders }) => finders === 1), 'it waits');
    await ws.store('later', 'now');
    expect([await waiting.status(), waiting.output]).toEqual([0, 'now']);
    expect(await tool(['get', 'my shop', 'never', '--timeout', '0.05'])).toEqual(
      failed('no value came to "never" within 50 ms'),
    );
  });

  it('reports in one line what is missing, and creates nothing', async () => {
    expect(await tool(['get', 'none', 'x'])).toEqual(failed('there is no workspace "none"'));
    expect(await tool(['get', 'my shop', 'x'])).toEqual(failed('there is no variable "x" in "my shop"'));
    expect(await ws.list()).toEqual([]);
    const names = (await NetWorkSpace.list({ port: server.port })).map(({ name }) => name);
    expect(names).toEqual(['__default', 'my shop']);
    const away = new CommandProcess(folder.path, ['get', 'a', 'b', '--server', '127.0.0.1:1']);
    expect(await away.status()).toBe(1);
    expect(away.errors).toMatch(/^sleigh: 127\.0\.0\.1:1 cannot be reached .*\n$/);
  });
});

describe('sleigh put', () => {
  it('stores its argument as text or JSON', async () => {
    expect(await tool(['put', 'my shop', 'x', 'hello é'])).toEqual(printed(''));
    expect(await ws.fetch('x')).toBe('hello é');
    await tool(['put', 'my shop', 'x', '{"a": 1}', '--json']);
    expect(await ws.fetch('x')).toEqual({ a: 1 });
    await tool(['put', 'my shop', 'x', '']);
    expect(await ws.fetch('x')).toBe('');
    expect(await tool(['put', 'my shop', 'x', '{', '--json'])).toMatchObject({
      status: 1,
      errors: expect.stringMatching(
        /^\{"error":\{"code":"no-json","message":"the value is not valid JSON: .*"\}\}\n$/,
      ),
    });
  });
});

describe.skipIf(isShort)('sleigh put', () => {
  it('stores standard input as text if it is valid UTF-8, and otherwise as bytes', async () => {
    await tool(['put', 'my shop', 'x'], { input: 'a line\n' });
    expect(await ws.fetch('x')).toBe('a line\n');
    const process = start(['put', 'my shop', 'x']);
    process.child.stdin.end(Buffer.from([0xff, 0xfe]));
    await process.status();
    expect(await ws.fetch('x')).toEqual(Buffer.from([0xff, 0xfe]));
  });

  it('declares a mode', async () => {
    await tool(['put', 'my shop', 'x', '1', '--mode', 'single']);
    await tool(['put', 'my shop', 'x', '2', '--mode', 'single']);
    expect(await ws.list()).toMatchObject([{ name: 'x', mode: 'single', values: 1 }]);
    expect(await tool(['put', 'my shop', 'x', '1', '--mode', 'fifo'])).toMatchObject({
      status: 1,
      errors: expect.stringMatching(/^sleigh: declare var was refused: .*\n$/),
    });
  });

  it('creates a persistent workspace only with --create', async () => {
    expect(await tool(['put', 'new', 'x', '1'])).toEqual(failed('there is no workspace "new"'));
    expect(await tool(['put', 'new', 'x', '1', '--create'])).toEqual(printed(''));
    expect(await tool(['put', 'new', 'x', '2', '--create'])).toEqual(printed(''));
    expect(await tool(['get', 'new', 'x'])).toEqual(printed('1'));
  });
});

describe.skipIf(isShort)('a large value', () => {
  it('passes through put and get in little memory, and is unchanged', async () => {
    const bytes = randomBytes(2 ** 20);
    const hash = createHash('sha1');
    const env = { NODE_OPTIONS: '--max-old-space-size=32' };
    const put = start(['put', 'my shop', 'big'], { env });
    for (let n = 0; n < 100; n++) {
      hash.update(bytes);
      if (!put.child.stdin.write(bytes))
        await new Promise((resolve) => put.child.stdin.once('drain', resolve));
    }
    put.child.stdin.end();
    expect([await put.status(), put.errors]).toEqual([0, '']);
    const get = start(['get', 'my shop', 'big'], { env });
    get.child.stdout.removeAllListeners('data');
    const back = createHash('sha1');
    for await (const piece of get.child.stdout) back.update(piece);
    expect(back.digest('hex')).toBe(hash.digest('hex'));
  }, 60_000);

  it('is text again if it was stored as text', async () => {
    writeFileSync(join(folder.path, 'long'), 'é\n'.repeat(4 * 2 ** 20));
    const put = start(['put', 'my shop', 'big'], { input: 'é\n'.repeat(4 * 2 ** 20) });
    expect([await put.status(), put.errors]).toEqual([0, '']);
    expect((await ws.find('big')) === 'é\n'.repeat(4 * 2 ** 20)).toBe(true);
  }, 60_000);

  it('may have a reader that stops early', async () => {
    await ws.store('big', 'x'.repeat(2 ** 22));
    const get = start(['get', 'my shop', 'big']);
    get.child.stdout.once('data', () => get.child.stdout.destroy());
    expect([await get.status(), get.errors]).toEqual([0, '']);
  });
});

describe.skipIf(isShort)('sleigh watch', () => {
  it('prints each value when it is stored, and exits with status 0 when the workspace is deleted', async () => {
    await ws.store('x', 'first');
    const watch = start(['watch', 'my shop', 'x']);
    await eventually(() => watch.lines.length === 1, 'the first');
    await ws.store('x', { n: [2] });
    await ws.store('x', 'third\n');
    await eventually(() => watch.lines.length === 3, 'all three');
    await ws.delete();
    expect([await watch.status(), watch.output, watch.errors]).toEqual([0, 'first\n{"n":[2]}\nthird\n', '']);
  });

  it('prints lines of JSON with --json, also for a variable that is created later, and exits on Ctrl-C', async () => {
    const watch = start(['watch', 'my shop', 'x', '--json']);
    await eventually(async () => (await ws.list()).some(({ finders }) => finders === 1), 'it waits');
    await ws.store('x', 'a\nb');
    await eventually(() => watch.lines.length === 1, 'the value');
    watch.child.kill('SIGINT');
    expect([await watch.status(), watch.output, watch.errors]).toEqual([130, '"a\\nb"\n', '']);
    expect(await ws.findTry('x')).toBe('a\nb');
  });

  it('reports that the server has disconnected, and refuses what cannot be watched', async () => {
    await ws.declare('l', 'lifo');
    await ws.store('l', '1');
    expect(await tool(['watch', 'my shop', 'l'])).toMatchObject({
      status: 1,
      errors: expect.stringMatching(/^sleigh: ifind was refused: .*LIFO.*\n$/),
    });
    expect(await tool(['watch', 'none', 'x'])).toEqual(failed('there is no workspace "none"'));
  });
});

describe.skipIf(isShort)('sleigh ls', () => {
  it('lists workspaces and variables', async () => {
    await ws.store('x', 1);
    await ws.store('a"b', 1);
    const all = await tool(['ls']);
    expect(all.output).toMatch(
      /^WORKSPACE +VARIABLES +PERSISTENT +KIND +OWNER\n__default .*\nmy shop +2 +no +- +127\.0\.0\.1:\d+/,
    );
    expect(await tool(['ls', 'my shop'])).toEqual(
      printed(
        [
          'VARIABLE  MODE  VALUES  FETCHERS  FINDERS',
          '"a\\"b"    fifo       1         0        0',
          'x         fifo       1         0        0',
          '',
        ].join('\n'),
      ),
    );
    expect(JSON.parse((await tool(['ls', '--json'])).output)).toMatchObject([
      { name: '__default' },
      { name: 'my shop', isPersistent: false, variables: ['a"b', 'x'] },
    ]);
    expect(JSON.parse((await tool(['ls', 'my shop', '--json'])).output)[1]).toEqual({
      name: 'x',
      mode: 'fifo',
      values: 1,
      fetchers: 0,
      finders: 0,
    });
    expect(await tool(['ls', 'none'])).toEqual(failed('there is no workspace "none"'));
  });
});

describe('sleigh status', () => {
  it.skipIf(isShort)('shows jobs and their workers', async () => {
    const job = await NetWorkSpace.open('my job', { port: server.port, metadata: { wstype: 'sleigh' } });
    await job.store('workerCount', '3');
    const worker = start(['worker', 'my job', '--workers', '2']);
    await eventually(async () => (await job.find('rankCount')) === '2', 'both');
    await job.store('task', 1, { metadata: { module: WORDS, function: 'none' } });
    await eventually(async () => (await job.find('jobStatus')) === '0', 'it has failed');
    const all = await tool(['status']);
    expect(all.output).toBe(
      [
        `127.0.0.1:${server.port}: 3 workspaces, 1 of them jobs`,
        'JOB     WORKERS  RANKS  GROUP  PENDING  RUNNING  REPLACEMENTS',
        'my job        2      2  open         0        0             0',
        '',
      ].join('\n'),
    );
    const one = JSON.parse((await tool(['status', 'my job', '--json'])).output);
    expect(one).toMatchObject({
      name: 'my job',
      workers: 2,
      ranks: 2,
      group: 'open',
      pending: 0,
      running: 0,
      replacements: 0,
    });
    expect(one.scoreboard.map(({ rank }: { rank: number }) => rank)).toEqual([0, 1]);
    const completed = one.scoreboard.map((each: { completed: number }) => each.completed);
    expect(completed.toSorted()).toEqual([0, 1]);
    expect((await tool(['status', 'my job'])).output).toMatch(/^JOB .*\nmy job .*\n\nWORKER +PEER .*\n +0 /);
    worker.child.kill();
    await worker.status();
    expect(await tool(['status', 'my shop'])).toEqual(failed('"my shop" is not a job'));
    expect(await ws.list()).toEqual([]);
  });
});

describe.skipIf(isShort)('sleigh status', () => {
  it('shows an old-style job in an ordinary workspace while workers wait for its end', async () => {
    const job = await NetWorkSpace.open('old job', { port: server.port });
    for (const task of [1, 2, 3]) await job.store('task', task);
    await job.store('result', 1);
    await job.fetch('result');
    const end = new AbortController();
    const workers = [1, 2].map(() =>
      job.find('Sleigh ride over', { signal: end.signal }).catch(() => undefined),
    );
    const finders = async (): Promise<number> =>
      (await job.list()).find(({ name }) => name === 'Sleigh ride over')?.finders ?? 0;
    await eventually(async () => (await finders()) === 2, 'both wait');
    const counts = { workers: 2, ranks: 2, group: 'old style', pending: 3, running: 0, lost: 0 };
    expect(JSON.parse((await tool(['status', '--json'])).output)).toMatchObject({
      jobs: [{ name: 'old job', ...counts }],
    });
    expect(JSON.parse((await tool(['status', 'old job', '--json'])).output)).toEqual({
      name: 'old job',
      ...counts,
    });
    expect((await tool(['status'])).output).toMatch(/^old job +2 +2 +old style +3 +0$/m);
    expect((await tool(['ls'])).output).toMatch(/^old job +3 +no +old-style job +127/m);
    const lost = await NetWorkSpace.use('old job', { port: server.port });
    await lost.fetch('task');
    expect((await tool(['status'])).output).toMatch(/^old job +2 +2 +old style +2 +1$/m);
    lost.close();
    await eventually(async () => (await job.oldSleigh())?.lost === 1, 'it has left');
    expect((await tool(['status'])).output).toMatch(
      /^JOB +WORKERS .* LOST\nold job +2 +2 +old style +2 +0 +1$/m,
    );
    end.abort();
    await Promise.all(workers);
    await eventually(async () => (await finders()) === 0, 'nobody waits');
    await job.store('Sleigh ride over', '1');
    expect(await tool(['status', 'old job'])).toEqual(failed('"old job" is not a job'));
  });

  it('shows how often workers were replaced, if a sentinel supervises them (S19)', async () => {
    const metadata = { wstype: 'sleigh', onDeadWorker: 'null' };
    const job = await NetWorkSpace.open('my job', { port: server.port, metadata });
    const json = async (...args: string[]) => JSON.parse((await tool(['status', ...args, '--json'])).output);
    expect(await json('my job')).not.toHaveProperty('replacements');
    const session = 'a secret';
    for (let n = 0; n < 2; n++) await job.fetch('worker_ids', { metadata: { session } });
    const register = async (rank: string) => {
      const worker = await NetWorkSpace.open('my job', { port: server.port });
      await worker.store('worker_ids', rank);
    };
    await register('1');
    await register('0');
    for (const replacements of [1, 2]) {
      expect(await job.fetch('worker_ids', { metadata: { session, replaces: '1' } })).toBe('1');
      expect(await json()).toMatchObject({ jobs: [{ replacements }] });
      await register('1');
    }
    const replaced = [
      { rank: 0, replaced: 0 },
      { rank: 1, replaced: 2 },
    ];
    expect(await json('my job')).toMatchObject({ replacements: 2, scoreboard: replaced });
    expect((await tool(['status', 'my job'])).output).toMatch(
      /^JOB .* REPLACEMENTS\nmy job .* 2\n\nWORKER .* REPLACED\n +0 .* 0\n +1 .* 2\n$/,
    );
  });

  it('does not freeze the group by reading the job (S4)', async () => {
    const job = await NetWorkSpace.open('my job', { port: server.port, metadata: { wstype: 'sleigh' } });
    expect(await job.fetch('worker_ids')).toBe('0');
    for (const args of [['status'], ['status', 'my job'], ['ls'], ['get', 'my job', 'rankCount']])
      expect((await tool(args)).status).toBe(0);
    expect(await job.fetch('worker_ids')).toBe('1');
  });
});

describe.skipIf(isShort)('a server that requires a token (P2.5)', () => {
  const token = 'open sesame';
  let guarded: Server;
  beforeEach(async () => {
    guarded = await createServer({ port: 0, logLevel: 'silent', admission: { token } });
  });
  afterEach(() => guarded.close());
  const at = (): string[] => ['--server', `127.0.0.1:${guarded.port}`];

  it('accepts commands that read the token from a file, and refuses others', async () => {
    const file = join(folder.path, 'token');
    writeFileSync(file, `${token}\n`);
    await NetWorkSpace.open('shop', { port: guarded.port, token });
    const run = async (...args: string[]): Promise<Ended> => {
      const command = new CommandProcess(folder.path, [...args, ...at()]);
      const status = await command.status();
      return { status, output: command.output, errors: command.errors };
    };
    expect(await run('put', 'shop', 'x', '1', '--token-file', file)).toEqual(printed(''));
    expect(await run('get', 'shop', 'x', '--token-file', file)).toEqual(printed('1'));
    expect(await run('get', 'shop', 'x')).toMatchObject({
      status: 1,
      errors: expect.stringContaining(
        'needs a token, and none was given: give it as `token`, or to a command with --token-file FILE',
      ),
    });
  });

  it('accepts the workers of a job whose master knows the token', async () => {
    const file = join(folder.path, 'token');
    writeFileSync(file, token);
    folder.write('double.mjs', 'export default (line) => Number(line) * 2;\n');
    const job = new CommandProcess(
      folder.path,
      ['run', 'double.mjs', '--workers', '1', '--token-file', file, ...at()],
      { input: '1\n2\n' },
    );
    expect(await job.status()).toBe(0);
    expect(job.output).toBe('2\n4\n');
  });
});
