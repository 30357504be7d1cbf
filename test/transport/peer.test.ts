import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { setImmediate as settled } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { AwakeTime } from '../../src/transport/awake.ts';
import { Peer, type PeerEvents } from '../../src/transport/peer.ts';
import { TlsStarter } from '../../src/transport/tls.ts';
import { BOUNDS } from '../../src/wire/bounds.ts';
import { ManualLoop } from '../support/manual-loop.ts';
import { ManualSocket } from '../support/manual-socket.ts';

// One connection: what is sent, what is read and when it ends, on a socket and a clock that the test drives.

const LINGER_MS = BOUNDS.lingerMs.value;
const EARLY_BYTES = BOUNDS.earlyBytes.value;

/** A peer on a socket that has room for ten bytes. */
class Connection {
  readonly loop = new ManualLoop();
  readonly socket = new ManualSocket();
  readonly peer: Peer;
  /** What the server was told, in order. */
  readonly told: string[] = [];
  /** The unread bytes each time they were counted. */
  readonly counted: number[] = [];
  onReceived: (text: string) => void = () => undefined;

  constructor(carrier?: Socket) {
    const events: PeerEvents = {
      received: (peer, bytes) => {
        this.told.push(`${peer.id}: ${bytes.length > 99 ? bytes.length : bytes.toString()}`);
        this.onReceived(bytes.toString());
      },
      secured: () => void this.told.push('secured'),
      counted: ({ unread }) => void this.counted.push(unread),
      gone: () => void this.told.push('gone'),
      closed: () => void this.told.push('closed'),
    };
    this.peer = new Peer(7, carrier ?? this.socket, 'client', events, new AwakeTime(this.loop));
  }

  /** A connection whose socket has begun to read. */
  static async open(): Promise<Connection> {
    const connection = new Connection();
    await settled();
    return connection;
  }

  /** A connection that has sent these bytes, or ten, to a client that does not take them. */
  static async blocked(bytes = '0123456789'): Promise<Connection> {
    const connection = await Connection.open();
    connection.socket.isReading = false;
    connection.peer.send(bytes);
    return connection;
  }

  /** What has arrived is read, if the peer reads. */
  async receive(...pieces: (string | Buffer)[]): Promise<void> {
    for (const piece of pieces) this.socket.push(piece);
    await settled();
  }

  /** The client closes its sending side. */
  async endInput(): Promise<void> {
    this.socket.push(null);
    await settled();
  }

  async advance(milliseconds: number): Promise<void> {
    this.loop.advance(milliseconds);
    await settled();
  }

  async turn(): Promise<void> {
    this.loop.turn();
    await settled();
  }

  async takeAll(): Promise<void> {
    this.socket.takeAll();
    await settled();
  }

  async take(): Promise<void> {
    this.socket.takeNext();
    await settled();
  }

  /** It is over, and no timer is left. */
  expectOver(): void {
    expect([this.socket.destroyed, this.told.slice(-2), this.loop.running]).toEqual([
      true,
      ['gone', 'closed'],
      0,
    ]);
  }
}

/** A file in pieces, which notes how far it was read. */
function fileOf(...pieces: (string | Error)[]) {
  const file = { read: 0, isReleased: false, pieces: read() };
  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      for (const piece of pieces) {
        await Promise.resolve();
        file.read++;
        if (piece instanceof Error) throw piece;
        yield Buffer.from(piece);
      }
    } finally {
      file.isReleased = true;
    }
  }
  return file;
}

describe('what is sent to a client', () => {
  test('leaves at once, in order, each character as one byte', async () => {
    const { peer, socket, counted, loop } = await Connection.open();
    peer.send('a\xe9');
    peer.send(Buffer.from('bc'));
    expect(socket.sent).toEqual(['a\xe9', 'bc']);
    expect([counted, peer.unread, loop.running]).toEqual([[], 0, 0]);
    expect([socket.isPaused(), peer.name]).toEqual([false, 'client']);
  });

  test('leaves together between cork and uncork, whether it is texts or bytes', async () => {
    const { peer, socket } = await Connection.open();
    peer.cork();
    peer.send('a');
    peer.cork();
    peer.send('b');
    expect(socket.sent).toEqual([]);
    peer.uncork();
    expect(socket.sent).toEqual(['ab']);
    peer.cork();
    for (const text of ['c', 'd']) {
      peer.send(text);
      peer.send(Buffer.from(text.toUpperCase()));
    }
    peer.send('e');
    expect(socket.sent).toEqual(['ab']);
    peer.uncork();
    await settled();
    expect(socket.sent).toEqual(['ab', 'cCdDe']);
    peer.send('f');
    peer.uncork();
    expect(socket.sent.at(-1)).toBe('f');
  });

  test('is counted while the client does not take it, and nothing is read from it meanwhile (P11, P12)', async () => {
    const connection = await Connection.blocked();
    const { peer, socket, counted, told } = connection;
    expect([counted, peer.unread]).toEqual([[10], 10]);
    await connection.receive('input');
    expect([told, socket.isPaused()]).toEqual([[], true]);
    await connection.takeAll();
    expect([counted, peer.unread, told]).toEqual([[10, 0], 0, ['7: input']]);
    expect(socket.sent).toEqual(['0123456789']);
  });

  test('is not counted any more when the connection is destroyed, and what is sent then is lost', async () => {
    const connection = await Connection.blocked();
    const { peer } = connection;
    peer.destroy();
    expect(peer.unread).toBe(0);
    await settled();
    connection.expectOver();
    const other = await Connection.open();
    other.socket.destroy(new Error('ECONNRESET'));
    await settled();
    other.peer.send('0123456789');
    expect(other.peer.unread).toBe(0);
    other.expectOver();
  });

  test('leaves completely before whoever waits for that is told, never at once, and once', async () => {
    const connection = await Connection.open();
    const { peer, socket, told } = connection;
    const flushed = (): void => void told.push('flushed');
    peer.whenFlushed(flushed);
    await connection.receive('next');
    expect([told, socket.isPaused()]).toEqual([[], true]);
    await connection.turn();
    expect(told).toEqual(['flushed', '7: next']);
    socket.isReading = false;
    peer.send('0123456789');
    peer.whenFlushed(flushed);
    await connection.turn();
    expect(told).toHaveLength(2);
    await connection.takeAll();
    expect(told).toEqual(['flushed', '7: next', 'flushed']);
    socket.isReading = false;
    peer.send('0123456789');
    await connection.takeAll();
    expect([told.length, socket.isPaused()]).toEqual([3, false]);
  });
});

describe('a file that is sent', () => {
  test('is read as fast as the client takes it, and what follows waits behind it and is counted (P11)', async () => {
    const connection = await Connection.open();
    const { peer, socket, counted, told } = connection;
    socket.isReading = false;
    const [file, second] = [fileOf('first piece', 'second piece', 'end'), fileOf('2nd')];
    peer.send(file.pieces);
    expect(socket.isPaused()).toBe(false);
    peer.send('behind');
    expect(socket.isPaused()).toBe(true);
    peer.send(second.pieces);
    peer.send(Buffer.from('!'));
    await settled();
    expect([file.read, peer.unread, counted]).toEqual([1, 11 + 7, [6, 6, 7, 18]]);
    let isFlushed = false;
    peer.whenFlushed(() => (isFlushed = true));
    await connection.turn();
    await connection.receive('input');
    await connection.take();
    expect([file.read, second.read, socket.isPaused(), isFlushed]).toEqual([2, 0, true, false]);
    expect(told).toEqual([]);
    await connection.takeAll();
    expect(socket.sent.join('|')).toMatch(/^first piece\|second piece\|end\|?behind\|?2nd\|?!$/);
    expect([peer.unread, counted.at(-1), isFlushed, told]).toEqual([0, 0, true, ['7: input']]);
    expect([file.isReleased, second.isReleased]).toEqual([true, true]);
  });

  test('leaves no listener on the socket, however many pieces it has', async () => {
    const connection = await Connection.open();
    const { peer, socket } = connection;
    const listeners = (): number[] =>
      ['drain', 'close', 'error', 'data', 'end'].map((event) => socket.listenerCount(event));
    const before = listeners();
    socket.isReading = false;
    peer.send(fileOf('0123456789', '0123456789', '0123456789').pieces);
    await settled();
    for (let turn = 0; turn < 3; turn++) await connection.take();
    expect(socket.sent).toHaveLength(3);
    expect(listeners()).toEqual(before);
  });

  test('lets nothing follow if it cannot be read to its end', async () => {
    const connection = await Connection.open();
    connection.peer.send(fileOf('half', new Error('EIO')).pieces);
    connection.peer.send('behind');
    await settled();
    expect(connection.socket.sent).toEqual(['half']);
    connection.expectOver();
  });

  test.each(['destroys', 'breaks'])('is released when its client %s the connection', async (how) => {
    const connection = await Connection.open();
    const { peer, socket } = connection;
    socket.isReading = false;
    const file = fileOf('first piece', 'second piece', 'third piece');
    peer.send(file.pieces);
    await settled();
    socket.destroy(how === 'breaks' ? new Error('ECONNRESET') : undefined);
    await settled();
    await settled();
    expect([file.isReleased, file.read < 3]).toEqual([true, true]);
    connection.expectOver();
  });

  test('is sent to its end, with what is behind it, to a client that has closed its sending side', async () => {
    const connection = await Connection.open();
    const { peer, socket, told } = connection;
    socket.isReading = false;
    peer.send(fileOf('first piece', 'second piece').pieces);
    await settled();
    await connection.endInput();
    expect([told, socket.writableEnded]).toEqual([['gone'], false]);
    peer.send('behind');
    await connection.takeAll();
    await settled();
    expect(socket.sent.join('')).toBe('first piecesecond piecebehind');
    expect(socket.hasEnded).toBe(true);
    connection.expectOver();
  });

  test('is sent to its end before a connection is closed', async () => {
    const connection = await Connection.open();
    const { peer, socket } = connection;
    socket.isReading = false;
    peer.send(fileOf('first piece', 'second piece').pieces);
    peer.send('last reply');
    peer.close();
    await settled();
    expect(socket.writableEnded).toBe(false);
    await connection.takeAll();
    await settled();
    expect([socket.sent.join(''), socket.hasEnded]).toEqual(['first piecesecond piecelast reply', true]);
    expect(socket.destroyed).toBe(false);
    await connection.endInput();
    connection.expectOver();
  });

  test('ends the connection, and nothing else, if whoever waits behind it fails', async () => {
    const connection = await Connection.open();
    const { peer } = connection;
    peer.send(fileOf('piece').pieces);
    peer.whenFlushed(() => {
      throw new Error('a fault');
    });
    await settled();
    await settled();
    connection.expectOver();
  });
});

describe('a client that is not read from', () => {
  const REASONS = ['drain', 'flush', 'file', 'finish', 'turn', 'work'] as const;

  test.each(REASONS)(
    'for the reason "%s" is read from when that and every other reason is over',
    async (reason) => {
      const connection = await Connection.open();
      const { peer, socket, told } = connection;
      const other = reason === 'turn' ? 'file' : 'turn';
      peer.hold(reason);
      expect(socket.isPaused()).toBe(true);
      peer.hold(other);
      peer.resume(other);
      await connection.receive('input');
      expect([told, socket.isPaused()]).toEqual([[], true]);
      peer.resume(reason);
      expect(socket.isPaused()).toBe(false);
      await settled();
      expect(told).toEqual(['7: input']);
      peer.resume(reason);
      expect(socket.isPaused()).toBe(false);
    },
  );

  test.each(REASONS)(
    'for the reason "%s" has not gone before what it has sent is carried out',
    async (reason) => {
      const connection = await Connection.open();
      const { peer, socket, told } = connection;
      connection.onReceived = () => peer.hold(reason);
      // Both arrive together, so the end is seen although nothing more is read.
      socket.push('request');
      await connection.endInput();
      expect(told).toEqual(['7: request']);
      peer.resume(reason);
      expect(told).toEqual(['7: request']);
      await connection.turn();
      expect(told).toEqual(['7: request', 'gone', 'closed']);
      connection.expectOver();
    },
  );

  test('needs one timer for its replies, however often it is held, and none for other reasons', async () => {
    const { peer, loop } = await Connection.open();
    for (const reason of ['file', 'finish', 'turn', 'work'] as const) peer.hold(reason);
    expect(loop.running).toBe(0);
    peer.hold('drain');
    const { running } = loop;
    expect(running).toBeGreaterThan(0);
    for (const reason of ['drain', 'flush', 'turn'] as const) peer.hold(reason);
    expect(loop.running).toBe(running);
  });

  test('is not read from for another reason only because it takes nothing', async () => {
    const connection = await Connection.blocked();
    const { peer, socket, told, loop } = connection;
    peer.hold('turn');
    await connection.takeAll();
    await connection.receive('input');
    await connection.advance(3 * LINGER_MS);
    expect([told, socket.isPaused(), loop.running]).toEqual([[], true, 0]);
  });
});

describe('a client that takes no replies', () => {
  test('is read from a little after 5 s, and its requests are carried out in order when it takes them (P1, P11)', async () => {
    const connection = await Connection.blocked();
    const { peer, socket, told, counted } = connection;
    const bytes = Buffer.from('a');
    await connection.receive(bytes, 'b');
    await connection.advance(LINGER_MS - 1);
    expect([peer.unread, socket.isPaused()]).toEqual([10, true]);
    await connection.advance(1);
    expect([peer.unread, told, socket.destroyed]).toEqual([12, [], false]);
    // The bytes that were read are valid only while they are received.
    bytes.write('x');
    await connection.receive('c');
    expect(counted).toEqual([10, 11, 12, 13]);
    await connection.takeAll();
    expect([told, peer.unread]).toEqual([[], 3]);
    for (let turn = 0; turn < 2; turn++) await connection.turn();
    // What comes now does not overtake what was read before.
    await connection.receive('d');
    expect([told, peer.unread]).toEqual([['7: a', '7: b'], 2]);
    for (let turn = 0; turn < 3; turn++) await connection.turn();
    expect([told, peer.unread]).toEqual([['7: a', '7: b', '7: c', '7: d'], 0]);
    await connection.receive('e');
    expect(told.at(-1)).toBe('7: e');
  });

  test('has not gone before the requests are carried out that were read early, though it closes its sending side (P11)', async () => {
    const connection = await Connection.blocked();
    const { told } = connection;
    await connection.receive('a', 'b');
    await connection.advance(LINGER_MS);
    await connection.takeAll();
    await connection.turn();
    await connection.endInput();
    expect(told).toEqual(['7: a']);
    for (let turn = 0; turn < 2; turn++) await connection.turn();
    expect(told).toEqual(['7: a', '7: b', 'gone', 'closed']);
    connection.expectOver();
  });

  test('waits for its turn again between two requests that were read early', async () => {
    const connection = await Connection.blocked();
    const { peer, told } = connection;
    await connection.receive('a', 'b');
    await connection.advance(LINGER_MS);
    connection.onReceived = (text) => text === 'a' && peer.hold('turn');
    await connection.takeAll();
    for (let turn = 0; turn < 3; turn++) await connection.turn();
    expect(told).toEqual(['7: a']);
    peer.resume('turn');
    for (let turn = 0; turn < 3; turn++) await connection.turn();
    expect(told).toEqual(['7: a', '7: b']);
  });

  test.each(['close', 'destroy'] as const)(
    'has no request carried out that was read early once the server has ended the connection: %s',
    async (how) => {
      const connection = await Connection.blocked();
      const { peer, told } = connection;
      await connection.receive('a', 'b');
      await connection.advance(LINGER_MS);
      connection.onReceived = () => peer[how]();
      await connection.takeAll();
      for (let turn = 0; turn < 4; turn++) await connection.turn();
      expect(told.filter((each) => each.startsWith('7: '))).toEqual(['7: a']);
    },
  );

  test('has at most the bound of its requests kept (P12)', async () => {
    const connection = await Connection.blocked();
    const { peer, socket, told } = connection;
    await connection.advance(LINGER_MS);
    await connection.receive(Buffer.alloc(EARLY_BYTES - 1));
    expect(socket.isPaused()).toBe(false);
    await connection.receive(Buffer.alloc(1));
    expect([socket.isPaused(), peer.unread]).toEqual([true, 10 + EARLY_BYTES]);
    await connection.receive('more');
    await connection.advance(2 * LINGER_MS);
    expect([socket.isPaused(), peer.unread]).toEqual([true, 10 + EARLY_BYTES]);
    await connection.takeAll();
    for (let turn = 0; turn < 3; turn++) await connection.turn();
    expect([told.at(-1), peer.unread]).toEqual(['7: more', 0]);
  });

  test('and has closed its sending side is disconnected after it has taken nothing for 5 s (P1)', async () => {
    const connection = await Connection.blocked();
    const { peer, socket, told } = connection;
    peer.send('more');
    peer.send('and more');
    await connection.endInput();
    await connection.advance(LINGER_MS);
    expect([told, socket.destroyed]).toEqual([[], false]);
    // It takes something, so it has time again. What is sent meanwhile does not count.
    await connection.take();
    await connection.advance(LINGER_MS / 2);
    peer.send('sent meanwhile');
    await connection.advance(LINGER_MS / 2);
    expect(socket.destroyed).toBe(false);
    await connection.advance(LINGER_MS / 2);
    peer.send('sent meanwhile as well');
    await connection.advance(LINGER_MS / 2 - 1);
    expect(socket.destroyed).toBe(false);
    await connection.advance(1);
    connection.expectOver();
  });

  test('is not read from while it takes something, and is waited for again later', async () => {
    const connection = await Connection.blocked();
    const { peer, socket, told } = connection;
    for (const text of ['0123456789', '0123456789']) peer.send(text);
    await connection.receive('input');
    await connection.advance(LINGER_MS / 2);
    await connection.take();
    await connection.advance(LINGER_MS / 2);
    expect([socket.isPaused(), peer.unread]).toEqual([true, 20]);
    await connection.advance(LINGER_MS);
    expect([socket.isPaused(), peer.unread]).toEqual([false, 25]);
    await connection.takeAll();
    for (let turn = 0; turn < 2; turn++) await connection.turn();
    expect(told).toEqual(['7: input']);
    await connection.advance(LINGER_MS);
    socket.isReading = false;
    peer.send('0123456789');
    await connection.receive('again');
    await connection.endInput();
    await connection.advance(LINGER_MS);
    expect(peer.unread).toBe(15);
    await connection.advance(LINGER_MS);
    connection.expectOver();
  });

  test('has gone when it takes them after all and has closed its sending side', async () => {
    const connection = await Connection.blocked();
    const { told } = connection;
    await connection.receive('last');
    await connection.endInput();
    await connection.advance(LINGER_MS);
    await connection.takeAll();
    for (let turn = 0; turn < 3; turn++) await connection.turn();
    expect(told).toEqual(['7: last', 'gone', 'closed']);
    connection.expectOver();
  });
});

describe('a client that has closed its sending side', () => {
  test('has gone once, gets the end, and nothing is left', async () => {
    const connection = await Connection.open();
    await connection.endInput();
    expect([connection.told, connection.socket.hasEnded]).toEqual([['gone', 'closed'], true]);
    connection.expectOver();
  });

  test('has 5 s for each part of its last replies, and is disconnected then (P1)', async () => {
    const connection = await Connection.open();
    const { peer, socket, told } = connection;
    socket.isReading = false;
    // Less than what would let it wait.
    peer.send('one');
    peer.send('two');
    await connection.endInput();
    expect(told).toEqual(['gone']);
    await connection.advance(LINGER_MS - 1);
    await connection.take();
    await connection.advance(LINGER_MS);
    expect(socket.destroyed).toBe(false);
    await connection.advance(1);
    expect(told).toEqual(['gone', 'closed']);
    connection.expectOver();
  });
});

describe('a connection that the server closes', () => {
  test('sends its last reply and its end, discards what still comes, and is over when the client closes (P1)', async () => {
    const connection = await Connection.open();
    const { peer, socket, told } = connection;
    peer.hold('turn');
    peer.send('last');
    peer.close();
    peer.close();
    await connection.receive('ignored');
    expect([socket.sent, socket.hasEnded, told]).toEqual([['last'], true, []]);
    expect(socket.destroyed).toBe(false);
    await connection.endInput();
    expect(told).toEqual(['gone', 'closed']);
    connection.expectOver();
  });

  test('is over after 5 s, even if the client closes nothing and takes nothing (P1)', async () => {
    const connection = await Connection.open();
    connection.peer.close();
    await connection.advance(LINGER_MS - 1);
    expect(connection.socket.destroyed).toBe(false);
    await connection.advance(1);
    expect(connection.told).toEqual(['gone', 'closed']);
    connection.expectOver();
  });

  test('leaves the client these 5 s also if it has taken nothing for longer', async () => {
    const connection = await Connection.blocked();
    const { peer, socket } = connection;
    await connection.endInput();
    await connection.advance(LINGER_MS);
    await connection.advance(0.5 * LINGER_MS);
    peer.close();
    await connection.advance(LINGER_MS - 1);
    expect(socket.destroyed).toBe(false);
    await connection.advance(1);
    connection.expectOver();
  });
});

const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));

/** A start of TLS that the test carries out. */
class ManualTls extends TlsStarter {
  plain: Socket | undefined;
  succeed: (secure: TLSSocket) => void = () => undefined;

  constructor() {
    super({ cert: fixture('localhost.crt'), key: fixture('localhost.key') });
  }

  override start(plain: Socket, secured: (secure: TLSSocket) => void): void {
    this.plain = plain;
    this.succeed = secured;
  }
}

/** A connection that has requested TLS, with what has come after that. */
function started(received: string) {
  const plain = new Socket();
  const tls = new ManualTls();
  const connection = new Connection(plain);
  connection.peer.startTls(tls, Buffer.from(received));
  return { plain, tls, connection };
}

describe('a connection that starts TLS (P2.3)', () => {
  test('reads nothing in clear any more, and what has come already is the beginning of TLS', async () => {
    const { plain, tls } = started('\x16');
    expect([tls.plain, plain.isPaused()]).toEqual([plain, true]);
    expect(plain.read()).toEqual(Buffer.from('\x16'));
    const nothing = started('');
    await settled();
    expect([nothing.plain.readableLength, nothing.connection.told]).toEqual([0, []]);
  });

  test('goes on with the socket that carries TLS, and is over with that one', async () => {
    const { plain, tls, connection } = started('');
    const secure = new TLSSocket(new ManualSocket());
    tls.succeed(secure);
    secure.emit('data', Buffer.from('request'));
    plain.emit('close');
    expect(connection.told).toEqual(['secured', '7: request']);
    connection.peer.destroy();
    await settled();
    expect([secure.destroyed, connection.told.slice(2), connection.loop.running]).toEqual([
      true,
      ['gone', 'closed'],
      0,
    ]);
  });

  test('is over if its socket closes before TLS has begun', async () => {
    const { plain, connection } = started('');
    plain.destroy();
    await settled();
    expect(connection.told).toEqual(['gone', 'closed']);
  });
});

describe('the name of a client', () => {
  test('of a socket that is closed already has no address and port 0', () => {
    expect(Peer.nameOf(new Socket())).toBe(':0');
  });
});
