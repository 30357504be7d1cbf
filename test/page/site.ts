import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startServe, type ServeProcess } from '../support/serve-process.ts';
import { isLong } from '../support/form.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SCREENSHOTS = new URL('../../build/screenshots/', import.meta.url).pathname;

export const TOKEN = 'open sesame';

/** A server with a page that may write. */
export async function startSite(
  webPort: number,
  ...flags: string[]
): Promise<{ server: ServeProcess; url: string }> {
  const server = await startServe(
    '--web-port',
    String(webPort),
    '--web-write',
    '--web-token',
    TOKEN,
    ...flags,
  );
  const url = (): string | undefined => /^web page at (\S+)\/$/m.exec(server.output())?.[1];
  await eventually(() => url() !== undefined, 'it says where its page is');
  return { server, url: url() ?? '' };
}

/** The problems that axe-core finds, abbreviated. */
export async function violations(page: Page, rules?: readonly string[]): Promise<string[]> {
  if ((await page.evaluate('typeof axe')) === 'undefined') await page.evaluate(AXE);
  const options = { resultTypes: ['violations'], ...(rules && { runOnly: { type: 'rule', values: rules } }) };
  return page.evaluate<string[]>(
    `axe.run(${JSON.stringify(options)}).then(({ violations }) =>
      violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html.slice(0, 150))))`,
  );
}

/** Pictures for people; the test does not compare them. */
export async function screenshot(page: Page, name: string): Promise<void> {
  if (!isLong) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png`, fullPage: true });
}

/** Pixels by which the page is wider than its window. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');

/** What has the focus, as text. */
export const focused = (page: Page): Promise<string> =>
  page.evaluate<string>('(document.activeElement?.textContent ?? "").trim()');

/** Presses a key until an element with this text has the focus. */
export async function pressUntil(page: Page, key: string, text: RegExp, most = 60): Promise<void> {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press(key);
    if (text.test(await focused(page))) return;
  }
  throw new Error(`${key} does not lead to ${text}; it is on: ${await focused(page)}`);
}

/** A number on the page, such as `tasks queued`. */
export async function fact(page: Page, name: string): Promise<number> {
  const text = await page.locator('.fact', { hasText: name }).locator('dd').first().textContent();
  return Number((text ?? '').replaceAll(',', ''));
}

/** The number of workers on the board in a state. */
export const onBoard = (page: Page, state: string): Promise<number> =>
  page.locator('.tile', { has: page.locator('.tile-state', { hasText: new RegExp(`^${state}$`) }) }).count();

/** The content of a page arrives in several streams: it is read again until the condition holds. */
export const shown = (read: () => Promise<unknown>): ReturnType<typeof expect.poll> =>
  expect.poll(read, { timeout: 15_000 });

export const until = (holds: () => Promise<boolean>, what: string): Promise<void> =>
  eventually(holds, what, 15_000);
