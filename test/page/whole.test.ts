import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NetWorkSpace, Sleigh } from '../../src/index.ts';
import { startBrowser } from '../support/browser.ts';
import { isShort } from '../support/form.ts';
import { startWhole, type SimulatedWhole } from '../support/whole.ts';
import { overflow, screenshot, shown, violations } from './site.ts';

// The page of the whole of several partitions, with servers in this process. The short form tests its parts: the views
// (test/views/whole.test.ts), the web server (test/web/partitions.test.ts), and the timeline (ownership.test.ts).

const MINUTE = 60_000;

let whole: SimulatedWhole;
let browser: Browser;
let page: Page;
let job: Sleigh;
let space: NetWorkSpace;

/** Server b was killed half an hour ago, and came back. */
function takeoversOf(now: number): SimulatedWhole['takeovers'] {
  const first = [0, 1, 2, 3, 4, 5].map((partition) => ({
    partition,
    time: now - 90 * MINUTE,
    epoch: 1,
    owner: partition % 2 === 0 ? 'a' : 'b',
    former: undefined,
    leaseOverMs: undefined,
  }));
  const killed = [1, 3, 5].map((partition) => ({
    partition,
    time: now - 30 * MINUTE,
    epoch: 2,
    owner: 'a',
    former: 'b',
    leaseOverMs: 1_300,
  }));
  const back = [1, 3, 5].map((partition) => ({
    partition,
    time: now - 20 * MINUTE + partition,
    epoch: 3,
    owner: 'b',
    former: 'a',
    leaseOverMs: undefined,
  }));
  return [...back.toReversed(), ...killed, ...first];
}

const text = async (name: string): Promise<string> =>
  (await page.getByRole('region', { name }).textContent()) ?? '';

describe.skipIf(isShort)('the page of the whole', () => {
  beforeAll(async () => {
    whole = await startWhole({ owners: ['a', 'b', 'a', 'b', 'a', 'b'] });
    whole.takeovers = takeoversOf(Date.now());
    space = await NetWorkSpace.open('prices', { port: whole.cores[3]?.port ?? 0, persistent: true });
    // Of a job without workers, whose task waits.
    job = await Sleigh.start({
      workers: 0,
      join: 'elastic',
      label: 'stuck',
      server: { port: whole.cores[1]?.port ?? 0 },
    });
    browser = await startBrowser();
    page = await browser.newPage({ viewport: { width: 1_440, height: 900 } });
    await page.goto(whole.url('a'));
  });
  afterAll(async () => {
    await browser?.close();
    await job?.stop();
    space?.close();
    await whole?.[Symbol.asyncDispose]();
  });

  it('has every job and workspace of all servers, each a link into its partition', async () => {
    const link = page.getByRole('region', { name: 'Sleighs' }).getByRole('link', { name: /^stuck/ });
    await shown(() => link.getAttribute('href')).toMatch(/^\/p\/1\/sleighs\/stuck/);
    const prices = page.getByRole('region', { name: 'Workspaces' }).getByRole('link', { name: 'prices' });
    await shown(() => prices.getAttribute('href')).toBe('/p/3/workspaces/prices');
    expect(await violations(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await violations(page)).toEqual([]);
    await screenshot(page, 'whole-dark');
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('says why a partition was taken over, at the pointer and by keyboard, and in a table', async () => {
    const row = page.getByRole('img', { name: 'b owns it; 2 takeovers' }).first();
    const near = page.locator('.takeover-near');
    await row.focus();
    await shown(() => near.textContent()).toContain(
      'partition 1 from a to b, epoch 3. a had stopped, or given it to another server.',
    );
    await page.keyboard.press('ArrowLeft');
    await shown(() => near.textContent()).toContain('The lease of b had been over for 1.3 s.');
    await page.keyboard.press('ArrowRight');
    await shown(() => near.textContent()).toContain('a had stopped, or given it to another server.');
    await page.locator('.takeover-at').nth(3).hover();
    await shown(() => near.textContent()).toContain('partition 3');
    await page.mouse.move(0, 0);
    await shown(() => near.textContent()).toContain('6 takeovers in the last hour.');
    await page.getByRole('button', { name: '1 day' }).click();
    await shown(() => near.textContent()).toContain('12 takeovers in the last day.');
    await page.getByText('12 takeovers as a table').click();
    const table = page.getByRole('table', { name: 'Takeovers, newest first' });
    expect(await table.getByRole('row').count()).toBe(13);
    expect(await violations(page)).toEqual([]);
  });

  it('says what is wrong: a server that is silent, and a partition without an owner', async () => {
    whole.silent.add('b');
    whole.move(4, undefined);
    const notices = page.locator('main > .notices');
    await shown(() => notices.textContent()).toContain(
      'No server owns partition 4: requests for what is there wait.',
    );
    await shown(() => notices.textContent()).toMatch(
      /Server b does not answer, for .*, of its 3 partitions\./,
    );
    // The job at b is shown as it was.
    expect(await text('Sleighs')).toContain('stuck');
    await shown(() => text('Partitions')).toContain('no owner');
    await shown(() => text('Workspaces')).toContain(
      '1 server does not answer: what is at b is old, or missing.',
    );
    expect(await violations(page)).toEqual([]);
    for (const width of [1_100, 390]) {
      await page.setViewportSize({ width, height: 900 });
      expect(await overflow(page)).toBe(0);
      await screenshot(page, `whole-trouble-${width}`);
    }
    await page.setViewportSize({ width: 1_440, height: 900 });
    whole.silent.delete('b');
    whole.move(4, 'a');
    await shown(() => notices.count()).toBe(0);
  });

  it('leads into a partition at its owner, which leads back, and follows it to a new owner', async () => {
    await page.getByRole('region', { name: 'Workspaces' }).getByRole('link', { name: 'prices' }).click();
    await page.waitForURL(`${whole.url('b')}p/3/workspaces/prices`);
    await shown(() => page.getByRole('heading', { level: 1 }).textContent()).toContain('prices');
    await page.getByRole('link', { name: 'Partition 3 on b' }).click();
    await page.waitForURL(`${whole.url('b')}p/3/`);
    expect(await violations(page)).toEqual([]);
    whole.move(3, 'a');
    await page.waitForURL(`${whole.url('a')}p/3/`);
    await page.getByRole('link', { name: 'All partitions' }).click();
    await page.waitForURL(whole.url('a'));
    await shown(() => text('Partitions')).toContain('Owner');
  });

  it('searches and sorts the workspaces of all partitions', async () => {
    await page.goto(`${whole.url('b')}workspaces?search=pri`);
    const table = page.getByRole('table', { name: 'Workspaces' });
    await shown(() => table.getByRole('row').count()).toBe(2);
    expect(await table.textContent()).toContain('prices');
    expect(await violations(page)).toEqual([]);
  });
});
