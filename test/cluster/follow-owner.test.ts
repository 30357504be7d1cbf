import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Channel } from '../../src/client/connection/channel.ts';
import { ConnectionPool } from '../../src/client/connection/connection-pool.ts';
import { KnownServers } from '../../src/client/connection/known-servers.ts';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import type { ServerAddress } from '../../src/client/connection/server-address.ts';
import { thisHost, type Platform } from '../../src/client/platform.ts';
import { createServer, NetWorkSpace } from '../../src/index.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { authorityOf } from '../../src/wire/authority.ts';
import { VERB } from '../../src/wire/names.ts';
import { partitionOf } from '../../src/wire/partition-of.ts';
import { eventually } from '../support/eventually.ts';
import { HOST, placeOf, startFront } from '../support/fronts.ts';
import { PartitionedServers } from '../support/partitioned-servers.ts';

// Clients of this project connect to the owner of their workspace (D24). The stores are in memory, and partition 1 belongs to the
// second server.

const PARTITIONS = 4;
const STORE = 'the store';

function named(partition: number): string {
  for (let number = 0; ; number++)
    if (partitionOf(`w${number}`, PARTITIONS) === partition) return `w${number}`;
}
const [HERE, THERE] = [named(0), named(1)];

/** Nobody listens there. */
const NOBODY = 1;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function start(
  store = STORE,
  options?: Parameters<typeof PartitionedServers.start>[2],
): Promise<PartitionedServers> {
  const servers = await PartitionedServers.start(PARTITIONS, store, options);
  ends.push(() => servers.close());
  return servers;
}

/** A process that knows no server yet. */
function newPlatform(): Platform {
  const platform: Platform = {
    ...thisHost,
    servers: new KnownServers(),
    connect: (options) => NwsConnection.open(options, platform),
  };
  return platform;
}

interface Opening extends Pick<ServerAddress, 'host' | 'tls' | 'token'> {
  readonly port: number;
  readonly others?: readonly string[] | undefined;
  readonly workspace?: string;
  readonly reconnectGrace?: number;
  readonly followOwner?: boolean | undefined;
}

async function open(opening: Opening, platform = newPlatform()): Promise<NwsConnection> {
  const connection = await NwsConnection.open({ workspace: THERE, ...opening }, platform);
  ends.unshift(() => connection.close());
  await connection.openWorkspace(opening.workspace ?? THERE, { persistent: true });
  return connection;
}

async function raw(port: number): Promise<ProtocolClient> {
  const client = await ProtocolClient.ready({ port });
  ends.unshift(() => client.vanish());
  return client;
}

const portsOf = (connection: NwsConnection): number => Number(connection.address.split(':').at(-1));

const clientsOf = ({ fronts }: PartitionedServers): number[] => fronts.map(({ counts }) => counts.forwarded);

const sessionsOf = ({ cores }: PartitionedServers): number[] => cores.map(({ sessions }) => sessions.count);

describe('a client of servers that share a store', () => {
  it.each([0, 20])('is connected to the owner of its workspace only, with a grace of %d s', async (grace) => {
    const servers = await start();
    const connection = await open({ port: servers.port, reconnectGrace: grace });
    await connection.store(THERE, 'x', 1);
    expect((await connection.fetch(THERE, 'x')).value).toBe(1);
    expect(portsOf(connection)).toBe(servers.fronts[1].port);
    await eventually(() => clientsOf(servers).join() === '0,1', 'it has left the other server');
    // All of its session is in the partition of its workspace.
    expect(sessionsOf(servers)).toEqual([0, 1, 0, 0]);
  });

  it('stays at a server that owns its workspace, and asks once', async () => {
    const servers = await start();
    const connection = await open({ port: servers.port, workspace: HERE, reconnectGrace: 20 });
    expect(portsOf(connection)).toBe(servers.port);
    expect([clientsOf(servers), sessionsOf(servers)]).toEqual([
      [1, 0],
      [1, 0, 0, 0],
    ]);
  });

  it('connects there for each request that waits', async () => {
    const servers = await start();
    const workspace = await NetWorkSpace.open(THERE, { port: servers.port, reconnectGrace: 20 });
    ends.unshift(() => workspace.close());
    const waits = Array.from({ length: 5 }, (_, at) => workspace.fetch(`v${at}`));
    await eventually(() => clientsOf(servers)[1] === 6, 'all of its connections are at the owner');
    await Promise.all(waits.map((_, at) => workspace.store(`v${at}`, at)));
    expect(await Promise.all(waits)).toEqual([0, 1, 2, 3, 4]);
    expect(clientsOf(servers)[0]).toBe(0);
  });

  it('connects to another one that the program names if the first cannot be reached', async () => {
    const servers = await start();
    const other = authorityOf(HOST, servers.port);
    for (const followOwner of [true, false]) {
      const connection = await open({ port: NOBODY, others: [`${HOST}:${NOBODY}`, other], followOwner });
      await connection.store(THERE, 'x', 1);
      expect(portsOf(connection)).toBe(servers.fronts[followOwner ? 1 : 0].port);
    }
  });

  it('tells other processes at which servers it was, so that they need not reach the first', async () => {
    const servers = await start();
    const lines = await ConnectionPool.open({ port: servers.port, workspace: THERE }, newPlatform());
    ends.unshift(() => lines.close());
    const { server } = lines;
    expect(server).toEqual({ port: servers.port, others: [authorityOf(HOST, servers.fronts[1].port)] });
    const connection = await open({ ...server, port: NOBODY });
    expect(portsOf(connection)).toBe(servers.fronts[1].port);
  });

  it('stays where it connects when it must not follow', async () => {
    const servers = await start();
    const connection = await open({ port: servers.port, followOwner: false });
    await connection.store(THERE, 'x', 1);
    expect([portsOf(connection), clientsOf(servers)]).toEqual([servers.port, [1, 0]]);
  });

  it('stays when the server tells of no other one, and is not asked', async () => {
    const servers = await PartitionedServers.start(PARTITIONS);
    ends.push(() => servers.close());
    const asked = vi.spyOn(Channel.prototype, 'exchange');
    ends.push(() => asked.mockRestore());
    const connection = await open({ port: servers.port });
    expect(asked.mock.calls.map(([[verb]]) => verb)).toEqual([VERB.openWs]);
    expect([portsOf(connection), clientsOf(servers)]).toEqual([servers.port, [1, 0]]);
  });

  it('asks no server without others', async () => {
    const server = await createServer({ port: 0, logLevel: 'error' });
    ends.push(() => server.close());
    const asked = vi.spyOn(Channel.prototype, 'exchange');
    ends.push(() => asked.mockRestore());
    await open({ port: server.port, reconnectGrace: 20 });
    expect(asked.mock.calls.map(([[verb]]) => verb)).toEqual([VERB.openSession, VERB.openWs]);
  });

  it('stays when it cannot reach the owner, and does not try again soon', async () => {
    const servers = await start();
    servers.placeFor = () => `${HOST}:1`;
    await servers.claimAgain(1);
    const platform = newPlatform();
    const tries = vi.spyOn(Channel, 'open');
    ends.push(() => tries.mockRestore());
    for (const reconnectGrace of [0, 20]) {
      const connection = await open({ port: servers.port, reconnectGrace }, platform);
      await connection.store(THERE, 'x', 1);
      expect([portsOf(connection), clientsOf(servers)[1]]).toEqual([servers.port, 0]);
    }
    expect(tries.mock.calls.map(([{ port }]) => port)).toEqual([servers.port, 1, servers.port]);
  });

  it('stays when there is a server with another store at that address', async () => {
    const [servers, others] = [await start(), await start('another store')];
    servers.placeFor = () => placeOf(others.fronts[1]);
    await servers.claimAgain(1);
    const connection = await open({ port: servers.port });
    expect(portsOf(connection)).toBe(servers.port);
    await eventually(() => clientsOf(others).join() === '0,0', 'it has left that server');
    expect((await connection.listWorkspaces()).map(({ name }) => name)).toContain(THERE);
  });

  it('moves once only, although the other server says that the first one is the owner', async () => {
    const [first, second] = [await startFront({}, { store: STORE }), await startFront({}, { store: STORE })];
    ends.push(() => [first, second].forEach((front) => front.destroy()));
    for (const [one, other] of [
      [first, second],
      [second, first],
    ] as const)
      one.forward(0, { host: HOST, port: 1, isEncrypted: false }, placeOf(other));
    const connection = await NwsConnection.open({ port: first.port, workspace: THERE }, newPlatform());
    ends.unshift(() => connection.close());
    expect(portsOf(connection)).toBe(second.port);
  });
});

const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));

describe('a client with TLS and a token', () => {
  const TLS = { cert: fixture('localhost.crt'), key: fixture('localhost.key') };
  const admission = { token: 'open sesame' };
  const secure = {
    host: 'localhost',
    tls: { ca: TLS.cert.toString(), servername: 'localhost' },
    token: admission.token,
  };

  it.each([0, 20])('has them with the owner, too, with a grace of %d s', async (reconnectGrace) => {
    const servers = await start(STORE, [
      { tls: TLS, admission },
      { tls: TLS, admission },
    ]);
    const connection = await open({ ...secure, port: servers.port, reconnectGrace });
    await connection.store(THERE, 'x', 1);
    expect((await connection.fetch(THERE, 'x')).value).toBe(1);
    expect(portsOf(connection)).toBe(servers.fronts[1].port);
    await eventually(() => clientsOf(servers).join() === '0,1', 'it has left the other server');
  });

  it.each([
    ['offers no TLS', { admission }],
    [
      'has another certificate',
      { tls: { cert: fixture('client.crt'), key: fixture('client.key') }, admission },
    ],
    ['takes another token', { tls: TLS, admission: { token: 'another' } }],
  ])('stays where it is if the owner %s', async (_what, other) => {
    const servers = await start(STORE, [{ tls: TLS, admission }, other]);
    const connection = await open({ ...secure, port: servers.port });
    await connection.store(THERE, 'x', 1);
    expect(portsOf(connection)).toBe(servers.port);
  });

  it('is at the next owner when its own has gone, with its requests', async () => {
    const both = { tls: TLS, admission };
    const servers = await start(STORE, [both, both]);
    const connection = await open({ ...secure, port: servers.port, reconnectGrace: 20 });
    const waits = connection.fetch(THERE, 'later');
    await servers.move(1);
    servers.fronts[1].destroy();
    const other = await open({ ...secure, port: servers.port });
    await other.store(THERE, 'later', 2);
    expect((await waits).value).toBe(2);
    expect(portsOf(connection)).toBe(servers.port);
  });
});

describe('the request for the owner of a workspace', () => {
  it('is answered in its place among others, and a session may begin after it', async () => {
    const servers = await start();
    const client = await raw(servers.port);
    expect((await client.ask([VERB.locateWs, HERE])).metadata).toEqual({ nwsPartitions: '4', nwsOwner: '' });
    expect((await client.ask([VERB.openSession, 'a secret', '20'])).status).toBe('0000');
    const asked = [
      ['open ws', HERE, 'me', 'no'],
      [VERB.locateWs, THERE],
      ['open ws', THERE, 'me', 'no'],
      [VERB.locateWs, HERE],
      [VERB.locateWs],
    ].map((request, at) => client.begin(request, { request: String(at + 1) }));
    const replies = await Promise.all(asked.map(({ whenAnswered }) => whenAnswered));
    expect(replies.map(({ metadata }) => metadata['nwsOwner'])).toEqual([
      undefined,
      placeOf(servers.fronts[1]),
      undefined,
      '',
      undefined,
    ]);
    expect(replies.at(-1)?.reason).toBe('Wrong number of arguments for "locate ws"');
  });

  it('has no answer while nobody owns the workspace', async () => {
    const servers = await start();
    await servers.lose(1);
    const client = await raw(servers.fronts[1].port);
    expect((await client.ask([VERB.locateWs, THERE])).metadata).toEqual({ nwsPartitions: '4' });
  });

  it('says that a server without others has all workspaces', async () => {
    const server = await createServer({ port: 0, logLevel: 'error' });
    ends.push(() => server.close());
    const client = await raw(server.port);
    expect((await client.ask([VERB.locateWs, THERE])).metadata).toEqual({ nwsOwner: '' });
  });

  it('ends a request that waits, as any other does (P5.3)', async () => {
    const servers = await start();
    const client = await raw(servers.port);
    await client.ask(['open ws', HERE, 'me', 'no']);
    client.begin(['fetch', HERE, 'never']).whenAnswered.catch(() => undefined);
    client.forgetExpected();
    client.write(client.encode([VERB.locateWs, HERE]));
    await client.until('A request came while an earlier one was blocked.0001');
    await client.ended();
  });
});

describe('a client whose server has gone', () => {
  it('is at the next owner when it is back, with its requests', async () => {
    const servers = await start();
    const connection = await open({ port: servers.port, reconnectGrace: 20 });
    await connection.store(THERE, 'x', 1);
    const waits = connection.fetch(THERE, 'later');
    await servers.move(1);
    // The former owner closes the connections of its clients, as when it is stopped.
    servers.fronts[1].destroy();
    const other = await open({ port: servers.port });
    await other.store(THERE, 'later', 2);
    expect((await waits).value).toBe(2);
    expect((await connection.fetch(THERE, 'x')).value).toBe(1);
    expect(clientsOf(servers)).toEqual([2, 0]);
  });

  it('waits for the next owner, rather than stay where it is not (D24.3)', async () => {
    const servers = await start();
    const connection = await open({ port: servers.port, reconnectGrace: 20 });
    const waits = connection.fetch(THERE, 'later');
    const [left, gone] = servers.fronts;
    gone.close();
    gone.destroy();
    const asked = vi.spyOn(Channel.prototype, 'exchange');
    ends.push(() => asked.mockRestore());
    await servers.lose(1);
    await sleep(500);
    const verbs = asked.mock.calls.map(([[verb]]) => verb);
    expect(verbs.length).toBeGreaterThan(2);
    expect(new Set(verbs)).toEqual(new Set([VERB.locateWs]));
    await servers.move(1);
    const other = await open({ port: left.port });
    await other.store(THERE, 'later', 2);
    expect((await waits).value).toBe(2);
    expect(portsOf(connection)).toBe(left.port);
  });

  it('connects to another server that it knows when that of the program cannot be reached', async () => {
    const servers = await start();
    const platform = newPlatform();
    const connection = await open({ port: servers.port, reconnectGrace: 20 }, platform);
    await connection.store(THERE, 'x', 1);
    const { port } = servers;
    servers.fronts[0].close();
    const other = await open({ port }, platform);
    expect(portsOf(other)).toBe(servers.fronts[1].port);
    expect((await other.fetch(THERE, 'x')).value).toBe(1);
    await expect(open({ port })).rejects.toMatchObject({ code: 'unreachable' });
  });
});
