import { describe, expect, test } from 'vitest';
import { encodeRequest } from '../../src/wire/request.ts';
import { EMPTY_VALUE, OK, refused } from '../support/replies.ts';
import { it } from '../support/on-server.ts';
import { simulated } from '../support/simulated-server.ts';
import { Visitor } from '../support/visitor.ts';

const WRONG_COUNT = 'Wrong number of arguments for';
const OVERRAN = refused('A request came while an earlier one was blocked.');

describe('requests (P5)', () => {
  it('are answered in order and without waiting (P5.2)', (server) => {
    const client = server.connect({ options: {} });
    const requests = [
      ['use ws', 'w', '', 'no'],
      ['store', 'w', 'v', '1', 'x'],
      ['nonsense'],
      ['findTry', 'w', 'v'],
      ['delete var', 'w', 'v'],
    ];
    client.write(requests.map((request) => encodeRequest(request, undefined)).join(''));
    const found = `0000${'1'.padStart(20, '0')}.{20}${'0'.repeat(20)}${'1'.padStart(20, '0')}x`;
    expect(client.take()).toMatch(new RegExp(`^000000000001${found}0000$`));
  });

  it('with an unknown verb get a short refusal, and the connection stays open (P5.4)', (server) => {
    const client = server.connect();
    for (const verb of ['nonsense', '', 'constructor'])
      expect(client.call([verb])).toMatchObject(refused(`Unknown verb "${verb}"`));
    expect(client.call(['list wss'])).toMatchObject(OK);
  });

  test.each([
    ['open ws', 3, 4],
    ['use ws', 3, 4],
    ['delete ws', 1, 1],
    ['mktemp ws', 0, 1],
    ['list wss', 0, 1],
    ['declare var', 3, 3],
    ['delete var', 2, 2],
    ['list vars', 1, 1],
    ['store', 4, 4],
    ['find', 2, 4],
    ['ifetchTry', 2, 4],
    ['deadman', 0, 0],
  ])(
    'with the verb %s take %d to %d arguments; any other number is refused in the form of that verb (P5.4)',
    (verb, least, most) =>
      simulated((server) => {
        const client = server.connect();
        const isLong = client.call([verb, ...Array.from({ length: most + 1 }, () => 'x')]);
        const expected = refused(`${WRONG_COUNT} "${verb}"`);
        expect(isLong).toMatchObject(
          isLong.descriptor === undefined ? expected : { ...expected, ...EMPTY_VALUE },
        );
        if (least > 0) {
          const few = Array.from({ length: least - 1 }, () => 'x');
          expect(client.call([verb, ...few])).toMatchObject(expected);
        }
      })(),
  );

  test.each([
    ['a count of 0: a short refusal, and the connection ends (P5.1)', '0000', '0001'],
    ['a count that is no number: the connection ends (P5.1)', 'zero', ''],
    ['a length that is no number: the connection ends (P5.1)', `0001${'x'.repeat(20)}`, ''],
  ])('%s', (_, sent, answer) =>
    simulated((server) => {
      const client = server.connect({ options: {} });
      client.write(sent);
      expect([client.take(), client.closed]).toEqual([answer, true]);
    })(),
  );
});

describe('a request while an earlier one is blocked (P5.3)', () => {
  const store = encodeRequest(['store', 'w', 'other', '1', 'x'], new Map());

  it('gets a short refusal and closes the connection, and neither request is carried out', (server) => {
    const [client, other] = [Visitor.of(server, 'w'), Visitor.of(server, 'w')];
    client.wait('fetch', 'v');
    client.client.write(store);
    expect(client.client.closed).toBe(true);
    expect(client.client.take()).toContain(OVERRAN.reason);
    expect(other.list()).toEqual(['v\t0\t0\t0\tunknown']);
    other.store('v', 'kept');
    expect(other.read('v')).toBe('kept');
  });

  it('gets the same short refusal whatever its verb', (server) => {
    const client = Visitor.of(server, 'w', { options: {} });
    client.wait('fetch', 'v');
    client.client.write(encodeRequest(['find', 'w', 'v'], undefined));
    expect([client.client.take(), client.client.closed]).toEqual(['0001', true]);
  });

  it('may come, and wait as well, once the earlier one is answered (V5)', (server) => {
    const [client, other] = [Visitor.of(server, 'w'), Visitor.of(server, 'w')];
    for (const value of ['first', 'second']) {
      client.wait('fetch', 'v');
      other.store('v', value);
      expect(client.reply().value).toBe(value);
    }
  });

  it('is ignored until it is complete: the blocked request is answered first', (server) => {
    const [client, other] = [Visitor.of(server, 'w'), Visitor.of(server, 'w')];
    client.wait('fetch', 'v');
    client.client.write(store.slice(0, -1));
    other.store('v', 'x');
    expect(client.reply().value).toBe('x');
    client.client.write(store.slice(-1));
    expect(client.client.take()).toBe('00000000');
    expect(other.read('other')).toBe('x');
  });

  it('is handled in the same way if it is empty (P5.1)', (server) => {
    const client = Visitor.of(server, 'w');
    client.wait('find', 'v');
    client.client.write('00000000');
    expect(client.client.closed).toBe(true);
    expect(client.client.take()).toContain(OVERRAN.reason);
  });

  it(
    'leaves no file behind if it contains a large value (P11)',
    (server) => {
      const client = Visitor.of(server, 'w');
      client.wait('find', 'v');
      client.client.write(encodeRequest(['store', 'w', 'v', '1', 'x'.repeat(9_000)], new Map()));
      expect([client.client.closed, server.files.count]).toEqual([true, 0]);
      client.client.take();
    },
    { limits: { longValueBytes: 8_000 } },
  );
});

describe('limits (P12)', () => {
  it(
    'refuse a request that exceeds one of them with the reason, and the connection stays open',
    (server) => {
      const visitor = Visitor.of(server, 'w');
      const long = 'x'.repeat(51);
      expect(visitor.store('v', long.repeat(3))).toMatchObject(
        refused('Refused: a value of 153 bytes; the limit is 100.'),
      );
      expect(visitor.get('find', long)).toMatchObject({
        ...refused('Refused: an argument of 51 bytes; the limit is 50.'),
        ...EMPTY_VALUE,
      });
      expect(visitor.client.call(Array.from({ length: 17 }, () => 'find'))).toMatchObject(
        refused('Refused: 17 arguments; the limit is 16.'),
      );
      expect(visitor.store('v', 'good', { metadata: { m: long.repeat(2) } })).toMatchObject(
        refused('Refused: metadata of 103 bytes; the limit is 60.'),
      );
      expect(visitor.store('v', 'good')).toMatchObject(OK);
      expect(visitor.list()).toEqual(['v\t1\t0\t0\tfifo']);
    },
    { limits: { valueBytes: 100, nameBytes: 50, metadataBytes: 60 } },
  );
});

describe('replies (P8)', () => {
  it('consist of the status alone for a refusal without metadata', (server) => {
    const client = server.connect({ options: {} });
    client.send(['nonsense']);
    expect(client.take()).toBe('0001');
  });

  it(
    'stop on one connection after an internal error, and the server continues (P9)',
    (server) => {
      const [client, other] = [server.connect(), server.connect()];
      client.send(['open ws', 'w', '', 'no'], { wstype: 'broken' });
      expect(server.errors).toHaveLength(1);
      expect([client.closed, other.call(['list wss']).status]).toEqual([true, '0000']);
      client.take();
    },
    {
      expectsErrors: true,
      plugins: {
        broken: () => {
          throw new Error('broken');
        },
      },
    },
  );

  it('stop when the server stops, which closes every connection whatever it waits for', (server) => {
    const visitor = Visitor.of(server, 'w');
    visitor.wait('find', 'v');
    const silent = server.accept();
    server.handle({ type: 'stopping' });
    expect([visitor.client.closed, silent.closed]).toEqual([true, true]);
  });
});
