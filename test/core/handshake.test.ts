import { describe, expect, test } from 'vitest';
import { encodeDictionary } from '../../src/wire/dictionary.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { OK } from '../support/replies.ts';
import { it } from '../support/on-server.ts';
import { simulated, SimulatedServer } from '../support/simulated-server.ts';

const options = (entries: Record<string, string>): string =>
  `R000${encodeDictionary(new Map(Object.entries(entries)))}`;
const useDefault = encodeRequest(['use ws', '__default', '', 'no'], undefined);

describe('the handshake (P2)', () => {
  it('new: the server sends its offer, the client its options, and requests follow at once (P2.1–P2.3, P5.2)', (server) => {
    const client = server.accept();
    client.write('X000');
    expect(client.take()).toMatch(/^P00000030016MetadataToServer0000/);
    client.write(options({}) + useDefault);
    expect(client.take()).toBe('A0000000');
  });

  it('gives the same result when it arrives byte by byte (P1)', (server) => {
    const client = server.accept();
    for (const byte of `X000${options({ MetadataFromServer: '1' })}${useDefault}`) client.write(byte);
    expect(client.take()).toMatch(/^P000.*A00000000000$/);
  });

  test.each([
    ['anything but R000 (P2.2)', 'Q0000000', ''],
    ['an option that was not offered (P2.3)', options({ Speed: '1' }), 'F000'],
    ['TLS, which was not offered (P2.3)', options({ SSL: '1' }), 'F000'],
    ['malformed options (P5.1)', 'R00000x1', ''],
  ])('%s: %j is answered %j, and the connection is closed', (_, sent, answer) =>
    simulated((server) => {
      const client = server.accept();
      client.write('X000');
      client.take();
      client.write(sent);
      expect([client.take(), client.closed]).toEqual([answer, true]);
    })(),
  );

  test.each([
    ['0000', false],
    ['1111', false],
    ['2222', true],
  ])('old, after %s: no metadata, a cookie: %s (P2.4)', (handshake, cookie) =>
    simulated((server) => {
      const client = server.connect({ handshake });
      const reply = client.call(['mktemp ws']);
      expect(reply).toMatchObject({ ...OK, metadata: {} });
      expect(reply.variableId !== undefined).toBe(cookie);
    })(),
  );

  it(
    'contains the port of the web page if there is one (P2.1)',
    (server) => {
      const client = server.accept();
      client.write('X000');
      expect(client.take()).toContain('0010NwsWebPort00048766');
    },
    { webPort: 8766 },
  );

  it(
    'starts TLS after `A000`, and does not read bytes that came with the options as requests (P2.3)',
    (server) => {
      const client = server.accept();
      client.write('X000');
      client.take();
      client.write(options({ SSL: '' }) + useDefault);
      expect(client.take()).toBe('A000');
      client.write(useDefault);
      expect(client.take()).toBe('0000');
    },
    { tls: true },
  );

  test.each(['', 'X0', 'X000', 'X000R000'])('is closed when it times out after %j (P12)', (sent) =>
    simulated((server) => {
      const client = server.accept();
      client.write(sent);
      server.advance(29_999);
      expect(client.closed).toBe(false);
      server.advance(1);
      expect(client.closed).toBe(true);
    })(),
  );

  it('has no timeout once it is complete (P12)', (server) => {
    const client = server.connect();
    server.advance(1_000_000);
    expect(client.closed).toBe(false);
  });

  it(
    'closes one connection over the limit, and the others stay open (P12)',
    (server) => {
      const [first, second, third] = [server.accept(), server.accept(), server.accept()];
      expect([first, second, third].map(({ closed }) => closed)).toEqual([false, false, true]);
      first.disconnect();
      expect(server.accept().closed).toBe(false);
    },
    { limits: { connectionCount: 2 } },
  );
});

describe('the server stops (P3)', () => {
  const WANTED = { MetadataToServer: '1', MetadataFromServer: '1', KillServerOnClose: '1' };

  it('when a connection with KillServerOnClose closes', (server) => {
    const client = server.connect({ options: WANTED });
    expect(server.stopRequested).toBe(false);
    client.disconnect();
    expect(server.stopRequested).toBe(true);
  });

  it('when a connection that requested it with deadman closes', (server) => {
    const client = server.connect();
    expect(client.call(['deadman'])).toMatchObject(OK);
    client.disconnect();
    expect(server.stopRequested).toBe(true);
  });

  test.each([
    ['before it has said what it wants', ''],
    ['in the middle of its options', 'X000R0000001'],
    ['after an old handshake', '0000'],
  ])('not when a connection closes %s', (_, bytes) =>
    simulated((server) => {
      const client = server.accept();
      client.write(bytes);
      client.disconnect();
      expect(server.stopRequested).toBe(false);
    })(),
  );

  it('for no other value of the option', (server) => {
    server.connect({ options: { ...WANTED, KillServerOnClose: 'yes' } }).disconnect();
    expect(server.stopRequested).toBe(false);
  });
});

describe('the options of a handshake have limits of their own before the client is authenticated (P12)', () => {
  test.each([
    ['too many options, none of which has arrived: closed at once', '0033', true],
    [
      'more bytes than the limit, of which some are missing: closed',
      `00030001a9999${'x'.repeat(9_999)}0001b9999`,
      true,
    ],
    ['as much as the limit: waited for', `00030001a9999${'x'.repeat(9_999)}0001b0999`, false],
  ])('%s', (_, options, closed) => {
    simulated((server) => {
      const client = server.accept();
      client.write('X000');
      client.write(`R000${options}`);
      expect(client.closed).toBe(closed);
      client.disconnect();
      expect(server.core.accounting.incoming.bytes).toBe(0);
    })();
  });

  test.each([
    [2, '0002', 'as many as the limit are announced: waited for', false],
    [2, '0003', 'one more is announced: closed', true],
    [0, '00', 'it is not known yet whether there are any: waited for', false],
    [0, '0000', 'none: accepted', false],
  ])('of %d options %s: %s', (handshakeOptions, sent, _, closed) => {
    const server = new SimulatedServer({ limits: { handshakeOptions } });
    const client = server.accept();
    client.write('X000');
    client.write(`R000${sent}`);
    expect(client.closed).toBe(closed);
  });

  test('what has come of them is held, with 100 bytes for each, until they are complete', () => {
    simulated((server) => {
      const client = server.accept();
      client.write('X000');
      const held = ['R0000003', '0001a0001x', '0002bb', '0000', '0001c'].map((piece) => {
        client.write(piece);
        return server.core.accounting.incoming.bytes;
      });
      expect(held).toEqual([0, 102, 104, 204, 205]);
      client.write('0000');
      expect([client.closed, server.core.accounting.incoming.bytes]).toEqual([true, 0]);
    })();
  });

  test('a client that holds more than its share is not ended because others have theirs', () => {
    const server = new SimulatedServer({ limits: { incomingBytes: 20, connectionCount: 10 } });
    const client = server.accept();
    client.write('X000');
    client.write(`R00000010001x0099${'x'.repeat(15)}`);
    for (let n = 0; n < 3; n++) server.accept().write('X0');
    expect(server.core.accounting.unread.bytes).toBe(21);
    server.handle({ type: 'flushed', connection: client.id });
    expect(server.clients.map(({ closed }) => closed)).toEqual([false, false, false, false]);
    client.write('x');
    expect(client.closed).toBe(true);
  });

  test('bytes that have come and are not read yet are counted, and limited', () => {
    const server = new SimulatedServer({ limits: { incomingBytes: 2 } });
    const client = server.accept();
    const unread = ['X', '0', '0'].map((byte) => {
      client.write(byte);
      return [server.core.accounting.unread.bytes, client.closed];
    });
    expect(unread).toEqual([
      [1, false],
      [2, false],
      [0, true],
    ]);
    expect([...server.core.figures.refusals]).toEqual([['incomingBytes', 1]]);
  });
});
