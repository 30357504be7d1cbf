import { pino } from 'pino';
import { afterEach, beforeEach, expect, describe, it, vi } from 'vitest';
import { Connection } from '../../src/core/connection.ts';
import { createServer, type Server } from '../../src/index.ts';
import { Views } from '../../src/views/views.ts';
import { ask, ViewStream } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';

// This test makes a view throw; its viewers are told, and clients and other views must not be affected.

let server: Server;
let url: string;
let client: ProtocolClient;
let lines: string[];

beforeEach(async () => {
  lines = [];
  const logger = pino({}, { write: (line) => void lines.push(line) });
  server = await createServer({ port: 0, logger, web: { port: 0 } });
  url = server.web?.url ?? '';
  client = await ProtocolClient.ready(server, {});
  expect((await client.ask(['open ws', 'w', 'x', 'no'])).status).toBe('0000');
});
afterEach(async () => {
  vi.restoreAllMocks();
  client.reset();
  await server.close();
});

const store = async (value: string): Promise<void> =>
  expect((await client.ask(['store', 'w', 'v', '1', value])).status).toBe('0000');

/** The views of clients throw from now on. */
const sabotage = () =>
  vi.spyOn(Connection.prototype, 'requests', 'get').mockImplementation(() => {
    throw new Error('on purpose');
  });

const toldOf = (what: string): number => lines.filter((line) => line.includes(what)).length;

describe('an exception while a view is computed', () => {
  it('is answered with 500 and logged, and other views are served', async () => {
    sabotage();
    expect(await ask(url, '/api/clients')).toMatchObject({
      status: 500,
      text: expect.stringContaining('the log'),
    });
    expect(toldOf('a web request failed')).toBe(1);
    expect((await ask(url, '/api/workspaces')).status).toBe(200);
    await store('served');
  });

  it('is sent to the viewers of that view, who get it again when it can be computed, and is logged once', async () => {
    using broken = await ViewStream.open(url, '/api/clients');
    using whole = await ViewStream.open(url, '/api/workspaces/w');
    const spy = sabotage();
    await store('one');
    await eventually(() => broken.latest?.event === 'failed', 'the viewer is told');
    expect(broken.latestView).toEqual({ error: 'the server failed; the log has the reason' });
    const before = whole.events.length;
    await store('two');
    await eventually(() => whole.events.length > before, 'others are kept up to date');
    expect((await ask(url, '/api/clients', { headers: { Accept: 'text/event-stream' } })).status).toBe(500);
    expect(toldOf('a view could not be made')).toBe(1);
    spy.mockRestore();
    await store('three');
    await eventually(() => broken.latest?.event === 'message', 'it is shown again');
  });

  it('in the metrics that are sampled every second affects nothing else', async () => {
    const spy = vi.spyOn(Views.prototype, 'sample').mockImplementation(() => {
      throw new Error('on purpose');
    });
    await eventually(() => spy.mock.calls.length > 1, 'figures are taken twice');
    expect(toldOf('figures could not be taken')).toBeGreaterThan(0);
    await store('served');
    expect((await ask(url, '/api/overview')).status).toBe(200);
  });
});
