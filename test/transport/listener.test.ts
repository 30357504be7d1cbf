import { connect, Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Gate, type Credentials } from '../../src/transport/gate.ts';
import { Listener } from '../../src/transport/listener.ts';
import { BOUNDS } from '../../src/wire/bounds.ts';
import { eventually } from '../support/eventually.ts';
import { openField } from '../support/open-fields.ts';

const OPEN_TO_ALL = 'everyone who reaches this address may do everything: see docs/security.md';

/** A listener, and what it does with its connections. */
class Listened {
  readonly lines: Record<string, unknown>[] = [];
  readonly accepted: { socket: Duplex; name: string }[] = [];
  readonly refused: string[] = [];
  isFull = false;
  readonly listener: Listener;
  readonly clients: Socket[] = [];

  constructor(credentials: Credentials = {}) {
    this.listener = new Listener({
      gate: new Gate(credentials),
      logger: pino(
        { base: null, timestamp: false },
        { write: (line) => void this.lines.push(JSON.parse(line)) },
      ),
      isFull: () => this.isFull,
      accept: (socket, name) => void this.accepted.push({ socket, name }),
      refused: (limit) => void this.refused.push(limit),
    });
  }

  /** @returns HOST:PORT of a new client, as the server sees it, when it is connected */
  async connect(): Promise<string> {
    const client = connect(this.listener.port, '127.0.0.1');
    this.clients.push(client);
    client.on('error', () => undefined);
    await new Promise((resolve) => client.once('connect', resolve));
    return `127.0.0.1:${client.localPort}`;
  }

  close(): void {
    this.listener.close();
    for (const { socket } of this.accepted) socket.destroy();
    for (const client of this.clients) client.destroy();
  }
}

const all: Listened[] = [];
function make(credentials: Credentials = {}): Listened {
  const made = new Listened(credentials);
  all.push(made);
  return made;
}
afterEach(() => {
  for (const each of all.splice(0)) each.close();
});

describe('the listening socket', () => {
  it('accepts connections with their names, and does not read from them', async () => {
    const { listener, accepted, lines, ...listened } = make();
    await listener.listen('127.0.0.1', 0);
    expect([listener.host, listener.port > 0]).toEqual(['127.0.0.1', true]);
    const name = await all[0]?.connect();
    await eventually(() => accepted.length === 1, 'it is accepted');
    expect(accepted[0]?.name).toBe(name);
    expect(accepted[0]?.socket.isPaused()).toBe(true);
    expect([lines, listened.refused]).toEqual([[], []]);
  });

  it.each<[host: string, credentials: Credentials, warns: boolean]>([
    ['127.0.0.1', {}, false],
    ['0.0.0.0', {}, true],
    ['0.0.0.0', { admission: { token: 'secret' } }, false],
    ['127.0.0.1', { admission: { token: 'secret' } }, false],
  ])('on %s with %j warns if everyone is admitted: %s', async (host, credentials, warns) => {
    const { listener, lines } = make(credentials);
    await listener.listen(host, 0);
    expect(lines).toEqual(warns ? [{ level: 40, host, msg: OPEN_TO_ALL }] : []);
  });

  it('says why it cannot listen, and that it does not listen', async () => {
    const first = make();
    await first.listener.listen('127.0.0.1', 0);
    const second = make();
    expect(() => second.listener.port).toThrow('does not listen');
    const { port } = first.listener;
    await expect(second.listener.listen('127.0.0.1', port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('refuses addresses that are not allowed, and connections over the limit', async () => {
    const strict = make({ admission: { allow: ['10.0.0.0/8'] } });
    await strict.listener.listen('127.0.0.1', 0);
    const stranger = await strict.connect();
    await eventually(() => strict.lines.length === 1, 'it is logged');
    expect(strict.lines).toEqual([
      { level: 40, audit: true, peer: stranger, msg: 'connection refused: the address is not allowed' },
    ]);
    const full = make();
    full.isFull = true;
    await full.listener.listen('127.0.0.1', 0);
    const [one] = [await full.connect(), await full.connect()];
    await eventually(() => full.refused.length === 2, 'both are refused');
    expect(full.refused).toEqual(['connectionCount', 'connectionCount']);
    // The second one is not logged until a while has passed.
    expect(full.lines).toEqual([
      {
        level: 40,
        audit: true,
        peer: one,
        times: 1,
        limit: 'connectionCount',
        msg: 'connection refused: over the limit',
      },
    ]);
    for (const { clients, accepted } of [strict, full]) {
      await eventually(() => clients.every(({ closed }) => closed), 'they are closed');
      expect(accepted).toEqual([]);
    }
  });

  it('goes on when the system accepts no connections for a while, and says so', async () => {
    const listened = make();
    await listened.listener.listen('127.0.0.1', 0);
    const net = openField(listened.listener, 'net', Server);
    for (const message of ['first', 'second']) net.emit('error', new Error(message));
    expect(listened.lines).toMatchObject([
      { level: 50, times: 1, error: {}, msg: 'connections cannot be accepted' },
    ]);
    await listened.connect();
    await eventually(() => listened.accepted.length === 1, 'it goes on');
  });

  it('keeps the last descriptors for files (P12)', async () => {
    const listened = make();
    await listened.listener.listen('127.0.0.1', 0);
    const net = openField(listened.listener, 'net', Server);
    Reflect.set(listened.listener, '$descriptors', 100 + BOUNDS.reservedDescriptors.value);
    const arrives = (fd: number): Socket => {
      const socket = new Socket();
      Reflect.set(socket, '_handle', { fd, close: () => undefined });
      net.emit('connection', socket);
      return socket;
    };
    const sockets = [99, 100, 101].map(arrives);
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false, true, true]);
    expect(listened.refused).toEqual(['descriptors', 'descriptors']);
    expect(listened.lines).toMatchObject([
      {
        level: 50,
        times: 1,
        limit: 'descriptors',
        descriptors: 100 + BOUNDS.reservedDescriptors.value,
        msg: 'connections refused: no descriptors are left',
      },
    ]);
  });

  it('lets a thousand connections wait, sends what is written at once, and can be closed', async () => {
    const { listener } = make();
    const net = openField(listener, 'net', Server);
    using listen = vi.spyOn(net, 'listen');
    await listener.listen('127.0.0.1', 0);
    expect(listen.mock.calls[0]?.[0]).toMatchObject({ backlog: 1_024 });
    expect(net).toMatchObject({ noDelay: true, keepAlive: true });
    // The one that reports, and not the one that waited until it listens.
    expect(net.listenerCount('error')).toBe(1);
    listener.close();
    expect(net.listening).toBe(false);
  });
});
