import { connect } from 'node:net';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type Server } from '../../src/index.ts';
import { ask } from '../support/browser.ts';

const folder = mkdtempSync(join(tmpdir(), 'sleigh-web-'));
const SCRIPT = `console.log(${JSON.stringify('x'.repeat(5_000))});`;
let server: Server;
let url: string;

beforeAll(async () => {
  mkdirSync(join(folder, 'page', 'assets'), { recursive: true });
  mkdirSync(join(folder, 'charts'));
  writeFileSync(join(folder, 'page', 'index.html'), '<!doctype html><title>Sleigh</title>');
  writeFileSync(join(folder, 'page', 'assets', 'app-1a2b3c4d.js'), SCRIPT);
  writeFileSync(join(folder, 'page', 'main.ts'), 'the source');
  writeFileSync(join(folder, 'charts', 'worker.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(join(folder, 'charts', 'pages.js'), 'code of the server');
  writeFileSync(join(folder, 'secret.html'), 'secret');
  server = await createServer({
    port: 0,
    logLevel: 'silent',
    web: { port: 0, dist: folder, allowHosts: ['sleigh.example', 'proxy.example:8080'] },
  });
  url = server.web?.url ?? '';
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const PATHS = [
  '/',
  '/api/overview',
  '/nothing',
  '/metrics',
  '/healthz',
  '/doit?op=listWss',
  '/assets/app-1a2b3c4d.js',
];

describe('every HTTP response', () => {
  it.each(PATHS)('carries the security headers: %s', async (path) => {
    const { headers } = await ask(url, path);
    expect(headers).toMatchObject({
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-resource-policy': 'same-origin',
    });
  });

  it.each(PATHS)('is a refusal if the Host header names another server: %s', async (path) => {
    const { status, text } = await ask(url, path, { headers: { Host: `evil.example:${server.web?.port}` } });
    expect({ status, text }).toEqual({
      status: 421,
      text: '{"error":"Host header not allowed; add it with --web-allow-host"}',
    });
  });
});

const statusFor = async (host: string): Promise<number> =>
  (await ask(url, '/readyz', { headers: { Host: host } })).status;

describe('the Host header', () => {
  it.each(['localhost', '127.0.0.1', '[::1]', 'LocalHost'])('may be %s, with its port', async (host) => {
    expect(await statusFor(`${host}:${server.web?.port}`)).toBe(200);
  });

  it.each(['localhost', 'localhost:1', '127.0.0.1:80', 'localhost.evil.example', 'evil.example', '10.0.0.1'])(
    'may not be "%s"',
    async (host) => {
      expect(await statusFor(host)).toBeGreaterThanOrEqual(400);
    },
  );

  it('may be a name that was allowed, with any port or with the given one', async () => {
    expect(await statusFor('sleigh.example')).toBe(200);
    expect(await statusFor('sleigh.example:443')).toBe(200);
    expect(await statusFor('proxy.example:8080')).toBe(200);
    expect(await statusFor('proxy.example:8081')).toBe(421);
  });

  it('may be the local address on which the request arrived', async () => {
    const everywhere = await createServer({
      port: 0,
      logLevel: 'silent',
      web: { port: 0, host: '0.0.0.0', dist: folder },
    });
    const port = everywhere.web?.port;
    const at = `http://127.0.0.2:${port}/`;
    expect((await ask(at, '/readyz', { headers: { Host: `127.0.0.2:${port}` } })).status).toBe(200);
    expect((await ask(at, '/readyz', { headers: { Host: `127.0.0.3:${port}` } })).status).toBe(421);
    await everywhere.close();
  });
});

describe('the static files', () => {
  it.each([
    '/',
    '/workspaces',
    '/workspaces/a%2Fb',
    '/sleighs/x/actors/y',
    '/charts',
    '/charts/worker',
    '/replay',
  ])('include the page at %s', async (path) => {
    const { status, headers, text } = await ask(url, path);
    expect({ status, text, type: headers['content-type'] }).toEqual({
      status: 200,
      text: '<!doctype html><title>Sleigh</title>',
      type: 'text/html; charset=utf-8',
    });
  });

  it('include the drawings of machines, and no code next to them', async () => {
    expect((await ask(url, '/charts/worker.svg')).headers['content-type']).toMatch('image/svg+xml');
    expect((await ask(url, '/charts/pages.js')).text).not.toContain('code of the server');
    expect((await ask(url, '/main.ts')).status).toBe(404);
  });

  it.each([
    '/../secret.html',
    '/assets/../../secret.html',
    '/%2e%2e/secret.html',
    '/..%2fsecret.html',
    '/assets/..%5c..%5csecret.html',
    '/charts/../secret.html',
    '//../secret.html',
    '/./../../../../../../etc/passwd',
    '/%00',
    '/index.html%00.js',
  ])('are the only files that can be reached: %s', async (path) => {
    const { status, text } = await ask(url, path);
    expect(status).toBe(404);
    expect(text).not.toContain('secret');
  });

  it.each(['http://evil.example/', '*', 'index.html'])(
    'are not served for an invalid request target: %s',
    async (path) => {
      const socket = connect(server.web?.port ?? 0, '127.0.0.1');
      socket.end(`GET ${path} HTTP/1.1\r\nHost: localhost:${server.web?.port}\r\nConnection: close\r\n\r\n`);
      const [answer]: Buffer[] = await once(socket, 'data');
      expect(answer?.toString()).toMatch(/^HTTP\/1\.1 400 /);
    },
  );

  it('are served compressed under their own ETag, and not again if the browser has them', async () => {
    const path = '/assets/app-1a2b3c4d.js';
    const plain = await ask(url, path);
    const gzip = await ask(url, path, { headers: { 'Accept-Encoding': 'gzip' } });
    const brotli = await ask(url, path, { headers: { 'Accept-Encoding': 'gzip, deflate, br' } });
    expect(plain.text).toBe(SCRIPT);
    expect(gunzipSync(gzip.body).toString()).toBe(SCRIPT);
    expect(brotliDecompressSync(brotli.body).toString()).toBe(SCRIPT);
    expect(brotli.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(new Set([plain, gzip, brotli].map(({ headers }) => headers.etag)).size).toBe(3);
    const again = await ask(url, path, {
      headers: { 'Accept-Encoding': 'br', 'If-None-Match': brotli.headers.etag ?? '' },
    });
    expect({ status: again.status, size: again.body.length }).toEqual({ status: 304, size: 0 });
    expect((await ask(url, '/')).headers['cache-control']).toBe('no-cache');
  });

  it('end with 404 for an unknown path: the page for a browser, an ErrorView for other clients', async () => {
    const browser = await ask(url, '/nowhere', { headers: { Accept: 'text/html,*/*' } });
    expect({ status: browser.status, type: browser.headers['content-type'] }).toEqual({
      status: 404,
      type: 'text/html; charset=utf-8',
    });
    expect((await ask(url, '/nowhere')).text).toBe('{"error":"there is no such page"}');
  });
});

describe('an unusual HTTP request', () => {
  it('is refused if it has a body', async () => {
    expect((await ask(url, '/', { method: 'POST', body: 'x' })).status).toBe(413);
  });

  it('is refused if the path does not support the method; HEAD gets no body', async () => {
    const { status, headers } = await ask(url, '/', { method: 'PUT' });
    expect({ status, allow: headers.allow }).toEqual({ status: 405, allow: 'GET, HEAD' });
    const head = await ask(url, '/api/overview', { method: 'HEAD' });
    expect({ status: head.status, size: head.body.length }).toEqual({ status: 200, size: 0 });
  });

  it('is refused if its headers are too long', async () => {
    expect((await ask(url, '/', { headers: { Cookie: 'x'.repeat(9_000) } })).status).toBe(431);
  });

  it('is refused as a client error if a name is badly encoded', async () => {
    expect((await ask(url, '/api/workspaces/%E0%A4%A')).status).toBe(400);
    expect((await ask(url, '/api/workspaces/%E0%A4%A', { method: 'DELETE' })).status).toBe(400);
  });
});

describe('an address of the old pages', () => {
  it.each([
    ['/doit?op=listWss', 'workspaces'],
    ['/doit?op=listVars&wsName=some+name', 'workspaces/some%20name'],
    ['/doit?wsName=a%2Fb%3F&op=listVars', 'workspaces/a%2Fb%3F'],
    // UTF-8 on the wire is one character per byte in these paths.
    ['/doit?op=listVars&wsName=caf%C3%A9', 'workspaces/caf%C3%83%C2%A9'],
    ['/doit?op=listVars&wsName=%E9', 'workspaces/%C3%A9'],
    ['/doit?op=listVars&wsName=..', 'workspaces/~..'],
    ['/doit?op=listVars', 'workspaces'],
    ['/doit/any?op=listWss', '../workspaces'],
    ['/doit?op=listVars&wsName=//evil.example', 'workspaces/%2F%2Fevil.example'],
  ])('%s leads to %s, in any folder of a proxy', async (path, location) => {
    const { status, headers } = await ask(url, path);
    expect({ status, location: headers.location }).toEqual({ status: 302, location });
  });

  it('that is unknown gets a list of the existing ones', async () => {
    expect((await ask(url, '/doit?op=deleteWs&wsName=x')).status).toBe(404);
    expect((await ask(url, '/doit')).status).toBe(404);
  });
});
