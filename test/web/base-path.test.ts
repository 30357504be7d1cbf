import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type Server } from '../../src/index.ts';
import { baseOf } from '../../src/page/lib/base.ts';
import { ask } from '../support/browser.ts';

const folder = mkdtempSync(join(tmpdir(), 'sleigh-base-'));
let server: Server;
beforeAll(async () => {
  mkdirSync(join(folder, 'page', 'assets'), { recursive: true });
  writeFileSync(
    join(folder, 'page', 'index.html'),
    `<script src="./assets/app-1.js"></script>${' '.repeat(2_000)}`,
  );
  writeFileSync(join(folder, 'page', 'assets', 'app-1.js'), '1');
  server = await createServer({
    port: 0,
    logLevel: 'silent',
    web: { port: 0, dist: folder, base: '/the/cluster/' },
  });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

describe('the page', () => {
  it.each([
    '/',
    '/workspaces',
    '/workspaces/',
    '/workspaces/a',
    '/workspaces/a%2Fb/variables/c',
    '/sleighs/x/charts',
  ])('finds its files at any path of a proxy: %s', async (path) => {
    for (const encoding of ['', 'br']) {
      const { body, headers, status } = await ask(server.web?.url ?? '', path, {
        headers: { 'Accept-Encoding': encoding },
      });
      expect(status).toBe(200);
      const text = (headers['content-encoding'] === 'br' ? brotliDecompressSync(body) : body).toString();
      const [, script = ''] = /src="([^"]+)"/.exec(text) ?? [];
      for (const prefix of ['', '/cluster', '/a/b'])
        expect(new URL(script, `http://proxy${prefix}${path}`).pathname).toBe(`${prefix}/assets/app-1.js`);
    }
  });

  it('is at the path of its proxy as well, whether the proxy removes that path or not', async () => {
    const url = server.web?.url ?? '';
    expect(new URL(url).pathname).toBe('/the/cluster/');
    for (const path of ['/workspaces/a', '/the/cluster/workspaces/a']) {
      const { text } = await ask(url, path);
      const [, script = ''] = /src="([^"]+)"/.exec(text) ?? [];
      expect(new URL(script, `http://proxy/the/cluster/workspaces/a`).pathname).toBe(
        '/the/cluster/assets/app-1.js',
      );
    }
    for (const path of ['assets/app-1.js', 'healthz', 'api/overview', 'doit?op=listWss']) {
      const { status, text } = await ask(url, `/${path}`);
      expect(await ask(url, `/the/cluster/${path}`)).toMatchObject({ status });
      if (path !== 'api/overview') expect((await ask(url, `/the/cluster/${path}`)).text).toBe(text);
    }
    expect(await ask(url, '/the/cluster?as=x')).toMatchObject({
      status: 302,
      headers: { location: '/the/cluster/?as=x' },
    });
    expect((await ask(url, '/the/clusterapi/overview')).status).toBe(404);
  });

  it.each([
    ['http://127.0.0.1:8766/assets/index-1.js', ''],
    ['https://proxy/cluster/assets/index-1.js', '/cluster'],
    ['https://proxy/a/assets/b/assets/index-1.js', '/a/assets/b'],
    ['file:///home/assets/base.ts', ''],
  ])('derives from its script %s that it is in the folder "%s"', (script, base) => {
    expect(baseOf(script)).toBe(base);
  });
});
