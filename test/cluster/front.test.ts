import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Front } from '../../src/cluster/front.ts';
import { NetWorkSpace } from '../../src/index.ts';
import { NODE_EDGE } from '../../src/transport/edge.ts';
import { Gate } from '../../src/transport/gate.ts';
import { createLogger } from '../../src/transport/logger.ts';
import { TcpServer } from '../../src/transport/server.ts';

// The listening sockets of servers that share a store.

const HOST = '127.0.0.1';
const logger = createLogger('silent');
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function newFront(secret = 'shared'): Promise<Front> {
  const front = new Front(new Gate({}), logger, { most: 100, secret });
  await front.listen(HOST, 0, 0);
  ends.unshift(() => front.close());
  return front;
}

/** A core behind a front. */
function newCore(front: Front): TcpServer {
  const tcp = new TcpServer({}, logger, undefined, {
    ...NODE_EDGE,
    listener: (core) => front.listening(core),
  });
  ends.unshift(() => tcp.close());
  return tcp;
}

const linkOf = (front: Front) => ({ host: HOST, port: front.linkPort });

const open = ({ port }: Front): Promise<NetWorkSpace> =>
  NetWorkSpace.open('shop', { port, persistent: true, reconnectGrace: 0 });

const bytesOf = (value: unknown): Buffer => (Buffer.isBuffer(value) ? value : Buffer.of());

describe('a front', () => {
  it('lets clients wait until there is an owner, and forwards or serves them then', async () => {
    const [owner, other] = [await newFront(), await newFront()];
    const clients = Array.from({ length: 20 }, (_, at) => open(at % 2 === 0 ? owner : other));
    while (owner.counts.waiting + other.counts.waiting < clients.length) await sleep(1);
    other.forward(linkOf(owner));
    while (owner.counts.waiting < clients.length) await sleep(1);
    const core = newCore(owner);
    await core.listen(HOST, 0);
    const spaces = await Promise.all(clients);
    const large = Buffer.alloc(1_000_000, 'large');
    await Promise.all(spaces.map((space, at) => space.store(`v${at}`, large)));
    for (const at of spaces.keys())
      expect(large.equals(bytesOf(await spaces.at(-1 - at)?.fetch(`v${at}`)))).toBe(true);
    expect(other.counts.forwarded).toBeGreaterThanOrEqual(10);
    const names = [...core.core.connections].map(({ peer }) => peer);
    expect(new Set(names).size).toBeGreaterThanOrEqual(20);
  });

  it('closes the connections of its clients when the owner changes, and forwards no client twice', async () => {
    const [a, b] = [await newFront(), await newFront()];
    a.forward(linkOf(b));
    b.forward(linkOf(a));
    await expect(open(a)).rejects.toThrow('closed the connection');
    const core = newCore(b);
    await core.listen(HOST, 0);
    const client = connect(a.port, HOST);
    client.write('0000');
    await once(client, 'data');
    a.hold();
    await once(client, 'close');
    expect(a.counts.forwarded).toBe(0);
  });

  it('serves nobody on its second port who does not know the secret of the store', async () => {
    const [owner, stranger] = [await newFront(), await newFront('guessed')];
    const core = newCore(owner);
    await core.listen(HOST, 0);
    stranger.forward(linkOf(owner));
    await expect(open(stranger)).rejects.toThrow('closed the connection');
    expect(core.counts.sockets).toBe(0);
  });
});
