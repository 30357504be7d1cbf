import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode } from 'fast-png';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { createServer, type Server } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { CommandProcess, Folder, isRunning, RunProcess, type RunOptions } from '../support/run-process.ts';
import { startServe } from '../support/serve-process.ts';
import { isShort } from '../support/form.ts';

/** For runs in tests that do not need a private server. */
let server: Server;
beforeAll(async () => {
  server = await createServer({ port: 0, logLevel: 'silent' });
});
afterAll(() => server.close());

let folder: Folder;
beforeEach(() => (folder = new Folder()));
afterEach(() => folder[Symbol.dispose]());

/** Prints its process id when it starts in a worker, which has a server address among its arguments. */
const INTRODUCES_ITSELF = `
  const [, , host, port] = process.argv;
  if (process.argv[1].endsWith('worker-program.js')) console.error('worker', process.pid, 'of', port);
`;

/** @param source of the module */
function start(source: string, args: readonly string[] = [], options: RunOptions = {}): RunProcess {
  folder.write('module.mjs', source);
  return new RunProcess(folder.path, ['module.mjs', ...args], options);
}

/** Runs it to its end, on the shared server and with one worker unless flags are given. */
async function run(source: string, input: string | Buffer, ...args: string[]): Promise<RunProcess> {
  const usual = [
    ...(args.includes('--workers') ? [] : ['--workers', '1']),
    ...(args.includes('--server') ? [] : ['--server', `127.0.0.1:${server.port}`]),
  ];
  const process = start(source, [...usual, ...args], { input });
  await process.status();
  return process;
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i + 1));
const asInput = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

describe('sleigh run', () => {
  it('calls the default export for each line of standard input, and writes the results in order', async () => {
    const source = `export default async (n) => {
      await new Promise((resolve) => setTimeout(resolve, (n * 7) % 5));
      return { square: n * n };
    }`;
    const { child, lines, errors } = await run(source, asInput(numbers(100)), '--workers', '3');
    expect(lines).toEqual(numbers(100).map((n) => `{"square":${Number(n) ** 2}}`));
    expect([child.exitCode, errors]).toEqual([0, '']);
  });

  it('writes an error line in place of a line that fails, continues, and exits with status 1', async () => {
    const source = `export default async (n) => {
      if (n === 2) throw new RangeError('too much');
      if (n === 3) return () => n;
      if (n === 4) return Promise.reject('odd');
      return n;
    }`;
    const { child, lines, errors } = await run(source, asInput(numbers(5)));
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      1,
      { line: 2, error: 'RangeError: too much' },
      { line: 3, error: expect.stringContaining('cannot be sent') },
      { line: 4, error: "thrown: 'odd'" },
      5,
    ]);
    expect(child.exitCode).toBe(1);
    expect(errors).toMatch(
      /^sleigh: 3 of 5 lines failed; the first was line 2: RangeError: too much\n +at .*module\.mjs:2/,
    );
  });

  it('keeps the output of the module out of the results', async () => {
    const source = `console.log('loaded'); export default (n) => { console.log('called'); return n; }`;
    const { lines, errors } = await run(source, '1\n', '--workers', '1');
    expect(lines).toEqual(['1']);
    expect(errors.match(/loaded|called/g)).toHaveLength(3);
  });
});

describe.skipIf(isShort)('sleigh run', () => {
  it('parses a line as JSON if it is valid JSON, and otherwise takes it as text', async () => {
    const input = 'plain\n{"a": [1]}\r\n\n"quoted"\nnull\n12 \ntrue\nlast';
    const { lines } = await run('export default (x) => [typeof x, x]', input);
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      ['string', 'plain'],
      ['object', { a: [1] }],
      ['string', ''],
      ['string', 'quoted'],
      ['object', null],
      ['number', 12],
      ['boolean', true],
      ['string', 'last'],
    ]);
  });

  it('takes lines unchanged with --text, and takes a number as text if it would not be printed with the same digits', async () => {
    const source = 'export default (x) => [typeof x, x]';
    const input = '12\n1.10\n12345678901234567891\n{"a":1}\nnull\n';
    const { lines } = await run(source, input);
    expect(lines).toEqual([
      '["number",12]',
      '["string","1.10"]',
      '["string","12345678901234567891"]',
      '["object",{"a":1}]',
      '["object",null]',
    ]);
    const asText = await run(source, input, '--text');
    expect(asText.lines).toEqual(
      ['12', '1.10', '12345678901234567891', '{"a":1}', 'null'].map((line) =>
        JSON.stringify(['string', line]),
      ),
    );
  });

  it('stops at a line that it cannot read, and reports the line and how to continue', async () => {
    const source = 'export default (x) => x';
    const latin1 = Buffer.from('a\ncaf\xe9\n', 'latin1');
    const refused = await run(source, latin1);
    expect([refused.child.exitCode, refused.lines]).toEqual([1, ['"a"']]);
    expect(refused.errors).toMatch(
      /^sleigh: cannot read standard input: line 2 is not UTF-8; --encoding .*latin1/,
    );
    const read = await run(source, latin1, '--encoding', 'latin1');
    expect([read.child.exitCode, read.lines]).toEqual([0, ['"a"', '"café"']]);
    const long = await run(source, '{"id":12345678901234567891}\n');
    expect([long.child.exitCode, long.errors]).toEqual([
      1,
      expect.stringContaining('line 1 has 12345678901234567891'),
    ]);
    const nul = await run(source, 'a\0b\n');
    expect([nul.child.exitCode, nul.errors]).toEqual([1, expect.stringContaining('line 1 has a NUL byte')]);
    expect((await run(source, 'a\0b\n', '--text')).lines).toEqual([String.raw`"a\u0000b"`]);
  }, 60_000);

  it('reads UTF-16 with a byte order mark', async () => {
    const { lines } = await run('export default (x) => x', Buffer.from('\ufeffnaïve\r\n7\n', 'utf16le'));
    expect(lines).toEqual(['"naïve"', '7']);
  });

  it('reads a file, loads a CommonJS module, and accepts the name of standard input', async () => {
    folder.write('input.txt', 'a\nb\n');
    folder.write('module.cjs', 'module.exports = (x) => x + x;');
    const file = new RunProcess(folder.path, ['module.cjs', 'input.txt']);
    expect([await file.status(), file.lines]).toEqual([0, ['"aa"', '"bb"']]);
    const standard = new RunProcess(folder.path, ['module.cjs', '-'], { input: 'c' });
    expect([await standard.status(), standard.lines]).toEqual([0, ['"cc"']]);
  });

  it('writes results in the order of completion with --unordered', async () => {
    const source = `
      import { existsSync, writeFileSync } from 'node:fs';
      export default async (n) => {
        if (n === 3) writeFileSync('third', '');
        while (n === 1 && !existsSync('third')) await new Promise((resolve) => setTimeout(resolve, 5));
        return n;
      }`;
    const { lines } = await run(source, '1\n2\n3\n', '--workers', '2', '--unordered');
    expect(lines.toSorted()).toEqual(['1', '2', '3']);
    // The first call cannot complete before the third one has begun, and so not before the second one has completed.
    expect(lines.indexOf('2')).toBeLessThan(lines.indexOf('1'));
  });

  it('writes an error line for a result that cannot be written as JSON', async () => {
    const source = `export default (n) => { const a = [n]; if (n === 2) a.push(a); return a; }`;
    const { child, lines } = await run(source, '1\n2\n');
    expect(lines[0]).toBe('[1]');
    expect(JSON.parse(lines[1] ?? '')).toEqual({
      line: 2,
      error: expect.stringContaining('cannot be written as JSON'),
    });
    expect(child.exitCode).toBe(1);
  });

  it('does nothing for an empty input, and exits with status 0', async () => {
    const { child, output, errors } = await run('export default (n) => n', '');
    expect([child.exitCode, output, errors]).toEqual([0, '', '']);
  });

  it('exits even if the module leaves timers or handles open', async () => {
    const { child, lines } = await run('setInterval(() => 1, 1000); export default (n) => n', '1\n');
    expect([child.exitCode, lines]).toEqual([0, ['1']]);
  });

  it('uses little memory for a long input', async () => {
    // No process could hold it in memory.
    const env = { NODE_OPTIONS: '--max-old-space-size=64' };
    const process = start('export default (text) => text.length', ['--workers', '2'], { env });
    const line = `${'long line '.repeat(4_000)}\n`;
    const count = 2_000;
    for (let i = 0; i < count; i++)
      if (!process.child.stdin.write(line)) await once(process.child.stdin, 'drain');
    process.child.stdin.end();
    expect([await process.status(), process.errors]).toEqual([0, '']);
    expect(process.lines).toEqual(Array.from({ length: count }, () => '40000'));
  }, 60_000);

  it('has at most as many unfinished lines as --window allows', async () => {
    const source = `
      import { existsSync } from 'node:fs';
      export default async (n) => {
        while (!existsSync('go on')) await new Promise((resolve) => setTimeout(resolve, 5));
        return n;
      }`;
    const args = ['--workers', '2', '--window', '7', '--server', `127.0.0.1:${server.port}`];
    const process = start(source, args, { input: asInput(numbers(50)) });
    const witness = await NwsConnection.open({ host: '127.0.0.1', port: server.port });
    const workspace = await workspaceOf(witness);
    const status = async (): Promise<string[]> => {
      const { metadata } = await witness.find(workspace, 'jobStatus', new Map([['all', '1']]));
      return [metadata.get('nwsPending') ?? '', metadata.get('nwsRunning') ?? ''];
    };
    await eventually(async () => (await status()).join() === '7,2', 'both workers are busy');
    for (let i = 0; i < 20; i++) expect(await status()).toEqual(['7', '2']);
    folder.write('go on', '');
    expect([await process.status(), process.lines]).toEqual([0, numbers(50)]);
  });
});

/** The name of the workspace of the job, when it exists. */
async function workspaceOf(witness: NwsConnection): Promise<string> {
  let name: string | undefined;
  await eventually(async () => {
    const listing = (await witness.request(['list wss'])).value?.payload.toString() ?? '';
    name = /^.(sleigh run [^\t]*)\t/m.exec(listing)?.[1];
    return name !== undefined;
  }, 'the workspace of the job');
  await witness.useWorkspace(name ?? '');
  return name ?? '';
}

describe.skipIf(isShort)('sleigh run with --server', () => {
  it('uses a running server, and leaves nothing behind in it', async () => {
    await using serve = await startServe('--log-level', 'error');
    const { child, lines } = await run(
      'export default (n) => -n',
      '1\n2\n',
      '--server',
      `localhost:${serve.port}`,
    );
    expect([child.exitCode, lines]).toEqual([0, ['-1', '-2']]);
    const witness = await NwsConnection.open({ host: '127.0.0.1', port: serve.port });
    const workspaces = async (): Promise<string> =>
      String((await witness.request(['list wss'])).value?.payload);
    await eventually(async () => !(await workspaces()).includes('sleigh run'), 'the workspace is gone');
    witness.close();
  });

  it('exits with one clear line when the server disconnects', async () => {
    const serve = await startServe('--log-level', 'error');
    const process = start(
      `${INTRODUCES_ITSELF} export default () => new Promise(() => setTimeout(() => 1, 1e6))`,
      ['--workers', '2', '--server', `127.0.0.1:${serve.port}`],
    );
    process.child.stdin.write('1\n2\n3\n');
    const workers = await process.said(/worker (\d+) of/g, 2);
    serve.kill('SIGKILL');
    await serve.outcome;
    expect(await process.status()).toBe(1);
    expect(process.errors).toMatch(
      new RegExp(`^sleigh: 127.0.0.1:${serve.port} (is not connected|closed)`, 'm'),
    );
    expect(workers.filter(([pid]) => isRunning(Number(pid)))).toEqual([]);
  });
});

describe.skipIf(isShort)('sleigh run, when workers die,', () => {
  it('loses no line of a worker that is killed', async () => {
    const source = `
      import { existsSync, writeFileSync } from 'node:fs';
      export default async (n) => {
        if (n === 20 && !existsSync('killed')) {
          writeFileSync('killed', '');
          process.kill(process.pid, 'SIGKILL');
        }
        return n;
      }`;
    const { child, lines, errors } = await run(source, asInput(numbers(200)), '--workers', '3');
    expect(lines).toEqual(numbers(200));
    expect(errors).toMatch(/^sleigh: worker \d has ended: signal SIGKILL\n$/);
    expect(child.exitCode).toBe(0);
  });

  it('gives up a line that kills every worker, and continues with the other lines', async () => {
    const source = `export default (n) => { if (n === 5) process.exit(3); return n; }`;
    const { child, lines, errors } = await run(source, asInput(numbers(9)), '--workers', '4');
    expect(lines).toEqual([
      ...numbers(4),
      expect.stringMatching(/^\{"line":5,"error":"given up after 3 attempts: its worker ended.*"\}$/),
      ...numbers(9).slice(5),
    ]);
    expect(errors.match(/worker \d has ended: exit status 3/g)).toHaveLength(3);
    expect(child.exitCode).toBe(1);
  });

  it('exits when no worker is left, and reports the unfinished lines', async () => {
    const source = `export default (n) => { if (n === 3) process.kill(process.pid, 'SIGKILL'); return n; }`;
    const flags = ['--workers', '2', '--no-respawn'];
    const { child, lines, errors } = await run(source, asInput(numbers(5)), ...flags);
    expect(lines).toEqual(['1', '2']);
    expect(errors).toMatch(/^sleigh: .*; lines not done: 3/m);
    expect(child.exitCode).toBe(1);
  });

  it('exits when no worker can start', async () => {
    const source = `if (process.argv[1].endsWith('worker-program.js')) throw new Error('not here'); export default (n) => n`;
    const { child, errors } = await run(source, '1\n', '--workers', '2');
    expect(errors).toMatch(/^sleigh: worker 0: cannot load .*module\.mjs: Error: not here/m);
    expect(errors).toMatch(
      /^sleigh: no worker can be had any more: 6 workers in a row ended before they were ready; the last one: exit status 1: /m,
    );
    expect(child.exitCode).toBe(1);
  });
});

describe.skipIf(isShort)('sleigh run, when it is stopped,', () => {
  const busy = `${INTRODUCES_ITSELF} export default (n) => { console.error('begun'); if (n === 1) for (;;); return n; }`;

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('stops its workers and its server on %s, even during a long call', async (signal, status) => {
    const process = start(busy, ['--workers', '2']);
    process.child.stdin.write('1\n2\n3\n');
    const workers = await process.said(/worker (\d+) of (\d+)/g, 2);
    await process.said(/begun/g, 3);
    process.child.kill(signal);
    expect(await process.status()).toBe(status);
    expect(workers.filter(([pid]) => isRunning(Number(pid)))).toEqual([]);
    const socket = connect(Number(workers[0]?.[1]), '127.0.0.1');
    await expect(once(socket, 'connect')).rejects.toThrow('ECONNREFUSED');
    expect(process.errors.match(/^sleigh: .*$/gm)).toEqual([
      expect.stringMatching(/interrupted: [0-2] lines done; a run with --joblog FILE can be resumed/),
    ]);
  });

  it('handles Ctrl-C in a terminal, which also reaches the workers and may come twice', async () => {
    const process = start(busy, ['--workers', '2']);
    process.child.stdin.write('2\n3\n');
    const workers = await process.said(/worker (\d+) of (\d+)/g, 2);
    await eventually(() => process.lines.length === 2, 'both results');
    for (const [pid] of workers) globalThis.process.kill(Number(pid), 'SIGINT');
    // Their launcher must stop them.
    process.child.stdin.write('4\n5\n');
    await eventually(() => process.lines.length === 4, 'two more results');
    process.child.kill('SIGINT');
    process.child.kill('SIGINT');
    expect(await process.status()).toBe(130);
    expect(workers.filter(([pid]) => isRunning(Number(pid)))).toEqual([]);
    expect(process.errors.match(/^sleigh: .*$/gm)).toEqual([
      expect.stringMatching(/interrupted: [0-4] lines done; a run with --joblog FILE can be resumed/),
    ]);
  });

  it('takes its workers down even when it is killed', async () => {
    const process = start(busy, ['--workers', '2']);
    process.child.stdin.write('2\n');
    const workers = await process.said(/worker (\d+) of/g, 2);
    await eventually(() => process.lines.length === 1, 'a result');
    process.child.kill('SIGKILL');
    await eventually(() => workers.every(([pid]) => !isRunning(Number(pid))), 'the workers are gone');
  });

  it('exits without an error message when the reader of its results closes the pipe', async () => {
    const process = start('export default (n) => "x".repeat(1000)', [], { input: asInput(numbers(5_000)) });
    process.child.stdout.once('data', () => process.child.stdout.destroy());
    expect([await process.status(), process.errors]).toEqual([0, '']);
  });
});

describe.skipIf(isShort)('sleigh run, when it cannot start,', () => {
  const GOOD = 'export default (n) => n';
  it.each([
    ['no module', ['none.mjs'], /^sleigh: cannot load .*none\.mjs: there is no such file\n$/],
    [
      'no function',
      ['values.mjs'],
      /^sleigh: .*values\.mjs does not export a function as its default\. .*\n$/,
    ],
    ['bad syntax', ['syntax.mjs'], /^sleigh: cannot load .*syntax\.mjs: SyntaxError: .*\n$/],
    ['a module that throws', ['throws.mjs'], /^sleigh: cannot load .*throws\.mjs: Error: at once .*\n$/],
    ['a bad input', ['input.mjs'], /^sleigh: "input" of .*input\.mjs is not iterable\n$/],
    ['no input file', ['good.mjs', 'none.txt'], /^sleigh: cannot read none\.txt: there is no such file\n$/],
    ['a folder as input', ['good.mjs', '.'], /^sleigh: cannot read \.: it is a folder\n$/],
    [
      'no address',
      ['good.mjs', '--server', 'here'],
      /^sleigh: .*'here' is invalid\. It must be HOST:PORT\.\n$/,
    ],
    [
      'nobody there',
      ['good.mjs', '--server', '127.0.0.1:1'],
      /^sleigh: 127\.0\.0\.1:1 cannot be reached .*\n$/,
    ],
    [
      'no workers',
      ['good.mjs', '--workers', '0'],
      /^sleigh: .*'0' is invalid\. It must be a whole number from 1\.\n$/,
    ],
    [
      'no window',
      ['good.mjs', '--window', 'x'],
      /^sleigh: .*'x' is invalid\. It must be a whole number from 1\.\n$/,
    ],
  ])('reports the reason in one line, with %s', async (_what, args, errors) => {
    folder.write('good.mjs', GOOD);
    folder.write('values.mjs', 'export default 1;');
    folder.write('syntax.mjs', 'export default (n) => {');
    folder.write('throws.mjs', 'throw new Error("at once\\nand more"); export default 1;');
    folder.write('input.mjs', `${GOOD}; export const input = 1;`);
    const process = new RunProcess(folder.path, args);
    expect(await process.status()).toBe(1);
    expect(process.errors).toMatch(errors);
    expect(process.output).toBe('');
  });
});

describe.skipIf(isShort)('a module for sleigh run', () => {
  it('may provide its input and consume its output', async () => {
    const source = `
      export async function* input() { yield 2; yield new Map([[1, 3]]); yield 'bad'; }
      export default (x) => { if (x === 'bad') throw new TypeError('no'); return x; }
      export async function output(outcomes) {
        for await (const { line, value, worker, error } of outcomes) console.log(line, value, worker, error);
      }`;
    const process = start(source, ['--workers', '1']);
    expect(await process.status()).toBe(1);
    expect(process.lines).toEqual([
      '1 2 0 undefined',
      '2 Map(1) { 1 => 3 } 0 undefined',
      '3 undefined undefined TypeError: no',
    ]);
  });

  it('need not consume all of its output', async () => {
    const source = `
      export function* input() { for (let n = 1; ; n++) yield n; }
      export default (n) => n;
      export async function output(outcomes) {
        for await (const { value } of outcomes) if (value === 100) return;
      }`;
    const process = start(source);
    expect([await process.status(), process.errors]).toEqual([0, '']);
  });

  it('receives the error of its input or output', async () => {
    const failing = `
      export default (n) => n;
      export function* input() { yield 1; throw new Error('out of inputs'); }`;
    const input = start(failing);
    expect([await input.status(), input.lines]).toEqual([1, ['1']]);
    expect(input.errors).toMatch(/^sleigh: Error: out of inputs\n +at .*module\.mjs:3/);
    const output = start(`${failing} export function output() { throw new Error('no room'); }`);
    expect(await output.status()).toBe(1);
    expect(output.errors).toMatch(/^sleigh: Error: no room\n +at .*module\.mjs:3/);
  });
});

const example = (name: string): string => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

describe.skipIf(isShort)('the examples', () => {
  it('draw a picture', async () => {
    const process = new RunProcess(folder.path, [example('mandelbrot.mjs')]);
    expect([await process.status(), process.errors]).toEqual([0, '']);
    const file = join(folder.path, 'mandelbrot.png');
    expect(existsSync(file)).toBe(true);
    expect(process.output).toMatch(
      /^The picture is .*mandelbrot\.png\n1200 x 800 pixels.*seconds\.\n\nWhat to try next:\n/,
    );
    const { width, height, channels, data } = decode(readFileSync(file));
    const pixel = (x: number, y: number): number[] => [
      ...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3),
    ];
    expect([width, height, channels]).toEqual([1200, 800, 3]);
    // The inside of the set is dark, and the points far outside are not.
    expect(pixel(800, 400)).toEqual([8, 6, 20]);
    expect(pixel(0, 0)).not.toEqual([8, 6, 20]);
  }, 60_000);

  it('count words', async () => {
    const process = new RunProcess(folder.path, [example('words.mjs')], { input: 'one naïve three\n\n42\n' });
    expect(await process.status()).toBe(0);
    expect(process.lines).toEqual([
      '{"words":3,"longest":"naïve"}',
      '{"words":0,"longest":""}',
      '{"words":0,"longest":""}',
    ]);
  });
});

describe.skipIf(isShort)('sleigh run --join elastic', () => {
  it('prints the command that adds workers to the job, and those workers take part', async () => {
    const source = `
      import { existsSync, writeFileSync } from 'node:fs';
      export default async (n) => {
        writeFileSync('by ' + process.pid, '');
        while (!existsSync('go')) await new Promise((resolve) => setTimeout(resolve, 5));
        return n;
      }`;
    const flags = ['--workers', '1', '--join', 'elastic', '--reconnect-grace', '5'];
    const running = start(source, flags, { input: asInput(numbers(6)) });
    const [[workspace = '', address = '', tokenFile = ''] = []] = await running.said(
      /more workers: sleigh worker '(.*)' --server (\S+) --token-file (\S+)/g,
    );
    expect(statSync(tokenFile).mode & 0o077).toBe(0);
    const by = (): number => folder.files.filter((name) => name.startsWith('by')).length;
    await eventually(() => by() === 1, 'its own works');
    const helping = new CommandProcess(folder.path, [
      'worker',
      workspace,
      '--server',
      address,
      '--token-file',
      tokenFile,
      '--workers',
      '2',
    ]);
    await eventually(() => by() === 3, 'all work');
    folder.write('go', '');
    expect([await running.status(), running.lines]).toEqual([0, numbers(6)]);
    expect(await helping.status()).toBe(0);
    expect(existsSync(tokenFile)).toBe(false);
  });

  it('rejects an unknown value, and a grace period that is not a number', async () => {
    const odd = start('', ['--join', 'open']);
    expect([await odd.status(), odd.errors]).toEqual([1, expect.stringContaining('closing, elastic')]);
    const grace = start('', ['--reconnect-grace', 'x']);
    expect([await grace.status(), grace.errors]).toEqual([1, expect.stringContaining('number of seconds')]);
  });
});
