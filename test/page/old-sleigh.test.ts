import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NetWorkSpace } from '../../src/client/index.ts';
import { startBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import type { ServeProcess } from '../support/serve-process.ts';
import { startSite } from './site.ts';
import { isShort } from '../support/form.ts';

let server: ServeProcess;
let url: string;
let browser: Browser;
beforeAll(async () => {
  ({ server, url } = await startSite(0));
  browser = await startBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await server?.[Symbol.asyncDispose]();
});

it.skipIf(isShort)(
  'the page shows an old-style job on the overview, with the tasks that workers left with',
  async () => {
    const at = { port: server.port };
    using job = await NetWorkSpace.open('old job', at);
    await job.store('task', 'one');
    await job.store('task', 'two');
    await job.store('result', 'none');
    using sentinel = await NetWorkSpace.use('old job', at);
    void sentinel.find('Sleigh ride over').catch(() => undefined);
    const page = await browser.newPage();
    await page.goto(url);
    const card = page.locator('.card', { hasText: 'old style' });
    await eventually(async () => (await card.count()) === 1, 'it is a job');
    const worker = await NetWorkSpace.use('old job', at);
    await worker.fetch('task');
    worker.close();
    await card.locator('.notices .trouble').waitFor();
    expect(await card.innerText()).toMatch(
      /old job[^]*1 task was taken by workers that left without a result/,
    );
    expect(await card.locator('a').getAttribute('href')).toContain('workspaces/old%20job');
  },
  60_000,
);
