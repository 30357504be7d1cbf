// Takes the picture of the web page for the README: a running job, with one worker for each element.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import chromium from '@sparticuz/chromium';
import { chromium as browsers } from 'playwright-core';
import { createServer, Sleigh, tasks } from '../dist/index.js';

const WIDTH = 1000;
const HEIGHT = 640;

const server = await createServer({ port: 0, web: { port: 0 }, logLevel: 'error' });
const { steps } = tasks(new URL('screenshot-task.mjs', import.meta.url));
const sleigh = await Sleigh.start({ workers: 4, server: { port: server.port }, label: 'picture' });
const stop = new AbortController();
const running = sleigh.eachElem(steps, Array.from({ length: 4_000 }).keys(), { signal: stop.signal }).then(
  () => undefined,
  () => undefined,
);
const browser = await browsers.launch({
  executablePath: await chromium.executablePath(),
  args: chromium.args,
});
const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT }, colorScheme: 'light' });
await page.goto(server.web.url);
await page.getByRole('link', { name: sleigh.workspace.name }).first().click();
await page.waitForTimeout(15_000);
mkdirSync(new URL('../docs/pictures/', import.meta.url), { recursive: true });
await page.screenshot({ path: fileURLToPath(new URL('../docs/pictures/page.png', import.meta.url)) });
await browser.close();
stop.abort();
await running;
await sleigh.stop();
await server.close();
