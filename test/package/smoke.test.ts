import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InstalledPackage } from '../support/installed-package.ts';
import { isLong, isShort } from '../support/form.ts';

/** Every command of the installed package. With SLEIGH_TEST_NODE it runs under another Node than the tests. */

let installed: InstalledPackage;
beforeAll(() => {
  installed = new InstalledPackage();
  installed.write(
    'work.mjs',
    'export const double = (n) => n * 2;\nexport default (text) => text.toUpperCase();\n',
  );
}, 180_000);
afterAll(() => installed[Symbol.dispose]());

const right = (stdout: unknown): unknown => expect.objectContaining({ status: 0, stdout });
const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

const JOB = `(async () => {
  const sleigh = await Sleigh.start({ workers: 1 });
  console.log(await sleigh.eachElem(tasks('./work.mjs').double, [1, 2]));
  await sleigh.stop();
})();`;

describe.skipIf(isShort)('the package installed from its tarball', () => {
  it.each([
    ['all.mjs', "import { createServer, Sleigh, tasks } from 'sleigh';"],
    ['client.mjs', "import { Sleigh, tasks } from 'sleigh/client';"],
    ['required.cjs', "const { Sleigh, tasks } = require('sleigh');"],
  ])(
    'can be imported with %s, and runs workers',
    (name, first) => {
      installed.write(name, `${first}\n${JOB}`);
      expect(installed.node([name])).toEqual(right('[ 2, 4 ]\n'));
    },
    60_000,
  );

  it.each([
    [['--version'], /^\d+\.\d+\.\d+\n$/],
    [['--help'], /^Usage: sleigh/],
    [['completion', 'bash'], /^complete .* sleigh$/m],
    [['charts'], /^worker /m],
    [['charts', 'worker', '--format', 'mermaid'], /stateDiagram/],
    [['charts', '--out', 'drawn'], /drawn/],
  ])(
    'has everything that sleigh %j needs',
    (args, printed) => {
      expect(installed.sleigh(args)).toEqual(right(matching(printed)));
    },
    60_000,
  );

  it('runs a module over lines of input', () => {
    expect(installed.sleigh(['run', 'work.mjs', '--workers', '2', '--text'], 'one\ntwo\n')).toEqual(
      right(matching(/^"?ONE"?\n"?TWO"?\n$/)),
    );
  }, 60_000);
});

describe.skipIf(isShort)('a module in TypeScript', () => {
  it('runs in a version of Node that strips types; in others the error says what to do', () => {
    installed.write('typed.ts', 'export default (text: string): number => text.length;\n');
    const { stdout: strips } = installed.node(['-p', 'Boolean(process.features.typescript)']);
    const { status, stdout, stderr } = installed.sleigh(
      ['run', 'typed.ts', '--workers', '1', '--text'],
      'one\nseven\n',
    );
    if (strips === 'true\n') expect([status, stdout]).toEqual([0, '3\n5\n']);
    else
      expect([status, stdout, stderr]).toEqual([
        1,
        '',
        matching(/typed\.ts: .*22\.18 or newer.*--import tsx/),
      ]);
  }, 60_000);
});

describe.skipIf(isShort)('a test in vitest', () => {
  it('can name a module as ./typed.js that is written in TypeScript, for workers with default options', () => {
    installed.link('vitest');
    installed.write('typed.ts', 'export default (text: string): number => text.length;\n');
    installed.write(
      'typed.test.ts',
      `import { expect, it } from 'vitest';
      import { Sleigh, tasks } from 'sleigh';
      const typed = tasks<typeof import('./typed.js')>(new URL('./typed.js', import.meta.url));
      it('counts', { timeout: 60_000 }, async () => {
        await using sleigh = await Sleigh.start({ workers: 1 });
        expect(await sleigh.eachElem(typed.default, ['seven'])).toEqual([5]);
      });`,
    );
    const { stdout: strips } = installed.node(['-p', 'Boolean(process.features.typescript)']);
    const { status, stdout, stderr } = installed.node([
      'node_modules/vitest/vitest.mjs',
      'run',
      'typed.test.ts',
    ]);
    if (strips === 'true\n') expect([status, stdout]).toEqual([0, matching(/1 passed/)]);
    else expect([status, stderr]).toEqual([1, matching(/typed\.ts: .*22\.18 or newer/)]);
  }, 120_000);
});

/** So that the test need not wait long for silent clients to be disconnected. */
const QUICK = ['--limit', 'handshakeSeconds=3', '--limit', 'requestSeconds=3'];

describe.skipIf(isShort)('the server in the package', () => {
  let child: ChildProcess;
  let server: string[];
  let page: string;
  beforeAll(async () => {
    const ports = ['--port', '0', '--web-port', '0', '--log-level', 'error', '--json', ...QUICK];
    const started = await installed.start(['serve', ...ports, '--trace', 'trace.jsonl']);
    ({ child } = started);
    const { host, port, web } = Object(JSON.parse(started.line));
    server = ['--server', `${host}:${port}`];
    page = `http://${host}:${web.port ?? web}/`;
  }, 60_000);
  afterAll(() => child.kill('SIGKILL'));

  it('serves its page with all its files', async () => {
    const html = await fetch(page).then((response) => response.text());
    const [, script = ''] = /<script[^>]* src="([^"]+)"/.exec(html) ?? [];
    const { status } = await fetch(new URL(script, page));
    expect([script === '', status]).toEqual([false, 200]);
  });

  it.each([
    [['put', 'shop', 'cakes', '3', '--create'], /^$/],
    [['get', 'shop', 'cakes'], /^3\n?$/],
    [['ls'], /shop/],
    [['ls', 'shop'], /cakes/],
    [['status'], /./],
    [['run', 'work.mjs', '--workers', '1', '--text'], /^"?ONE"?\n$/],
  ])(
    'can be used with sleigh %j',
    (args, printed) => {
      expect(installed.sleigh([...args, ...server], 'one\n')).toEqual(right(matching(printed)));
    },
    60_000,
  );

  it('can be watched', async () => {
    const { child: watching, line } = await installed.start(['watch', 'shop', 'cakes', ...server]);
    watching.kill('SIGINT');
    expect(line).toBe('3');
  });

  it('reports why there are no workers for a job that does not exist', () => {
    const { status, stderr } = installed.sleigh(['worker', 'nowhere', '--workers', '1', ...server]);
    expect([status, stderr]).toEqual([1, matching(/there is no workspace "nowhere"/)]);
  }, 60_000);

  it('passes the recorded conversations, which are part of the package', () => {
    const program = `import { replayAll } from 'sleigh/verify';
      const [host, port] = process.argv[1].split(':');
      const reports = await replayAll({ host, port: Number(port) }, () => undefined);
      console.log(JSON.stringify(reports.map(({ failures }) => failures.length)));`;
    expect(installed.node(['--input-type=module', '-e', program, server[1] ?? ''])).toEqual(
      right('[0,0,0,0,0,0,0,0]\n'),
    );
  }, 60_000);

  it.runIf(isLong)(
    'passes the generated paths, too',
    () => {
      const times = ['--handshake-seconds', '3', '--request-seconds', '3'];
      const { status, stdout } = installed.sleigh(['verify', ...server, ...times, '--json']);
      const { right: isRight, conversations } = Object(JSON.parse(stdout));
      expect([status, isRight, Object(conversations).length]).toEqual([0, true, 8]);
    },
    300_000,
  );

  it('writes a trace that can be verified', async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
    expect(installed.sleigh(['verify', 'trace.jsonl', '--json'])).toEqual(right(matching(/"right":true/)));
  }, 60_000);
});
