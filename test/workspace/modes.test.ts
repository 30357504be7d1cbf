import { describe, expect, test } from 'vitest';
import { EMPTY_VALUE, OK, refused } from '../support/replies.ts';
import { it } from '../support/on-server.ts';
import { simulated } from '../support/simulated-server.ts';
import { Visitor } from '../support/visitor.ts';

describe('any variable', () => {
  it('keeps the descriptor, the metadata and every byte of a value (V3, P10)', (server) => {
    const visitor = Visitor.of(server, 'w');
    visitor.store('v', '\0\xff\n', { descriptor: 0x03000003, metadata: { made: 'by\0R' } });
    expect(visitor.get('find', 'v')).toMatchObject({
      value: '\0\xff\n',
      descriptor: 0x03000003,
      metadata: { made: 'by\0R' },
    });
  });

  it('accepts an empty value (V3)', (server) => {
    const visitor = Visitor.of(server, 'w');
    visitor.store('v', '');
    expect(visitor.get('fetch', 'v')).toMatchObject({ ...OK, value: '' });
  });

  it('refuses a Try form if it has no value, with an empty value in the reply (V4, P7.1)', (server) => {
    const visitor = Visitor.of(server, 'w');
    for (const verb of ['findTry', 'fetchTry', 'ifindTry', 'ifetchTry'])
      expect(visitor.get(verb, 'v')).toMatchObject({ ...refused('no value available'), ...EMPTY_VALUE });
  });

  it('ignores id and index in find and fetch, and trims spaces from an id (V10)', (server) => {
    const visitor = Visitor.of(server, 'w');
    visitor.store('v', 'x');
    visitor.store('v', 'y');
    const variableId = visitor.get('find', 'v').variableId ?? '';
    const after = { variableId: `  ${variableId} `, index: 0 };
    expect(visitor.get('ifind', 'v', { after }).value).toBe('y');
    for (const variableId of ['', 'some other', `  ${after.variableId} `])
      expect(visitor.get('find', 'v', { after: { variableId, index: 0 } }).value).toBe('x');
  });

  it('that is an empty fifo refuses an ifetch beyond its head at once; an ifetch just before it waits (V10.1)', (server) => {
    const visitor = Visitor.of(server, 'w');
    visitor.store('v', 'x');
    const { variableId = '', index } = visitor.get('ifetch', 'v');
    expect(index).toBe(0);
    const beyond = refused('ifetch* only supported at beginning of FIFO');
    for (const verb of ['ifetch', 'ifetchTry'])
      for (const index of [1, 7])
        expect(visitor.get(verb, 'v', { after: { variableId, index } })).toMatchObject(beyond);
    expect(visitor.get('ifetchTry', 'v', { after: { variableId, index: 0 } })).toMatchObject(
      refused('no value available'),
    );
    visitor.store('v', 'y');
    expect(visitor.get('ifetch', 'v', { after: { variableId, index: 0 } }).value).toBe('y');
  });

  it('refuses an index that is not a number, by name (P5.5)', (server) => {
    const visitor = Visitor.of(server, 'w');
    const reply = visitor.client.call(['ifind', 'w', 'v', 'id', 'two']);
    expect(reply).toMatchObject(refused('index must be a number, not "two".'));
    expect(visitor.list()).toEqual(['']);
  });

  test.each(['x', '1.5', '-1', '', '99999999999999999999'])(
    'refuses a descriptor of %j and stores nothing (P5.5)',
    (descriptor) =>
      simulated((server) => {
        const visitor = Visitor.of(server, 'w');
        const reply = visitor.client.call(['store', 'w', 'v', descriptor, 'value']);
        expect(reply).toMatchObject(refused(`descriptor must be a number, not "${descriptor}".`));
        expect(visitor.list()).toEqual(['']);
      })(),
  );

  it('accepts a descriptor padded with spaces, as R sends it (P5.5)', (server) => {
    const visitor = Visitor.of(server, 'w');
    expect(visitor.client.call(['store', 'w', 'v', '50331649   ', 'value'])).toEqual({
      ...OK,
      metadata: {},
      reason: '',
      value: '',
    });
    expect(visitor.get('find', 'v').descriptor).toBe(50_331_649);
  });
});

const fixed = (mode: string): string => `Cannot change variable mode to "${mode}".`;

describe('modes (V1, V2)', () => {
  test.each([
    ['fifo', ['1', '2', '3']],
    ['lifo', ['3', '2', '1']],
    ['multi', ['3', '2', '1']],
    ['single', ['3', undefined, undefined]],
    [undefined, ['1', '2', '3']],
  ])('returns three values stored in a variable declared %s as %j (V3, V4)', (mode, expected) =>
    simulated((server) => {
      const visitor = Visitor.of(server, 'w');
      if (mode !== undefined) visitor.declare('v', mode);
      for (const value of ['1', '2', '3']) visitor.store('v', value);
      expect(visitor.get('find', 'v').value).toBe(expected[0]);
      const fetched = expected.map(() => visitor.get('fetchTry', 'v'));
      expect(fetched.map(({ status, value }) => (status === '0000' ? value : undefined))).toEqual(expected);
    })(),
  );

  it('can be declared again only if they are the same; another or an unknown one is refused (V2)', (server) => {
    const visitor = Visitor.of(server, 'w');
    const outcomes = ['queue', 'unknown', 'constructor', '', 'lifo', 'lifo', 'fifo', 'multi', '__time'].map(
      (mode) => visitor.declare('v', mode).reason,
    );
    const bad = ['queue', 'unknown', 'constructor', ''].map(fixed);
    expect(outcomes).toEqual([...bad, '', '', fixed('fifo'), fixed('multi'), fixed('__time')]);
  });

  test.each([
    ['fifo', '1', '0'],
    ['lifo', '1', '0'],
    ['single', '1', '0'],
  ])(
    'keep clients waiting that wait for an undeclared variable which is then declared %s (V1, V2)',
    (mode, taken, left) =>
      simulated((server) => {
        const [finder, fetcher, storer] = [1, 2, 3].map(() => Visitor.of(server, 'w'));
        if (finder === undefined || fetcher === undefined || storer === undefined) throw new Error();
        finder.wait('find', 'v');
        fetcher.wait('fetch', 'v');
        expect(storer.list()).toEqual(['v\t0\t1\t1\tunknown']);
        expect(storer.declare('v', mode)).toMatchObject(OK);
        expect([finder.isWaiting, fetcher.isWaiting]).toEqual([true, true]);
        storer.store('v', taken);
        expect([finder.reply().value, fetcher.reply().value]).toEqual([taken, taken]);
        expect(storer.list()).toEqual([`v\t${left}\t0\t0\t${mode}`]);
      })(),
  );

  it('keep clients waiting for a variable that becomes a clock or a barrier, until it is deleted (V2, V7)', (server) => {
    for (const mode of ['__time', '__barrier']) {
      const [finder, other] = [Visitor.of(server, 'w'), Visitor.of(server, 'w')];
      finder.wait('find', 'v');
      other.declare('v', mode);
      expect(finder.isWaiting).toBe(true);
      other.delete('v');
      expect(finder.reply()).toMatchObject(refused('Variable purged.'));
    }
  });
});

describe('waiting (V5, V6)', () => {
  it('ends for all finders at a store, then for the fetcher that has waited longest, and the value is consumed (V5)', (server) => {
    const visitors = ['fetch', 'find', 'fetch', 'find'].map((verb) => {
      const visitor = Visitor.of(server, 'w');
      visitor.wait(verb, 'v');
      return visitor;
    });
    const storer = Visitor.of(server, 'w');
    storer.store('v', 'x');
    expect(visitors.map(({ isWaiting }) => isWaiting)).toEqual([false, false, true, false]);
    expect(storer.list()).toEqual(['v\t0\t1\t0\tfifo']);
  });

  it('consumes no value if the client disconnects (V6)', (server) => {
    const [first, second, storer] = [1, 2, 3].map(() => Visitor.of(server, 'w'));
    first?.wait('fetch', 'v');
    second?.wait('fetch', 'v');
    first?.leave();
    storer?.store('v', 'x');
    expect(second?.reply().value).toBe('x');
  });

  it('distinguishes a deleted variable from a new one by its id (V7, V9)', (server) => {
    const visitor = Visitor.of(server, 'w');
    visitor.store('v', 'x');
    const before = visitor.get('find', 'v').variableId;
    expect(visitor.delete('v')).toMatchObject(OK);
    visitor.store('v', 'x');
    expect(visitor.get('find', 'v').variableId).not.toBe(before);
    expect(visitor.get('ifind', 'v', { after: { variableId: before ?? '' } })).toMatchObject(
      refused('Variable id mismatch.'),
    );
  });
});

describe('the time of day (V11)', () => {
  it('can be read by every form, is never empty, and changes with time', (server) => {
    const visitor = Visitor.of(server, 'w');
    visitor.declare('t', '__time');
    const first = visitor.get('find', 't');
    expect(first).toMatchObject({
      descriptor: 1,
      value: expect.stringMatching(/^Sun Nov 22 \d\d:41:10 2026$/),
    });
    server.advance(1_000);
    for (const verb of ['find', 'fetch', 'findTry', 'fetchTry'])
      expect(visitor.get(verb, 't').value).toBe(first.value?.replace(':10 ', ':11 '));
  });

  it('refuses stores', (server) => {
    const visitor = Visitor.of(server, 'w');
    visitor.declare('t', '__time');
    expect(visitor.store('t', 'noon')).toMatchObject(refused('Store is not supported for this variable.'));
  });
});
