import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { createServer } from '../../src/index.ts';
import { DEFAULT_OPTIONS } from '../../src/sleigh/options.ts';
import { sleighPlugin } from '../../src/sleigh/plugin.ts';
import { Sleigh } from '../../src/sleigh/sleigh.ts';
import { startBrowser } from '../support/browser.ts';
import { scrapeOf } from '../support/scrape.ts';
import { shown } from './site.ts';

it('an actor that was moved by hand is logged, counted in /metrics and shown in the page of `serve --verify`', async () => {
  const jobs: Sleigh[] = [];
  const lines: string[] = [];
  const server = await createServer({
    port: 0,
    verify: true,
    web: { port: 0 },
    logger: pino({ level: 'error' }, { write: (line) => void lines.push(line) }),
    workspaceTypes: {
      sleigh: (workspace, metadata) => {
        const job = sleighPlugin(DEFAULT_OPTIONS)(workspace, metadata);
        if (job instanceof Sleigh) jobs.push(job);
        return job;
      },
    },
  });
  onTestFinished(() => server.close());
  const client = await NwsConnection.open(server);
  onTestFinished(() => client.close());
  for (const name of ['right', 'moved'])
    await client.openWorkspace(name, { metadata: new Map([['wstype', 'sleigh']]) });
  await client.find('right', 'workerCount');
  expect((await scrapeOf(server.web?.url ?? '')).get('sleigh_verified_steps_total')).toBeGreaterThan(0);
  expect(lines).toEqual([]);

  const [right, moved] = jobs;
  if (right === undefined || moved === undefined) throw new Error('the jobs were not made');
  await client.find('right', 'status');
  Reflect.set(moved.joinPhase, '_snapshot', Reflect.get(right.joinPhase, '_snapshot'));
  await client.find('moved', 'workerCount').catch(() => undefined);
  await client.fetch('moved', 'worker_ids').catch(() => undefined);

  expect(lines).toEqual([expect.stringContaining('an actor took a step that its machine does not allow')]);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ scope: 'sleigh moved', story: expect.any(Array) });
  const samples = await scrapeOf(server.web?.url ?? '');
  expect(samples.get('sleigh_violations_total{machine="joinPhase"}')).toBe(1);
  const browser = await startBrowser();
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  await page.goto(server.web?.url ?? '');
  await shown(() => page.locator('summary').first().textContent()).toContain('sleigh moved, joinPhase');
  await page.locator('summary').first().click();
  await shown(() => page.locator('details pre').first().textContent()).toContain('begins in');
});
