import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { eventually } from '../support/eventually.ts';
import { isRunning, RunProcess } from '../support/run-process.ts';
import { startServe } from '../support/serve-process.ts';
import { isShort } from '../support/form.ts';
import { INTRODUCES_ITSELF, numbers, asInput, runFixture } from './run-fixture.ts';

const fixture = runFixture();

describe.skipIf(isShort)('sleigh run with --server', () => {
  it('uses a running server, and leaves nothing behind in it', async () => {
    await using serve = await startServe('--log-level', 'error');
    const { child, lines } = await fixture.run(
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
    const process = fixture.start(
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
    const { child, lines, errors } = await fixture.run(source, asInput(numbers(200)), '--workers', '3');
    expect(lines).toEqual(numbers(200));
    expect(errors).toMatch(/^sleigh: worker \d has ended: signal SIGKILL\n$/);
    expect(child.exitCode).toBe(0);
  });

  it('gives up a line that kills every worker, and continues with the other lines', async () => {
    const source = `export default (n) => { if (n === 5) process.exit(3); return n; }`;
    const { child, lines, errors } = await fixture.run(source, asInput(numbers(9)), '--workers', '4');
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
    const { child, lines, errors } = await fixture.run(source, asInput(numbers(5)), ...flags);
    expect(lines).toEqual(['1', '2']);
    expect(errors).toMatch(/^sleigh: .*; lines not done: 3/m);
    expect(child.exitCode).toBe(1);
  });

  it('exits when no worker can start', async () => {
    const source = `if (process.argv[1].endsWith('worker-program.js')) throw new Error('not here'); export default (n) => n`;
    const { child, errors } = await fixture.run(source, '1\n', '--workers', '2');
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
    const process = fixture.start(busy, ['--workers', '2']);
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
    const process = fixture.start(busy, ['--workers', '2']);
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
    const process = fixture.start(busy, ['--workers', '2']);
    process.child.stdin.write('2\n');
    const workers = await process.said(/worker (\d+) of/g, 2);
    await eventually(() => process.lines.length === 1, 'a result');
    process.child.kill('SIGKILL');
    await eventually(() => workers.every(([pid]) => !isRunning(Number(pid))), 'the workers are gone');
  });

  it('exits without an error message when the reader of its results closes the pipe', async () => {
    const process = fixture.start('export default (n) => "x".repeat(1000)', [], {
      input: asInput(numbers(5_000)),
    });
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
    [
      'a module that ends the program',
      ['exits.mjs'],
      /^sleigh: exits\.mjs has ended the run before its end, with exit status 0\n$/,
    ],
    [
      'a module that never loads',
      ['waits.mjs'],
      /^sleigh: cannot load waits\.mjs: it waits for something that never happens, in a top-level await\n$/,
    ],
    ['a bad input', ['input.mjs'], /^sleigh: "input" of .*input\.mjs is not iterable\n$/],
    ['no input file', ['good.mjs', 'none.txt'], /^sleigh: cannot read none\.txt: there is no such file\n$/],
    ['a folder as input', ['good.mjs', '.'], /^sleigh: cannot read \.: it is a folder\n$/],
    [
      'no address',
      ['good.mjs', '--server', 'here'],
      /^sleigh: .*'here' is invalid\. It must be HOST:PORT, .*\.\n$/,
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
    fixture.folder.write('good.mjs', GOOD);
    fixture.folder.write('values.mjs', 'export default 1;');
    fixture.folder.write('syntax.mjs', 'export default (n) => {');
    fixture.folder.write('throws.mjs', 'throw new Error("at once\\nand more"); export default 1;');
    fixture.folder.write('exits.mjs', `process.exit(0); ${GOOD}`);
    fixture.folder.write('waits.mjs', `await new Promise(() => undefined); ${GOOD}`);
    fixture.folder.write('input.mjs', `${GOOD}; export const input = 1;`);
    const process = new RunProcess(fixture.folder.path, args);
    expect(await process.status()).toBe(1);
    expect(process.errors).toMatch(errors);
    expect(process.output).toBe('');
  });
});
