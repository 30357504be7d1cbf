import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PreparedJobs } from '../../scripts/prepared-jobs.mjs';
import { startBrowser } from '../support/browser.ts';
import { byForm, isShort } from '../support/form.ts';
import { overflow, violations } from './site.ts';

// Every page of a server with jobs that are stuck, fail, are poisoned, have many tasks, and have many workers.

const WIDTHS = [1440, 1100, 390];
let jobs: PreparedJobs;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  if (isShort) return;
  // It runs what the build has made.
  const { prepareJobs } = await import('../../scripts/prepared-jobs.mjs');
  jobs = await prepareJobs({ tasks: byForm(0, 2_000, 100_000), workers: byForm(0, 20, 200) });
  browser = await startBrowser();
  page = await browser.newPage({ locale: 'en-GB' });
}, 600_000);
afterAll(async () => {
  await browser?.close();
  await jobs?.close();
});

/** The tables of which a part is out of view. */
const scrolled = (): Promise<string[]> =>
  page.evaluate<string[]>(
    `[...document.querySelectorAll('.table')].filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      .map((table) => table.getAttribute('aria-label'))`,
  );

describe.skipIf(isShort)('every page', { timeout: 900_000 }, () => {
  test('has no violation in axe in either theme, fits its window, and has all columns in view at 1440 pixels', async () => {
    const found: string[] = [];
    for (const [name, path] of Object.entries(jobs.pages)) {
      await page.goto(jobs.url + path);
      await page.locator('h1').first().waitFor();
      await page.locator('main .loading').first().waitFor({ state: 'detached' });
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.setViewportSize({ width: 1440, height: 900 });
        await page.emulateMedia({ colorScheme });
        for (const each of await violations(page)) found.push(`${name}, ${colorScheme}: ${each}`);
      }
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        const extra = await overflow(page);
        if (extra > 0) found.push(`${name} is too wide by ${extra} pixels at ${width}`);
        // On a narrow screen tables are moved sideways.
        if (width < 1440) continue;
        for (const table of await scrolled()) found.push(`${name}: “${table}” does not fit at ${width}`);
      }
    }
    expect(found).toEqual([]);
  });
});
