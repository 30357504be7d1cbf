import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHARTS } from '../../src/charts/pages.ts';
import { NetWorkSpace } from '../../src/client/workspace/net-work-space.ts';
import { CommandProcess, Folder, RunProcess } from '../support/run-process.ts';
import { sleigh, startServe, startSleigh, type ServeProcess } from '../support/serve-process.ts';
import { isLong, isShort } from '../support/form.ts';

// Output for programs: one line of JSON, results on standard output and errors on standard error.

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const docs = (name: string): string =>
  readFileSync(new URL(`../../docs/charts/${name}`, import.meta.url), 'utf8');

const TLS = ['--tls-cert', fixture('localhost.crt'), '--tls-key', fixture('localhost.key')];

/** One line of JSON, and nothing else. */
function parsed(text: string): unknown {
  expect(text).toMatch(/^[^\n]+\n$/);
  return JSON.parse(text);
}

let folder: string;
let serve: ServeProcess;
let trace: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sleigh-json-'));
  trace = join(folder, 'trace.jsonl');
  serve = await startServe('--json', '--trace', trace, '--log-level', 'error');
  (await NetWorkSpace.open('shop', { port: portOf(serve), persistent: true })).close();
});
afterAll(async () => {
  await serve[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const portOf = ({ line }: ServeProcess): number => {
  const { port }: { port: number } = JSON.parse(line);
  return port;
};

describe('sleigh serve --json', () => {
  it('reports in one line where it listens, and logs to standard error', async () => {
    await using server = await startServe('--json', '--web-port', '0', '--web-write');
    const said: unknown = parsed(server.output());
    expect(said).toEqual({
      host: '127.0.0.1',
      port: expect.any(Number),
      tls: 'none',
      needsToken: false,
      web: {
        host: '127.0.0.1',
        port: expect.any(Number),
        url: expect.any(String),
        token: expect.any(String),
      },
      pid: server.pid,
    });
    const { web }: { web: { url: string } } = JSON.parse(server.line);
    expect((await fetch(web.url)).status).toBe(200);
    (await NetWorkSpace.open('here', { port: portOf(server) })).close();
    expect(server.errors()).not.toContain('web token');
  });

  it.skipIf(isShort).each([
    [TLS, 'offered', false],
    [[...TLS, '--tls-ca', fixture('ca.crt'), '--token-file', fixture('ca.crt')], 'required', true],
  ])('reports whether TLS and a token are required, with %j', async (flags, tls, needsToken) => {
    // A token has at most 9,999 bytes, as this certificate does.
    await using server = await startServe('--json', ...flags);
    expect(parsed(server.output())).toMatchObject({ tls, needsToken, web: null });
  });
});

describe.skipIf(isShort)('sleigh charts --json', () => {
  it('lists the machines', async () => {
    const list = parsed((await sleigh(['charts', '--json'])).output);
    expect(list).toContainEqual({ name: 'worker', title: 'Worker', about: expect.any(String) });
    expect(list).toHaveLength(CHARTS.length);
  });

  it('prints a machine as JSON, or another form as a text in JSON', async () => {
    const { output } = await sleigh(['charts', 'worker', '--json']);
    expect(parsed(output)).toEqual({
      name: 'worker',
      format: 'json',
      chart: JSON.parse(docs('worker.json')),
    });
    const svg = await sleigh(['charts', 'worker', '--format', 'svg', '--json']);
    expect(parsed(svg.output)).toEqual({ name: 'worker', format: 'svg', chart: docs('worker.svg') });
  });

  it('lists the files that it wrote', async () => {
    const out = join(folder, 'out');
    const { output } = await sleigh(['charts', 'worker', '--out', out, '--json']);
    expect(parsed(output)).toEqual({ folder: out, files: expect.arrayContaining(readdirSync(out)) });
  });

  it('reports where it shows a replay', async () => {
    await using replay = await startSleigh(['charts', '--trace', trace, '--web-port', '0', '--json']);
    const { url }: { url: string } = JSON.parse(replay.line);
    expect((await fetch(url)).status).toBe(200);
  });
});

describe('sleigh verify --json', () => {
  it.skipIf(isShort)(
    'reports the number of steps of a correct trace, and where an incorrect trace goes wrong',
    async () => {
      const right = await sleigh(['verify', trace, '--json']);
      expect(right.code).toBe(0);
      expect(parsed(right.output)).toEqual({
        right: true,
        steps: { connection: expect.any(Number) },
        violation: null,
      });
      const wrong = join(folder, 'wrong.jsonl');
      writeFileSync(wrong, readFileSync(trace, 'utf8').replace('"after":"open.', '"after":"shut.'));
      const { code, output } = await sleigh(['verify', wrong, '--json']);
      expect(code).toBe(1);
      expect(parsed(output)).toMatchObject({
        right: false,
        violation: { line: 1, reason: expect.any(String), step: { chart: 'connection' }, story: [] },
      });
    },
  );

  it.runIf(isLong)('reports on a running server', { timeout: 120_000 }, async () => {
    // Its machine of connections is walked to the end of both timeouts.
    await using quick = await startServe('--limit', 'handshakeSeconds=2', '--limit', 'requestSeconds=2');
    const times = ['--handshake-seconds', '2', '--request-seconds', '2'];
    const { code, output } = await sleigh([
      'verify',
      '--server',
      `127.0.0.1:${quick.port}`,
      ...times,
      '--json',
    ]);
    expect(parsed(output)).toMatchObject({ right: code === 0, charts: expect.any(Array) });
    expect(code, output).toBe(0);
  });
});

describe('sleigh run --json', () => {
  it('reports events on standard error as lines of JSON, and leaves results unchanged', async () => {
    using place = new Folder();
    place.write('odd.mjs', 'export default (n) => { if (n === 2) throw new Error("even"); return n; };');
    const run = new RunProcess(place.path, ['odd.mjs', '--workers', '1', '--json'], { input: '1\n2\n3\n' });
    expect(await run.status()).toBe(1);
    expect(run.lines.map((line): unknown => JSON.parse(line))).toEqual([
      1,
      { line: 2, error: 'Error: even' },
      3,
    ]);
    expect(parsed(run.errors)).toEqual({
      error: { code: 'lines-failed', message: expect.stringMatching(/^1 of 3 lines failed/) },
    });
  });

  it.skipIf(isShort)('reports the death of a worker as an event', async () => {
    using place = new Folder();
    place.write(
      'dies.mjs',
      `import { existsSync, writeFileSync } from 'node:fs';
      export default () => {
        if (existsSync('died')) return 'done';
        writeFileSync('died', '');
        process.exit(7);
      };`,
    );
    const run = new RunProcess(place.path, ['dies.mjs', '--workers', '2', '--json'], { input: 'x\n' });
    expect([await run.status(), run.lines]).toEqual([0, ['"done"']]);
    expect(parsed(run.errors)).toMatchObject({ event: 'death', rank: expect.any(Number) });
  });
});

describe.skipIf(isShort)('an error under --json', () => {
  /** A port that something listens on. */
  const busy = createServer();
  let there: string;
  beforeAll(async () => {
    await once(busy.listen(0, '127.0.0.1'), 'listening');
    there = `127.0.0.1:${portOf(serve)}`;
  });
  afterAll(() => busy.close());
  const busyPort = (): string => {
    const address = busy.address();
    return String(typeof address === 'object' ? address?.port : '');
  };

  it.each<[what: string, code: string, args: () => readonly string[]]>([
    ['a port in use', 'not-listening', () => ['serve', '--port', busyPort()]],
    ['a page without a port', 'not-listening', () => ['serve', '--port', '0', '--web-port', busyPort()]],
    ['a folder that is not there', 'not-begun', () => ['serve', '--port', '0', '--tmp-dir', '/no/such']],
    ['a bad flag', 'usage', () => ['serve', '--port', 'x']],
    ['a module that is not there', 'not-loaded', () => ['run', 'none.mjs']],
    ['an input that is not there', 'unreadable', () => ['run', fixture('../../examples/words.mjs'), '/none']],
    ['no server', 'unreachable', () => ['status', '--server', '127.0.0.1:1']],
    ['no server for a worker', 'unreachable', () => ['worker', 'w', '--server', '127.0.0.1:1']],
    ['no server to verify', 'unreachable', () => ['verify', '--server', '127.0.0.1:1']],
    ['no workspace', 'no-workspace', () => ['ls', 'none', '--server', there]],
    ['no job', 'no-job', () => ['status', 'shop', '--server', there]],
    ['no variable', 'no-variable', () => ['get', 'shop', 'none', '--server', there]],
    ['no value in time', 'timed-out', () => ['get', 'shop', 'none', '--timeout', '0.05', '--server', there]],
    ['what is no JSON', 'no-json', () => ['put', 'shop', 'v', '{', '--server', there]],
    ['no workspace to watch', 'no-workspace', () => ['watch', 'none', 'v', '--server', there]],
    ['no trace', 'unreadable', () => ['verify', '/none']],
    ['what is no trace', 'not-a-trace', () => ['charts', '--trace', import.meta.filename]],
    ['a folder that cannot be made', 'unwritable', () => ['charts', '--out', '/dev/null/x']],
  ])('%s is one line with the code %s, and status 1', async (_what, code, args) => {
    const { code: status, output, errors } = await sleigh([...args(), '--json']);
    expect([status, output]).toEqual([1, '']);
    expect(parsed(errors)).toEqual({ error: { code, message: expect.stringMatching(/./) } });
  });

  it('is not JSON if --json is an argument and not a flag', async () => {
    const { errors } = await sleigh(['ls', '--server', there, '--', '--json']);
    expect(errors).toBe('sleigh: there is no workspace "--json"\n');
  });
});

describe.skipIf(isShort)('--json', () => {
  it('is supported by every command except completion, and documented in its help', async () => {
    const commands = [...(await sleigh(['--help'])).output.matchAll(/^ {2}(\w+) /gm)].map(
      ([, name = '']) => name,
    );
    const without: string[] = [];
    for (const name of commands.filter((each) => each !== 'help'))
      if (!/^ +--json /m.test((await sleigh([name, '--help'])).output)) without.push(name);
    expect(commands.length).toBeGreaterThan(10);
    expect(without).toEqual(['completion']);
  }, 30_000);

  it('makes worker report its events as lines of JSON', async () => {
    const job = await NetWorkSpace.open('job', { port: portOf(serve), metadata: { wstype: 'sleigh' } });
    const address = `127.0.0.1:${portOf(serve)}`;
    const worker = new CommandProcess(folder, [
      'worker',
      'job',
      '--server',
      address,
      '--workers',
      '1',
      '--json',
    ]);
    await expect.poll(() => worker.lines.length, { timeout: 20_000 }).toBeGreaterThan(0);
    job.close();
    await worker.status();
    const events = worker.lines.map((line): unknown => JSON.parse(line));
    expect(events[0]).toEqual({ event: 'started', workers: 1 });
    expect(events.at(-1)).toMatchObject({ event: 'ended' });
  }, 30_000);
});
