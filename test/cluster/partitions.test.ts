import { describe, expect, it, onTestFinished } from 'vitest';
import { partitionOf } from '../../src/wire/partition-of.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { eventually } from '../support/eventually.ts';
import { PartitionedServers } from '../support/partitioned-servers.ts';

// Clients whose workspaces belong to several owners (D17, D18). The stores are in memory.

const PARTITIONS = 4;
const NO_SESSION = 'There is no such session.';

/** A name for a workspace, or a secret, in that partition. */
function named(partition: number, beginning = 'w'): string {
  for (let number = 0; ; number++)
    if (partitionOf(`${beginning}${number}`, PARTITIONS) === partition) return `${beginning}${number}`;
}
const [A, B, C] = [named(0), named(1), named(2)];
const SECRET = named(3, 'secret');

async function start(): Promise<PartitionedServers> {
  const servers = await PartitionedServers.start(PARTITIONS);
  onTestFinished(() => servers.close());
  return servers;
}

/** @param at which of the servers it connects to */
async function connect({ fronts }: PartitionedServers, at: 0 | 1 = 0): Promise<ProtocolClient> {
  const client = await ProtocolClient.ready({ port: fronts[at].port });
  onTestFinished(() => client.vanish());
  return client;
}

/** A client with workspaces in several partitions. */
async function withWorkspaces(servers: PartitionedServers, ...workspaces: readonly string[]) {
  const client = await connect(servers);
  for (const name of workspaces) await client.ask(['open ws', name, 'me', 'no']);
  return client;
}

/** A client with a session of its own, which has asked these requests under the numbers from 1. */
async function withSession(servers: PartitionedServers, requests: readonly (readonly string[])[]) {
  const client = await connect(servers);
  await client.ask(['open session', SECRET, '30']);
  for (const [at, request] of requests.entries())
    expect(await client.ask(request, { request: String(at + 1) })).toMatchObject({ status: '0000' });
  return client;
}

const sessionsOf = ({ cores }: PartitionedServers): number[] => cores.map(({ sessions }) => sessions.count);

describe('a client of servers that own several partitions', () => {
  it('gets replies in the order of its requests, whichever workspaces they name (D17)', async () => {
    const client = await connect(await start());
    const asked = Array.from({ length: 40 }, (_, at) => [
      client.begin(['open ws', `each${at}`, 'me', 'no']),
      client.begin(['store', `each${at}`, 'x', '1', String(at)]),
      client.begin(['fetch', `each${39 - at}`, 'x']),
      client.begin(['nonsense']),
    ]).flat();
    const replies = [];
    for (const { whenAnswered } of asked) replies.push(await whenAnswered);
    const values = replies.filter((_, at) => at % 4 === 2).map(({ status, value }) => status + value);
    // A workspace that has not been opened yet, or the value that was stored before.
    expect(values).toEqual(Array.from({ length: 40 }, (_, at) => (at < 20 ? '2001' : `0000${39 - at}`)));
    expect(new Set(replies.filter((_, at) => at % 4 === 3).map(({ reason }) => reason))).toEqual(
      new Set(['Unknown verb "nonsense"']),
    );
  });

  it('has all carried out that it has sent before it closes its sending side', async () => {
    const servers = await start();
    const client = await connect(servers);
    for (const name of [A, B, C]) await client.ask(['open ws', name, 'me', 'yes']);
    const names = Array.from({ length: 1_500 }, (_, at) => [A, B, C][at % 3] ?? A);
    client.write(names.map((name, at) => client.encode(['store', name, 'x', '1', String(at)])).join(''));
    client.end();
    const valuesIn = (name: string, partition: number): number =>
      servers.core(partition).workspaces.find(name)?.find('x')?.behaviour.counts.values ?? 0;
    const stored = (): number => valuesIn(A, 0) + valuesIn(B, 1) + valuesIn(C, 2);
    await eventually(() => stored() === names.length, 'all of it is carried out');
  });

  it('has done in one partition what it asked before its next request has an effect in another (D17)', async () => {
    const servers = await start();
    const client = await withWorkspaces(servers, A, B);
    const other = await connect(servers, 1);
    for (const name of [A, B]) await other.ask(['use ws', name, '', 'no']);
    for (let round = 0; round < 20; round++) {
      client.begin(['store', A, 'first', '1', String(round)]);
      client.begin(['store', B, 'second', '1', String(round)]);
      await other.ask(['fetch', B, 'second']);
      expect(await other.ask(['fetchTry', A, 'first'])).toMatchObject({
        status: '0000',
        value: String(round),
      });
    }
  });

  it('must send nothing after a request that waits, whichever workspace it names (P5.3)', async () => {
    const client = await withWorkspaces(await start(), A, B);
    client.begin(['store', A, 'x', '1', 'there']);
    const fetched = client.begin(['fetch', A, 'x']);
    const stored = client.begin(['store', B, 'y', '1', 'stored']);
    expect((await fetched.whenAnswered).value).toBe('there');
    expect((await stored.whenAnswered).status).toBe('0000');
    client.begin(['fetch', A, 'x']).whenAnswered.catch(() => undefined);
    client.forgetExpected();
    client.write(client.encode(['store', B, 'y', '1', 'not stored']));
    await client.until('A request came while an earlier one was blocked.0001');
    await client.ended();
  });

  it('gets the listing of one server (D17.1)', async () => {
    const servers = await start();
    const client = await withWorkspaces(servers, A, B);
    const other = await connect(servers, 1);
    await other.ask(['open ws', C, 'other', 'yes']);
    const { value } = await client.ask(['list wss']);
    const lines = value.slice(0, -1).split('\n');
    expect(lines.map((line) => line.split('\t')[0])).toEqual(
      [`>${A}`, `>${B}`, ` ${C}`, ' __default'].toSorted((a, b) => (a.slice(1) < b.slice(1) ? -1 : 1)),
    );
    expect((await client.ask(['list wss', C])).value).toBe(
      `${lines.find((line) => line.startsWith(` ${C}`))}\n`,
    );
    // What asked for the listing has ended.
    await eventually(
      () => servers.cores.every(({ counts }) => counts.connections <= 2),
      'only sessions have connections',
    );
  });

  it('makes temporary workspaces in its home, and ends leases wherever they are (D17.1, V13)', async () => {
    const servers = await start();
    const client = await withWorkspaces(servers, A, B);
    const names = [];
    for (let at = 0; at < 5; at++) names.push((await client.ask(['mktemp ws', 'made%d'])).value);
    expect(new Set(names).size).toBe(5);
    expect(new Set(names.map((name) => partitionOf(name, PARTITIONS))).size).toBe(1);
    for (const name of names) expect((await client.ask(['store', name, 'x', '1', 'v'])).status).toBe('0000');
    const leases = [];
    for (const name of [A, B]) {
      await client.ask(['store', name, 'x', '1', name]);
      leases.push((await client.ask(['take', name, 'x', '60000'])).metadata['nwsLease'] ?? '');
    }
    expect(leases.map((lease) => Number(lease) % PARTITIONS)).toEqual([0, 1]);
    for (const lease of leases) expect((await client.ask(['end lease', lease, 'back'])).status).toBe('0000');
    for (const name of [A, B]) expect((await client.ask(['fetchTry', name, 'x'])).value).toBe(name);
  });

  it('goes on in each partition when its owner changes, and only requests for that one wait (D13)', async () => {
    const servers = await start();
    const client = await withWorkspaces(servers, A, B);
    const other = await connect(servers, 1);
    await other.ask(['use ws', A, '', 'no']);
    await servers.lose(1);
    await client.ask(['store', A, 'x', '1', 'while B has no owner']);
    expect((await other.ask(['fetch', A, 'x'])).value).toBe('while B has no owner');
    const stored = client.begin(['store', B, 'y', '1', 'once']);
    const fetched = client.begin(['fetch', B, 'y']);
    const again = client.begin(['fetchTry', B, 'y']);
    await servers.claimAgain(1);
    expect((await stored.whenAnswered).status).toBe('0000');
    expect((await fetched.whenAnswered).value).toBe('once');
    expect((await again.whenAnswered).status).toBe('0001');
    const waiting = client.begin(['fetch', A, 'later']);
    await servers.move(0);
    await other.ask(['store', A, 'later', '1', 'from the next owner']);
    expect((await waiting.whenAnswered).value).toBe('from the next owner');
  });

  it('has its requests carried out in all partitions although it disconnects, and its session ends in all (D13, D14)', async () => {
    const servers = await start();
    const client = await connect(servers);
    for (const name of [A, B, C])
      client.write(
        client.encode(['open ws', name, 'me', 'yes']) + client.encode(['store', name, 'x', '1', 'stored']),
      );
    client.end();
    const other = await connect(servers, 1);
    for (const name of [A, B, C]) {
      await other.ask(['use ws', name, '', 'no']);
      expect((await other.ask(['fetch', name, 'x'])).value).toBe('stored');
    }
    other.vanish();
    await eventually(() => sessionsOf(servers).every((count) => count === 0), 'all sessions have ended');
  });

  it('consumes nothing in one partition when it disconnects while another one has no owner (V6)', async () => {
    const servers = await start();
    const client = await withWorkspaces(servers, B, A);
    await servers.lose(1);
    client.begin(['fetch', A, 'x']).whenAnswered.catch(() => undefined);
    await eventually(() => servers.core(0).blockedConnections === 1, 'it waits');
    client.vanish();
    await eventually(() => servers.core(0).sessions.count === 0, 'its session there has ended');
    await servers.claimAgain(1);
    await eventually(() => servers.core(1).sessions.count === 0, 'and the other, too');
  });

  it('lets the owner of its home stop when it has asked for that and disconnects (P3)', async () => {
    const servers = await start();
    const client = await withWorkspaces(servers, A, B);
    await client.ask(['deadman']);
    expect(sessionsOf(servers).filter((count) => count > 0).length).toBeGreaterThanOrEqual(2);
    client.end();
    await eventually(() => servers.stopped.length === 1, 'the owner of one partition has stopped');
  });
});

describe('a client with a session of its own over several partitions', () => {
  const opened = [
    ['open ws', A, 'me', 'no'],
    ['open ws', B, 'me', 'no'],
    ['store', A, 'x', '1', 'a'],
    ['store', B, 'x', '1', 'b'],
  ];

  it('comes back through another server, with its workspaces and without a second effect (D18, P15.1)', async () => {
    const servers = await start();
    (await withSession(servers, opened)).vanish();
    const back = await connect(servers, 1);
    const { status, metadata } = await back.ask(['resume session', SECRET]);
    expect([status, metadata]).toEqual(['0000', { nwsGrace: '30' }]);
    for (const [at, request] of opened.entries())
      expect(await back.ask(request, { request: String(at + 1) })).toMatchObject({ status: '0000' });
    for (const name of [A, B]) {
      expect((await back.ask(['fetchTry', name, 'x'], { request: '5' })).status).toBe('0000');
      expect((await back.ask(['fetchTry', name, 'x'], { request: '6' })).status).toBe('0001');
    }
    // Not where it has done nothing.
    expect(sessionsOf(servers)).toEqual([1, 1, 0, 1]);
  });

  it('comes back after all owners have changed, and keeps what its home had noted (D18)', async () => {
    const servers = await start();
    const client = await withSession(servers, opened);
    client.vanish();
    for (let partition = 0; partition < PARTITIONS; partition++) await servers.move(partition);
    const back = await connect(servers);
    await back.ask(['resume session', SECRET]);
    expect((await back.ask(['fetchTry', A, 'x'])).value).toBe('a');
    expect((await back.ask(['fetchTry', B, 'x'])).value).toBe('b');
  });

  it('goes on over the same connection when owners change (D15)', async () => {
    const servers = await start();
    const client = await withSession(servers, opened);
    const fetched = client.begin(['fetch', B, 'later'], { request: '5' });
    for (let partition = 0; partition < PARTITIONS; partition++) await servers.move(partition);
    const other = await connect(servers, 1);
    await other.ask(['use ws', B, '', 'no']);
    await other.ask(['store', B, 'later', '1', 'it']);
    expect((await fetched.whenAnswered).value).toBe('it');
    expect((await client.ask(['open ws', C, 'me', 'no'], { request: '6' })).status).toBe('0000');
  });

  it('loses its connection if a request that an owner may have carried out has no number (D15)', async () => {
    const servers = await start();
    const client = await withSession(servers, opened);
    client.begin(['fetch', B, 'later']).whenAnswered.catch(() => undefined);
    await eventually(() => servers.core(1).blockedConnections === 1, 'it waits');
    await servers.move(1);
    await client.ended();
    const back = await connect(servers);
    expect((await back.ask(['resume session', SECRET])).status).toBe('0000');
  });

  it('has no session any more if it has ended in one of the partitions (D18)', async () => {
    const servers = await start();
    const client = await withSession(servers, opened);
    client.vanish();
    await servers.endSession(1, SECRET);
    const stranger = await connect(servers, 1);
    expect(await stranger.ask(['resume session', SECRET])).toMatchObject({
      status: '0001',
      reason: NO_SESSION,
    });
    await eventually(
      () => servers.cores.every(({ sessions }) => [...sessions.all].every(({ secret }) => secret !== SECRET)),
      'it has ended everywhere',
    );
    expect((await stranger.ask(['open ws', A, 'me', 'no', 'no'])).status).toBe('0100');
  });

  it('ends its session in all partitions (P15.4)', async () => {
    const servers = await start();
    const client = await withSession(servers, opened);
    expect((await client.ask(['end session'], { request: '5' })).status).toBe('0000');
    expect((await client.ask(['open ws', C, 'me', 'no'], { request: '6' })).status).toBe('0000');
    client.end();
    await eventually(() => sessionsOf(servers).every((count) => count === 0), 'all have ended');
  });

  it('takes its session from an older connection, which does not take it back when owners change (D18.1)', async () => {
    const servers = await start();
    const older = await withSession(servers, opened);
    const newer = await connect(servers, 1);
    await newer.ask(['resume session', SECRET]);
    await older.ended();
    for (const partition of [3, 0, 1]) await servers.move(partition);
    expect((await newer.ask(['fetch', A, 'x'], { request: '5' })).value).toBe('a');
    expect((await newer.ask(['fetch', B, 'x'], { request: '6' })).value).toBe('b');
  });

  it('is refused by its home as by one server, and goes on without a session', async () => {
    const servers = await start();
    const client = await connect(servers);
    expect((await client.ask(['resume session', SECRET])).reason).toBe(NO_SESSION);
    expect((await client.ask(['open ws', A, 'me', 'no'])).status).toBe('0000');
    expect((await client.ask(['end session'])).reason).toBe('This connection has no session.');
    expect((await client.ask(['open session', SECRET, '1'])).reason).toBe(
      'A session begins with the first request of a connection.',
    );
  });
});
