import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Front } from '../../src/cluster/front.ts';
import { openLink } from '../../src/cluster/link-tls.ts';
import { askServer } from '../../src/cluster/question.ts';
import { NetWorkSpace } from '../../src/index.ts';
import type { TcpServer } from '../../src/transport/server.ts';
import type { TcpOptions } from '../../src/transport/tcp-options.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { eventually } from '../support/eventually.ts';
import { coreBehind, HOST, linkOf, startFront } from '../support/fronts.ts';

// The listening sockets of servers that share a store. Here the owner never changes for another one with the same data.

async function newFront(options: TcpOptions = {}, secret = 'shared'): Promise<Front> {
  const front = await startFront({ limits: { connectionCount: 100 }, ...options }, { secret });
  onTestFinished(() => {
    front.close();
    front.destroy();
  });
  return front;
}

async function newCore(front: Front, options: TcpOptions = {}): Promise<TcpServer> {
  const tcp = coreBehind(front, options);
  onTestFinished(() => tcp.close());
  await tcp.listen(HOST, 0);
  return tcp;
}

/** An owner, and a server that forwards to it. */
async function newPair(options: TcpOptions = {}): Promise<{ core: TcpServer; front: Front; owner: Front }> {
  const [owner, front] = [await newFront(options), await newFront(options)];
  const core = await newCore(owner, options);
  front.forward(0, linkOf(owner));
  return { core, front, owner };
}

/** Nobody listens there. */
const NOWHERE = { host: HOST, port: 1, isEncrypted: false };

const open = ({ port }: { readonly port: number }, reconnectGrace = 0): Promise<NetWorkSpace> =>
  NetWorkSpace.open('shop', { port, persistent: true, reconnectGrace });

const bytesOf = (value: unknown): Buffer => (Buffer.isBuffer(value) ? value : Buffer.of());

describe('a server that does not own the data', () => {
  it('lets clients wait until there is an owner, and forwards or serves them then (D12)', async () => {
    const [owner, other] = [await newFront(), await newFront()];
    const clients = Array.from({ length: 20 }, (_, at) => open(at % 2 === 0 ? owner : other, at % 3));
    while (owner.counts.forwarded + other.counts.forwarded < clients.length) await sleep(1);
    other.forward(0, linkOf(owner));
    while (owner.counts.waiting < clients.length / 2) await sleep(1);
    const core = await newCore(owner);
    const spaces = await Promise.all(clients);
    const large = Buffer.alloc(3_000_000, 'large');
    await Promise.all(spaces.map((space, at) => space.store(`v${at}`, large)));
    for (const at of spaces.keys())
      expect(large.equals(bytesOf(await spaces.at(-1 - at)?.fetch(`v${at}`)))).toBe(true);
    const names = [...core.core.connections].map(({ peer }) => peer);
    expect(new Set(names).size).toBeGreaterThanOrEqual(20);
  });

  it('holds a session with the owner for a client without one, which ends at once with its client (D13, D14)', async () => {
    const { core, front } = await newPair();
    const client = await ProtocolClient.ready(front, '0000');
    await client.ask(['open ws', 'own', 'me', 'no']);
    const [session] = core.core.sessions.all;
    expect(session?.peer).toBe(client.peer);
    client.begin(['fetch', 'own', 'never']);
    client.vanish();
    await eventually(() => core.core.sessions.count === 0, 'the session has ended');
    expect(core.core.workspaces.find('own')).toBeUndefined();
  });

  it('closes the connection of a client whose session the owner has ended', async () => {
    const { core, front, owner } = await newPair({ limits: { sessionSeconds: 0.1 } });
    const [idle, client] = [await ProtocolClient.ready(front), await ProtocolClient.ready(front)];
    await client.ask(['open ws', 'own', 'me', 'no']);
    front.forward(0, NOWHERE);
    await eventually(
      () => core.core.sessions.count === 0,
      'nobody has taken the session up within its grace',
    );
    client.begin(['list wss']).whenAnswered.catch(() => undefined);
    front.forward(0, linkOf(owner));
    await client.ended();
    expect((await idle.ask(['list wss'])).status).toBe('0000');
  });

  it('keeps its session with an owner to which the link is lost: it is still a member of its barrier (D14, V12)', async () => {
    const { core, front, owner } = await newPair();
    const [member, other] = [await ProtocolClient.ready(front), await ProtocolClient.ready(owner)];
    await member.ask(['open ws', 'shop', 'me', 'yes']);
    await member.ask(['declare var', 'shop', 'b', '__barrier']);
    await member.ask(['store', 'shop', 'b', '1', 'join']);
    await other.ask(['use ws', 'shop', '', 'no']);
    await other.ask(['store', 'shop', 'b', '1', 'join']);
    const released = other.begin(['find', 'shop', 'b']);
    const [before] = core.core.connections;
    front.forward(0, NOWHERE);
    await eventually(() => ![...core.core.connections].some((each) => each === before), 'the link is lost');
    front.forward(0, linkOf(owner));
    expect((await member.ask(['list vars', 'shop'])).value).toBe('b\t2\t0\t1\t__barrier');
    expect(await Promise.race([released.whenAnswered, sleep(50)])).toBeUndefined();
    await member.ask(['find', 'shop', 'b']);
    await released.whenAnswered;
  });

  it('passes the last reply on before it closes the connection (P5.1, P5.3)', async () => {
    const { front } = await newPair();
    const client = await ProtocolClient.ready(front);
    await client.ask(['open ws', 'own', 'me', 'no']);
    client.begin(['fetch', 'own', 'never']).whenAnswered.catch(() => undefined);
    client.forgetExpected();
    client.write(client.encode(['list wss']));
    await client.until('A request came while an earlier one was blocked.0001');
    await client.ended();
    const empty = await ProtocolClient.ready(front);
    empty.write('00000000');
    await empty.until('0001');
    await empty.ended();
  });

  it('ends a session whose client asks for that while a request waits, without a reply (P15.4)', async () => {
    const { core, front } = await newPair();
    const client = await ProtocolClient.ready(front);
    await client.ask(['open session', 'mine', '20']);
    await client.ask(['open ws', 'own', 'me', 'no']);
    client.begin(['fetch', 'own', 'never']).whenAnswered.catch(() => undefined);
    client.forgetExpected();
    client.write(client.encode(['end session']));
    await client.ended();
    expect(client.unread).toBe('');
    expect(core.core.workspaces.find('own')).toBeUndefined();
  });

  it('relays a client with a session of its own, which comes back by itself when the owner changes (D15)', async () => {
    const { core, front, owner } = await newPair();
    const space = await open(front, 20);
    await space.store('x', 1);
    const [session] = core.core.sessions.all;
    front.forward(0, NOWHERE);
    const fetched = space.fetch('x');
    await sleep(20);
    front.forward(0, linkOf(owner));
    expect(await fetched).toBe(1);
    expect([...core.core.sessions.all]).toContain(session);
  });

  it('keeps the links to an owner that still owns the data after another server has tried to claim it', async () => {
    const { core, front, owner } = await newPair();
    const [held, relayed] = [await ProtocolClient.ready(front), await open(front, 20)];
    await held.ask(['open ws', 'own', 'me', 'no']);
    const before = [...core.core.connections];
    front.hold(0);
    expect((await held.ask(['list vars', 'own'])).status).toBe('0000');
    front.forward(0, linkOf(owner));
    await relayed.store('x', 1);
    expect([...core.core.connections]).toEqual(before);
  });

  it('refuses what a server without the data refuses, in its place (P12, P15)', async () => {
    const { front } = await newPair({ limits: { nameBytes: 100 } });
    const client = await ProtocolClient.ready(front);
    const replies = [
      client.begin(['open ws', 'own', 'me', 'no']),
      client.begin(['store', 'own', 'n'.repeat(101), '1', 'x']),
      client.begin(['findTry', 'own', 'n'.repeat(101)]),
      client.begin(['open session', 'secret', '1']),
      client.begin(['end session']),
      client.begin(['nonsense']),
      client.begin(['list vars', 'own']),
    ];
    const reasons = [];
    for (const { whenAnswered } of replies) reasons.push((await whenAnswered).metadata['nwsReason'] ?? '');
    expect(reasons).toEqual([
      '',
      'Refused: an argument of 101 bytes; the limit is 100.',
      'Refused: an argument of 101 bytes; the limit is 100.',
      'A session begins with the first request of a connection.',
      'This connection has no session.',
      'Unknown verb "nonsense"',
      '',
    ]);
  });

  it('admits clients itself: the owner asks for no token again (P2.5)', async () => {
    const { front } = await newPair({ admission: { token: 'secret' } });
    const space = await NetWorkSpace.open('shop', { port: front.port, token: 'secret' });
    await space.store('x', 1);
    await expect(NetWorkSpace.open('shop', { port: front.port, token: 'wrong' })).rejects.toThrow();
    const old = connect(front.port, HOST);
    old.write('0000');
    const [denied] = await once(old, 'data');
    expect(String(denied)).toBe('F000');
  });

  it('lets the owner stop when a client has asked for that and disconnects (P3)', async () => {
    const { core, front } = await newPair();
    const client = await ProtocolClient.ready(front);
    expect((await client.ask(['deadman'])).status).toBe('0000');
    client.end();
    await core.stopped;
  });

  it('gives the owner what a client has sent before it disconnected', async () => {
    const { front, owner } = await newPair();
    const [client, other] = [await ProtocolClient.ready(front), await ProtocolClient.ready(owner)];
    client.write(
      client.encode(['open ws', 'kept', 'me', 'yes']) + client.encode(['store', 'kept', 'x', '1', 'stored']),
    );
    client.end();
    const listed = async (): Promise<boolean> => (await other.ask(['list wss', 'kept'])).value !== '';
    await eventually(listed, 'the workspace is there');
    await other.ask(['use ws', 'kept', '', 'no']);
    expect(await other.ask(['fetch', 'kept', 'x'])).toMatchObject({ value: 'stored' });
  });

  it('connects no client to a server that forwards itself', async () => {
    const [a, b] = [await newFront(), await newFront()];
    a.forward(0, linkOf(b));
    b.forward(0, linkOf(a));
    const client = await ProtocolClient.ready(a);
    const asked = client.begin(['list wss']);
    await sleep(200);
    expect(asked.answer).toBeUndefined();
    expect(b.counts.forwarded).toBe(0);
    await newCore(b);
    expect((await asked.whenAnswered).status).toBe('0000');
  });

  it('serves nobody on its second port who does not know the secret of the store', async () => {
    const [owner, stranger] = [await newFront(), await newFront({}, 'guessed')];
    const core = await newCore(owner);
    stranger.forward(0, linkOf(owner));
    const client = await ProtocolClient.ready(stranger);
    const asked = client.begin(['list wss']);
    await sleep(200);
    expect(asked.answer).toBeUndefined();
    expect(core.counts.sockets).toBe(0);
  });
});

const questionTo = (front: Front, secret: string) => ({
  open: () => openLink(linkOf(front), undefined),
  secret,
  name: 'b',
  path: '/overview',
  signal: AbortSignal.timeout(5_000),
});

describe('the link between servers', () => {
  it('accepts a client of a server that knows no partitions yet, and of no other partition than there are (D22)', async () => {
    const front = await newFront();
    await newCore(front);
    const firstOf = async (line: string): Promise<string> => {
      const socket = connect(front.linkPort, HOST);
      socket.write(line);
      const [bytes] = await Promise.race([once(socket, 'data'), once(socket, 'close')]);
      socket.destroy();
      return bytesOf(bytes).toString();
    };
    expect(await firstOf('shared name\n')).toBe('\n');
    expect(await firstOf('shared name 0\n')).toBe('\n');
    expect(await firstOf('shared name 1\n')).toBe('');
  });

  it('answers a question of a server with the same secret, and closes otherwise', async () => {
    const asked: string[] = [];
    const front = await startFront(
      {},
      {
        asked: (question) => {
          asked.push(question);
          return Promise.resolve('{"of":"a"}');
        },
      },
    );
    onTestFinished(() => {
      front.close();
      front.destroy();
    });
    expect(await askServer(questionTo(front, 'shared'))).toBe('{"of":"a"}');
    await expect(askServer(questionTo(front, 'another'))).rejects.toThrow('does not answer');
    expect(asked).toEqual(['/overview']);
  });

  it('does not wait for a server that says nothing', async () => {
    const front = await startFront({}, { asked: () => new Promise(() => undefined) });
    onTestFinished(() => {
      front.close();
      front.destroy();
    });
    const signal = AbortSignal.timeout(50);
    await expect(askServer({ ...questionTo(front, 'shared'), signal })).rejects.toThrow();
  });
});
