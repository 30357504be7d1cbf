import { getEventListeners, once } from 'node:events';
import { createServer as createNetServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { createServer, type Server } from '../../src/index.ts';

let server: Server;
let client: NwsConnection;
let other: NwsConnection;
beforeEach(async () => {
  server = await createServer({ port: 0, logLevel: 'error', limits: { valueBytes: 30_000_000 } });
  [client, other] = await Promise.all([open(), open()]);
  await client.openWorkspace('w');
  await other.useWorkspace('w');
});
afterEach(() => server.close());

const open = (): Promise<NwsConnection> => NwsConnection.open({ host: server.host, port: server.port });

/**
 * A server with arbitrary behaviour.
 * @returns its port
 */
async function strangeServer(serve: (socket: Socket) => void): Promise<number> {
  const strange = createNetServer((socket) => serve(socket.on('error', () => undefined))).listen(
    0,
    '127.0.0.1',
  );
  strange.unref();
  await once(strange, 'listening');
  const address = strange.address();
  if (address === null || typeof address === 'string') throw new Error('it does not listen');
  return address.port;
}

describe('a connection', () => {
  it.each([
    ['text, in UTF-8', 'naïve ☃'],
    ['JSON', { a: [1, null] }],
    ['bytes', Buffer.from([0, 1, 255])],
    ['a graph', new Map([[1, 2n]])],
    ['a long text', 'x'.repeat(5_000)],
    ['an empty text', ''],
  ])('stores and fetches %s (C1, C2)', async (_what, value) => {
    await client.store('w', 'v', value, new Map([['ключ', 'значение']]));
    const found = await other.fetch('w', 'v');
    expect(found.value).toEqual(value);
    expect(found.metadata.get('ключ')).toBe('значение');
    expect([found.variableId.length, found.index]).toEqual([20, 0]);
  });

  it('transfers a value completely that the server keeps in a file (P11)', async () => {
    const large = Buffer.alloc(20_000_000, 'a large value; ');
    await client.store('w', 'large', large);
    const { value } = await other.find('w', 'large');
    expect(value instanceof Buffer && large.equals(value)).toBe(true);
  });

  it('names workspaces and variables in UTF-8, and lists them (V8)', async () => {
    await client.openWorkspace('Würfel', { persistent: true });
    await client.declare('Würfel', 'b', 'single');
    await client.store('Würfel', 'ärger', 1);
    await client.store('Würfel', 'ärger', 2);
    expect(await client.listVariables('Würfel')).toEqual([
      { name: 'b', values: 0, fetchers: 0, finders: 0, mode: 'single' },
      { name: 'ärger', values: 2, fetchers: 0, finders: 0, mode: 'fifo' },
    ]);
    await client.deleteWorkspace('Würfel');
    await expect(client.useWorkspace('Würfel', { create: false })).rejects.toMatchObject({
      status: '0100',
      code: 'no-workspace',
    });
  });

  it('creates a workspace with a new name (W8)', async () => {
    const name = await client.mktemp('job %03d');
    expect(name).toMatch(/^job \d{3}/);
    expect(await client.listVariables(name)).toEqual([]);
    await expect(client.mktemp('job')).rejects.toThrow('mktemp ws was refused: mktemp: bad template "job".');
  });

  it('reports that a Try request found no value, and stays usable', async () => {
    expect(await client.fetchTry('w', 'none')).toBeUndefined();
    expect(await client.findTry('w', 'none')).toBeUndefined();
    await client.store('w', 'none', 0);
    expect((await client.findTry('w', 'none'))?.value).toBe(0);
    expect((await client.fetchTry('w', 'none'))?.value).toBe(0);
  });

  it('reports a refusal with a code and with the text of the server, and stays usable', async () => {
    await client.declare('w', 'time', '__time');
    await expect(client.store('w', 'time', 1)).rejects.toMatchObject({
      name: 'NwsError',
      verb: 'store',
      status: '0001',
      code: 'failed',
      reason: 'Store is not supported for this variable.',
    });
    await expect(client.fetchTry('unopened', 'v')).rejects.toMatchObject({
      status: '2001',
      code: 'not-opened',
    });
    await expect(client.request(['no verb'])).rejects.toThrow('Unknown verb "no verb"');
    await expect(client.store('w', 'v', Buffer.alloc(30_000_001))).rejects.toThrow('the limit is 30000000');
    await client.store('w', 'v', 1);
  });

  it('reports to a waiting get that its workspace was deleted', async () => {
    const waiting = expect(client.fetch('w', 'v')).rejects.toMatchObject({ code: 'purged' });
    await other.deleteWorkspace('w');
    await waiting;
  });

  it('pipelines any number of requests, and gives each its own reply (P5.2)', async () => {
    const numbers = Array.from({ length: 500 }, (_, i) => i);
    await Promise.all(numbers.map((n) => client.store('w', 'v', n)));
    const found = await Promise.all(numbers.map(() => client.fetchTry('w', 'v')));
    expect(found.map((each) => each?.value)).toEqual(numbers);
  });

  it('holds back the requests that follow a waiting get until it is answered (P5.3)', async () => {
    const stored = client.store('w', 'first', 1);
    const fetched = client.fetch('w', 'v');
    const after = [client.store('w', 'second', 2), client.fetch('w', 'second')] as const;
    await stored;
    expect(await other.findTry('w', 'second')).toBeUndefined();
    await other.store('w', 'v', 'at last');
    expect((await fetched).value).toBe('at last');
    await after[0];
    expect((await after[1]).value).toBe(2);
  });

  it('rejects pending requests and later ones when it is closed', async () => {
    const waiting = [client.fetch('w', 'v'), client.store('w', 'v', 1)];
    client.close();
    for (const each of waiting) await expect(each).rejects.toMatchObject({ code: 'closed' });
    await expect(client.store('w', 'v', 1)).rejects.toMatchObject({ code: 'closed' });
  });

  it('rejects pending requests when the server disconnects', async () => {
    const waiting = expect(client.fetch('w', 'v')).rejects.toMatchObject({
      name: 'ConnectionLostError',
      code: 'lost',
    });
    await server.close();
    await waiting;
  });

  it('leaves nothing at its signal when it has ended', async () => {
    const { signal } = new AbortController();
    const third = await NwsConnection.open({ host: server.host, port: server.port, signal });
    expect(getEventListeners(signal, 'abort').length).toBeGreaterThan(0);
    third.close();
    await third.ended;
    await new Promise((resolve) => setImmediate(resolve));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('is closed by its signal after it was opened', async () => {
    const stop = new AbortController();
    const third = await NwsConnection.open({ host: server.host, port: server.port, signal: stop.signal });
    const using = expect(third.useWorkspace('w')).rejects.toMatchObject({ code: 'closed' });
    stop.abort();
    await using;
  });
});

describe('opening a connection', () => {
  it('fails if nothing listens at the address', async () => {
    const { host, port } = server;
    await server.close();
    await expect(NwsConnection.open({ host, port })).rejects.toMatchObject({
      code: 'unreachable',
      message: `${host}:${port} cannot be reached (ECONNREFUSED)`,
    });
  });

  it.each([
    ['speaks something else', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n')],
    ['goes away', (socket: Socket) => socket.end()],
    ['refuses metadata', (socket: Socket) => socket.write('P0000000F000')],
  ])('fails if the server %s', async (_what, serve) => {
    const port = await strangeServer((socket) => void serve(socket));
    await expect(NwsConnection.open({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'not-nws' });
  });

  it('fails after the handshake timeout if the server stays silent', async () => {
    const port = await strangeServer(() => undefined);
    await expect(NwsConnection.open({ host: '127.0.0.1', port, timeout: 20 })).rejects.toMatchObject({
      code: 'unreachable',
      message: `127.0.0.1:${port} did not answer in time`,
    });
  });

  it('fails if its signal is aborted before or during the attempt', async () => {
    const port = await strangeServer(() => undefined);
    const stop = new AbortController();
    const opening = expect(
      NwsConnection.open({ host: '127.0.0.1', port, signal: stop.signal }),
    ).rejects.toMatchObject({ code: 'closed' });
    stop.abort();
    await opening;
    await expect(NwsConnection.open({ host: '127.0.0.1', port, signal: stop.signal })).rejects.toMatchObject({
      code: 'closed',
    });
  });

  it('fails if the server sends invalid replies', async () => {
    const port = await strangeServer((socket) =>
      socket.on('data', (bytes) => {
        if (bytes.toString().startsWith('X')) socket.write('P0000000');
        else if (bytes.toString().startsWith('R')) socket.write('A000');
        else socket.write('what?');
      }),
    );
    const connection = await NwsConnection.open({ host: '127.0.0.1', port });
    await expect(connection.useWorkspace('w')).rejects.toMatchObject({ code: 'not-nws' });
  });
});
