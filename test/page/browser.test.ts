import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { startBrowser } from '../support/browser.ts';
import { Folder, RunProcess } from '../support/run-process.ts';
import { startSleigh, type ServeProcess } from '../support/serve-process.ts';
import {
  fact,
  focused,
  onBoard,
  overflow,
  pressUntil,
  screenshot,
  shown,
  startSite,
  TOKEN,
  until,
  violations,
} from './site.ts';
import { byForm, isLong, isShort } from '../support/form.ts';

const WORKERS = 3;
/** Names the process of its worker, so that the test can kill it. */
const JOB = `export default async (line) => {
  await new Promise((resolve) => setTimeout(resolve, 250));
  return process.pid;
};`;
const WORKSPACE = '<b>böse</b>';
/** As on the wire: one character for each byte. */
const WORKSPACE_BYTES = Buffer.from(WORKSPACE).toString('latin1');
/** The pages that are checked in dark mode if not all are: together they contain every colour. */
const DARK = new Set(['overview', 'sleigh', 'actor', 'charts']);
const lines = (n: number): string => 'a line\n'.repeat(n);

const textOf = (selector: string) => shown(() => page.locator(selector).first().textContent());

/** Enough for the page to show the shrinking queue on a busy machine. */
const ELEMENTS = byForm(30, 150, 150);

let server: ServeProcess;
let url: string;
let browser: Browser;
let page: Page;
let client: NwsConnection;
let run: RunProcess;
/** Path of the page of the running sleigh. */
let sleigh = '';
const folder = new Folder();
const complaints: string[] = [];

beforeAll(async () => {
  ({ server, url } = await startSite(0, '--trace', join(folder.path, 'trace.jsonl')));
  browser = await startBrowser();
  page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) complaints.push(message.text());
  });
}, 60_000);

afterAll(async () => {
  run?.child.kill('SIGKILL');
  client?.close();
  await browser?.close();
  await server?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

beforeEach(() => complaints.splice(0));

describe('the page', { timeout: 120_000 }, () => {
  test('explains on a server without jobs how to run one, and is small', async () => {
    await page.goto(url);
    await page.getByText('No jobs yet.').waitFor();
    expect(await page.locator('.nothing code').first().textContent()).toContain(
      `--server 127.0.0.1:${server.port}`,
    );
    const assets = new URL('../../dist/page/assets/', import.meta.url);
    const sizes = readdirSync(assets).map((name) => statSync(new URL(name, assets)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(250_000);
    expect(complaints).toEqual([]);
  });

  test('shows a running job: workers become busy and idle, and the queue shrinks', async () => {
    const module = folder.write('job.mjs', JOB);
    const workers = ['--workers', String(WORKERS), '--no-respawn'];
    const options = ['--server', `127.0.0.1:${server.port}`, ...workers, '--window', '100'];
    run = new RunProcess(folder.path, [module, ...options]);
    await page.locator('.card a').first().click();
    await page.getByRole('heading', { level: 1, name: /^Sleigh/ }).waitFor();
    sleigh = new URL(page.url()).pathname;
    await until(async () => (await onBoard(page, 'waiting')) === WORKERS, 'all wait for tasks');

    run.child.stdin.write(lines(ELEMENTS));
    await until(async () => (await onBoard(page, 'busy')) === WORKERS, 'all are busy');
    // The page may be late, so the number is the one that was seen.
    let queued = 0;
    await until(async () => (queued = await fact(page, 'tasks queued')) > 0, 'tasks are queued');
    await until(async () => (await fact(page, 'tasks queued')) < queued, 'the queue falls');
    await until(
      async () => (await onBoard(page, 'waiting')) === WORKERS,
      'all wait, for there are no more tasks',
    );
    await shown(() => fact(page, 'tasks queued')).toBe(0);
    await shown(() => fact(page, 'tasks completed')).toBe(ELEMENTS);
    await textOf('.notices').toContain('All workers wait for tasks');
    expect(complaints).toEqual([]);
  });

  test.skipIf(isShort)('shows a killed worker as dead, with the reason in its story', async () => {
    run.child.stdin.write(lines(30));
    await until(async () => (await onBoard(page, 'busy')) === WORKERS, 'all are busy again');
    process.kill(Number(run.lines.at(-1)), 'SIGKILL');
    await until(async () => (await onBoard(page, 'dead')) === 1, 'one is dead');
    await textOf('.tile.dead').toContain('died: signal SIGKILL');
    await textOf('.notices .trouble').toBe('1 worker has died');
    const failure = page
      .getByRole('group', { name: /^Failures/ })
      .locator('tbody tr')
      .first();
    await shown(() => failure.textContent()).toMatch(/worker\.\d.*death\.reported.*S13/);

    await failure.locator('a').click();
    await page.locator('.story').waitFor();
    await textOf('.story li').toMatch(/death\.reported.*→ dead.*S13/);
    const active = page.locator('.chart .state.is-active');
    await until(async () => (await active.count()) === 2, 'the state and the root are lit');
    await shown(() => active.nth(1).getAttribute('data-state')).toBe('dead');
    const taken = page.locator('.chart .was-taken .event');
    await shown(() => taken.allTextContents()).toContain('death.reported');
    // Over the arrows that lead to the same state on the same line.
    const arrows = page.locator('.chart .arrow');
    expect(await arrows.last().getAttribute('class')).toContain('was-taken');
    await shown(() => page.locator('.chart-drawing').getAttribute('aria-label')).toContain('is in dead');
  });

  test.skipIf(isShort)(
    'goes back to an entry of the story and returns to the present, with the keyboard only',
    async () => {
      await page.locator('.story button').first().focus();
      await pressUntil(page, 'ArrowDown', /result\.stored/);
      await page.keyboard.press('Enter');
      await page.getByText('as it was at').waitFor();
      // Without a delay after the text: no polling.
      expect(await page.locator('.chart .is-active').last().getAttribute('data-state')).toBe(
        'registered.idle',
      );
      expect(await page.locator('.chart .is-next').count()).toBeGreaterThan(0);
      await page.getByRole('button', { name: 'Back to live' }).press('Enter');
      const lit = page.locator('.chart .is-active').last();
      await until(async () => (await lit.getAttribute('data-state')) === 'dead', 'it is live again');
    },
  );

  test.skipIf(isShort)(
    'shows all workers in one diagram, with their number in each state, and opens a single worker',
    async () => {
      await page.getByRole('button', { name: /^workers/ }).click();
      await until(async () => (await page.locator('.chart .count').count()) > 0, 'numbers are on the states');
      await textOf('.chart [data-state="dead"] .count').toBe('1');
      await page.locator('.chart [data-state="dead"] > rect').first().click();
      await page.getByRole('heading', { name: 'workers in dead' }).waitFor();
      const listed = page.getByRole('button', { name: /^worker\.\d$/ });
      await until(async () => (await listed.count()) === 1, 'the one dead worker is listed');
      await listed.click();
      await page.locator('.story').waitFor();
      expect(complaints).toEqual([]);
    },
  );

  test.skipIf(isShort)('can be used with the keyboard: skip link, menu, lists', async () => {
    await page.goto(url);
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await page.goto(url);
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await pressUntil(page, 'Tab', /^Workspaces$/);
    await page.keyboard.press('Enter');
    await until(async () => (await focused(page)) === 'Workspaces', 'the new heading has the focus');
    await page.locator('tbody a').first().waitFor();
    await pressUntil(page, 'Tab', /^sleigh run/);
    await page.keyboard.press('Enter');
    await until(
      async () => /^Workspace .*sleigh run/.test(await focused(page)),
      'the workspace has the focus',
    );
    await pressUntil(page, 'Tab', /^task$/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Variable task' }).waitFor();
  });

  test('decodes values, names those that it cannot decode, and shows markup as text', async () => {
    client = await NwsConnection.open({ host: '127.0.0.1', port: server.port });
    await client.openWorkspace(WORKSPACE);
    await client.store(WORKSPACE, 'x', { answer: 42 });
    const raw = (bytes: Buffer, descriptor: number): Promise<unknown> =>
      client.request(['store', WORKSPACE_BYTES, 'x', String(descriptor), bytes.toString('latin1')]);
    await raw(Buffer.from('<img src=x onerror=alert(1)>'), 1);
    await raw(Buffer.from('80049503000000000000004b2a2e', 'hex'), 1 << 24);
    await page.goto(`${url}/workspaces`);
    await page.getByRole('link', { name: WORKSPACE }).click();
    await page.getByRole('link', { name: 'x', exact: true }).click();
    const values = page.locator('.value');
    await until(async () => (await values.count()) === 3, 'three values');
    expect(await values.nth(0).textContent()).toContain('"answer": 42');
    expect(await values.nth(1).textContent()).toContain('<img src=x onerror=alert(1)>');
    expect(await values.nth(2).textContent()).toMatch(/Python pickle.*80 04 95/s);
    expect(await page.locator('main img, main b > b').count()).toBe(0);
  });

  test.skipIf(isShort)('opens objects whose names look like parts of a path', async () => {
    await client.openWorkspace('..');
    await client.store('..', '.', 'found');
    await page.goto(`${url}/workspaces`);
    await page.getByRole('link', { name: '..', exact: true }).click();
    await page.getByRole('link', { name: '.', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Variable .' }).waitFor();
    await page.reload();
    await textOf('.value').toContain('found');
    await page.goto(`${url}/workspaces`);
    await page.getByRole('link', { name: WORKSPACE }).click();
    await page.getByRole('link', { name: 'x', exact: true }).click();
  });

  test('fetches a value and deletes a workspace after a confirmation and a valid token', async () => {
    await page.getByRole('button', { name: 'Fetch a value' }).click();
    await page.getByRole('button', { name: 'Fetch it' }).click();
    await page.getByLabel('Token', { exact: true }).last().fill('wrong');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText('does not know this token').waitFor();
    await page.getByLabel('Token', { exact: true }).last().fill(TOKEN);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('heading', { name: 'Fetched' }).waitFor();
    expect(await page.getByLabel('taken out', { exact: true }).textContent()).toContain('"answer": 42');
    await until(async () => (await fact(page, 'values')) === 2, 'one is gone');

    await page.locator('.trail a').last().click();
    await page.getByRole('button', { name: 'Delete workspace' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Delete workspace' }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    await page.getByRole('heading', { level: 1, name: 'Workspaces' }).waitFor();
    await until(
      async () => (await page.getByRole('link', { name: WORKSPACE }).count()) === 0,
      'it is deleted',
    );
  });

  test.skipIf(isShort)('lists the waiting clients, or reports that there are none', async () => {
    await page.goto(`${url}/clients`);
    const chips = page.getByRole('group', { name: 'Clients in one state' });
    await chips.getByRole('button', { name: /^blocked/ }).click();
    await page.getByRole('heading', { name: 'Clients that are blocked' }).waitFor();
    expect(new URL(page.url()).search).toBe('?state=open.blocked');
    const states = page.locator('tbody .tag');
    await until(async () => (await states.count()) > 0, 'they are listed');
    await shown(async () => new Set(await states.allTextContents())).toEqual(new Set(['blocked']));
    await page.goto(`${url}/clients?state=closing`);
    await page.getByText('No client is closing at the moment.').waitFor();
    await chips.getByRole('button', { name: /^all/ }).click();
    await page.getByRole('heading', { name: 'All clients' }).waitFor();
  });

  test.skipIf(isShort)(
    'has no accessibility errors in axe, light and dark, and fits a narrow screen, on every page',
    async () => {
      const workspace = sleigh.replace('/sleighs/', '/workspaces/');
      const pages = {
        overview: '/',
        workspaces: '/workspaces',
        workspace,
        variable: `${workspace}/variables/task`,
        clients: '/clients',
        client: '/clients/2',
        sleigh,
        workers: `${sleigh}?as=table`,
        actor: `${sleigh}/charts?actor=worker.1`,
        actors: `${sleigh}/charts?chart=worker`,
        charts: '/charts/joinPhase',
        missing: '/workspaces/nobody',
      };
      const found: string[] = [];
      for (const [name, path] of Object.entries(pages)) {
        await page.emulateMedia({ colorScheme: 'light' });
        await page.goto(url + path);
        await page.locator('h1').first().waitFor();
        await page.locator('main .loading').first().waitFor({ state: 'detached' });
        const light = await violations(page);
        await screenshot(page, `${name}-light`);
        await page.emulateMedia({ colorScheme: 'dark' });
        const isDark = isLong || DARK.has(name);
        const dark = isDark ? await violations(page, ['color-contrast']) : [];
        await screenshot(page, `${name}-dark`);
        await page.setViewportSize({ width: 360, height: 740 });
        if ((await overflow(page)) > 0) found.push(`${name} is too wide by ${await overflow(page)}`);
        await screenshot(page, `${name}-narrow`);
        await page.setViewportSize({ width: 1280, height: 800 });
        found.push(...[...light, ...dark].map((violation) => `${name}: ${violation}`));
      }
      await page.emulateMedia({ colorScheme: 'light' });
      expect(found).toEqual([]);
    },
  );

  test.skipIf(isShort)('reports a lost server, and reconnects', async () => {
    const port = Number(new URL(url).port);
    await page.goto(url);
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    // Stopped in order, so that its trace is complete.
    server.kill('SIGTERM');
    await server.outcome;
    await page.getByText('The server cannot be reached.').waitFor();
    await sleep(100);
    ({ server } = await startSite(port));
    await page.getByText('The server cannot be reached.').waitFor({ state: 'detached' });
    await page.getByText('No jobs yet.').waitFor();
  });

  test.skipIf(isShort)(
    'replays the trace of that job: continuously, step by step, and from any position',
    async () => {
      const trace = join(folder.path, 'trace.jsonl');
      await using replay = await startSleigh(['charts', '--trace', trace, '--web-port', '0']);
      try {
        await page.goto(replay.line.replace('replay at ', ''));
        await page.getByRole('heading', { level: 1, name: /^Replay/ }).waitFor();
        const slider = page.getByRole('slider');
        const at = async (): Promise<number> => Number(await slider.inputValue());
        const begin = await at();
        await page.getByRole('button', { name: 'Step', exact: true }).click();
        await shown(at).toBe(begin + 1);
        await page.getByLabel('Speed').selectOption('100');
        await page.getByRole('button', { name: 'Play' }).click();
        await until(async () => (await at()) > begin + 50, 'it plays');
        await page.getByRole('button', { name: 'Pause' }).click();
        const paused = await at();
        await sleep(200);
        expect(await at()).toBe(paused);
        await slider.press('End');
        await page.getByRole('button', { name: /^dead/ }).click();
        const dead = page.getByRole('button', { name: /^worker\.\d$/ });
        await until(async () => (await dead.count()) === 1, 'only the dead one is listed');
        await dead.click();
        await until(
          async () => /→ dead/.test((await page.locator('.story').textContent()) ?? ''),
          'its end is told',
        );
        await slider.press('Home');
        await until(async () => (await page.locator('.story').count()) === 0, 'it has not begun yet');
        await slider.press('End');
        await page.locator('.story').waitFor();
        expect(await violations(page)).toEqual([]);
        await screenshot(page, 'replay-light');
      } finally {
        await page.goto('about:blank');
      }
    },
  );
});
