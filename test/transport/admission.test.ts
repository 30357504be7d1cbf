import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectPlain, createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { createServer, type Server, type ServerOptions } from '../../src/index.ts';
import { Admission } from '../../src/transport/admission.ts';
import { encodeDictionary } from '../../src/wire/dictionary.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';

const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));

let server: Server;
let log = '';
afterEach(() => server.close());

async function start(options: ServerOptions): Promise<void> {
  log = '';
  server = await createServer({
    port: 0,
    logger: pino({}, { write: (line) => void (log += line) }),
    ...options,
  });
}

const options = (entries: Record<string, string>): string =>
  `X000R000${encodeDictionary(new Map(Object.entries(entries)))}`;

async function answerTo(bytes: string): Promise<string> {
  const client = await ProtocolClient.open(server);
  client.write(bytes);
  await client.ended();
  return client.unread.slice(-4);
}

describe('a token (P2.5)', () => {
  it('admits a client that sends it, and no other; old handshakes cannot send one', async () => {
    await start({ admission: { token: 'open sesame' } });
    const client = await NwsConnection.open({ host: '127.0.0.1', port: server.port, token: 'open sesame' });
    await client.openWorkspace('w');
    client.close();
    for (const bytes of [options({}), options({ Token: 'open' }), options({ Token: '' }), '0000', '2222'])
      expect([bytes, await answerTo(bytes)]).toEqual([bytes, 'F000']);
    for (const [token, why] of [
      [undefined, 'needs a token, and none was given'],
      ['open', 'does not take this token'],
    ] as const) {
      const refused = NwsConnection.open({ host: '127.0.0.1', port: server.port, token });
      await expect(refused).rejects.toThrow(why);
    }
    expect(log).toContain('option denied');
    expect(log).not.toContain('sesame');
  });

  it('is not sent to a server that does not require it', async () => {
    await start({});
    const client = await NwsConnection.open({ host: '127.0.0.1', port: server.port, token: 'secret' });
    await client.openWorkspace('w');
    client.close();
  });
});

describe('a proof of the token (P2.5)', () => {
  const TOKEN = 'a token that nobody must hear';
  const TLS = { cert: fixture('localhost.crt'), key: fixture('localhost.key') };

  /**
   * A connection through a listener.
   * @returns what it received from the client
   */
  async function overheard(tls: boolean): Promise<string> {
    let heard = '';
    const listener = createNetServer((near) => {
      const far = connectPlain(server.port, '127.0.0.1');
      near.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1')));
      near.pipe(far).pipe(near);
      for (const each of [near, far]) each.on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const address = listener.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    const client = await NwsConnection.open({
      host: 'localhost',
      port: address.port,
      token: TOKEN,
      ...(tls && { tls: { ca: fixture('localhost.crt').toString() } }),
    });
    await client.openWorkspace('w');
    client.close();
    listener.close();
    return heard;
  }

  it.each([true, false])('is all that an eavesdropper sees, with TLS: %s', async (tls) => {
    await start({ admission: { token: TOKEN }, ...(tls && { tls: TLS }) });
    const heard = await overheard(tls);
    expect(heard).toContain('TokenNonce');
    expect(heard).not.toContain(TOKEN);
  });

  it('is valid only for its own connection', async () => {
    await start({ admission: { token: TOKEN } });
    const nonces: string[] = [];
    for (let i = 0; i < 2; i++) {
      const client = await ProtocolClient.open(server);
      client.write('X000');
      await client.until('TokenNonce0064');
      nonces.push(await client.read(64));
      client.reset();
    }
    expect(new Set(nonces).size).toBe(2);
    const [nonce = ''] = nonces;
    const proof = createHmac('sha256', TOKEN).update(nonce).digest('hex');
    for (const said of [
      { TokenNonce: nonce, Token: proof },
      { Token: proof },
      { TokenNonce: '', Token: proof },
    ])
      expect(await answerTo(options(said))).toBe('F000');
  });

  it('is required over TLS: the token itself is not accepted', async () => {
    await start({ admission: { token: TOKEN }, tls: TLS });
    expect(await answerTo(options({ Token: TOKEN }))).toBe('F000');
    expect(await answerTo(options({ SSL: '1', Token: TOKEN }))).toBe('F000');
    await server.close();
    await start({ admission: { token: TOKEN } });
    const client = await ProtocolClient.ready(server, { Token: TOKEN });
    client.reset();
  });

  it('is what a client sends: it never sends the token before TLS to a server that requests it', async () => {
    await start({});
    let heard = '';
    const offer = `P000${encodeDictionary(
      new Map([
        ['MetadataToServer', ''],
        ['MetadataFromServer', ''],
        ['SSL', ''],
        ['Token', ''],
      ]),
    )}`;
    const impostor = createNetServer((socket) => {
      socket.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1'))).on('error', () => undefined);
      socket.write(offer);
    }).listen(0, '127.0.0.1');
    await once(impostor, 'listening');
    const address = impostor.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    for (const tls of [true, false])
      await expect(
        NwsConnection.open({ host: '127.0.0.1', port: address.port, token: TOKEN, tls }),
      ).rejects.toMatchObject({ code: 'not-secure' });
    expect(heard).not.toContain(TOKEN);
    impostor.close();
  });
});

/**
 * Requests TLS.
 * @returns the reply to a request, '' if there is none
 */
async function secured(what: ConnectionOptions): Promise<string> {
  const client = await ProtocolClient.ready(server, { SSL: '1' });
  try {
    await client.startTls({ ca: fixture('localhost.crt'), host: 'localhost', ...what });
    return (await client.ask(['open ws', 'w', 'me', 'no'])).status;
  } catch {
    return '';
  } finally {
    client.vanish();
  }
}

describe('a client certificate (P2.5)', () => {
  it('admits a client if the authority has signed it; no certificate, another one or no TLS do not', async () => {
    await start({
      tls: { cert: fixture('localhost.crt'), key: fixture('localhost.key'), ca: fixture('ca.crt') },
    });
    const signed = { cert: fixture('client.crt'), key: fixture('client.key') };
    expect(await secured(signed)).toBe('0000');
    expect(await secured({})).toBe('');
    expect(await secured({ cert: fixture('localhost.crt'), key: fixture('localhost.key') })).toBe('');
    expect(await answerTo(options({}))).toBe('F000');
    expect(await answerTo('1111')).toBe('F000');
    const again = await ProtocolClient.open(server);
    again.write('X000');
    await again.until('SSL0000');
    again.reset();
  });

  it('is what a client without one is told to give', async () => {
    await start({
      tls: { cert: fixture('localhost.crt'), key: fixture('localhost.key'), ca: fixture('ca.crt') },
    });
    const ca = fixture('localhost.crt').toString();
    for (const [tls, why] of [
      [
        undefined,
        /takes only clients with TLS and a certificate of their own: give `tls` with `cert` and `key`$/,
      ],
      [
        { ca },
        /does not take the certificate of this client, or needs one \(\w+\): give `tls` with `cert` and `key`$/,
      ],
    ] as const) {
      const refused = NwsConnection.open({ host: 'localhost', port: server.port, tls }).then((connection) =>
        connection.openWorkspace('w'),
      );
      await expect(refused).rejects.toMatchObject({
        code: 'not-admitted',
        message: expect.stringMatching(why),
      });
    }
  });
});

describe('an address', () => {
  it('that is not allowed is disconnected, and the log reports it', async () => {
    await start({ admission: { allow: ['10.0.0.0/8'] } });
    const client = await ProtocolClient.open(server);
    await client.ended();
    expect(log).toContain('the address is not allowed');
  });

  it('that is allowed is served', async () => {
    await start({ admission: { allow: ['10.0.0.0/8', '127.0.0.1'] } });
    const client = await ProtocolClient.ready(server, {});
    expect((await client.ask(['open ws', 'w', 'me', 'no'])).status).toBe('0000');
  });

  it('may be IPv4 or IPv6, mapped or not', () => {
    const admission = new Admission({ allow: ['192.168.1.0/24', 'fd00::/8'] });
    for (const address of ['192.168.1.77', '::ffff:192.168.1.77', 'fd12::1'])
      expect([address, admission.allows(address)]).toEqual([address, true]);
    for (const address of ['192.168.2.1', '::ffff:10.0.0.1', 'fe80::1'])
      expect([address, admission.allows(address)]).toEqual([address, false]);
  });

  it.each(['10.0.0.0/33', 'localhost', '10.0.0.0/x', ''])('such as "%s" is rejected at the start', (text) => {
    expect(() => new Admission({ allow: [text] })).toThrow('is no address');
  });
});

describe('a server that is reachable by every host', () => {
  it('warns about it, unless it requires authentication', async () => {
    await start({ host: '0.0.0.0' });
    expect(log).toContain('everyone who reaches this address');
    await server.close();
    await start({ host: '0.0.0.0', admission: { token: 'secret' } });
    expect(log).toBe('');
    await server.close();
    await start({});
    expect(log).toBe('');
  });
});

describe('a server that drains', () => {
  it('accepts no new clients, notifies jobs, and lets the others finish until the deadline', async () => {
    await start({});
    const client = await ProtocolClient.ready(server, { MetadataToServer: '1' });
    await client.ask(['open ws', 'job', 'me', 'no'], { wstype: 'sleigh' });
    const result = client.begin(['fetch', 'job', 'result']);
    const { port } = server;
    const closing = server.close({ drain: 30 });
    expect((await result.whenAnswered).status).toBe('0001');
    await expect(ProtocolClient.open({ port })).rejects.toThrow();
    expect((await client.ask(['store', '__default', 'x', '1', 'v'])).status).toBe('2001');
    client.end();
    await closing;
    expect(log).not.toContain('does not expect');
  });

  it('stops at its deadline, or at the second signal', async () => {
    await start({});
    const client = await ProtocolClient.ready(server, {});
    // Far more than the test may take.
    void server.close({ drain: 600 });
    await server.close({ drain: 0.1 });
    await client.ended();
    expect(log).not.toContain('does not expect');
  });

  it('with a store waits only for clients that would lose something (P15.3, D8)', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sleigh-drains-'));
    await start({ data: { folder } });
    const session = await ProtocolClient.ready(server);
    await session.ask(['open session', 'secret', '60']);
    await session.ask(['open ws', 'job', 'me', 'no'], { wstype: 'sleigh' });
    const plain = await ProtocolClient.ready(server);
    const closing = server.close({ drain: 60 });
    expect((await plain.ask(['use ws', 'job', 'me', 'no'])).status).toBe('0000');
    plain.end();
    await closing;
    await session.ended();
    rmSync(folder, { recursive: true });
  });
});
