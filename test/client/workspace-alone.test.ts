import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import type { ConnectionPool } from '../../src/client/connection/connection-pool.ts';
import type { NwsConnection } from '../../src/client/connection/connection.ts';
import { Follower } from '../../src/client/workspace/follower.ts';
import { Lease } from '../../src/client/workspace/lease.ts';
import { metadataOf } from '../../src/client/workspace/variable.ts';
import type { NetWorkSpace } from '../../src/client/workspace/net-work-space.ts';
import { BYTES_DESCRIPTOR } from '../../src/client/values/values.ts';
import { KEY, isLong, mayWait } from '../../src/wire/names.ts';
import { VARIABLES } from '../../src/wire/refusals.ts';
import { fateOf, longReply, shortReply } from '../support/server-line.ts';
import {
  obliging,
  refusal,
  turns,
  workspaceOn,
  type Answer,
  type ScriptedServer,
} from '../support/scripted-server.ts';

/** The gets that wait do so until the test answers them. */
const patient: Answer = (asked, at) => {
  const {
    args: [verb = ''],
  } = asked;
  return mayWait(verb) || verb === 'withdraw' ? undefined : obliging(asked, at);
};
const USE = 'use ws | w |  | no | no';

describe('a workspace', () => {
  it.each<[call: (workspace: NetWorkSpace) => Promise<unknown>, asked: string[]]>([
    [(w) => w.declare('v', 'lifo'), ['0: declare var | w | v | lifo']],
    [(w) => w.store('v', 'x'), ['0: store | w | v | 1 | x']],
    [(w) => w.store('v', 'x', { wait: true }), [`1: ${USE}`, '1: storeWait | w | v | 1 | x']],
    [
      (w) => w.storeStream('v', { size: 1, bytes: bytesOf('x') }),
      [`1: ${USE}`, `1: store | w | v | ${BYTES_DESCRIPTOR} | x`],
    ],
    [
      (w) => w.storeStream('v', { bytes: bytesOf('x') }, { type: 'json' }),
      [`1: ${USE}`, '1: store | w | v | 1 | x'],
    ],
    [(w) => w.fetch('v'), [`1: ${USE}`, '1: fetch | w | v']],
    [(w) => w.find('v'), [`1: ${USE}`, '1: find | w | v']],
    [(w) => w.fetchTry('v'), ['0: fetchTry | w | v']],
    [(w) => w.findTry('v'), ['0: findTry | w | v']],
    [(w) => w.findTry('v', { as: 'stream' }), [`1: ${USE}`, '1: findTry | w | v']],
    [(w) => w.ifetch('v').next(), [`1: ${USE}`, '1: ifetch | w | v']],
    [(w) => w.ifind('v').next(), [`1: ${USE}`, '1: ifind | w | v']],
    [(w) => w.ifetchTry('v').next(), ['0: ifetchTry | w | v']],
    [(w) => w.ifindTry('v').next(), ['0: ifindTry | w | v']],
    [(w) => w.deleteVariable('v'), ['0: delete var | w | v']],
    [(w) => w.list(), ['0: list vars | w']],
    [(w) => w.oldSleigh(), ['0: list vars | w']],
    [(w) => w.variable('v', 'fifo', { capacity: 2 }).declare(), ['0: declare var | w | v | fifo']],
    [(w) => w.variable('v').declare(), []],
    [(w) => w.delete(), ['0: delete ws | w']],
  ])('asks for %s', async (call, asked) => {
    const { server, workspace } = await workspaceOn();
    await call(workspace);
    expect(server.taken()).toEqual(asked);
  });

  it('declares a variable before its first use, once', async () => {
    const { server, workspace } = await workspaceOn();
    const variable = workspace.variable('v', 'fifo', { capacity: 2 });
    await Promise.all([variable.store('x'), variable.fetchTry()]);
    await variable.findTry();
    expect(server.asked.map(({ args: [verb], metadata }) => [verb, metadata.get(KEY.capacity)])).toEqual([
      ['declare var', '2'],
      ['store', undefined],
      ['fetchTry', undefined],
      ['findTry', undefined],
    ]);
  });

  it.each<[call: (workspace: NetWorkSpace) => unknown, text: string]>([
    [(w) => w.variable('v', 'lifo', { capacity: 1 }), 'capacity'],
    [(w) => w.variable('v', undefined, { capacity: 1 }), 'capacity'],
    [
      (w) => w.variable('v', 'fifo', { capacity: 0 }),
      '`capacity` must be a whole number of at least 1, got 0',
    ],
    [(w) => w.store('v', 1, { timeout: 5 }), '`timeout`'],
    [(w) => w.store('v', 1, { signal: new AbortController().signal }), '`signal`'],
    [(w) => w.fetch('v', { timeout: -1 }), 'timeout'],
    [(w) => w.variable('v').take({ lease: 0 }), '`lease` must be a whole number of at least 1, got 0'],
    [(w) => w.lock('l', { lease: 0.5 }), '`lease` must be a whole number of at least 1, got 0.5'],
    [(w) => w.barrier('b').wait({ timeout: Number.NaN }), 'timeout'],
  ])('refuses the options of %s, and asks nothing', async (call, text) => {
    const { server, workspace } = await workspaceOn();
    await expect((async () => void (await call(workspace)))()).rejects.toThrow(text);
    await turns();
    expect([server.taken(), server.lines.length, server.clock.running]).toEqual([[], 1, 0]);
  });

  it('gives values in the form that is wanted', async () => {
    const { workspace } = await workspaceOn(({ args: [verb = ''] }) =>
      isLong(verb) ? longReply('vä', { index: 3 }) : shortReply(),
    );
    expect([await workspace.fetch('v'), await workspace.fetchTry('v', { as: 'value' })]).toEqual([
      'vä',
      'vä',
    ]);
    expect(await workspace.find('v', { as: 'found' })).toMatchObject({ value: 'vä', index: 3 });
    const { stream, ...rest } = await workspace.find('v', { as: 'stream' });
    expect([rest.size, rest.index, Buffer.concat(await stream.toArray()).toString('latin1')]).toEqual([
      2,
      3,
      'vä',
    ]);
  });

  it('continues an iteration after the value before, to the end', async () => {
    const none = refusal('ifind', '0001', VARIABLES.noValue().message);
    const { server, workspace } = await workspaceOn((_asked, at) =>
      at < 2 ? longReply(String(at), { index: at + 5 }) : none,
    );
    const values: unknown[] = [];
    for await (const value of workspace.ifindTry('v')) values.push(value);
    expect(values).toEqual(['0', '1']);
    const id = '01234567890123456789';
    expect(server.taken()).toEqual([
      '0: ifindTry | w | v',
      `0: ifindTry | w | v | ${id} | 5`,
      `0: ifindTry | w | v | ${id} | 6`,
    ]);
  });

  it('says that its server is where it was told', async () => {
    const server = { host: 'ada', port: 1, tls: { ca: 'x' }, token: 't', followOwner: false };
    const all = await workspaceOn(patient, { ...server, timeout: 3, unref: true });
    expect(all.workspace.server).toEqual(server);
    expect((await workspaceOn(patient, { tls: false })).workspace.server).toEqual({});
    // And at others with the same store, without that address itself (D24).
    const { pool } = await workspaceOn(patient, { others: ['127.0.0.1:8765', 'bea:2'] });
    expect(pool.server).toEqual({ others: ['bea:2'] });
    pool.platform.servers.from('127.0.0.1:8765').meet('cia:3', 'shop');
    expect(pool.server).toEqual({ others: ['bea:2', 'cia:3'] });
  });

  it('of which one waits and one is idle closes both', async () => {
    const { server, workspace, pool } = await workspaceOn(patient);
    await workspace.fetchTry('v', { as: 'stream' });
    const fate = fateOf(workspace.fetch('v'));
    await turns();
    workspace.close();
    await turns();
    expect(fate.outcome).toMatchObject({ code: 'closed' });
    expect(server.lines.map(({ destroyed }) => destroyed)).toEqual(server.lines.map(() => true));
    await expect(workspace.fetch('v')).rejects.toMatchObject({ code: 'closed' });
    expect([pool.main.isLost, server.clock.running]).toEqual([true, 0]);
  });
});

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

/** Knows sessions, with that grace. */
const sessionsOf =
  (grace: string): Answer =>
  ({ args: [verb = ''] }) =>
    isLong(verb) ? longReply('') : shortReply('0000', new Map([[KEY.grace, grace]]));

describe('the connections of a program', () => {
  it('are used again, know which workspaces they have opened, and lead to the workspace', async () => {
    const { server, pool } = await workspaceOn(obliging, { host: 'ada', unref: true });
    for (const name of ['w', 'x', 'w', 'x'])
      await pool.lend(name, (connection) => connection.find(name, 'v'));
    expect(server.taken()).toEqual([
      `1: ${USE}`,
      '1: find | w | v',
      '1: use ws | x |  | no | no',
      '1: find | x | v',
      '1: find | w | v',
      '1: find | x | v',
    ]);
    expect(server.wanted).toEqual([
      { host: 'ada', unref: true },
      { host: 'ada', unref: true, workspace: 'w' },
    ]);
  });

  it('that are idle are kept, at most eight', async () => {
    const { server, pool } = await workspaceOn();
    const ends: (() => void)[] = [];
    const until = new Promise<void>((resolve) => ends.push(resolve));
    const all = Array.from({ length: 10 }, () => pool.lend('w', () => until));
    await turns();
    expect(server.lines).toHaveLength(11);
    ends[0]?.();
    await Promise.all(all);
    await turns();
    expect(server.lines.filter(({ destroyed }) => destroyed)).toHaveLength(2);
  });

  it('that are lost while they are lent are not used again', async () => {
    const { server, pool } = await workspaceOn(patient);
    const fate = fateOf(pool.lend('w', (connection) => connection.fetch('w', 'v')));
    await turns();
    server.lines[1]?.destroy();
    await turns();
    expect(fate.outcome).toMatchObject({ code: 'lost' });
    await pool.lend('w', (connection) => connection.findTry('w', 'v'));
    expect(server.taken().at(-1)).toBe('2: findTry | w | v');
  });

  it('are kept until what was to be kept has ended, and closed then if the pool is', async () => {
    const { server, pool } = await workspaceOn();
    const ends: (() => void)[] = [];
    const keeping = (): Promise<unknown> =>
      pool.lend('w', (_connection, keep) => {
        keep(new Promise<void>((resolve) => ends.push(resolve)));
        return Promise.resolve(1);
      });
    await Promise.all([keeping(), keeping()]);
    expect(server.lines).toHaveLength(3);
    ends[0]?.();
    await turns();
    await keeping();
    expect(server.lines).toHaveLength(3);
    pool.close();
    await turns();
    for (const end of ends) end();
    await turns();
    expect(server.lines.map(({ destroyed }) => destroyed)).toEqual([true, true, true]);
  });

  it('are forgotten when they are lost, and when the pool is closed', async () => {
    const { server, pool } = await workspaceOn();
    const given: NwsConnection[] = [];
    const use = (connection: NwsConnection): Promise<void> => {
      given.push(connection);
      return Promise.resolve();
    };
    await pool.lend('w', async (connection) => {
      server.lines[1]?.destroy();
      await turns();
      return use(connection);
    });
    await pool.lend('w', use);
    const closed = given.map((connection) => vi.spyOn(connection, 'close'));
    pool.close();
    pool.close();
    expect(closed.map(({ mock }) => mock.calls.length)).toEqual([0, 1]);
    await expect(pool.lend('w', use)).rejects.toMatchObject({ code: 'closed' });
    expect(given).toHaveLength(2);
  });

  it('with a grace are tried until its end and 2 s more', async () => {
    const { server, pool } = await workspaceOn(sessionsOf('1.15'), { reconnectGrace: 20 });
    server.isDown = true;
    const fate = fateOf(pool.lend('w', () => Promise.resolve('there')));
    await turns();
    for (const pause of [50, 100, 200, 400, 800, 1_600]) {
      expect([fate.outcome, server.clock.running]).toEqual(['pending', 1]);
      server.clock.advance(pause);
      await turns();
    }
    expect(fate.outcome).toMatchObject({ code: 'unreachable' });
    expect([server.clock.now(), server.clock.running]).toEqual([3_150, 0]);
  });

  it('give back a connection whose workspace does not exist, and try it again later', async () => {
    const { server, pool } = await workspaceOn(({ args: [verb = ''] }) => refusal(verb, '0100'));
    for (let n = 0; n < 2; n++)
      await expect(pool.lend('w', () => Promise.resolve())).rejects.toMatchObject({ code: 'no-workspace' });
    expect(server.taken()).toEqual([`1: ${USE}`, `1: ${USE}`]);
  });

  it('without a grace are tried once', async () => {
    const { server, pool } = await workspaceOn();
    server.isDown = true;
    await expect(pool.lend('w', () => Promise.resolve())).rejects.toMatchObject({ code: 'unreachable' });
    expect([server.wanted.length, server.clock.running]).toEqual([2, 0]);
  });

  it('with a grace come later, unless the pool is closed meanwhile', async () => {
    const { server, pool } = await workspaceOn(sessionsOf('20'), { reconnectGrace: 20 });
    expect(pool.main.grace).toBe(20);
    server.isDown = true;
    const fates = [0, 1].map(() => fateOf(pool.lend('w', () => Promise.resolve('there'))));
    await turns();
    server.isDown = false;
    server.clock.advance(50);
    await turns();
    expect(fates.map(({ outcome }) => outcome)).toEqual(['there', 'there']);
    // Both connections are idle now.
    const hold = [0, 1].map(() => pool.lend('w', () => new Promise(() => undefined)));
    server.isDown = true;
    const late = fateOf(pool.lend('w', () => Promise.resolve('there')));
    await turns();
    pool.close();
    server.clock.advance(50);
    await turns();
    expect(late.outcome).toMatchObject({ code: 'unreachable' });
    expect([hold.length, server.clock.running]).toEqual([2, 0]);
  });
});

describe('a wait of a workspace', () => {
  it('ends with its signal or its time, and gets what the server had sent already', async () => {
    const { server, workspace } = await workspaceOn(patient);
    const stop = new AbortController();
    const waits = [
      fateOf(workspace.fetch('v', { signal: stop.signal, timeout: 500 })),
      fateOf(workspace.find('v', { timeout: 70 })),
      fateOf(workspace.store('v', 1, { wait: true, timeout: 80 })),
    ];
    await turns();
    expect([getEventListeners(stop.signal, 'abort').length, server.clock.running]).toEqual([1, 3]);
    server.clock.advance(69);
    await turns();
    expect(server.taken().some((each) => each.endsWith('withdraw'))).toBe(false);
    server.clock.advance(11);
    stop.abort(new Error('enough'));
    await turns();
    expect(server.taken()).toEqual(['2: withdraw', '3: withdraw', '1: withdraw']);
    // The value of the first was on its way; the others are withdrawn.
    await server.lines[1]?.say(longReply('in time') + shortReply('2000'));
    for (const line of server.lines.slice(2)) line.destroy();
    await turns();
    expect(waits.map(({ outcome }) => outcome)).toMatchObject([
      'in time',
      { name: 'TimeoutError', message: 'no value came to "v" within 70 ms' },
      { name: 'TimeoutError', message: '"v" had no room within 80 ms' },
    ]);
    expect([getEventListeners(stop.signal, 'abort').length, server.clock.running]).toEqual([0, 0]);
  });

  it('that is aborted already asks nothing; one whose connection is lost says that', async () => {
    const { server, workspace } = await workspaceOn(patient);
    const why = new Error('enough');
    await expect(workspace.fetch('v', { signal: AbortSignal.abort(why) })).rejects.toBe(why);
    expect([server.taken(), server.clock.running]).toEqual([[], 0]);
    const stop = new AbortController();
    const fates = [fateOf(workspace.fetch('v')), fateOf(workspace.fetch('v', { signal: stop.signal }))];
    await turns();
    server.lines[1]?.destroy();
    stop.abort(why);
    await turns();
    server.lines[2]?.destroy();
    await turns();
    expect(fates[0]?.outcome).toMatchObject({ code: 'lost' });
    expect(fates[1]?.outcome).toBe(why);
  });

  it('that ends before it has a connection asks for nothing', async () => {
    const { server, workspace } = await workspaceOn(({ args: [verb = ''] }) =>
      verb === 'use ws' ? undefined : longReply(''),
    );
    const fate = fateOf(workspace.fetch('v', { timeout: 5 }));
    await turns();
    server.clock.advance(5);
    await server.lines[1]?.say(shortReply());
    await turns();
    expect(fate.outcome).toMatchObject({ name: 'TimeoutError' });
    expect(server.taken()).toEqual([`1: ${USE}`]);
  });
});

const leased: Answer = ({ args: [verb = ''] }) =>
  isLong(verb) ? longReply('job', { metadata: new Map([[KEY.lease, '17']]) }) : shortReply();

async function taken(answer: Answer = leased) {
  const all = await workspaceOn(answer);
  const lease = await all.workspace.variable<string>('v').take({ lease: 100 });
  expect(all.server.taken()).toEqual([`1: ${USE}`, '1: take | w | v | 100']);
  expect([lease.value, lease.signal.aborted, all.server.clock.running]).toEqual(['job', false, 1]);
  return { ...all, lease };
}

/** Whether its connection serves others again. */
async function isBack({ server, pool }: { server: ScriptedServer; pool: ConnectionPool }): Promise<boolean> {
  const before = server.lines.length;
  await turns();
  await pool.lend('w', () => Promise.resolve());
  return server.lines.length === before;
}

describe('a lease', () => {
  it('ends once, by done or back, and its connection serves others then', async () => {
    for (const how of ['done', 'back'] as const) {
      const all = await taken();
      await all.lease[how]();
      expect(all.server.taken()).toEqual([`1: end lease | 17 | ${how}`]);
      for (const again of ['done', 'back', 'extend'] as const)
        await expect(all.lease[again]()).rejects.toThrow('the lease has ended already, by `done` or `back`');
      await all.lease[Symbol.asyncDispose]();
      expect([all.server.taken(), all.server.clock.running, all.lease.signal.aborted]).toEqual([
        [],
        0,
        false,
      ]);
      expect(await isBack(all)).toBe(true);
    }
  });

  it('keeps its connection until it has ended', async () => {
    const all = await taken();
    expect(await isBack(all)).toBe(false);
  });

  it('is given back at the end of its block, also if that fails', async () => {
    const all = await taken();
    all.server.answer = ({ args: [verb = ''] }) => refusal(verb, '0001', 'no such lease');
    await all.lease[Symbol.asyncDispose]();
    expect([all.server.taken(), all.server.clock.running]).toEqual([['1: end lease | 17 | back'], 0]);
    expect(await isBack(all).catch(() => true)).toBe(true);
  });

  it('is lost when its time has elapsed, counted anew by each extension', async () => {
    const all = await taken();
    const { lease, server } = all;
    server.clock.advance(99);
    await lease.extend();
    server.clock.advance(99);
    await lease.extend(300);
    server.clock.advance(299);
    expect([lease.signal.aborted, server.clock.running]).toEqual([false, 1]);
    server.clock.advance(1);
    expect([lease.signal.aborted, server.clock.running]).toEqual([true, 0]);
    const text = 'the lease has elapsed after 300 ms, and the value has returned';
    expect(lease.signal.reason).toMatchObject({ name: 'TypeError', message: text });
    for (const again of ['done', 'back', 'extend'] as const)
      await expect(lease[again]()).rejects.toThrow(text);
    await lease[Symbol.asyncDispose]();
    expect(server.taken()).toEqual(['1: extend lease | 17 | 100', '1: extend lease | 17 | 300']);
    expect(await isBack(all)).toBe(true);
  });

  it('is lost if the server refuses to extend it', async () => {
    const all = await taken();
    all.server.answer = ({ args: [verb = ''] }) =>
      verb === 'extend lease' ? refusal(verb, '0001', 'no such lease') : shortReply();
    const error: unknown = await all.lease.extend().catch((why: unknown) => why);
    expect(error).toMatchObject({ name: 'NwsError', reason: 'no such lease' });
    expect([all.lease.signal.reason, all.server.clock.running]).toEqual([error, 0]);
    expect(await isBack(all)).toBe(true);
  });

  it('is lost with its connection', async () => {
    const { lease, server } = await taken();
    server.lines[1]?.destroy();
    await turns();
    expect(lease.signal.reason).toMatchObject({ name: 'ConnectionLostError', code: 'lost' });
    expect(server.clock.running).toBe(0);
    await expect(lease.done()).rejects.toMatchObject({ code: 'lost' });
  });

  it('whose connection is lost while its end or extension is asked fails with that', async () => {
    for (const how of ['done', 'extend'] as const) {
      const { lease, server } = await taken();
      server.answer = () => undefined;
      const fate = fateOf(lease[how]());
      await turns();
      server.lines[1]?.destroy();
      await turns();
      expect(fate.outcome).toMatchObject({ code: 'lost' });
      expect([lease.signal.aborted, server.clock.running]).toEqual([how === 'extend', 0]);
    }
  });

  it('that has ended is not lost with the connection; another one there is', async () => {
    const { pool, server } = await workspaceOn(leased);
    const connection = pool.main;
    let ended = 0;
    const found = await connection.find('w', 'v');
    const leases = [1, 2].map(
      (number) =>
        new Lease(found, { connection, number: String(number), milliseconds: 50, ended: () => void ended++ }),
    );
    const told = leases.map((lease) => vi.spyOn(lease, 'connectionLost'));
    await leases[0]?.done();
    pool.close();
    await turns();
    expect(leases.map(({ signal }) => signal.aborted)).toEqual([false, true]);
    // The connection has forgotten the one that has ended.
    expect(told.map(({ mock }) => mock.calls.length)).toEqual([0, 1]);
    expect([ended, server.clock.running]).toEqual([2, 0]);
  });
});

const lockable: Answer = ({ args: [verb = ''] }, at) => {
  if (verb === 'findTry')
    return at === 1 ? refusal(verb, '0001', VARIABLES.noValue().message) : longReply('');
  return isLong(verb) ? longReply('', { metadata: new Map([[KEY.lease, '3']]) }) : shortReply();
};

describe('a lock', () => {
  it('is a value that is leased, extended three times in its time, and given back', async () => {
    const { server, workspace } = await workspaceOn(lockable);
    const lock = await workspace.lock('l', { lease: 90 });
    expect(server.taken()).toEqual([
      '0: declare var | w | #lock l | fifo',
      '0: findTry | w | #lock l',
      '0: store | w | #lock l | 1 | ',
      `1: ${USE}`,
      '1: take | w | #lock l | 90',
    ]);
    server.clock.advance(29);
    await turns();
    expect(server.taken()).toEqual([]);
    for (let n = 0; n < 5; n++) {
      server.clock.advance(n === 0 ? 1 : 30);
      await turns();
    }
    expect(server.taken()).toEqual(Array.from({ length: 5 }, () => '1: extend lease | 3 | 90'));
    expect(lock.signal.aborted).toBe(false);
    await lock.release();
    await lock[Symbol.asyncDispose]();
    expect([server.taken(), server.clock.running]).toEqual([['1: end lease | 3 | back'], 0]);
  });

  it('removes further values that it is given', async () => {
    let index = 2;
    const { server, workspace } = await workspaceOn((asked, at) =>
      asked.args[0] === 'take'
        ? longReply('', { index: index--, metadata: new Map([[KEY.lease, String(index)]]) })
        : lockable(asked, at + 1),
    );
    const lock = await workspace.lock('l');
    expect(server.taken().slice(2)).toEqual([
      `1: ${USE}`,
      '1: take | w | #lock l | 10000',
      '1: end lease | 1 | done',
      '1: take | w | #lock l | 10000',
      '1: end lease | 0 | done',
      '1: take | w | #lock l | 10000',
    ]);
    await lock.release();
    expect(server.clock.running).toBe(0);
  });

  it('that is lost is not extended any more', async () => {
    const { server, workspace } = await workspaceOn(lockable);
    const lock = await workspace.lock('l', { lease: 90 });
    server.answer = ({ args: [verb = ''] }) => refusal(verb, '0001');
    server.clock.advance(30);
    await turns();
    expect(lock.signal.aborted).toBe(true);
    server.taken();
    server.clock.advance(300);
    await turns();
    expect([server.taken(), server.clock.running]).toEqual([[], 0]);
    await lock.release();
    expect(server.taken()).toEqual([]);
  });

  it('elects a leader again and again, until it leads to the end', async () => {
    const { server, workspace } = await workspaceOn(lockable);
    const terms: AbortSignal[] = [];
    const elected = fateOf(
      workspace.elect('l', async (signal) => {
        terms.push(signal);
        if (terms.length === 3) return 'led';
        // The first two terms are lost: one leader returns, one throws.
        server.lines[terms.length]?.destroy();
        await turns();
        if (terms.length === 2) throw new Error('lost');
        return 'too late';
      }),
    );
    for (let n = 0; n < 10; n++) await turns();
    expect(elected.outcome).toBe('led');
    expect(terms.map(({ aborted }) => aborted)).toEqual([true, true, false]);
    expect(server.clock.running).toBe(0);
    const wrong = new Error('wrong');
    await expect(workspace.elect('l', () => Promise.reject(wrong))).rejects.toBe(wrong);
  });
});

describe('a barrier', () => {
  it('is joined once, waited at, and left, on a connection of its own', async () => {
    const { server, workspace } = await workspaceOn(({ args: [verb = ''] }) =>
      isLong(verb) ? longReply('4') : shortReply(),
    );
    const barrier = workspace.barrier('b');
    await Promise.all([barrier.join(), barrier.join()]);
    expect([await barrier.wait(), await barrier.wait({ timeout: 9 }), server.clock.running]).toEqual([
      4, 4, 0,
    ]);
    await barrier.leave();
    await barrier.leave();
    expect(server.taken()).toEqual([
      `1: ${USE}`,
      '1: declare var | w | b | __barrier',
      '1: store | w | b | 1 | ',
      '1: find | w | b',
      '1: find | w | b',
      '1: fetch | w | b',
    ]);
    await turns();
    // Its connection serves others, and it may be joined again.
    await barrier.join();
    expect(server.taken()).toEqual(['1: declare var | w | b | __barrier', '1: store | w | b | 1 | ']);
  });

  it('that cannot be joined may be joined later', async () => {
    const { server, workspace } = await workspaceOn(({ args: [verb = ''] }) => refusal(verb, '0001', 'no'));
    const barrier = workspace.barrier('b');
    await expect(barrier.join()).rejects.toMatchObject({ reason: 'no' });
    server.answer = obliging;
    await barrier.join();
  });

  it('is left by a wait that ends early, and by a lost connection', async () => {
    const { server, workspace } = await workspaceOn(patient);
    const barrier = workspace.barrier('b');
    const fate = fateOf(barrier.wait({ timeout: 5 }));
    await turns();
    server.clock.advance(5);
    await turns();
    server.lines[1]?.destroy();
    await turns();
    expect(fate.outcome).toMatchObject({ message: 'not all members came to "b" within 5 ms' });
    server.taken();
    const again = fateOf(barrier.wait());
    await turns();
    expect(server.taken().map((each) => each.slice(0, 8))).toEqual([
      '2: use w',
      '2: decla',
      '2: store',
      '2: find ',
    ]);
    expect([again.outcome, server.clock.running]).toEqual(['pending', 0]);
  });

  it('whose wait is refused stays joined', async () => {
    const { server, workspace } = await workspaceOn(({ args: [verb = ''] }) =>
      verb === 'find' ? refusal(verb, '0001', 'no') : isLong(verb) ? longReply('') : shortReply(),
    );
    const barrier = workspace.barrier('b');
    await expect(barrier.wait()).rejects.toMatchObject({ reason: 'no' });
    server.taken();
    await expect(barrier.wait()).rejects.toMatchObject({ reason: 'no' });
    expect(server.taken()).toEqual(['1: find | w | b']);
  });
});

describe('a follower', () => {
  it('reads each value once, and when it is closed those that are left', async () => {
    const id = '01234567890123456789';
    let tries = 0;
    const { server, pool } = await workspaceOn(({ args: [verb = ''] }, at) => {
      if (verb === 'ifind') return at < 3 ? longReply(`value ${at}`, { index: at }) : undefined;
      if (verb !== 'ifindTry') return shortReply();
      return tries++ === 0
        ? longReply('last', { index: 9 })
        : refusal(verb, '0001', VARIABLES.noValue().message);
    });
    const heard: unknown[] = [];
    const follower = new Follower(pool, 'w', 'v', ({ value }) => heard.push(value));
    await turns();
    const closed = follower.close();
    await turns();
    server.lines[1]?.destroy();
    await closed;
    expect(heard).toEqual(['value 1', 'value 2', 'last']);
    expect(server.taken()).toEqual([
      `1: ${USE}`,
      '1: ifind | w | v',
      `1: ifind | w | v | ${id} | 1`,
      `1: ifind | w | v | ${id} | 2`,
      '1: withdraw',
      `0: ifindTry | w | v | ${id} | 2`,
      `0: ifindTry | w | v | ${id} | 9`,
    ]);
    expect(server.clock.running).toBe(0);
  });

  it('ends with its job, also while it is closed', async () => {
    const { server, pool } = await workspaceOn(({ args: [verb = ''] }) => refusal(verb, '0001', 'gone'));
    const follower = new Follower(pool, 'w', 'v', () => undefined);
    await turns();
    server.taken();
    await follower.close();
    expect(server.taken()).toEqual(['0: ifindTry | w | v']);
  });
});

it('metadata are an object or a map', () => {
  const map = new Map([['a', 'b']]);
  expect([metadataOf(map), metadataOf({ a: 'b' }), metadataOf(undefined)]).toEqual([map, map, new Map()]);
  expect(metadataOf(map)).toBe(map);
});
