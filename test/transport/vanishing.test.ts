import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createServer, type Server } from '../../src/index.ts';
import { encodeDictionary } from '../../src/wire/dictionary.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { eventually } from '../support/eventually.ts';
import { ProtocolClient, type Pending } from '../../src/verify/protocol-client.ts';

let server: Server;
let witness: ProtocolClient;
beforeEach(async () => {
  server = await createServer({ port: 0, logLevel: 'error' });
  witness = await ProtocolClient.ready(server, {});
  await witness.ask(['open ws', 'w', 'witness', 'no']);
});
afterEach(() => server.close());

const listing = async (): Promise<string> => (await witness.ask(['list vars', 'w'])).value;

describe('a client that disconnects', () => {
  it('consumes no value, at whichever byte it disconnects (V6)', async () => {
    const conversation = [
      `X000R000${encodeDictionary(new Map([['MetadataToServer', '1']]))}`,
      encodeRequest(['use ws', 'w', 'me', 'no'], new Map()),
      encodeRequest(['store', 'w', 'kept', '1', 'a value'], new Map([['name', 'of the value']])),
      encodeRequest(['find', 'w', 'kept'], new Map()),
      encodeRequest(['fetch', 'w', 'never'], new Map()),
    ].join('');
    for (let bytes = 0; bytes <= conversation.length; bytes++) {
      const client = await ProtocolClient.open(server);
      if (bytes > 0) client.write(conversation.slice(0, bytes));
      // A reset while a reply of the server is unread.
      client.reset();
    }
    await eventually(async () => !/never\t0\t[^0]/.test(await listing()), 'nobody waits any more');
    expect((await witness.ask(['store', 'w', 'never', '1', 'mine'])).status).toBe('0000');
    expect((await witness.ask(['fetchTry', 'w', 'never'])).value).toBe('mine');
    for (let n = 0; ; n++) {
      const { status, value } = await witness.ask(['fetchTry', 'w', 'kept']);
      if (status !== '0000') break;
      expect([n, value]).toEqual([n, 'a value']);
    }
  });

  it('while it waits makes room for the next client in the queue', async () => {
    const waiting = await Promise.all([1, 2, 3].map(() => ProtocolClient.ready(server, {})));
    const fetches: Pending[] = [];
    for (const [n, client] of waiting.entries()) {
      await client.ask(['use ws', 'w', 'x', 'no']);
      fetches.push(client.begin(['fetch', 'w', 'x']));
      await eventually(async () => (await listing()).includes(`x\t0\t${n + 1}\t0`), `client ${n} waits`);
    }
    waiting[0]?.reset();
    await eventually(async () => (await listing()).includes('x\t0\t2\t0'), 'it is forgotten');
    await witness.ask(['store', 'w', 'x', '1', 'for the second']);
    expect((await fetches[1]?.whenAnswered)?.value).toBe('for the second');
  });

  it('by closing its half of the connection has disconnected as well', async () => {
    const client = await ProtocolClient.ready(server, {});
    await client.ask(['open ws', 'mine', 'x', 'no']);
    client.end();
    await client.ended();
    await eventually(async () => (await witness.ask(['list wss', 'mine'])).value === '\n', 'it is gone');
  });
});

describe('bytes that are not a request', () => {
  it.each([
    ['no handshake that ends', 'X000Q000'],
    ['options that are no dictionary', 'X000R000abcd'],
    ['a count that is no number', 'X000R0000000zzzz'],
    ['a length that is no number', 'X000R00000000001xxxxxxxxxxxxxxxxxxxx'],
    ['an empty request', 'X000R00000000000'],
  ])('end only their own connection: %s', async (_what, bytes) => {
    const client = await ProtocolClient.open(server);
    client.write(bytes);
    await client.ended();
    expect((await witness.ask(['store', 'w', 'x', '1', 'fine'])).status).toBe('0000');
  });

  it('in any order never end the process', async () => {
    let seed = 42;
    const random = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) % below;
    const words = [
      'X000',
      'R000',
      '0000',
      '0001',
      '    ',
      'store',
      '00000000000000000005',
      '\xff',
      'fetch',
      '-1',
      'w',
    ];
    for (let n = 0; n < 300; n++) {
      const client = await ProtocolClient.open(server);
      const start = random(2) === 0 ? 'X000R0000000' : '';
      client.write(start + Array.from({ length: random(30) }, () => words[random(words.length)]).join(''));
      client.end();
    }
    expect((await witness.ask(['store', 'w', 'x', '1', 'fine'])).status).toBe('0000');
  });
});

describe('a server at its maximum number of clients', () => {
  it('closes the next connection and serves the others (P12)', async () => {
    const small = await createServer({ port: 0, logLevel: 'silent', limits: { connectionCount: 2 } });
    const [a] = await Promise.all([ProtocolClient.ready(small, {}), ProtocolClient.ready(small, {})]);
    const third = await ProtocolClient.open(small);
    await third.ended();
    expect((await a?.ask(['open ws', 'w', 'x', 'no']))?.status).toBe('0000');
    await small.close();
  });

  it('ends a handshake that times out (P12)', async () => {
    const hasty = await createServer({ port: 0, logLevel: 'silent', limits: { handshakeSeconds: 0.05 } });
    const client = await ProtocolClient.open(hasty);
    client.write('X00');
    await client.ended();
    await hasty.close();
  });
});
