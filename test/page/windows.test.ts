import { once } from 'node:events';
import { createServer as createHttpServer, request, type Server as HttpServer } from 'node:http';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { createServer, type Server } from '../../src/index.ts';
import { startBrowser } from '../support/browser.ts';
import { isShort } from '../support/form.ts';
import { shown } from './site.ts';

// A browser opens at most six connections to one host, for all its windows together.

let server: Server;
let proxy: HttpServer;
let browser: Browser;

/** A proxy that shows the page at /cluster/, and leaves the paths as they are. */
function startProxy(target: string): HttpServer {
  return createHttpServer((asked, answer) => {
    if (asked.url?.startsWith('/cluster/') !== true) return answer.writeHead(404).end();
    const { host } = new URL(target);
    const onward = request(
      new URL(asked.url, target),
      { method: asked.method, headers: { ...asked.headers, host } },
      (answered) => {
        answer.writeHead(answered.statusCode ?? 502, answered.headers);
        answered.pipe(answer);
      },
    );
    onward.on('error', () => answer.destroy());
    answer.on('close', () => onward.destroy());
    return asked.pipe(onward);
  });
}

beforeAll(async () => {
  if (isShort) return;
  server = await createServer({ port: 0, logLevel: 'silent', web: { port: 0, base: '/cluster' } });
  proxy = startProxy(server.web?.url ?? '').listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  browser = await startBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  proxy?.closeAllConnections();
  proxy?.close();
  await server?.close();
});

describe.skipIf(isShort)('several windows of the page', { timeout: 60_000 }, () => {
  test('are live beside each other, behind a proxy that shows the page at a path', async () => {
    const address = proxy.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    const context = await browser.newContext();
    const windows = [];
    for (let i = 0; i < 5; i++) {
      const window = await context.newPage();
      await window.goto(`http://127.0.0.1:${address.port}/cluster/`);
      await window.getByRole('heading', { name: 'Overview' }).waitFor();
      windows.push(window);
    }
    expect(server.web?.url).toContain('/cluster/');
    for (const window of windows) {
      await window.getByRole('link', { name: 'Clients', exact: true }).click();
      await window.getByText('No client is connected.').waitFor();
      expect(new URL(window.url()).pathname).toBe('/cluster/clients');
    }

    const client = await NwsConnection.open(server);
    for (const window of windows) await shown(() => window.locator('tbody tr').count()).toBe(1);
    client.close();
    for (const window of windows) await window.getByText('No client is connected.').waitFor();
  });
});
