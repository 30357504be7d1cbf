import { afterEach, describe, expect, test, vi } from 'vitest';
import { Core } from '../../src/core/core.ts';
import { Connection } from '../../src/core/connection.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/wire/limits.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { Fifo } from '../../src/workspace/fifo.ts';
import { OK } from '../support/replies.ts';
import { it } from '../support/on-server.ts';
import { simulated } from '../support/simulated-server.ts';
import { Visitor } from '../support/visitor.ts';

// The edges of requests that the mutation run found untested.

afterEach(() => vi.restoreAllMocks());

/** An option with a value of one character. */
const entry = (name: string): string => `${String(name.length).padStart(4, '0')}${name}0001x`;
const options = (...names: readonly string[]): string =>
  `${String(names.length).padStart(4, '0')}${names.map(entry).join('')}`;

describe('the arguments of a request', () => {
  it(
    'as many as the limit are read, and one more is refused (P12)',
    (server) => {
      const visitor = Visitor.of(server, 'w');
      expect(visitor.store('v', 'x')).toMatchObject(OK);
      const { reason } = visitor.client.call(['list vars', 'w', 'x', 'x', 'x', 'x']);
      expect(reason).toContain('6 arguments; the limit is 5');
    },
    { limits: { argumentCount: 5 } },
  );

  it('a descriptor is a whole number from 0 that is represented exactly (P10)', (server) => {
    const visitor = Visitor.of(server, 'w');
    const store = (descriptor: string) => visitor.client.call(['store', 'w', 'v', descriptor, 'x']);
    expect(store('0')).toMatchObject(OK);
    expect(store(String(Number.MAX_SAFE_INTEGER))).toMatchObject(OK);
    for (const wrong of ['-1', '9007199254740993', 'one', ''])
      expect(store(wrong).reason).toContain('descriptor must be a number');
  });

  test.each(['find', 'fetch', 'findTry', 'fetchTry'])(
    'an id and an index are ignored by %s, which does not iterate (V10)',
    (verb) =>
      simulated((server) => {
        const visitor = Visitor.of(server, 'w');
        visitor.store('v', 'x');
        const after = { variableId: 'some other', index: 7 };
        expect(visitor.get(verb, 'v', { after }).value).toBe('x');
      })(),
  );

  it('the second one of open ws is the label that list wss shows (W10)', (server) => {
    const client = server.connect();
    client.call(['open ws', 'w', 'a label', 'yes']);
    expect(client.call(['list wss', 'w']).value).toBe('>w\t10.0.0.1:4000 (a label)\tTrue\t0\t\n');
  });
});

describe('the Try forms', () => {
  test.each(['findTry', 'fetchTry', 'ifindTry', 'ifetchTry'])('do not wait: %s (V4)', (verb) =>
    simulated((server) => {
      const visitor = Visitor.of(server, 'w');
      visitor.declare('v', 'fifo');
      expect(visitor.get(verb, 'v').reason).toBe('no value available');
    })(),
  );
});

describe('what the server notes', () => {
  it('is the number of requests since its start', (server) => {
    const client = server.connect();
    const { figures } = server.core;
    expect(figures.requestCount).toBe(0);
    client.call(['list wss']);
    expect(figures.requestCount).toBe(1);
  });

  it('the bytes that came and that were sent', (server) => {
    const { figures } = server.core;
    const client = server.accept();
    const sizes = ['X000', 'R0000000', encodeRequest(['list wss'], undefined)].map((bytes) => {
      const before = { in: figures.bytesIn, out: figures.bytesOut };
      client.write(bytes);
      return [
        figures.bytesIn - before.in - bytes.length,
        figures.bytesOut - before.out - client.take().length,
      ];
    });
    expect(sizes).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
  });

  it('the bytes of a request that is not complete count until the rest has come (P12)', (server) => {
    const client = server.connect();
    const request = encodeRequest(['list wss'], new Map());
    client.write(request.slice(0, 6));
    expect(server.core.accounting.unread.bytes).toBeGreaterThan(0);
    client.write(request.slice(6));
    expect(server.core.accounting.unread.bytes).toBe(0);
    expect(client.take()).not.toBe('');
  });

  it('of a long name in the last request only its first 255 characters', (server) => {
    const client = server.connect();
    client.call(['delete ws', `a${'b'.repeat(300)}`]);
    expect(server.core.connection(client.id).lastRequest?.workspace).toBe(`a${'b'.repeat(254)}`);
  });

  test.each<[keyof Limits, number, string, string]>([
    ['handshakeOptions', 2, `R000${options('a', 'b')}`, `R000${options('a', 'b', 'c')}`],
    [
      'handshakeBytes',
      100,
      `R000${options('a'.repeat(49), 'b'.repeat(49))}`,
      `R000${options('a'.repeat(49), 'b'.repeat(50))}`,
    ],
    // Unfinished: what has arrived is held. Connections that hold their share are not ended.
    ['incomingBytes', 2_000, `R0000003${entry('a'.repeat(28))}`, `R0000003${entry('a'.repeat(2_000))}`],
    // A name of which only a part has come.
    ['incomingBytes', 2_000, `R00000032100${'a'.repeat(100)}`, `R00000032100${'a'.repeat(2_050)}`],
  ])('that options reach the limit of %s', (limit, most, within, beyond) =>
    simulated(
      (server) => {
        const refusals = [within, beyond].map((text) => {
          const client = server.accept();
          client.write('X000');
          client.write(text);
          return Array.from(server.core.figures.refusals);
        });
        expect(refusals).toEqual([[], [[limit, 1]]]);
      },
      { limits: { [limit]: most, connectionCount: 10 } },
    )(),
  );

  it(
    'which limit a connection that was ended had reached',
    (server) => {
      const client = server.accept();
      client.write('X000');
      client.write('R00000030001a0001b0001c0001d0001e0001f');
      expect(client.closed).toBe(true);
      expect([...server.core.figures.refusals]).toEqual([['handshakeOptions', 1]]);
    },
    { limits: { handshakeOptions: 2 } },
  );
});

describe('a fault of the server', () => {
  it(
    'in a request: it is refused with a status of its own, and the connection ends',
    (server) => {
      const visitor = Visitor.of(server, 'w');
      vi.spyOn(Fifo.prototype, 'store').mockImplementation(() => {
        throw new Error('on purpose');
      });
      visitor.client.send(['store', 'w', 'v', '1', 'x']);
      expect(visitor.client.reply().status).toBe(INTERNAL);
      expect(visitor.client.closed).toBe(true);
      expect(server.errors[0]).toContain('"event":"received"');
    },
    { expectsErrors: true },
  );

  it(
    'in a request that takes several steps: it is logged, and the connection ends',
    (server) => {
      const visitor = Visitor.of(server, 'w');
      visitor.store('v', 'x');
      vi.spyOn(Fifo.prototype, 'counts', 'get').mockImplementation(() => {
        throw new Error('on purpose');
      });
      visitor.client.send(['list vars', 'w']);
      vi.restoreAllMocks();
      expect(visitor.client.closed).toBe(true);
      expect(server.errors[0]).toContain('a request could not be carried out');
      visitor.client.skip();
    },
    { expectsErrors: true },
  );
});
const INTERNAL = '2000';

describe('a client in the process of the server', () => {
  test.each([
    [true, 'A000'],
    [false, 'F000'],
  ])('needs no token if it is inside: %s (P2.5)', (isInside, answer) => {
    const core = new Core({
      limits: DEFAULT_LIMITS,
      plugins: new Map(),
      tls: 'none',
      admits: () => false,
      run: 'run7',
    });
    core.handle({ type: 'connected', connection: 1, peer: 'here', isInside }, 0);
    const said = (text: string): string =>
      core
        .handle({ type: 'received', connection: 1, bytes: Buffer.from(text) }, 0)
        .map((command) => (command.type === 'send' ? String(command.bytes) : ''))
        .join('');
    said('X000');
    expect(said('R0000000').startsWith(answer)).toBe(true);
    expect(core.connection(1)).toBeInstanceOf(Connection);
  });
});

describe('a listing that is longer than what is always made', () => {
  it(
    'has every variable, and is refused when the client has no memory for it (P12, V8)',
    (server) => {
      const visitor = Visitor.of(server, 'w');
      const names = Array.from({ length: 40 }, (_, n) => `${n + 10}${'x'.repeat(500)}`);
      for (const name of names) expect(visitor.store(name, '').status).toBe(OK.status);
      const lines = visitor.client.call(['list vars', 'w']).value?.split('\n') ?? [];
      expect(lines.map((line) => line.split('\t')[0])).toEqual(names);
      expect(server.core.accounting.names).toBe(41);
      const filling = 'x'.repeat(200_000 - 40 * 1_800 - 18_000);
      visitor.store('last', filling);
      expect(visitor.client.call(['list vars', 'w']).reason).toContain('the limit is 200000');
      for (const name of [...names, 'last']) visitor.delete(name);
      expect(server.core.accounting.names).toBe(1);
    },
    { limits: { clientMemoryBytes: 200_000 } },
  );
});
