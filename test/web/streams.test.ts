import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { createServer, type Server } from '../../src/index.ts';
import { ask, view, ViewStream } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { byForm, isShort } from '../support/form.ts';

let server: Server;
let url: string;
let client: NwsConnection;

beforeEach(async () => {
  server = await createServer({ port: 0, logLevel: 'silent', web: { port: 0 } });
  url = server.web?.url ?? '';
  client = await NwsConnection.open(server);
  await client.openWorkspace('w');
});
afterEach(async () => {
  client.close();
  await server.close();
});

const VARIABLE = '/api/workspaces/w/variables/v';

/** The content of the variable in its view. */
const textsIn = ({ list }: Record<string, unknown>): unknown[] => {
  if (typeof list !== 'object' || list === null || !('items' in list) || !Array.isArray(list.items))
    return [];
  return list.items.map(({ text }: { text: unknown }) => text);
};

describe('a stream of a view', () => {
  it('begins with the current view, and sends it again whenever it has changed', async () => {
    await client.store('w', 'v', 'one');
    using stream = await ViewStream.open(url, VARIABLE);
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
    });
    await eventually(() => stream.events.length === 1, 'the first view');
    expect(textsIn(stream.latestView)).toEqual(['one']);
    await client.store('w', 'v', 'two');
    await eventually(() => stream.events.length === 2, 'the second view');
    expect(textsIn(stream.latestView)).toEqual(['one', 'two']);
    expect(stream.latestView).toEqual(await view(url, VARIABLE));
  });

  it('sends nothing while the view does not change, whatever else the server does', async () => {
    await client.store('w', 'v', 'one');
    using stream = await ViewStream.open(url, VARIABLE);
    for (let i = 0; i < 20; i++) {
      await client.store('w', 'another', String(i));
      await sleep(20);
    }
    expect(stream.events).toHaveLength(1);
  });

  it('sends at most 10 updates per second, of which the last is the newest', async () => {
    await client.declare('w', 'v', 'single');
    using stream = await ViewStream.open(url, VARIABLE);
    const since = performance.now();
    let last = 0;
    while (performance.now() - since < byForm(600, 1_500, 1_500))
      await client.store('w', 'v', String(++last));
    await eventually(() => textsIn(stream.latestView)[0] === String(last), 'the newest');
    const elapsed = performance.now() - since;
    expect(last).toBeGreaterThan(100);
    expect(stream.events.length).toBeGreaterThan(byForm(2, 5, 5));
    expect(stream.events.length).toBeLessThanOrEqual(Math.ceil(elapsed / 100) + 1);
  });

  it('reports that its object has been deleted, and continues when it exists again', async () => {
    await client.store('w', 'v', 'one');
    using stream = await ViewStream.open(url, VARIABLE);
    await client.deleteWorkspace('w');
    await eventually(() => stream.latest?.event === 'gone', 'that it has gone');
    expect(stream.latestView).toEqual({ error: 'it is not there any more' });
    await client.openWorkspace('w');
    await client.store('w', 'v', 'again');
    await eventually(() => textsIn(stream.latestView)[0] === 'again', 'that it is back');
    expect(stream.latest?.event).toBe('message');
  });

  it('that does not exist is answered with 404', async () => {
    const { status, text } = await ask(url, '/api/workspaces/none', {
      headers: { Accept: 'text/event-stream' },
    });
    expect({ status, text }).toEqual({ status: 404, text: '{"error":"there is no such view"}' });
  });

  it('ends when the server stops', async () => {
    using stream = await ViewStream.open(url, '/api/overview');
    await server.close();
    await eventually(() => stream.hasEnded, 'its end');
  });
});

/** The events of a stream of several views: the number of the view, and its view. */
const numbered = (stream: ViewStream): [event: string, number: string, view: Record<string, unknown>][] =>
  stream.events.map(({ event, data }) => {
    const [number = '', json = '{}'] = data.split('\n');
    return [event, number, JSON.parse(json)];
  });

const together = (...paths: string[]): string =>
  `/api/stream?${paths.map((path) => `view=${encodeURIComponent(path)}`).join('&')}`;

describe('a stream of several views', () => {
  it('sends each with its number, and again those that have changed', async () => {
    await client.store('w', 'v', 'one');
    using stream = await ViewStream.open(
      url,
      together('/workspaces/w/variables/v?count=1', '/charts', '/workspaces/none'),
    );
    await eventually(() => stream.events.length === 3, 'the first views');
    expect(numbered(stream).map(([event, number]) => [event, number])).toEqual([
      ['message', '0'],
      ['message', '1'],
      ['gone', '2'],
    ]);
    expect(await counts()).toEqual({ viewers: 1, views: 3 });
    await client.openWorkspace('none');
    await client.store('w', 'v', 'two');
    await eventually(() => stream.events.length === 5, 'those that have changed');
    const [, , , ...later] = numbered(stream);
    const viewed = Object.fromEntries(later.map(([event, number, sent]) => [`${event} ${number}`, sent]));
    expect(viewed['message 0']).toEqual(await view(url, `${VARIABLE}?count=1`));
    expect(viewed['message 2']).toMatchObject({ name: 'none' });
    stream[Symbol.dispose]();
    await eventually(async () => (await counts()).views === 0, 'the views are released');
  });

  it('sends every view that changes all the time', async () => {
    for (const name of ['a', 'b', 'c']) await client.declare('w', name, 'single');
    using stream = await ViewStream.open(
      url,
      together(...['a', 'b', 'c'].map((name) => `/workspaces/w/variables/${name}`)),
    );
    for (let i = 0; i < 60; i++) {
      for (const name of ['a', 'b', 'c']) await client.store('w', name, String(i));
      await sleep(10);
    }
    const numbers = numbered(stream).map(([, number]) => number);
    for (const number of ['0', '1', '2'])
      expect(numbers.filter((each) => each === number).length).toBeGreaterThan(3);
  });

  it('is refused without views, with too many of them, and by other methods than GET', async () => {
    const [none, many] = [await ask(url, together()), await ask(url, together(...Array(33).fill('/charts')))];
    expect(none).toMatchObject({ status: 400, text: '{"error":"a stream has 1 to 32 views, not 0"}' });
    expect(many).toMatchObject({ status: 400, text: '{"error":"a stream has 1 to 32 views, not 33"}' });
    expect((await ask(url, together('/charts'), { method: 'HEAD' })).status).toBe(405);
    expect((await ask(url, together('/workspaces/%'))).status).toBe(400);
    expect(await counts()).toEqual({ viewers: 0, views: 0 });
  });
});

async function counts(): Promise<{ viewers: number; views: number }> {
  const { text } = await ask(url, '/metrics');
  const read = (name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
  return { viewers: read('sleigh_web_viewers'), views: read('sleigh_web_views') };
}

/** About 64 KiB, the part of a value that is shown. */
const storeLarge = (i: number): Promise<unknown> => client.store('w', 'v', `${i} `.padEnd(65_000, 'x'));

describe('the viewers of a stream', () => {
  it('share the view of one path, and are released when they disconnect', async () => {
    const streams = await Promise.all(
      ['/api/overview', '/api/overview', '/api/clients', '/api/clients?count=5'].map((path) =>
        ViewStream.open(url, path),
      ),
    );
    expect(await counts()).toEqual({ viewers: 4, views: 3 });
    streams.pop()?.[Symbol.dispose]();
    await eventually(async () => (await counts()).viewers === 3, 'three are left');
    for (const stream of streams) stream[Symbol.dispose]();
    await eventually(async () => (await counts()).viewers === 0, 'none is left');
    expect((await counts()).views).toBe(0);
  });

  it.skipIf(isShort)('are limited to 1,000', async () => {
    const streams = await Promise.all(
      Array.from({ length: 1_000 }, () => ViewStream.open(url, '/api/overview')),
    );
    const { status } = await ask(url, '/api/overview', { headers: { Accept: 'text/event-stream' } });
    expect(status).toBe(503);
    expect((await view(url, '/api/overview'))['connections']).toBe(1);
    for (const stream of streams) stream[Symbol.dispose]();
    await eventually(async () => (await counts()).viewers === 0, 'none is left');
    (await ViewStream.open(url, '/api/overview'))[Symbol.dispose]();
  });

  it.skipIf(isShort)(
    'skip updates if they read slowly: at most one update waits, and it is the newest',
    async () => {
      // An update is about 1 MB; 40 of them are far more than the sockets hold.
      for (let i = 0; i < 15; i++) await storeLarge(i);
      using slow = await ViewStream.open(url, VARIABLE);
      using quick = await ViewStream.open(url, VARIABLE);
      await eventually(() => slow.events.length === 1 && quick.events.length === 1, 'the first view');
      slow.pause();
      const LAST = 55;
      for (let i = 15; i <= LAST; i++) {
        await client.fetch('w', 'v');
        await storeLarge(i);
        await eventually(() => String(textsIn(quick.latestView).at(-1)).startsWith(`${i} `), `value ${i}`);
      }
      expect(quick.bytes).toBeGreaterThan(30_000_000);
      slow.resume();
      await eventually(() => String(textsIn(slow.latestView).at(-1)).startsWith(`${LAST} `), 'the newest');
      expect(slow.bytes).toBeLessThan(quick.bytes / 2);
    },
    60_000,
  );

  it('receive a keep-alive every 15 seconds, and no timer runs without them', async () => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
    });
    try {
      expect(vi.getTimerCount()).toBe(0);
      const stream = await ViewStream.open(url, '/api/workspaces/w');
      await eventually(() => stream.events.length === 1, 'the view');
      await vi.advanceTimersByTimeAsync(14_000);
      expect(stream.comments).toBe(0);
      await vi.advanceTimersByTimeAsync(1_500);
      await eventually(() => stream.comments === 1, 'a comment');
      stream[Symbol.dispose]();
      for (let second = 0; second < 120 && vi.getTimerCount() > 0; second++)
        await vi.advanceTimersByTimeAsync(1_000);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
