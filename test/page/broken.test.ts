import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Connection } from '../../src/core/connection.ts';
import { createServer, type Server } from '../../src/index.ts';
import { sleighPlugin } from '../../src/sleigh/plugin.ts';
import { DEFAULT_OPTIONS } from '../../src/sleigh/options.ts';
import { makeJobMachines } from '../../src/sleigh/job-machines.ts';
import { boundWorker } from '../../src/sleigh/worker-binding.ts';
import { startBrowser } from '../support/browser.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { shown } from './site.ts';
import { isShort } from '../support/form.ts';

// The page shows failures of the server, which this test causes.

let server: Server;
let url: string;
let browser: Browser;
let page: Page;
const clients: ProtocolClient[] = [];

const client = async (): Promise<ProtocolClient> => {
  const one = await ProtocolClient.ready(server, { MetadataToServer: '1' });
  clients.push(one);
  return one;
};
beforeAll(async () => {
  server = await createServer({
    port: 0,
    logLevel: 'silent',
    web: { port: 0 },
    workspaceTypes: {
      sleigh: (workspace, metadata) => {
        const broken = boundWorker.provide({
          guards: {
            taskIsAvailable: () => {
              throw new Error('on purpose');
            },
          },
        });
        const machines =
          workspace.name === 'broken' ? makeJobMachines({ isTraced: false }, { worker: broken }) : undefined;
        return sleighPlugin(DEFAULT_OPTIONS, machines)(workspace, metadata);
      },
    },
  });
  url = server.web?.url ?? '';
  browser = await startBrowser();
  page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' });
}, 60_000);
afterAll(async () => {
  vi.restoreAllMocks();
  for (const one of clients) one.reset();
  await browser?.close();
  await server?.close();
});

describe.skipIf(isShort)('the page', { timeout: 60_000 }, () => {
  test('shows that a sleigh has failed, with its actor and the reason, and that another one has not', async () => {
    const [master, worker] = await Promise.all([client(), client()]);
    for (const name of ['broken', 'sound'])
      expect((await master.ask(['open ws', name, 'x', 'no'], { wstype: 'sleigh' })).status).toBe('0000');
    expect((await worker.ask(['use ws', 'broken', 'x', 'no'])).status).toBe('0000');
    await page.goto(url);
    const card = (name: string) => page.locator('.card', { hasText: name });
    await card('broken').waitFor();
    expect(await card('broken').textContent()).not.toContain('It has failed');

    await worker.ask(['fetch', 'broken', 'worker_ids']);
    expect((await worker.ask(['store', 'broken', 'worker_ids', '1', '0'])).status).toBe('0000');
    worker.begin(['fetch', 'broken', 'task']);
    await card('broken').locator('.notices .trouble', { hasText: 'It has failed' }).waitFor();
    expect(await card('sound').textContent()).not.toContain('It has failed');

    await card('broken').locator('a').first().click();
    await page.getByRole('heading', { level: 1, name: /^Sleigh/ }).waitFor();
    const row = page
      .getByRole('group', { name: /^Failures/ })
      .locator('tbody tr')
      .first();
    await shown(() => row.textContent()).toMatch(/worker\.0.*a chart failed: on purpose/);
    const trouble = page.locator('.notices .trouble');
    await shown(() => trouble.textContent()).toContain('by a fault of the server');
    await row.locator('a').click();
    await page.locator('.story').waitFor();
    await shown(() => page.locator('.story').textContent()).toContain('registration.asked');
  });

  test('reports that a view could not be computed, keeps the old one, and continues when it can', async () => {
    const one = await client();
    await page.goto(`${url}clients`);
    await page.locator('.fresh.live').waitFor();
    const spy = vi.spyOn(Connection.prototype, 'requests', 'get').mockImplementation(() => {
      throw new Error('on purpose');
    });
    await one.ask(['open ws', 'w', 'x', 'no']);
    await page.locator('.fresh', { hasText: 'failed to update it' }).waitFor();
    await shown(() => page.locator('tbody tr').count()).toBeGreaterThan(1);
    await page.reload();
    await page.getByText('The server failed to show it: the server failed').waitFor();
    spy.mockRestore();
    await one.ask(['open ws', 'x', 'x', 'no']);
    await page.locator('.fresh.live').waitFor();
  });
});
