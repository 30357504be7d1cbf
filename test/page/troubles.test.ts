import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { createServer, Sleigh, tasks, type Server } from '../../src/index.ts';
import type { TimelineView } from '../../src/views/timeline-types.ts';
import { startBrowser } from '../support/browser.ts';
import { isShort } from '../support/form.ts';
import { Folder } from '../support/run-process.ts';
import { overflow, screenshot, shown, violations } from './site.ts';

// The walk of docs/web.md: five troubles, each found from the overview in at most three clicks. With real jobs.

const folder = new Folder();
const file = folder.write(
  'tasks.mjs',
  `import { existsSync } from 'node:fs';
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
export async function resize(image) {
  await pause(5);
  if (image.number % 4 === 3) throw new TypeError('image ' + image.number + ' has no header');
}
export async function search(n) { console.log('searches ' + n); await pause(n === 5 ? 600_000 : 20); }
export async function poison(n) { await pause(5); if (n === 3) process.exit(9); }
export async function write({ disk, ready }) {
  if (disk !== undefined && !existsSync(ready)) throw new Error('disk ' + disk + ' is full');
  while (!existsSync(ready)) await pause(20);
}
export const quick = (n) => n;`,
);
const { resize, search, poison, quick, write } = tasks<{
  write: (to: { disk?: number; ready: string }) => Promise<void>;
  resize: (image: { number: number }) => Promise<void>;
  search: (n: number) => Promise<void>;
  poison: (n: number) => Promise<void>;
  quick: (n: number) => number;
}>(new URL(`file://${file}`));

let server: Server;
let browser: Browser;
let page: Page;
const jobs: Sleigh[] = [];
const clients: NwsConnection[] = [];
let clicks = 0;

const start = async (label: string, workers: number): Promise<Sleigh> => {
  const job = await Sleigh.start({
    workers,
    label,
    server: { port: server.port },
    onOutput: () => undefined,
    ...(workers === 0 && { join: 'elastic' }),
  });
  jobs.push(job);
  return job;
};
const connected = async (): Promise<NwsConnection> => {
  const client = await NwsConnection.open(server);
  clients.push(client);
  return client;
};
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** A group of two, of which one never registers. */
async function startWaitingGroup(): Promise<void> {
  const [master, sentinel, worker] = [await connected(), await connected(), await connected()];
  await master.openWorkspace('group', { metadata: new Map([['wstype', 'sleigh']]) });
  for (const client of [sentinel, worker]) await client.useWorkspace('group');
  for (let i = 0; i < 2; i++) await sentinel.fetch('group', 'worker_ids');
  await worker.store('group', 'worker_ids', '0');
  master.fetch('group', 'status', new Map([['delay', '600']])).catch(() => undefined);
}

async function open(): Promise<void> {
  await page.goto(server.web?.url ?? '');
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  clicks = 0;
}
async function click(selector: string): Promise<void> {
  await page.locator(selector).first().click();
  clicks++;
}
const card = (label: string): string => `.card:has(a:text("${label}"))`;
const textOf = (selector: string) => shown(() => page.locator(selector).first().textContent());

beforeAll(async () => {
  if (isShort) return;
  server = await createServer({ port: 0, logLevel: 'silent', web: { port: 0, write: true, token: 't' } });
  const [images, poisoned, alone, stuck] = [
    await start('images', 2),
    await start('poisoned', 2),
    await start('alone', 0),
    await start('stuck', 2),
  ];
  void images
    .eachElem(
      resize,
      upTo(40).map((number) => ({ number })),
      { errors: 'collect' },
    )
    .then(() => undefined);
  void poisoned.eachElem(poison, upTo(20), { errors: 'collect' }).then(() => undefined);
  alone.eachElem(quick, upTo(5)).then(
    () => undefined,
    () => undefined,
  );
  stuck.eachElem(search, upTo(30)).then(
    () => undefined,
    () => undefined,
  );
  await startWaitingGroup();
  browser = await startBrowser();
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, locale: 'en-GB' });
}, 60_000);
afterAll(async () => {
  await browser?.close();
  for (const client of clients) client.close();
  await Promise.all(jobs.map((job) => job.stop()));
  await server?.close();
  folder[Symbol.dispose]();
});

describe.skipIf(isShort)('an operator finds in at most three clicks', { timeout: 120_000 }, () => {
  test('which elements fail, with their input, their error and its stack', async () => {
    await open();
    await textOf(`${card('images')} .notices`).toContain('10 elements failed');
    await click(`${card('images')} a`);
    await textOf('.groups').toBe('10 threw TypeError: image … has no header');
    const row = 'section:has(h2:text("Failed elements")) tbody tr';
    await textOf(row).toMatch(/39.*\{"number":39\}.*image 39 has no header/s);
    await click(`${row} summary`);
    await textOf(`${row} pre`).toMatch(/TypeError: image \d+ has no header\n +at .*resize/);
    expect(clicks).toBeLessThanOrEqual(3);
    expect(await violations(page)).toEqual([]);
    await screenshot(page, 'trouble-failing');
  });

  test('which element ends its worker, and when', async () => {
    await open();
    await textOf(`${card('poisoned')} .notices`).toContain('1 element failed');
    await click(`${card('poisoned')} a`);
    await textOf('section:has(h2:text("Failed elements")) tbody tr').toMatch(/3.*exit status 9/s);
    await textOf('.timeline-near').toMatch(/Timeline of \d+ tasks on 2 workers/);
    await textOf('.fact:has(dt:text("deaths")) dd').toBe('3');
    expect(clicks).toBe(1);
    await screenshot(page, 'trouble-poisoned');
  });

  test('that tasks wait, and no worker is there', async () => {
    await open();
    await textOf(`${card('alone')} .notices .trouble`).toMatch(
      /\d tasks? waits?, and no worker is there to take/,
    );
    expect(clicks).toBe(0);
  });

  test('which task is stuck: its element, its worker, since when, and what the worker wrote', async () => {
    await open();
    await expect
      .poll(() => page.locator(`${card('stuck')} .notices`).textContent(), { timeout: 60_000 })
      .toMatch(/runs a task far longer than the others|Nothing has finished/);
    // Those in trouble are first.
    await shown(() => page.locator('.card .trouble').count()).toBeGreaterThan(3);
    await click(`${card('stuck')} a`);
    await textOf('.tile.busy .tile-call').toContain('search(5)');
    await click('.tile.busy');
    await textOf('.lead').toMatch(/search\(5\).*for \d+ s/);
    await textOf('.pairs').toMatch(/element5.*attempt1/);
    await textOf('.output').toContain('searches 5');
    expect(clicks).toBeLessThanOrEqual(3);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violations(page)).toEqual([]);
    }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.getByRole('searchbox').fill('nobody wrote this');
    await page.getByText('No line contains').waitFor();
    await screenshot(page, 'trouble-stuck');
  });

  test('which group waits for whom, and until when', async () => {
    await open();
    await expect
      .poll(() => page.locator(`${card('group')} .notices`).textContent(), { timeout: 60_000 })
      .toMatch(/Waiting for workers: 1 of 2 registered, for \d+ s, closes at \d\d:\d\d/);
    expect(clicks).toBe(0);
  });
});

/** As many as a server keeps, in parts as it sends them. */
function manyTasks(query: URLSearchParams): TimelineView {
  const [tasks, part, ranks] = [100_000, 20_000, 50];
  const from = Number(query.get('tasks') ?? 0);
  const numbers = Array.from({ length: Math.min(part, tasks - from) }, (_, i) => from + i);
  const began = numbers.map((number) => Math.floor(number / ranks) * 100);
  return {
    sleigh: { name: 'many', title: 'many' },
    now: 1_700_000_210_000,
    base: 1_700_000_000_000,
    tasks: {
      from,
      next: from + numbers.length,
      total: tasks,
      ranks: numbers.map((number) => number % ranks),
      began,
      ended: began.map((time, i) => time + 20 + (i % 80)),
      end: numbers.map((number) => (number % 97 === 0 ? 1 : 0)),
      indexes: numbers,
    },
    ends: ['done', 'failed'],
    running: [],
    marks: { next: 0, items: [] },
  };
}

describe.skipIf(isShort)('an operator who has mended the cause', { timeout: 120_000 }, () => {
  test('has the failed elements called again: one, those with the same message, or all', async () => {
    const disks = await start('disks', 2);
    const [mended, open5] = [join(folder.path, 'mended'), join(folder.path, 'open')];
    const elements = upTo(5).map((disk) => ({ disk, ready: mended }));
    const settled = disks
      .eachElem(write, [...elements, { ready: open5 }], { errors: 'collect' })
      .then((all) => all);
    await open();
    await textOf(`${card('disks')} .notices`).toContain('5 elements failed');
    await click(`${card('disks')} a`);
    const panel = 'section:has(h2:text("Failed elements"))';
    await shown(() => page.locator(`${panel} tbody tr`).count()).toBe(5);
    folder.write('mended', '');

    const ask = async (button: string, question: RegExp): Promise<void> => {
      await page.locator(button).first().click();
      const dialog = page.locator('dialog[open]');
      await shown(() => dialog.textContent()).toMatch(question);
      expect(await violations(page)).toEqual([]);
      await dialog.getByRole('button', { name: 'Try again' }).click();
    };
    await ask(`${panel} tbody tr:has(th:text("2")) button:text("Try again")`, /calls element 2 again/);
    const token = page.locator('dialog[open] input[type=password]');
    await token.fill('t');
    await token.press('Enter');
    await textOf(`${panel} [role=status]:not(:empty)`).toBe('The master was asked to call 1 element again.');
    await shown(() => page.locator(`${panel} tbody tr`).count()).toBe(4);
    await ask(`${panel} .groups button`, /calls the 4 failed elements with this message again/);
    await textOf(`${panel} [role=status]:not(:empty)`).toBe('The master was asked to call 4 elements again.');
    await textOf('.progress').toMatch(/5 of 6 elements done \(83 %\)/);
    await textOf(panel).toContain('None: those that had failed are called again, or have succeeded.');
    folder.write('open', '');
    expect(await settled).toEqual(upTo(6).map(() => undefined));
  });
});

describe.skipIf(isShort)('the timeline', { timeout: 120_000 }, () => {
  test('of a job has its tasks, and is saved as a picture', async () => {
    await open();
    await click(`${card('images')} a`);
    await textOf('.timeline-near').toMatch(/Timeline of \d+ tasks on 2 workers/);
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as PNG' }).click();
    expect((await saved).suggestedFilename()).toMatch(/^images .*-timeline\.png$/);
  });

  test('of 100,000 tasks is moved and zoomed without a stutter', async () => {
    await page.route('**/timeline?*', async (route) => {
      const view = manyTasks(new URL(route.request().url()).searchParams);
      await route.fulfill({ json: view });
    });
    await open();
    await click(`${card('images')} a`);
    await textOf('.timeline-near').toContain('Timeline of 100,000 tasks on 50 workers');
    const took = await page.evaluate<number[]>(`(async () => {
      const canvas = document.querySelector('.timeline canvas');
      const took = [];
      for (let i = 0; i < 40; i++) {
        const key = ['ArrowLeft', '+', 'ArrowRight', '-'][i % 4];
        const began = performance.now();
        canvas.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        took.push(performance.now() - began);
      }
      return took.sort((a, b) => a - b);
    })()`);
    // The median, on a machine that does other things as well.
    expect(took[20]).toBeLessThan(100);
    await screenshot(page, 'timeline-many');
    await page.unroute('**/timeline?*');
  });
});
