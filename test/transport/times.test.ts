import { BOUNDS } from '../../src/wire/bounds.ts';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createServer, type Server, type ServerOptions } from '../../src/index.ts';
import { Turns } from '../../src/web/turns.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { eventually } from '../support/eventually.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { startServe } from '../support/serve-process.ts';
import { isShort } from '../support/form.ts';

// How long the server waits, one test for each timeout in docs/operations.md. A longer wait may be due to the machine.
const SLACK_MS = 8_000;

let server: Server | undefined;
const clients: ProtocolClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.reset();
  await server?.close();
});

async function start(options: ServerOptions = {}): Promise<Server> {
  server = await createServer({ port: 0, logLevel: 'silent', ...options });
  return server;
}

/** A client that does not close its half when the server does. */
async function stubborn({ port }: { port: number }, bytes: string): Promise<ProtocolClient> {
  const client = await ProtocolClient.open({ port }, { allowHalfOpen: true });
  clients.push(client);
  client.write(bytes);
  return client;
}

const HANDSHAKE = 'X000R0000000';
const inWorkspace = (...requests: string[]): string =>
  HANDSHAKE + encodeRequest(['use ws', 'w', 'me', 'no'], undefined) + requests.join('');

/** Milliseconds until an event. */
async function timeOf(what: Promise<unknown>): Promise<number> {
  const since = performance.now();
  await what;
  return performance.now() - since;
}

const endOf = (port: number): string => `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;

/** A row of /proc/net/tcp for the server's end of a connection; '' if there is none any more. */
function rowOf(port: number, { socket }: ProtocolClient): string {
  const ends = `${endOf(port)} ${endOf(socket.localPort ?? 0)}`;
  const rows = readFileSync('/proc/net/tcp', 'latin1').split('\n');
  return rows.find((row) => row.includes(ends)) ?? '';
}

describe('a server that stops', () => {
  it('waits two seconds for clients that do not close their connections', async () => {
    const stopped = await start();
    const client = await stubborn(stopped, HANDSHAKE);
    await client.until('A000');
    const took = await timeOf(stopped.close());
    expect(took).toBeGreaterThan(BOUNDS.stopMs.value - 50);
    expect(took).toBeLessThan(BOUNDS.stopMs.value + SLACK_MS);
  });

  it('lets clients finish within the time of --drain, and no longer', async () => {
    await using serve = await startServe('--drain', '1');
    const client = await ProtocolClient.ready(serve, {});
    clients.push(client);
    const ended = timeOf(serve.outcome);
    serve.kill('SIGTERM');
    expect((await client.ask(['open ws', 'w', 'me', 'no'])).status).toBe('0000');
    const took = await ended;
    expect(took).toBeGreaterThan(1_000);
    expect(took).toBeLessThan(1_000 + BOUNDS.stopMs.value + SLACK_MS);
  });

  it('stops at once without clients', async () => {
    const empty = await start();
    expect(await timeOf(empty.close({ drain: 60 }))).toBeLessThan(BOUNDS.stopMs.value);
  });
});

describe('a connection', () => {
  it.each([
    ['handshakeSeconds', 'X000'],
    ['requestSeconds', inWorkspace('0005')],
  ])('is closed after %s without data', async (limit, bytes) => {
    const { port } = await start({ limits: { [limit]: 0.5 } });
    const client = await stubborn({ port }, bytes);
    const took = await timeOf(client.ended());
    expect(took).toBeGreaterThan(400);
    expect(took).toBeLessThan(500 + SLACK_MS);
  });
});

describe.skipIf(isShort)('a client that requests more than it reads', () => {
  const SIZE = 8 * 2 ** 20;
  /** More stores than the server reads at once. */
  const STORES = 4_000;

  /**
   * A client that has requested large values, sent stores after them, and closed its sending side; and another one next
   * to it.
   */
  async function halfClosed(port: number): Promise<[ProtocolClient, ProtocolClient]> {
    const owner = await ProtocolClient.ready({ port }, {});
    clients.push(owner);
    await owner.ask(['open ws', 'w', 'me', 'no']);
    await owner.ask(['store', 'w', 'large', '1', 'v'.repeat(SIZE)]);
    const requests = [
      encodeRequest(['open ws', 'mine', 'me', 'no'], undefined),
      encodeRequest(['find', 'w', 'large'], undefined).repeat(3),
      encodeRequest(['store', 'w', 'small', '1', 'x'], undefined).repeat(STORES),
    ];
    const client = await stubborn({ port }, inWorkspace(...requests));
    client.pause();
    client.end();
    return [client, owner];
  }

  it('and closes its sending side is disconnected if it reads nothing', async () => {
    const { port } = await start();
    const [, owner] = await halfClosed(port);
    const isThere = async (): Promise<boolean> => (await owner.ask(['list wss', 'mine'])).value.length > 1;
    await eventually(isThere, 'it has its workspace');
    const took = await timeOf(eventually(async () => !(await isThere()), 'it is ended'));
    expect(took).toBeGreaterThan(BOUNDS.lingerMs.value - 1_000);
    expect(took).toBeLessThan(2 * BOUNDS.lingerMs.value + SLACK_MS);
  });

  it('and reads late gets everything, and its later requests are carried out', async () => {
    const { port } = await start();
    const [client, owner] = await halfClosed(port);
    // By then the server has read some of the later bytes, to see whether more follow.
    await sleep(1.5 * BOUNDS.lingerMs.value);
    client.resume();
    await client.until('A00000000000');
    for (let n = 0; n < 3; n++) expect((await client.reply('find')).value.length).toBe(SIZE);
    expect(await client.read(4 * STORES)).toBe('0000'.repeat(STORES));
    await client.ended();
    expect((await owner.ask(['list vars', 'w'])).value).toContain(`small\t${STORES}\t`);
  });
});

const isLinux = process.platform === 'linux';

describe.skipIf(!isLinux)('the socket of a client', () => {
  it('uses TCP keep-alive after a minute of silence (P1)', async () => {
    const { port } = await start();
    const client = await ProtocolClient.ready({ port }, {});
    clients.push(client);
    // The type of the timer (2 is keep-alive) and its remaining time, in hundredths of a second.
    const timer = (): string[] => / (\d\d):([0-9A-F]{8}) /.exec(rowOf(port, client)) ?? [];
    await eventually(() => timer()[1] === '02', 'the handshake is acknowledged, and keep-alive runs');
    const [, , when = ''] = timer();
    const left = Number.parseInt(when, 16) * 10;
    expect(left).toBeGreaterThan(BOUNDS.keepAliveMs.value - SLACK_MS);
    expect(left).toBeLessThanOrEqual(BOUNDS.keepAliveMs.value);
  });
});

describe('the timeout of a web request', () => {
  it('starts with its first byte, and does not run while the previous request is answered', async () => {
    const turns = new Turns(500);
    const web = createHttpServer({ headersTimeout: 0, requestTimeout: 0 }, (request, response) => {
      turns.begin(request, response);
      setTimeout(() => response.end('done'), 1_000);
    }).on('connection', (socket) => turns.watch(socket));
    await once(web.listen(0, '127.0.0.1'), 'listening');
    const address = web.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    const head = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
    const client = await stubborn(address, head + head + 'GET');
    const took = await timeOf(client.until('408 Request Timeout'));
    expect(took).toBeGreaterThan(2_400);
    expect(took).toBeLessThan(2_500 + SLACK_MS);
    web.close();
  });
});
