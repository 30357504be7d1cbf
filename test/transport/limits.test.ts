import { afterEach, describe, expect, it } from 'vitest';
import { pino } from 'pino';
import { createServer, type Limits, type Server } from '../../src/index.ts';
import { pad20, pad4 } from '../../src/wire/numbers.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { eventually } from '../support/eventually.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';

let server: Server;
let log = '';
afterEach(() => server.close());

async function start(limits: Partial<Limits>): Promise<void> {
  log = '';
  server = await createServer({
    port: 0,
    limits,
    logger: pino({}, { write: (line) => void (log += line) }),
  });
}

/** @returns the status and the reason of the reply to a store */
async function answerTo(
  client: ProtocolClient,
  args: string[],
  metadata: Record<string, string> = {},
): Promise<string> {
  const { status, reason } = await client.ask(args, metadata);
  return `${status} ${reason}`.trim();
}

const store = (value: string, variable = 'x'): string[] => ['store', 'w', variable, '1', value];

/** A store without its last byte. */
const begunStore = (size: number): string =>
  `0000${pad4(5)}${['store', 'w', 'x', '1'].map((arg) => pad20(arg.length) + arg).join('')}${pad20(size)}` +
  'v'.repeat(size - 1);

describe('each limit: a request above it is refused with a reason that names the limit (P12)', () => {
  it.each<[keyof Limits, number, string[][], string]>([
    ['valueBytes', 5_000, [store('v'.repeat(5_001))], 'a value of 5001 bytes; the limit is 5000.'],
    [
      'workspaceBytes',
      5_000,
      [store('v'.repeat(3_000)), store('v'.repeat(3_000))],
      'the workspace holds 3000 bytes; the limit is 5000.',
    ],
    [
      'serverBytes',
      5_000,
      [store('v'.repeat(3_000)), store('v'.repeat(3_000))],
      'the server holds 3000 bytes; the limit is 5000.',
    ],
    [
      'memoryBytes',
      6_000,
      [store('v'.repeat(3_000)), store('v'.repeat(3_000))],
      'the server holds 5523 bytes in memory; the limit is 6000.',
    ],
    ['argumentCount', 5, [['store', 'w', 'x', '1', 'v', 'more']], '6 arguments; the limit is 5.'],
    [
      'nameBytes',
      20,
      [['store', 'w', 'x'.repeat(21), '1', 'v']],
      'an argument of 21 bytes; the limit is 20.',
    ],
    [
      'incomingBytes',
      5_000,
      [store('v'.repeat(6_000))],
      'requests that are coming in take 8 bytes; the limit is 5000.',
    ],
  ])('%s', async (limit, most, requests, reason) => {
    await start({ [limit]: most });
    const client = await ProtocolClient.ready(server);
    await answerTo(client, ['open ws', 'w', 'me', 'no']);
    const answers = [];
    for (const args of requests) answers.push(await answerTo(client, args));
    expect(answers.at(-1)).toBe(`0001 Refused: ${reason}`);
    expect(await answerTo(client, ['use ws', 'w', 'me', 'no']), 'the connection goes on').toBe('0000');
  });

  it('metadataBytes', async () => {
    await start({ metadataBytes: 100 });
    const client = await ProtocolClient.ready(server);
    const answer = await answerTo(client, ['open ws', 'w', 'me', 'no'], { name: 'v'.repeat(100) });
    expect(answer).toBe('0001 Refused: metadata of 104 bytes; the limit is 100.');
  });

  it('workerCount', async () => {
    await start({ workerCount: 10 });
    const client = await ProtocolClient.ready(server);
    const options = { wstype: 'sleigh', rankCount: '11' };
    expect(await answerTo(client, ['open ws', 'job', 'me', 'no'], options)).toContain(
      'whole number up to 10',
    );
  });

  it('connectionCount, which is logged', async () => {
    await start({ connectionCount: 1 });
    await ProtocolClient.ready(server, {});
    await (await ProtocolClient.open(server)).ended();
    expect(log).toMatch(/connection refused: over the limit/);
  });
});

describe('incomplete requests (P12)', () => {
  it('are counted for all connections together; small ones are always accepted', async () => {
    await start({ incomingBytes: 100_000, connectionCount: 50 });
    const [hoarder, other] = await Promise.all([1, 2].map(() => ProtocolClient.ready(server)));
    if (hoarder === undefined || other === undefined) throw new Error('no client');
    await answerTo(other, ['open ws', 'w', 'me', 'no']);
    await answerTo(hoarder, ['use ws', 'w', 'me', 'no']);
    hoarder.write(begunStore(99_000));
    await eventually(
      async () =>
        (await answerTo(other, store('v'.repeat(20_000)))).startsWith('0001 Refused: requests that are'),
      'there is no room for a large one',
    );
    expect(await answerTo(other, store('v'.repeat(1_900)))).toBe('0000');
    hoarder.reset();
    await eventually(
      async () => (await answerTo(other, store('v'.repeat(20_000)))) === '0000',
      'what it held is given up with it',
    );
  });

  it('count towards the memory of the server', async () => {
    await start({ memoryBytes: 50_000, connectionCount: 1_000_000 });
    const [hoarder, other] = await Promise.all([1, 2].map(() => ProtocolClient.ready(server)));
    if (hoarder === undefined || other === undefined) throw new Error('no client');
    await answerTo(other, ['open ws', 'w', 'me', 'no']);
    hoarder.write(begunStore(45_000));
    await eventually(
      async () =>
        /0001 Refused: the server holds \d+ bytes in memory/.test(
          await answerTo(other, store('v'.repeat(100))),
        ),
      'there is no room for a value',
    );
  });
});

describe('a request that makes no progress (P12)', () => {
  it('closes its connection with a line in the log; silence between requests is allowed', async () => {
    await start({ requestSeconds: 0.3 });
    const [silent, stalled] = await Promise.all([1, 2].map(() => ProtocolClient.ready(server)));
    stalled?.write(encodeRequest(['open ws', 'w', 'me', 'no'], new Map()).slice(0, -1));
    await stalled?.ended();
    expect(log).toMatch(/a request stopped coming/);
    if (silent === undefined) throw new Error('no client');
    expect(await answerTo(silent, ['open ws', 'w', 'me', 'no'])).toBe('0000');
  });

  it('closes its connection, too, if it arrives byte by byte', async () => {
    await start({ requestSeconds: 0.3, handshakeSeconds: 0.3 });
    const rude = [await ProtocolClient.open(server), await ProtocolClient.ready(server, {})];
    const drip = setInterval(() => {
      for (const client of rude) client.write('0');
    }, 120);
    await Promise.all(rude.map((client) => client.ended()));
    clearInterval(drip);
    expect(log).toMatch(/handshake not done in time/);
    expect(log).toMatch(/a request stopped coming/);
  });

  it('is not a large value that arrives slowly and steadily, which is accepted', async () => {
    await start({ requestSeconds: 0.3, progressBytes: 1_000 });
    const client = await ProtocolClient.ready(server, {});
    await client.ask(['open ws', 'w', 'me', 'no']);
    const value = 'v'.repeat(40_000);
    const bytes = encodeRequest(['store', 'w', 'x', '1', value], undefined);
    for (let at = 0; at < bytes.length; at += 1_000) {
      client.write(bytes.slice(at, at + 1_000));
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    expect(await client.read(4)).toBe('0000');
    expect((await client.ask(['fetch', 'w', 'x'])).value).toBe(value);
  });
});
