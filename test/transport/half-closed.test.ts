import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { it, onTestFinished } from 'vitest';
import { NODE_EDGE } from '../../src/transport/edge.ts';
import { createLogger } from '../../src/transport/logger.ts';
import { TcpServer } from '../../src/transport/server.ts';
import type { TcpOptions } from '../../src/transport/tcp-options.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { eventually } from '../support/eventually.ts';
import { coreBehind, HOST, linkOf, startFront } from '../support/fronts.ts';

// A client that closes its sending side at once, as `nc -N` does. More than one turn of its requests is left then (P14).

const STORES = 2_000;
const requests = [
  ['open ws', 'kept', 'me', 'yes'],
  ...Array.from({ length: STORES }, (_, at) => ['store', 'kept', 'x', '1', String(at)]),
];
const REQUESTS = requests.map((each) => encodeRequest(each, undefined)).join('');
const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));

async function newCore(options: TcpOptions = {}): Promise<TcpServer> {
  const core = new TcpServer(options, createLogger('silent'), undefined, NODE_EDGE);
  onTestFinished(() => core.close());
  await core.listen(HOST, 0);
  return core;
}

async function newFront(): ReturnType<typeof startFront> {
  const front = await startFront();
  onTestFinished(() => {
    front.close();
    front.destroy();
  });
  return front;
}

async function newCoreBehind(front: Awaited<ReturnType<typeof newFront>>): Promise<TcpServer> {
  const core = coreBehind(front);
  onTestFinished(() => core.close());
  await core.listen(HOST, 0);
  return core;
}

const ways: Record<string, () => Promise<{ core: TcpServer; client: Duplex; hasGreeted?: boolean }>> = {
  'over a socket': async () => {
    const core = await newCore();
    return { core, client: connect({ port: core.port, host: HOST, allowHalfOpen: true }) };
  },
  'over TLS': async () => {
    const core = await newCore({ tls: { cert: fixture('localhost.crt'), key: fixture('localhost.key') } });
    const client = await ProtocolClient.ready(core, { SSL: '1' });
    await client.startTls({ ca: fixture('localhost.crt'), host: 'localhost' });
    return { core, client: client.socket, hasGreeted: true };
  },
  'inside of the process': async () => {
    const core = await newCore();
    return { core, client: core.connect('inside') };
  },
  'of the owner in a cluster': async () => {
    const front = await newFront();
    const core = await newCoreBehind(front);
    return { core, client: connect({ port: front.port, host: HOST, allowHalfOpen: true }) };
  },
  'of another server in a cluster': async () => {
    const [owner, front] = [await newFront(), await newFront()];
    const core = await newCoreBehind(owner);
    front.forward(0, linkOf(owner));
    return { core, client: connect({ port: front.port, host: HOST, allowHalfOpen: true }) };
  },
};

it.each(Object.entries(ways))(
  'a client %s has all carried out that it has sent before its end (P1, P14)',
  async (_, way) => {
    const { core, client, hasGreeted = false } = await way();
    client.resume().end(hasGreeted ? REQUESTS : `2222${REQUESTS}`, 'latin1');
    await once(client, 'close');
    const stored = (): number | undefined =>
      core.core.workspaces.find('kept')?.find('x')?.behaviour.counts.values;
    await eventually(() => stored() === STORES, 'all of it is carried out');
  },
);
