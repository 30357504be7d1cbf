import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type Server } from '../../src/index.ts';
import { encodeDictionary } from '../../src/wire/dictionary.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';

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
    const secure = await ProtocolClient.ready(server, { SSL: ssl });
    await secure.startTls({ ca: fixture('localhost.crt'), host: 'localhost' });
    expect((await secure.ask(['open ws', `tls-${ssl}`, 'me', 'no'])).status).toBe('0000');
    expect((await secure.ask(['store', `tls-${ssl}`, 'x', '1', 'secret'])).status).toBe('0000');
    expect((await secure.ask(['fetch', `tls-${ssl}`, 'x'])).value).toBe('secret');
    secure.end();
    await secure.ended();
  });

  it('may start it in the same segment as its options', async () => {
    const plain = await ProtocolClient.open(server);
    // The first flight of TLS, held back so that it follows the options in one write.
    const flight = await clientHello();
    plain.write(Buffer.concat([Buffer.from(wanting('1'), 'latin1'), flight]));
    await plain.until('A000');
    expect(await plain.read(3), 'a TLS handshake record').toBe('\x16\x03\x03');
    plain.reset();
  });

  it('is refused for any other value', async () => {
    const client = await ProtocolClient.open(server);
    client.write(wanting('yes'));
    await client.until('F000');
    await client.ended();
  });

  it('never has its plain requests carried out after it requested TLS', async () => {
    const client = await ProtocolClient.open(server);
    client.write(`${wanting('1')}00040000000000000000000700000000`);
    await client.ended();
    const other = await ProtocolClient.ready(server, {});
    expect((await other.ask(['list wss'])).value).not.toContain('tls-plain');
  });
});

describe('a server without a certificate', () => {
  it('does not offer TLS, and refuses it (P2.1, P2.3)', async () => {
    const plain = await createServer({ port: 0, logLevel: 'error' });
    const client = await ProtocolClient.open(plain);
    client.write(wanting('1'));
    await client.until('F000');
    await client.ended();
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
