import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Front } from '../../src/cluster/front.ts';
import { LinkTls, openLink } from '../../src/cluster/link-tls.ts';
import { linkAddress, memberOf } from '../../src/cluster/member.ts';
import { askServer } from '../../src/cluster/question.ts';
import type { TcpServer } from '../../src/transport/server.ts';
import type { TcpOptions } from '../../src/transport/tcp-options.ts';
import { BOUNDS } from '../../src/wire/bounds.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { TcpProxy, type Passage } from '../../src/verify/tcp-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { coreBehind, HOST, linkOf, startFront } from '../support/fronts.ts';

// Links between servers with TLS (D25), and who may introduce itself as a server.

const KEEP_ALIVE_SLACK_MS = 8_000;
const SECRET = '0123456789abcdef0123456789abcdef';
const TOKEN = 'open sesame';
const WITH_TOKEN: TcpOptions = { admission: { token: TOKEN } };

/** The messages of the log of every server. */
const logged: string[] = [];
const logger = pino(
  new Writable({
    write(chunk: Buffer, _, done) {
      const { msg }: { readonly msg: string } = JSON.parse(chunk.toString());
      logged.push(msg);
      done();
    },
  }),
);

const asked = (question: string): Promise<string> => Promise.resolve(`answer to ${question}`);

async function newFront(linkTls: boolean, secret = SECRET, options: TcpOptions = {}): Promise<Front> {
  const front = await startFront(options, { secret, linkTls, asked, logger });
  onTestFinished(() => {
    front.close();
    front.destroy();
  });
  return front;
}

/** A server that owns the data. */
async function newOwner(
  linkTls: boolean,
  options: TcpOptions = {},
): Promise<{ owner: Front; core: TcpServer }> {
  logged.length = 0;
  const owner = await newFront(linkTls, SECRET, options);
  const core = coreBehind(owner, options);
  onTestFinished(() => core.close());
  await core.listen(HOST, 0);
  return { owner, core };
}

async function newClient(front: Front): Promise<ProtocolClient> {
  const client = await ProtocolClient.ready(front);
  onTestFinished(() => client.vanish());
  return client;
}

/** Someone on the way who keeps what passes. */
class Listener extends TcpProxy {
  sent = Buffer.of();
  received = Buffer.of();

  static async before(port: number): Promise<Listener> {
    const listener = await new Listener(() => ({ host: HOST, port })).listening();
    onTestFinished(() => listener.close());
    return listener;
  }

  protected override passage(): Passage {
    return {
      sent: (bytes, forward) => {
        this.sent = Buffer.concat([this.sent, bytes]);
        forward(bytes);
      },
      received: (bytes, forward) => {
        this.received = Buffer.concat([this.received, bytes]);
        forward(bytes);
      },
    };
  }
}

const large = 'a large value; '.repeat(200_000);

describe('the link between servers', () => {
  it.each([
    ['is not encrypted if neither asks for that', false, false],
    ['is encrypted if both ask for that', true, true],
    ['is encrypted if the server that connects asks for that', true, false],
    ['is encrypted if the owner asks for that', false, true],
  ])('%s (D25)', async (_, near, far) => {
    const { owner, core } = await newOwner(far);
    const front = await newFront(near);
    const listener = await Listener.before(owner.linkPort);
    front.forward(0, { ...listener.address, isEncrypted: far });
    const client = await newClient(front);
    await client.ask(['open ws', 'shop', 'me', 'no']);
    for (const value of ['a short value', large]) {
      await client.ask(['store', 'shop', 'x', '1', value]);
      expect((await client.ask(['fetch', 'shop', 'x'])).value).toBe(value);
    }
    const read = Buffer.concat([listener.sent, listener.received]).toString('latin1');
    const isRead = ['a short value', 'a large value', 'shop', SECRET].map((text) => read.includes(text));
    expect(isRead).toEqual(isRead.map(() => !near && !far));
    // What ends with a connection ends over the link as well.
    client.end();
    await eventually(
      () => core.core.workspaces.find('shop') === undefined,
      'the workspace is deleted with its owner',
    );
  });

  it('carries questions, and the address of a server says whether it must be encrypted', async () => {
    const { owner } = await newOwner(true);
    const front = await newFront(false);
    const ports = { host: HOST, port: 1, linkPort: owner.linkPort, page: undefined };
    const to = linkAddress(memberOf('a', { ...ports, linkTls: true }));
    expect(to).toEqual({ host: HOST, port: owner.linkPort, isEncrypted: true });
    expect(linkAddress(memberOf('a', { ...ports, host: '::1', linkTls: false }))).toEqual({
      host: '::1',
      port: owner.linkPort,
      isEncrypted: false,
    });
    for (const link of ['a host:1', 'host', 'tls://', 'host:0', ''])
      expect(linkAddress({ link })).toBeUndefined();
    if (to === undefined) return;
    const signal = AbortSignal.timeout(5_000);
    const question = { secret: SECRET, name: 'b', path: '/overview', signal };
    expect(await askServer({ ...question, open: () => front.open(to) })).toBe('answer to /overview');
    await expect(askServer({ ...question, open: () => openLink(to, undefined) })).rejects.toThrow(
      'not answer',
    );
  });
});

/** How long both ends of a connection to a port wait until they ask whether the other one is there, in milliseconds, as the kernel says. */
function keepAlives(port: number): number[] {
  const [ESTABLISHED, KEEP_ALIVE] = ['01', '02'];
  const end = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .map((row) => row.trim().split(/\s+/))
    .filter(([, from, to, state]) => (from === end || to === end) && state === ESTABLISHED)
    .map(([, , , , , timer = '']) => timer.split(':'))
    .map(([type, left = '']) => (type === KEEP_ALIVE ? Number.parseInt(left, 16) * 10 : Number.NaN));
}

const isUsual = (left: number): boolean =>
  left <= BOUNDS.keepAliveMs.value && left > BOUNDS.keepAliveMs.value - KEEP_ALIVE_SLACK_MS;

describe.skipIf(process.platform !== 'linux')(
  'the link between servers, when a machine has gone silent',
  () => {
    it.each([false, true])('is asked at both ends, as one to a client is; encrypted: %s', async (linkTls) => {
      const { owner } = await newOwner(linkTls);
      const front = await newFront(linkTls);
      front.forward(0, { ...linkOf(owner), isEncrypted: linkTls });
      const client = await newClient(front);
      await client.ask(['open ws', 'shop', 'me', 'no']);
      let seen: readonly number[] = [];
      await eventually(() => {
        seen = keepAlives(owner.linkPort);
        return seen.length === 2 && !seen.some(Number.isNaN);
      }, 'keep-alive runs at both ends');
      expect(seen.map(isUsual), String(seen)).toEqual([true, true]);
    });
  },
);

/** What a stranger gets for what it sends to a port. */
async function replyOf(port: number, bytes: string | Uint8Array): Promise<string> {
  const socket = connect(port, HOST);
  let reply = '';
  socket.on('data', (data: Buffer) => (reply += data.toString('latin1'))).on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(bytes);
  await Promise.race([once(socket, 'close'), new Promise((resolve) => void setTimeout(resolve, 300))]);
  socket.destroy();
  return reply;
}

describe('a client that introduces itself as a server', () => {
  const WISH = '2222';
  it.each([
    ['no secret', ` me 0\n${WISH}`],
    ['an empty line', `\n${WISH}`],
    ['another secret', `${SECRET.replace('0', '1')} me 0\n${WISH}`],
    ['the beginning of the secret', `${SECRET.slice(0, -1)} me 0\n${WISH}`],
    ['more than the secret', `${SECRET}0 me 0\n${WISH}`],
    ['the secret alone', `${SECRET}\n${WISH}`],
    ['no end', SECRET.repeat(200)],
    ['the token', `${TOKEN} me 0\n${WISH}`],
    ['a question without the secret', ` me /overview\n`],
  ])('with %s reaches no partition', async (_, introduction) => {
    for (const linkTls of [false, true]) {
      const { owner, core } = await newOwner(linkTls, WITH_TOKEN);
      expect(await replyOf(owner.linkPort, introduction)).toBe('');
      expect(core.counts.sockets).toBe(0);
      expect(logged.join()).toContain('refused: it is not');
    }
  });

  it('reaches nothing on the port for clients, whatever it knows', async () => {
    const { owner, core } = await newOwner(false, WITH_TOKEN);
    const reply = await replyOf(owner.port, `${SECRET} me 0\n${WISH}`);
    expect(reply).not.toContain('\n');
    expect(core.counts.sockets).toBe(0);
    expect(core.core.workspaces.count).toBe(1);
  });

  it('is refused without TLS by a server that asks for it, even with the secret, and the log says why', async () => {
    const { owner, core } = await newOwner(true);
    expect(await replyOf(owner.linkPort, `${SECRET} me 0\n${WISH}`)).toBe('');
    expect(core.counts.sockets).toBe(0);
    expect(logged.join()).toContain('link refused: it is not encrypted');
  });

  it('is refused with the key of another store, and each of the servers logs that', async () => {
    const { owner, core } = await newOwner(true);
    const stranger = await newFront(true, 'guessed');
    stranger.forward(0, linkOf(owner));
    const client = await newClient(stranger);
    client.begin(['list wss']).whenAnswered.catch(() => undefined);
    await eventually(() => logged.join().includes('cannot be encrypted'), 'the stranger says so');
    await eventually(() => logged.join().includes('not from a server with this store'), 'the owner says so');
    expect(core.counts.sockets).toBe(0);
  });

  it('cannot use what it has recorded', async () => {
    const { owner, core } = await newOwner(true);
    const front = await newFront(true);
    const listener = await Listener.before(owner.linkPort);
    front.forward(0, { ...listener.address, isEncrypted: true });
    const client = await newClient(front);
    await client.ask(['open ws', 'shop', 'me', 'yes']);
    await client.ask(['store', 'shop', 'x', '1', 'once']);
    const { sent } = listener;
    client.vanish();
    await eventually(() => core.counts.sockets === 0, 'the link has ended');
    await replyOf(owner.linkPort, sent);
    expect(core.counts.sockets).toBe(0);
    const other = await newClient(owner);
    await other.ask(['use ws', 'shop', '', 'no']);
    expect((await other.ask(['list vars', 'shop'])).value).toMatch(/^x\t1\t/);
  });

  it('learns nothing in the place of a server: neither the secret nor a request', async () => {
    let heard = '';
    const sockets: Socket[] = [];
    const impostor = createServer((socket) => {
      sockets.push(socket);
      socket.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1'))).on('error', () => undefined);
      new LinkTls('guessed').accept(socket, Buffer.of(), () => (heard += 'secured'));
    });
    await once(impostor.listen(0, HOST), 'listening');
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      impostor.close();
    });
    const address = impostor.address();
    const front = await newFront(true);
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    front.forward(0, { host: HOST, port, isEncrypted: false });
    const client = await newClient(front);
    client.begin(['open ws', 'private', 'me', 'no']).whenAnswered.catch(() => undefined);
    await eventually(() => sockets.length > 1, 'the server has tried it more than once');
    for (const text of [SECRET, 'private', 'secured']) expect(heard).not.toContain(text);
  });
});
