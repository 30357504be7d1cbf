// Takes pictures of a server with prepared jobs.
//
//   npm run pictures               those of docs/web.md: the walk through five troubles
//   npm run pictures -- --all      every page in both themes and at three widths, for people to look at, in build/pictures;
//                                  names of pages after it select some
import { mkdirSync } from 'node:fs';
import chromium from '@sparticuz/chromium';
import { chromium as browsers } from 'playwright-core';
import { prepareJobs } from './prepared-jobs.mjs';

const WIDTHS = [1440, 1100, 390];
const HEIGHT = 900;
const DOCS = { width: 1000, height: 560 };
/** The page reports a task that runs too long only after half a minute. */
const TROUBLED_MS = 35_000;

const [first, ...names] = process.argv.slice(2);
const isAll = first === '--all';
const folder = new URL(isAll ? '../build/pictures/' : '../docs/pictures/', import.meta.url).pathname;
mkdirSync(folder, { recursive: true });
const browser = await browsers.launch({
  executablePath: await chromium.executablePath(),
  args: chromium.args,
});
const page = await browser.newPage({ locale: 'en-GB', colorScheme: 'light' });
const jobs = await prepareJobs(isAll ? {} : { tasks: 1_000, workers: 10 });
if (isAll) await everyPage();
else await walk();
await browser.close();
await jobs.close();
process.exit();

async function open(path) {
  await page.goto(jobs.url + path);
  await page.locator('h1').first().waitFor();
  await page.locator('main .loading').first().waitFor({ state: 'detached' });
  await page.waitForTimeout(1_500);
}

async function everyPage() {
  for (const [name, path] of Object.entries(jobs.pages)) {
    if (names.length > 0 && !names.includes(name)) continue;
    await open(path);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: HEIGHT });
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await page.waitForTimeout(300);
        const file = `${name.replaceAll(' ', '-')}-${colorScheme}-${width}.png`;
        await page.screenshot({ path: folder + file, fullPage: true });
        console.log(file);
      }
    }
  }
}

/** docs/web.md explains each. */
async function walk() {
  await page.setViewportSize(DOCS);
  await page.waitForTimeout(TROUBLED_MS);
  const shot = (name, target = page, options = {}) =>
    target.screenshot({ path: `${folder}trouble-${name}.png`, ...options });
  const card = (label) => page.locator(`.card:has(a:text("${label}"))`);
  const failed = () => page.locator('section:has(h2:text("Failed elements"))');
  await open(jobs.pages.overview);
  await shot('alone', card('no workers'));
  await shot('group', card('group'));
  await open(jobs.pages.failing);
  await failed().locator('tbody summary').first().click();
  await page.evaluate('scrollTo(0, 0)');
  const { x, y, width } = await failed().boundingBox();
  await shot('failing', page, { fullPage: true, clip: { x, y, width, height: 400 } });
  await open(jobs.pages.poisoned);
  for (const title of ['Batches', 'Workers'])
    await page.locator(`section:has(h2:text-is("${title}"))`).evaluate((section) => section.remove());
  await page.evaluate('scrollTo(0, 0)');
  const [above, below] = [
    await failed().boundingBox(),
    await page.locator('section:has(h2:text("Timeline"))').boundingBox(),
  ];
  const clip = { ...above, height: below.y + below.height - above.y };
  await shot('poisoned', page, { fullPage: true, clip });
  await open(jobs.pages.stuck);
  await page.locator('.tile.busy').first().click();
  await page.locator('.output').waitFor();
  await page.waitForTimeout(1_000);
  await shot('stuck');
}
