import { expect, it } from 'vitest';
import { createServer } from '../../src/index.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';

it.each([2, 3, 10, 1000])('%d requests in one segment are all answered in order (P5.2)', async (count) => {
  const server = await createServer({ port: 0, logLevel: 'error' });
  const client = await ProtocolClient.ready(server, {});
  await client.ask(['open ws', 'w', 'me', 'no']);
  const numbers = Array.from({ length: count }, (_, n) => String(n));
  client.write(numbers.map((n) => encodeRequest(['store', 'w', 'x', '1', n], undefined)).join(''));
  expect(await client.read(4 * count)).toBe('0000'.repeat(count));
  client.write(numbers.map(() => encodeRequest(['fetchTry', 'w', 'x'], undefined)).join(''));
  for (const n of numbers) expect((await client.reply('fetchTry')).value).toBe(n);
  await server.close();
});

it('short and long values that are sent together keep their order', async () => {
  const server = await createServer({ port: 0, logLevel: 'error' });
  const client = await ProtocolClient.ready(server, {});
  await client.ask(['open ws', 'w', 'me', 'no']);
  // Values up to 4,096 bytes are texts in the server, larger ones are bytes.
  const values = [1, 2, 5_000, 3, 4, 60_000, 70_000, 5].map((size, i) => String(i).repeat(size));
  for (const value of values) expect((await client.ask(['store', 'w', 'x', '1', value])).status).toBe('0000');
  client.write(encodeRequest(['fetchTry', 'w', 'x'], undefined).repeat(values.length));
  for (const value of values) expect((await client.reply('fetchTry')).value).toBe(value);
  await server.close();
});

it('the server stops reading from a client that pipelines gets of large values and does not read the replies', async () => {
  const server = await createServer({ port: 0, logLevel: 'error', limits: { longValueBytes: 1 << 20 } });
  const client = await ProtocolClient.ready(server, {});
  await client.ask(['open ws', 'w', 'me', 'no']);
  expect((await client.ask(['store', 'w', 'x', '1', 'v'.repeat(2 << 20)])).status).toBe('0000');
  const asking = encodeRequest(['find', 'w', 'x'], undefined).repeat(1000);
  client.pause();
  let written = 0;
  // The sender keeps what the server does not read, once the buffers of the system are full.
  while (client.socket.writableLength < 4 << 20 && written < 64 << 20) {
    client.write(asking);
    written += asking.length;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(written).toBeLessThan(64 << 20);
  client.reset();
  await server.close();
});
