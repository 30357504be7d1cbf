import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { serveReplay } from '../../src/cli/replay.ts';
import { ask, view, ViewStream } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { sleigh, startServe } from '../support/serve-process.ts';
import { isShort } from '../support/form.ts';

/** A port that something listens on. */
async function occupied(): Promise<{ port: number; close: () => void }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, close: () => server.close() };
}

describe('sleigh serve with a web page', () => {
  it('prints the address of the page after the line that it listens', async () => {
    await using serve = await startServe('--web-port', '0');
    expect(serve.line).toMatch(/^listening on /);
    serve.kill('SIGTERM');
    const { output, errors, code } = await serve.outcome;
    expect(output).toMatch(/^listening on 127\.0\.0\.1:\d+\nweb page at http:\/\/127\.0\.0\.1:\d+\/\n$/);
    expect(errors).not.toContain('token');
    expect(code).toBe(0);
  });

  it('exits with one line and status 1 if the requested port is in use', async () => {
    const { port, close } = await occupied();
    const outcome = await sleigh(['serve', '--port', '0', '--web-port', String(port)]);
    close();
    expect(outcome).toMatchObject({
      code: 1,
      output: '',
      errors: `sleigh: cannot listen on 127.0.0.1:${port} for the web page: the port is in use\n`,
    });
  });
});

describe.skipIf(isShort)('sleigh serve with a web page', () => {
  it('creates a token if none is given, and prints it once', async () => {
    await using serve = await startServe('--web-port', '0', '--web-write');
    serve.kill('SIGTERM');
    expect((await serve.outcome).errors.match(/^web token: [\w-]{22}$/gm)).toHaveLength(1);
  });

  it('does not print a token that was given', async () => {
    await using serve = await startServe(
      { SLEIGH_WEB_TOKEN: 'given by the environment' },
      '--web-port',
      '0',
      '--web-write',
    );
    serve.kill('SIGTERM');
    const { output, errors } = await serve.outcome;
    expect(output + errors).not.toContain('given by');
  });

  it('serves no page with --no-web', async () => {
    await using serve = await startServe('--no-web');
    serve.kill('SIGTERM');
    expect((await serve.outcome).output).not.toContain('web page');
  });

  it('continues without a page and reports it, if no port was requested and the default one is in use', async () => {
    // One of both uses the port, unless another program does.
    await using first = await startServe('--web-host', '127.0.0.1');
    await using second = await startServe('--web-host', '127.0.0.1');
    expect(second.line).toMatch(/^listening on /);
    for (const serve of [first, second]) serve.kill('SIGTERM');
    const { output, errors, code } = await second.outcome;
    expect(output).toBe(`${second.line}\n`);
    expect(errors).toContain('there is no web page: its port is in use');
    expect(code).toBe(0);
  });

  it('accepts a host name that was allowed', async () => {
    await using serve = await startServe('--web-port', '0', '--web-allow-host', 'a.example', 'b.example');
    await eventually(() => serve.output().includes('web page'), 'the second line');
    const [, url = ''] = /web page at (\S+)/.exec(serve.output()) ?? [];
    expect((await ask(url, '/readyz', { headers: { Host: 'b.example' } })).status).toBe(200);
    expect((await ask(url, '/readyz', { headers: { Host: 'c.example' } })).status).toBe(421);
  });
});

describe('a replay', () => {
  it('computes each view once, because a trace does not change', async () => {
    let computed = 0;
    const views = { get: () => ({ computed: ++computed }), sample: () => undefined };
    const replay = await serveReplay(views, { host: '127.0.0.1', port: 0 });
    using one = await ViewStream.open(replay.url, '/api/replay');
    using other = await ViewStream.open(replay.url, '/api/replay');
    await eventually(() => one.events.length + other.events.length === 2, 'both views');
    await sleep(500);
    expect(computed).toBe(1);
    await replay.close();
  });

  it.skipIf(isShort)('works without a running server', async () => {
    const replay = await serveReplay(
      { get: (path) => (path === '/api/replay' ? { steps: 3 } : undefined), sample: () => undefined },
      { host: '127.0.0.1', port: 0 },
    );
    expect(await view(replay.url, '/api/replay')).toEqual({ steps: 3 });
    expect((await ask(replay.url, '/api/overview')).status).toBe(404);
    expect((await ask(replay.url, '/metrics')).status).toBe(404);
    expect((await ask(replay.url, '/readyz')).status).toBe(200);
    await replay.close();
  });
});
