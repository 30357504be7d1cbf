import { setImmediate as endOfTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { wireMetadata } from '../../src/client/connection/get-request.ts';
import { KEY, VERB } from '../../src/wire/names.ts';
import { CAPACITY } from '../../src/wire/capacity-refusals.ts';
import { VARIABLES } from '../../src/wire/refusals.ts';
import { longReply, shortReply } from '../support/server-line.ts';
import { refusal, ScriptedServer } from '../support/scripted-server.ts';

async function connected(server: ScriptedServer): Promise<NwsConnection> {
  return NwsConnection.openWith(() => server.channel(), {});
}

/** The UTF-8 of a text, a character for each byte. */
const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

const metadata = new Map([['ключ', 'é']]);
const onWire = new Map([[utf8('ключ'), utf8('é')]]);

describe('a connection', () => {
  it.each<
    [call: (connection: NwsConnection) => Promise<unknown>, args: string[], sent?: Map<string, string>]
  >([
    [(c) => c.openWorkspace('é'), ['open ws', utf8('é'), '', 'no', 'yes']],
    [
      (c) => c.openWorkspace('w', { label: 'é', persistent: true, create: false, metadata }),
      ['open ws', 'w', utf8('é'), 'yes', 'no'],
      onWire,
    ],
    [(c) => c.useWorkspace('é', { metadata }), ['use ws', utf8('é'), '', 'no', 'yes'], onWire],
    [(c) => c.useWorkspace('w', { create: false }), ['use ws', 'w', '', 'no', 'no']],
    [(c) => c.mktemp(), ['mktemp ws', '__ws__%d']],
    [(c) => c.mktemp('é%d', metadata), ['mktemp ws', utf8('é%d')], onWire],
    [(c) => c.deleteWorkspace('é'), ['delete ws', utf8('é')]],
    [(c) => c.declare('é', 'ü', 'lifo'), ['declare var', utf8('é'), utf8('ü'), 'lifo']],
    [
      (c) => c.declare('w', 'v', 'fifo', 3),
      ['declare var', 'w', 'v', 'fifo'],
      new Map([[KEY.capacity, '3']]),
    ],
    [(c) => c.deleteVariable('é', 'ü'), ['delete var', utf8('é'), utf8('ü')]],
    [
      (c) => c.store('é', 'ü', 'ö', metadata),
      ['store', utf8('é'), utf8('ü'), '1', utf8('ö')],
      new Map([...onWire, [KEY.type, 'text']]),
    ],
    [
      (c) =>
        c.storeEncoded(
          'w',
          'v',
          { descriptor: 9, bytes: Buffer.from('x'), type: 'bytes' },
          undefined,
          VERB.storeWait,
        ),
      ['storeWait', 'w', 'v', '9', 'x'],
      new Map([[KEY.type, 'bytes']]),
    ],
    [(c) => c.fetch('é', 'ü', metadata), ['fetch', utf8('é'), utf8('ü')], onWire],
    [(c) => c.find('é', 'ü', metadata), ['find', utf8('é'), utf8('ü')], onWire],
    [(c) => c.fetchTry('é', 'ü', metadata), ['fetchTry', utf8('é'), utf8('ü')], onWire],
    [(c) => c.findTry('é', 'ü', metadata), ['findTry', utf8('é'), utf8('ü')], onWire],
    [
      (c) => c.get('ifind', 'w', 'v', { after: { variableId: 'id', index: 7 } }),
      ['ifind', 'w', 'v', 'id', '7'],
    ],
    [(c) => c.get('take', 'w', 'v', { lease: 40 }), ['take', 'w', 'v', '40']],
    [(c) => c.fetch('w', 'v', new Map([['é', 'x']])), ['fetch', 'w', 'v'], new Map([[utf8('é'), 'x']])],
    [(c) => c.fetch('w', 'v', new Map([['x', 'é']])), ['fetch', 'w', 'v'], new Map([['x', utf8('é')]])],
    [(c) => c.getStream('ifetch', 'é', 'ü', { metadata }), ['ifetch', utf8('é'), utf8('ü')], onWire],
    [(c) => c.listVariables('é'), ['list vars', utf8('é')]],
    [(c) => c.oldSleigh('é'), ['list vars', utf8('é')], new Map([[KEY.job, '1']])],
    [(c) => c.listWorkspaces(), ['list wss']],
    [(c) => c.request(['new verb', 'é'], new Map([['é', 'ü']])), ['new verb', 'é'], new Map([['é', 'ü']])],
  ])('makes the request of %s', async (call, args, sent = new Map()) => {
    const server = new ScriptedServer();
    const connection = await connected(server);
    const before = new Map(metadata);
    await call(connection);
    expect(server.asked.map((one) => [one.args, one.metadata])).toEqual([[args, sent]]);
    expect(metadata).toEqual(before);
  });

  it('copies metadata only if their form on the wire is another one', () => {
    const plain = new Map([['a', 'b']]);
    expect(wireMetadata(plain)).toBe(plain);
    expect([wireMetadata(metadata), metadata.size]).toEqual([onWire, 1]);
  });

  it('returns what a reply says: values with their origin, and metadata in UTF-8', async () => {
    const server = new ScriptedServer(({ args: [verb = ''] }) =>
      verb === VERB.store
        ? shortReply('0000', onWire)
        : longReply(utf8('vá'), { index: 5, metadata: new Map([...onWire, [KEY.type, 'text']]) }),
    );
    const connection = await connected(server);
    expect(await connection.store('w', 'v', 1)).toEqual(metadata);
    const origin = {
      descriptor: 1,
      variableId: '01234567890123456789',
      index: 5,
      metadata: new Map([...metadata, [KEY.type, 'text']]),
    };
    for (const get of ['fetch', 'find', 'fetchTry', 'findTry'] as const)
      expect(await connection[get]('w', 'v')).toEqual({ value: 'vá', ...origin });
    const { stream, ...rest } = (await connection.getStream('find', 'w', 'v')) ?? {};
    expect(rest).toEqual({ ...origin, size: 3 });
    expect(Buffer.concat((await stream?.toArray()) ?? []).toString()).toBe('vá');
    expect(await connection.mktemp()).toBe('vá');
  });

  it('reads listings', async () => {
    const said: Record<string, string> = {
      'list vars': `${utf8('é')}\t1\t2\t3\tfifo\na\tb\t0\t0\t0\tlifo`,
      'list wss': `>${utf8('é')}\tada (me)\tTrue\t2\ta,b\n a\tb\tbea\tFalse\t0\t\n`,
    };
    const server = new ScriptedServer(({ args: [verb = ''] }) => longReply(said[verb] ?? ''));
    const connection = await connected(server);
    expect(await connection.listVariables('w')).toEqual([
      { name: 'é', values: 1, fetchers: 2, finders: 3, mode: 'fifo' },
      { name: 'a\tb', values: 0, fetchers: 0, finders: 0, mode: 'lifo' },
    ]);
    expect(await connection.listWorkspaces()).toEqual([
      { name: 'é', isOwned: true, owner: 'ada (me)', isPersistent: true, variables: ['a', 'b'] },
      { name: 'a\tb', isOwned: false, owner: 'bea', isPersistent: false, variables: [] },
    ]);
    server.answer = () => longReply('');
    expect([await connection.listVariables('w'), await connection.listWorkspaces()]).toEqual([[], []]);
  });

  it.each<[said: [string, string][], job: unknown]>([
    [[], undefined],
    [[[KEY.running, '1']], undefined],
    [[[KEY.lost, '2']], undefined],
    [
      [
        [KEY.running, '1'],
        [KEY.lost, '2'],
      ],
      { running: 1, lost: 2 },
    ],
  ])('reads the state of an old-style job from %s (W12)', async (said, job) => {
    const connection = await connected(new ScriptedServer(() => longReply('', { metadata: new Map(said) })));
    expect(await connection.oldSleigh('w')).toEqual(job);
  });

  it.each([
    ['0001', undefined, 'failed', 'status 0001'],
    ['0001', utf8('é.'), 'failed', 'é.'],
    ['0001', VARIABLES.purged().message, 'purged', VARIABLES.purged().message],
    ['0001', CAPACITY.full().message, 'full', CAPACITY.full().message],
    ['0001', VARIABLES.noIfind().message, 'not-iterable', VARIABLES.noIfind().message],
    ['0100', undefined, 'no-workspace', 'status 0100'],
    ['2000', 'oh', 'internal', 'oh'],
    ['2001', undefined, 'not-opened', 'status 2001'],
    ['5001', undefined, 'shutting-down', 'status 5001'],
  ] as const)('is refused with %s and %s as %s', async (status, reason, code, text) => {
    const server = new ScriptedServer(({ args: [verb = ''] }) => refusal(verb, status, reason));
    const connection = await connected(server);
    const calls: [verb: string, call: Promise<unknown>][] = [
      ['store', connection.store('w', 'v', 1)],
      ['fetch', connection.fetch('w', 'v')],
      ['findTry', connection.findTry('w', 'v')],
      ['ifindTry', connection.getStream('ifindTry', 'w', 'v')],
      ['list wss', connection.listWorkspaces()],
    ];
    for (const [verb, call] of calls)
      await expect(call).rejects.toMatchObject({
        name: 'NwsError',
        verb,
        status,
        code,
        message: `${verb} was refused: ${text}`,
      });
    expect(connection.isLost).toBe(false);
  });

  it('finds nothing where a Try form finds nothing, with and without a stream; other gets fail', async () => {
    const reason = VARIABLES.noValue().message;
    const server = new ScriptedServer(({ args: [verb = ''] }) => refusal(verb, '0001', reason));
    const connection = await connected(server);
    for (const verb of ['fetchTry', 'findTry', 'ifetchTry', 'ifindTry', 'takeTry'] as const)
      expect([await connection.get(verb, 'w', 'v'), await connection.getStream(verb, 'w', 'v')]).toEqual([
        undefined,
        undefined,
      ]);
    await expect(connection.find('w', 'v')).rejects.toMatchObject({ code: 'no-value' });
    await expect(connection.getStream('ifind', 'w', 'v')).rejects.toMatchObject({ code: 'no-value' });
  });

  it('knows its server, its grace and its clock, and how it ended', async () => {
    const server = new ScriptedServer(undefined, { webPort: 80 });
    const connection = await connected(server);
    const { address, serverHasPage, grace, clock, isLost } = connection;
    expect([address, serverHasPage, grace, isLost]).toEqual(['ada:8765', true, 0, false]);
    expect(clock).toBe(server.clock);
    server.answer = () => undefined;
    const waiting = expect(connection.fetch('w', 'v')).rejects.toMatchObject({ code: 'closed' });
    connection.close();
    await waiting;
    await expect(connection.ended).resolves.toMatchObject({ code: 'closed' });
    expect([connection.isLost, server.clock.running]).toEqual([true, 0]);
  });

  it('withdraws the get that waits', async () => {
    const server = new ScriptedServer(() => undefined);
    const connection = await connected(server);
    const waiting = expect(connection.fetch('w', 'v')).rejects.toMatchObject({ code: 'lost' });
    await endOfTurn();
    connection.withdraw();
    await endOfTurn();
    expect(server.taken()).toEqual(['0: fetch | w | v', '0: withdraw']);
    server.lines[0]?.destroy();
    await waiting;
  });

  it('refuses a value that cannot be sent, and asks nothing', async () => {
    const server = new ScriptedServer();
    const connection = await connected(server);
    await expect(connection.store('w', 'v', () => 1)).rejects.toThrow(TypeError);
    await endOfTurn();
    expect(server.taken()).toEqual([]);
  });
});
