import { setImmediate as endOfTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Channel } from '../../src/client/connection/channel.ts';
import { ConnectionLostError } from '../../src/client/connection/errors.ts';
import { KnownServers, StoreServers } from '../../src/client/connection/known-servers.ts';
import { openRequester } from '../../src/client/connection/open-requester.ts';
import { findOwner } from '../../src/client/connection/owner-search.ts';
import { connectWithin, reconnect } from '../../src/client/connection/reconnect.ts';
import { CONNECTION } from '../../src/client/errors/connection.ts';
import { authorityOf, type Address } from '../../src/wire/authority.ts';
import { KEY, VERB } from '../../src/wire/names.ts';
import { partitionOf } from '../../src/wire/partition-of.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { fateOf, shortReply } from '../support/server-line.ts';
import { ScriptedServer } from '../support/scripted-server.ts';

const FIRST = 'ada:1';

/** Servers that share a store, by address, of which the program names the first. */
class Cluster {
  readonly clock = new ManualClock();
  readonly servers = new KnownServers();
  readonly tried: string[] = [];
  readonly asked: string[] = [];
  /** Channels that are open. */
  readonly channels: Channel[] = [];
  /** The store of the server at an address, or why it cannot be reached. */
  readonly at = new Map<string, string | undefined | Error>();
  /** What servers say of the owner: its address; undefined if there is none; a status that refuses. */
  owner: string | undefined;
  status: '0000' | '2000' = '0000';
  partitions: string | undefined = '7';

  readonly open = async (at?: Address): Promise<Channel> => {
    const address = at === undefined ? FIRST : authorityOf(at.host, at.port);
    this.tried.push(address);
    const store = this.at.get(address);
    if (store instanceof Error) throw store;
    const server = new ScriptedServer(
      ({ args }) => {
        this.asked.push(`${address}: ${args.join(' | ')}`);
        const said: [string, string][] = [];
        if (this.owner !== undefined) said.push([KEY.owner, this.owner]);
        if (this.partitions !== undefined) said.push([KEY.partitionCount, this.partitions]);
        return shortReply(this.status, new Map(said));
      },
      { store },
    );
    const channel = await server.channel({ clock: this.clock }, address);
    this.channels.push(channel);
    return channel;
  };

  find(workspace: string | undefined = 'w', others: readonly string[] = []) {
    const platform = { random: () => 0.5, servers: this.servers };
    return findOwner({ open: this.open, first: FIRST, others, workspace, platform });
  }

  get isOpen(): string[] {
    return this.channels.filter(({ isLost }) => !isLost).map(({ address }) => address);
  }
}

const unreachable = (address: string): Error => new ConnectionLostError(CONNECTION.noAnswer(address));
const notNws = (address: string): Error => new ConnectionLostError(CONNECTION.noNws(address));

async function turns(): Promise<void> {
  for (let n = 0; n < 8; n++) await endOfTurn();
}

async function pass(clock: ManualClock, milliseconds: number): Promise<void> {
  clock.advance(milliseconds);
  await turns();
}

describe('the search for the owner of a workspace (D24)', () => {
  it.each([
    ['has no store', undefined, 'w', []],
    ['is asked for no workspace', 'shop', undefined, []],
    ['is the owner', 'shop', 'w', ['ada:1: locate ws | w']],
  ])('stays at a server that %s', async (_what, store, workspace, asked) => {
    const cluster = new Cluster();
    cluster.at.set(FIRST, store);
    cluster.owner = FIRST;
    const { channel, partitions } = await findOwner({
      open: cluster.open,
      first: FIRST,
      others: [],
      workspace,
      platform: { random: () => 0.5, servers: cluster.servers },
    });
    expect([channel.address, partitions, cluster.asked]).toEqual([
      FIRST,
      asked.length === 0 ? undefined : 7,
      asked,
    ]);
    expect([cluster.isOpen, cluster.clock.running]).toEqual([[FIRST], 0]);
    expect(cluster.servers.from(FIRST).met).toEqual(store === undefined ? [] : [FIRST]);
  });

  it('goes to the owner, and leaves the other server', async () => {
    const cluster = new Cluster();
    cluster.owner = 'bea:2';
    cluster.at.set(FIRST, 'shop').set('bea:2', 'shop');
    const { channel, partitions } = await cluster.find();
    await endOfTurn();
    expect([channel.address, partitions, cluster.isOpen]).toEqual(['bea:2', 7, ['bea:2']]);
    expect([cluster.tried, cluster.servers.from(FIRST).met]).toEqual([
      [FIRST, 'bea:2'],
      [FIRST, 'bea:2'],
    ]);
  });

  it.each<[what: string, owner: string | undefined, status: '0000' | '2000']>([
    ['that cannot be parsed', 'nonsense', '0000'],
    ['at a loopback address of another machine', '127.0.0.1:9', '0000'],
    ['that nobody knows, because the server does not know the verb', undefined, '2000'],
  ])('stays where it is for an owner %s', async (_what, owner, status) => {
    const cluster = new Cluster();
    Object.assign(cluster, { owner, status, partitions: undefined });
    cluster.at.set(FIRST, 'shop');
    const { channel, partitions } = await cluster.find();
    expect([channel.address, partitions, cluster.tried, cluster.clock.running]).toEqual([
      FIRST,
      1,
      [FIRST],
      0,
    ]);
  });

  it('stays where it is if it does not reach an owner that it has not met, and avoids that for a minute', async () => {
    for (const [store, isClosed] of [
      [unreachable('bea:2'), false],
      // Another server is there now.
      ['other', true],
    ] as const) {
      const cluster = new Cluster();
      cluster.owner = 'bea:2';
      cluster.at.set(FIRST, 'shop').set('bea:2', store);
      await pass(cluster.clock, 1_000);
      expect((await cluster.find()).channel.address).toBe(FIRST);
      expect([cluster.isOpen, cluster.channels.length]).toEqual([[FIRST], isClosed ? 2 : 1]);
      await pass(cluster.clock, 59_999);
      await cluster.find();
      expect(cluster.tried).toEqual([FIRST, 'bea:2', FIRST]);
      await pass(cluster.clock, 1);
      await cluster.find();
      expect(cluster.tried.slice(3)).toEqual([FIRST, 'bea:2']);
      expect(cluster.clock.running).toBe(0);
    }
  });

  it('asks again while nobody is the owner, for 10 s, ever more rarely', async () => {
    const cluster = new Cluster();
    cluster.at.set(FIRST, 'shop');
    const fate = fateOf(cluster.find());
    await turns();
    const asked: number[] = [];
    while (cluster.clock.running > 0) {
      const before = cluster.asked.length;
      await pass(cluster.clock, 50);
      if (cluster.asked.length > before) asked.push(cluster.clock.now());
    }
    expect(asked).toEqual([
      50, 150, 350, 750, 1_550, 2_550, 3_550, 4_550, 5_550, 6_550, 7_550, 8_550, 9_550, 10_550,
    ]);
    expect(fate.outcome).toMatchObject({ channel: { address: FIRST } });
  });

  it('asks no more from 10 s on after it has missed the owner, with pauses that are random', async () => {
    const cluster = new Cluster();
    cluster.at.set(FIRST, 'shop');
    await pass(cluster.clock, 5_000);
    // The last two pauses are of 725 ms, and end after 10,000 ms.
    const drawn = [...Array.from({ length: 12 }, () => 0.5), 0.225, 0.225];
    const platform = { random: () => drawn.shift() ?? 0.5, servers: cluster.servers };
    const options = { open: cluster.open, first: FIRST, others: [], workspace: 'w', platform };
    const fate = fateOf(findOwner(options));
    await turns();
    const asked: number[] = [];
    while (cluster.clock.running > 0) {
      const before = cluster.asked.length;
      await pass(cluster.clock, 25);
      if (cluster.asked.length > before) asked.push(cluster.clock.now());
    }
    expect(asked.slice(-3)).toEqual([13_550, 14_275, 15_000]);
    expect(fate.outcome).toMatchObject({ channel: { address: FIRST } });
  });

  it('does not avoid an owner that has gone, if nobody owns the workspace afterwards', async () => {
    const cluster = new Cluster();
    cluster.owner = 'bea:2';
    cluster.at.set(FIRST, 'shop').set('bea:2', 'shop');
    await cluster.find();
    cluster.at.set('bea:2', unreachable('bea:2'));
    const fate = fateOf(cluster.find());
    await turns();
    cluster.owner = undefined;
    while (cluster.clock.running > 0) await pass(cluster.clock, 1_000);
    expect(fate.outcome).toMatchObject({ channel: { address: FIRST } });
    // It is back.
    cluster.owner = 'bea:2';
    cluster.at.set('bea:2', 'shop');
    expect((await cluster.find()).channel.address).toBe('bea:2');
  });

  it('fails with both reasons if neither of two servers can be used', async () => {
    const cluster = new Cluster();
    cluster.at.set(FIRST, unreachable(FIRST)).set('bea:2', unreachable('bea:2'));
    await expect(cluster.find('w', ['bea:2'])).rejects.toThrow(
      'no server can be used: ada:1 did not answer in time; bea:2 did not answer in time',
    );
  });

  it('asks again if an owner that it has met has gone, until there is another one', async () => {
    const cluster = new Cluster();
    cluster.owner = 'bea:2';
    cluster.at.set(FIRST, 'shop').set('bea:2', 'shop').set('cia:3', 'shop');
    await cluster.find();
    cluster.at.set('bea:2', unreachable('bea:2'));
    const fate = fateOf(cluster.find());
    await turns();
    expect([fate.outcome, cluster.clock.running]).toEqual(['pending', 1]);
    cluster.owner = 'cia:3';
    await pass(cluster.clock, 50);
    expect(fate.outcome).toMatchObject({ channel: { address: 'cia:3' } });
    expect(cluster.isOpen).toEqual(['bea:2', 'cia:3']);
  });

  it('begins at another server that it has met if the first cannot be reached, whatever is at others', async () => {
    const cluster = new Cluster();
    const known = cluster.servers.from(FIRST);
    for (const address of ['bea:2', FIRST, 'cia:3', 'dan:4', 'eva:5']) known.meet(address, 'shop');
    cluster.owner = 'eva:5';
    cluster.at
      .set(FIRST, unreachable(FIRST))
      .set('bea:2', unreachable('bea:2'))
      .set('cia:3', notNws('cia:3'))
      .set('dan:4', 'other')
      .set('eva:5', 'shop');
    expect((await cluster.find()).channel.address).toBe('eva:5');
    expect(cluster.tried).toEqual([FIRST, 'bea:2', 'cia:3', 'dan:4', 'eva:5']);
    await endOfTurn();
    expect(cluster.isOpen).toEqual(['eva:5']);
  });

  it('fails with all reasons if no server can be used, and with that of the first if it does not admit the client', async () => {
    const why = unreachable(FIRST);
    const none = new Cluster();
    none.servers.from(FIRST).meet('bea:2', 'shop');
    none.at
      .set(FIRST, why)
      .set('bea:2', unreachable('bea:2'))
      .set('cia:3', notNws('cia:3'))
      .set('dan:4', 'other');
    await expect(none.find('w', ['cia:3', 'dan:4'])).rejects.toMatchObject({
      name: 'ConnectionLostError',
      code: 'unreachable',
      message:
        'no server can be used: ada:1 did not answer in time; cia:3 does not speak the NetWorkSpaces protocol; ' +
        'dan:4 has another store than the server that was named first; bea:2 did not answer in time',
      cause: why,
    });
    expect([none.tried, none.clock.running]).toEqual([[FIRST, 'cia:3', 'dan:4', 'bea:2'], 0]);
    const refusing = new Cluster();
    refusing.servers.from(FIRST).meet('bea:2', 'shop');
    refusing.at.set(FIRST, notNws(FIRST));
    await expect(refusing.find()).rejects.toThrow('ada:1 does not speak the NetWorkSpaces protocol');
    expect(refusing.tried).toEqual([FIRST]);
    // Without a workspace there is only one server.
    const cluster = new Cluster();
    cluster.servers.from(FIRST).meet('bea:2', 'shop');
    cluster.at.set(FIRST, why);
    const { open, servers } = cluster;
    const platform = { random: () => 0, servers };
    await expect(findOwner({ open, first: FIRST, others: [], workspace: undefined, platform })).rejects.toBe(
      why,
    );
    expect(cluster.tried).toEqual([FIRST]);
  });

  it('tells nobody of the servers of an earlier store, when the first one has another', async () => {
    for (const store of ['other', undefined]) {
      const cluster = new Cluster();
      cluster.owner = 'bea:2';
      cluster.at.set(FIRST, 'shop').set('bea:2', 'shop');
      await cluster.find();
      cluster.owner = FIRST;
      cluster.at.set(FIRST, store);
      await cluster.find();
      expect(cluster.servers.from(FIRST).met).toEqual(store === undefined ? [] : [FIRST]);
      cluster.at.set(FIRST, unreachable(FIRST));
      await expect(cluster.find()).rejects.toThrow('did not answer in time');
      expect(cluster.tried).toEqual([FIRST, 'bea:2', FIRST, FIRST]);
    }
  });

  it('fails if the connection is lost before the reply', async () => {
    const cluster = new Cluster();
    cluster.at.set(FIRST, 'shop');
    const opened = await cluster.open();
    opened.close();
    const platform = { random: () => 0.5, servers: cluster.servers };
    const open = (): Promise<Channel> => Promise.resolve(opened);
    await expect(
      findOwner({ open, first: FIRST, others: [], workspace: 'w', platform }),
    ).rejects.toMatchObject({
      code: 'closed',
    });
    expect(cluster.isOpen).toEqual([]);
  });
});

describe('what a process knows of servers', () => {
  it('is kept by the server that the program names', () => {
    const known = new KnownServers();
    expect(known.from('a')).toBe(known.from('a'));
    expect(known.from('a')).not.toBe(known.from('b'));
  });

  it('is which were met, and which are avoided for a minute, or until they are met', () => {
    const servers = new StoreServers();
    servers.meet('a', 'shop');
    servers.avoid('b', 5);
    expect([servers.met, servers.hasMet('a'), servers.hasMet('b')]).toEqual([['a'], true, false]);
    expect([60_004, 60_005].map((now) => servers.isAvoided('b', now))).toEqual([true, false]);
    expect(servers.isAvoided('a', 0)).toBe(false);
    servers.meet('b', 'shop');
    expect(servers.isAvoided('b', 6)).toBe(false);
  });

  it('is forgotten when the server that the program names has another store, or none', () => {
    for (const [store, met] of [
      ['shop', ['a', 'b', 'c']],
      ['other', ['c']],
      [undefined, []],
    ] as const) {
      const servers = new StoreServers();
      servers.meet('a', 'shop');
      servers.meet('b', 'shop');
      servers.meet('c', store);
      expect([servers.store, servers.met]).toEqual([store, met]);
    }
  });
});

const lost = (): Promise<never> => Promise.reject(unreachable(FIRST));

describe('a client that comes back', () => {
  it.each([
    [0, 50 * 0.5],
    [0.5, 50],
    [0.9, 50 * 1.4],
  ])('waits first, with the random number %s for %s ms', async (random, wait) => {
    const clock = new ManualClock();
    const fate = fateOf(
      reconnect({ clock, random: () => random, grace: 0, attempt: () => Promise.resolve('back') }),
    );
    await pass(clock, wait - 0.001);
    expect(fate.outcome).toBe('pending');
    await pass(clock, 0.002);
    expect([fate.outcome, clock.running]).toEqual(['back', 0]);
  });

  it('gives up at the end of its grace and 2 s more', async () => {
    for (const [grace, attempts] of [
      // Attempts are at 50, 150, 350, 750, 1,550 and 3,150 ms: the last one is the first that is not before the end.
      [1_150, 6],
      [1_149, 6],
      [1_151, 7],
      [0, 6],
    ] as const) {
      const clock = new ManualClock();
      let tried = 0;
      const fate = fateOf(reconnect({ clock, random: () => 0.5, grace, attempt: () => (tried++, lost()) }));
      while (clock.running > 0) await pass(clock, 50);
      expect([grace, tried]).toEqual([grace, attempts]);
      expect(fate.outcome).toMatchObject({ code: 'unreachable' });
    }
  });

  it('gives up when nobody wants it, when it closes connections itself, and at other errors', async () => {
    const closed = new ConnectionLostError(CONNECTION.closedHere(FIRST));
    for (const [error, isOver] of [
      [unreachable(FIRST), true],
      [closed, false],
      [new Error('refused'), false],
    ] as const) {
      const clock = new ManualClock();
      const attempt = (): Promise<never> => Promise.reject(error);
      const fate = fateOf(
        reconnect({ clock, random: () => 0.5, grace: 9_000, attempt, isOver: () => isOver }),
      );
      await pass(clock, 50);
      expect([fate.outcome, clock.running]).toEqual([error, 0]);
    }
  });

  it('tries at once if it only wants to connect, and later only with a grace and for a lost connection', async () => {
    const refused = new Error('refused');
    for (const [grace, error, attempts] of [
      [0, unreachable(FIRST), 1],
      [1, refused, 1],
      [1, unreachable(FIRST), 2],
    ] as const) {
      const clock = new ManualClock();
      let tried = 0;
      const attempt = (): Promise<string> =>
        tried++ === 0 ? Promise.reject(error) : Promise.resolve('there');
      const fate = fateOf(connectWithin({ clock, random: () => 0.5, grace, attempt }));
      await pass(clock, 0);
      expect([tried, clock.running]).toEqual([1, attempts - 1]);
      await pass(clock, 50);
      expect([tried, fate.outcome]).toEqual([attempts, attempts === 1 ? error : 'there']);
    }
    const there = { clock: new ManualClock(), random: () => 0.5, attempt: () => Promise.resolve('there') };
    expect(await connectWithin({ ...there, grace: 5 })).toBe('there');
  });
});

describe('a connection that a program opens', () => {
  it('has the usual address, and the workspace as its owner is wanted', async () => {
    for (const [followOwner, asked] of [
      [undefined, ['ada:1: locate ws | w']],
      [true, ['ada:1: locate ws | w']],
      [false, []],
    ] as const) {
      const cluster = new Cluster();
      cluster.at.set(FIRST, 'shop');
      cluster.owner = FIRST;
      const platform = {
        ...new ScriptedServer().platform(),
        servers: cluster.servers,
      };
      await openRequester({ open: cluster.open, platform, workspace: 'w', followOwner });
      expect(cluster.asked).toEqual(asked);
      expect(cluster.servers.from('127.0.0.1:8765').met).toEqual([FIRST]);
      await openRequester({ open: cluster.open, platform, host: 'h', port: 2 });
      expect(cluster.servers.from('h:2').met).toEqual([FIRST]);
    }
  });

  it('has a session in the partition of its workspace (D18)', async () => {
    const cluster = new Cluster();
    cluster.at.set(FIRST, 'shop');
    cluster.owner = FIRST;
    for (const workspace of ['w', 'x', 'y', undefined]) {
      const platform = { ...new ScriptedServer().platform(), servers: new KnownServers() };
      await openRequester({ open: cluster.open, platform, workspace, reconnectGrace: 5 });
      const [, secret = ''] = cluster.asked.at(-1)?.split(' | ') ?? [];
      const partitions = workspace === undefined ? 1 : 7;
      expect(cluster.asked.at(-1)).toBe(`ada:1: ${VERB.openSession} | ${secret} | 5`);
      expect([secret.slice(0, 7), partitionOf(secret, partitions)]).toEqual([
        'secret ',
        partitionOf(workspace ?? '', partitions),
      ]);
    }
    // At the server, all of them had a session.
    expect(cluster.asked.filter((each) => each.includes(VERB.openSession))).toHaveLength(4);
  });

  it('tries 10,000 more secrets at most, and one if the server has not said how its data are divided', async () => {
    const [wanted = '', other = ''] = ['a', 'b', 'c', 'd']
      .sort((a, b) => partitionOf(a, 2) - partitionOf(b, 2))
      .slice(1);
    expect(partitionOf(wanted, 2)).not.toBe(partitionOf(other, 2));
    for (const [partitions, store, drawn] of [
      ['2', 'shop', 10_001],
      ['1', 'shop', 1],
      ['2', undefined, 1],
    ] as const) {
      const cluster = new Cluster();
      cluster.at.set(FIRST, store);
      Object.assign(cluster, { owner: FIRST, partitions });
      let secrets = 0;
      const secret = (): string => {
        secrets++;
        return other;
      };
      const platform = { ...new ScriptedServer().platform(), servers: new KnownServers(), secret };
      await openRequester({ open: cluster.open, platform, workspace: wanted, reconnectGrace: 5 });
      expect([secrets, cluster.asked.at(-1)]).toEqual([drawn, `ada:1: ${VERB.openSession} | ${other} | 5`]);
    }
  });
});
