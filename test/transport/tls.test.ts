import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type Server } from '../../src/index.ts';
import { encodeDictionary } from '../../src/wire/dictionary.ts';
import { RawClient } from '../support/raw-client.ts';

const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));

let server: Server;
beforeAll(async () => {
  const tls = { cert: fixture('localhost.crt'), key: fixture('localhost.key') };
  server = await createServer({ port: 0, logLevel: 'error', tls });
});
afterAll(() => server.close());

const wanting = (ssl: string): string => `X000R000${encodeDictionary(new Map([['SSL', ssl]]))}`;

describe('a client that requests TLS (P2.3)', () => {
  it.each(['', '1'])('uses it on the same socket directly after A000, with the value "%s"', async (ssl) => {
    const plain = await RawClient.open(server.port);
    plain.write(wanting(ssl));
    await plain.until('A000');
    plain.socket.removeAllListeners();
    const secure = new RawClient(
      connect({ socket: plain.socket, ca: fixture('localhost.crt'), host: 'localhost' }),
    );
    await once(secure.socket, 'secureConnect');
    expect(await secure.short('open ws', `tls-${ssl}`, 'me', 'no')).toBe('0000');
    expect(await secure.short('store', `tls-${ssl}`, 'x', '1', 'secret')).toBe('0000');
    expect((await secure.long('fetch', `tls-${ssl}`, 'x')).value.toString()).toBe('secret');
    secure.socket.end();
    await secure.closed();
  });

  it('may start it in the same segment as its options', async () => {
    const plain = await RawClient.open(server.port);
    // The first flight of TLS, held back so that it follows the options in one write.
    const flight = await clientHello();
    plain.write(Buffer.concat([Buffer.from(wanting('1'), 'latin1'), flight]));
    await plain.until('A000');
    const answer = await plain.read(3);
    expect([...answer], 'a TLS handshake record').toEqual([22, 3, 3]);
    plain.vanish();
  });

  it('is refused for any other value', async () => {
    const client = await RawClient.open(server.port);
    client.write(wanting('yes'));
    await client.until('F000');
    await client.closed();
  });

  it('never has its plain requests carried out after it requested TLS', async () => {
    const client = await RawClient.open(server.port);
    client.write(`${wanting('1')}00040000000000000000000700000000`);
    await client.closed();
    const other = await RawClient.ready(server.port);
    expect((await other.long('list wss')).value.toString()).not.toContain('tls-plain');
  });
});

describe('a server without a certificate', () => {
  it('does not offer TLS, and refuses it (P2.1, P2.3)', async () => {
    const plain = await createServer({ port: 0, logLevel: 'error' });
    const client = await RawClient.open(plain.port);
    client.write(wanting('1'));
    await client.until('F000');
    await client.closed();
    await plain.close();
  });
});

/** The first bytes of a TLS client. */
async function clientHello(): Promise<Buffer> {
  const { createServer: createNetServer, connect: connectNet } = await import('node:net');
  const catcher = createNetServer().listen(0, '127.0.0.1');
  await once(catcher, 'listening');
  const address = catcher.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const socket = connectNet({ port, host: '127.0.0.1' });
  const caught = new Promise<Buffer>((resolve) => {
    catcher.once('connection', (peer) => peer.once('data', resolve));
  });
  const secure = connect({ socket, rejectUnauthorized: false });
  secure.on('error', () => undefined);
  const flight = await caught;
  secure.destroy();
  catcher.close();
  return flight;
}
