import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { createServer, type Server } from '../../src/index.ts';
import { encodePart } from '../../src/views/path-part.ts';
import { BOUNDS } from '../../src/wire/bounds.ts';
import { ask } from '../support/browser.ts';

const BYTES = Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256));
let server: Server;
let client: NwsConnection;
const path = (index: number | string): string => `/values/${encodePart('a shop')}/x/${index}`;
const get = (path: string) => ask(server.web?.url ?? '', path);

beforeAll(async () => {
  // Values of more than 64 KiB are files.
  server = await createServer({
    port: 0,
    logLevel: 'error',
    limits: { longValueBytes: 65_536 },
    web: { port: 0 },
  });
  client = await NwsConnection.open(server);
  await client.openWorkspace('a shop');
  for (const value of ['first', BYTES, Buffer.alloc(100_000, 7), Buffer.alloc(BOUNDS.fetchedBytes.value + 1)])
    await client.store('a shop', 'x', value);
});
afterAll(async () => {
  client?.close();
  await server?.close();
});

describe('the bytes of a value', () => {
  it('are those that were stored, to be saved as a file', async () => {
    expect((await get(path(0))).text).toBe('first');
    const { status, headers, body } = await get(path(1));
    expect([status, headers['content-type'], headers['content-disposition']]).toEqual([
      200,
      'application/octet-stream',
      'attachment',
    ]);
    expect(body.equals(BYTES)).toBe(true);
    expect((await get(path(2))).body.equals(Buffer.alloc(100_000, 7))).toBe(true);
    // Nothing was fetched.
    expect((await client.find('a shop', 'x')).value).toBe('first');
  });

  it.each(['4', '-1', 'x', '0/0', ''])('are not there for index %j', async (index) => {
    expect(await get(path(index))).toMatchObject({
      status: 404,
      text: expect.stringContaining('there is no such value'),
    });
  });

  it('are refused when there are too many', async () => {
    expect(await get(path(3))).toMatchObject({
      status: 413,
      text: expect.stringContaining('the value has 16777217 bytes; from here at most 16777216 can be read'),
    });
  });

  it('are not there for another workspace or variable', async () => {
    for (const other of ['/values/none/x/0', '/values/a%20shop/none/0', '/values'])
      expect((await get(other)).status).toBe(404);
  });
});
