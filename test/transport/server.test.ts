import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AwakeTime } from '../../src/transport/awake.ts';
import type { Storage } from '../../src/transport/data-folder.ts';
import { EndedJobs } from '../../src/transport/ended-jobs.ts';
import { joinedPair } from '../../src/transport/joined-pair.ts';
import type { ListenerOptions } from '../../src/transport/listening.ts';
import { TcpServer } from '../../src/transport/server.ts';
import type { TcpOptions } from '../../src/transport/tcp-options.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { JOB } from '../support/ended-job.ts';
import { ManualDisk } from '../support/manual-disk.ts';
import { ManualLoop } from '../support/manual-loop.ts';
import { ManualStore } from '../support/manual-store.ts';
import { openIn } from '../support/open-files.ts';

// What the server does with its edge: a clock, a disk and a listener that the test holds.

const ORIGIN = Date.UTC(2026, 10, 22);
const DAY = 24 * 60 * 60_000;
const OLD = '2222';

const requests = (...all: readonly (readonly string[])[]): string =>
  all.map((parts) => encodeRequest(parts, undefined)).join('');

class Held {
  readonly loop = Object.assign(new ManualLoop(), { timeOrigin: ORIGIN });
  readonly time = new AwakeTime(this.loop);
  readonly disk = new ManualDisk();
  readonly lines: Record<string, unknown>[] = [];
  /** What happens when something is logged. */
  onLog = (): void => undefined;
  isListening = false;
  listenerOptions: ListenerOptions | undefined;
  readonly server: TcpServer;

  constructor(options: TcpOptions = {}, storage?: Storage, webPort?: number) {
    const logger = pino(
      { base: null, timestamp: false },
      {
        write: (line) => {
          this.lines.push(JSON.parse(line));
          this.onLog();
        },
      },
    );
    const edge = {
      time: this.time,
      disk: this.disk,
      listener: (given: ListenerOptions) => {
        this.listenerOptions = given;
        return {
          host: 'h',
          port: 1,
          listen: () => {
            this.isListening = true;
            return Promise.resolve();
          },
          close: () => void (this.isListening = false),
        };
      },
      newRun: () => 'run',
    };
    this.server = new TcpServer(options, logger, webPort, edge, storage);
  }

  /** A client in this process that has greeted. @returns what it has received as well */
  connect(name: string): { near: Duplex; received: () => string } {
    const near = this.server.connect(name);
    let received = '';
    near.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')));
    near.write(OLD, 'latin1');
    return { near, received: () => received };
  }

  /** Time passes until the server has stopped. */
  async close(): Promise<void> {
    const state = { isClosed: false };
    const closed = this.server.close().then(() => (state.isClosed = true));
    for (let n = 0; n < 100 && !state.isClosed; n++) {
      this.loop.advance(100);
      await this.turns();
    }
    await closed;
  }

  /** Streams and the loop have had some turns. */
  async turns(): Promise<void> {
    for (let n = 0; n < 8; n++) {
      await turn();
      this.loop.turn();
    }
  }
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sleigh-server-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const storageOf = (store: ManualStore): Storage => ({
  store,
  blobs: 'blobs',
  history: join(folder, 'history'),
  sync: 'always',
});

describe('a server that starts', () => {
  it('does not listen if its folder for large values cannot be used', async () => {
    const held = new Held({ tmpDir: '/where' });
    const checked: string[] = [];
    held.disk.check = (where: string): Promise<void> => {
      checked.push(where);
      return Promise.reject(new Error('EACCES'));
    };
    await expect(held.server.listen('h', 1)).rejects.toMatchObject({ code: 'no-temporary-files' });
    expect([checked, held.isListening]).toEqual([['/where'], false]);
  });

  it('finds the jobs of the last days', async () => {
    const before = new EndedJobs({ folder: join(folder, 'history') });
    await before.load(ORIGIN);
    for (const endedAt of [ORIGIN - 3 * DAY, ORIGIN]) before.keep({ ...JOB, endedAt });
    await before.close();
    const store = new ManualStore();
    const held = new Held({}, storageOf(store));
    held.loop.skip(5 * DAY);
    const listening = held.server.listen('h', 1);
    for (let n = 0; n < 50 && !store.isCommitting; n++)
      await new Promise((resolve) => setTimeout(resolve, 2));
    await store.finish();
    await listening;
    expect(held.server.endedJobs.summaries.map(({ endedAt }) => endedAt)).toEqual([ORIGIN]);
    held.server.endedJobs.keep({ ...JOB, endedAt: ORIGIN + DAY });
    await held.close();
    expect(readdirSync(join(folder, 'history'))).toContain(`${ORIGIN + DAY}-1.json`);
    expect(store.isClosed).toBe(true);
  });
});

describe('a server that is full', () => {
  it('has as many connections as the limit says (P12)', async () => {
    const held = new Held({ limits: { connectionCount: 2 } });
    await held.server.listen('h', 1);
    const isFull: unknown[] = [];
    for (const name of ['a', 'b']) {
      isFull.push(held.listenerOptions?.isFull());
      held.connect(name);
    }
    expect([...isFull, held.listenerOptions?.isFull()]).toEqual([false, false, true]);
    const { near } = held.connect('c');
    await held.turns();
    void held.server.close();
    await held.turns();
    // It does not wait for clients unless it is told to.
    expect([held.isListening, near.readableEnded]).toEqual([false, true]);
    await held.close();
  });
});

describe('clients of a server', () => {
  it('inside of the process need no token (P2.5)', async () => {
    const held = new Held({ admission: { token: 'secret' } });
    const { near, received } = held.connect('inside');
    near.write(requests(['open ws', 'w', 'me', 'no']), 'latin1');
    await held.turns();
    expect(received()).toMatch(/0000$/);
    await held.close();
  });

  it('are admitted as the credentials say that were given last, and the log has that', async () => {
    const held = new Held({ admission: { token: 'a' } });
    held.server.reload({ admission: { token: 'b', allow: ['10.0.0.0/8'] } });
    expect(held.listenerOptions?.gate.admission.allows('127.0.0.1')).toBe(false);
    expect(held.lines).toEqual([
      { level: 30, audit: true, msg: 'certificates, token and addresses were reloaded' },
    ]);
    await held.close();
  });

  it('get what is sent to them at the same time as one', async () => {
    const held = new Held();
    const { near, received } = held.connect('a');
    await held.turns();
    const pieces: number[] = [];
    near.on('data', (bytes: Buffer) => void pieces.push(bytes.length));
    const before = received().length;
    near.write(
      requests(['open ws', 'w', 'me', 'no'], ['store', 'w', 'x', '1', 'v'], ['find', 'w', 'x']),
      'latin1',
    );
    await held.turns();
    expect(pieces).toEqual([received().length - before]);
    expect(received()).toMatch(/v$/);
    await held.close();
  });

  it('that do not read are ended, those with the most first, and what they have not read is forgotten (P12)', async () => {
    const held = new Held({ limits: { unreadBytes: 200_000 } });
    const writer = held.connect('writer');
    writer.near.write(
      requests(['open ws', 'w', 'me', 'yes'], ['store', 'w', 'x', '1', 'v'.repeat(60_000)]),
      'latin1',
    );
    await held.turns();
    const readers = ['few', 'many'].map((name) => held.server.connect(name));
    for (const [at, near] of readers.entries()) {
      const finds = Array.from({ length: at === 0 ? 2 : 4 }, () => ['find', 'w', 'x']);
      near
        .on('error', () => undefined)
        .write(`${OLD}${requests(['open ws', 'w', 'me', 'no'], ...finds)}`, 'latin1');
      await held.turns();
    }
    expect(readers.map(({ destroyed }) => destroyed)).toEqual([false, true]);
    expect(held.lines).toEqual([
      {
        level: 40,
        peer: 'many',
        unread: expect.any(Number),
        limit: 'unreadBytes',
        msg: 'connection ended: it does not read',
      },
    ]);
    expect(held.server.core.figures.refusals.get('unreadBytes')).toBe(1);
    expect(held.server.counts.unread).toBeGreaterThan(50_000);
    for (const near of readers) near.destroy();
    await held.turns();
    expect([held.server.counts.unread, held.server.counts.sockets]).toEqual([0, 1]);
    await held.close();
  });

  it('have what is half done of a large value removed when the server stops (P11)', async () => {
    const held = new Held({ limits: { longValueBytes: 2 ** 16 } });
    const { near } = held.connect('a');
    const store = requests(['open ws', 'w', 'me', 'no'], ['store', 'w', 'x', '1', 'v'.repeat(2 ** 17)]);
    near.write(store.slice(0, -100), 'latin1');
    await held.turns();
    expect(held.disk.files).toHaveLength(1);
    expect(held.server.counts.files).toBe(1);
    await held.close();
    await held.turns();
    expect(held.disk.files.map(({ isClosed }) => isClosed)).toEqual([true]);
    expect(held.server.counts.files).toBe(0);
  });

  it('are told when a large value is written, and when it cannot be (P11)', async () => {
    const held = new Held({ limits: { longValueBytes: 2 ** 16 } });
    const { near, received } = held.connect('a');
    const store = ['store', 'w', 'x', '1', 'v'.repeat(2 ** 17)];
    near.write(requests(['open ws', 'w', 'me', 'no']), 'latin1');
    await held.turns();
    const before = received().length;
    near.write(requests(store), 'latin1');
    for (let n = 0; n < 4; n++) await held.turns();
    expect(received().slice(before)).toBe('0000');
    held.disk.create = () => Promise.reject(new Error('EIO'));
    near.write(requests(store), 'latin1');
    for (let n = 0; n < 4; n++) await held.turns();
    expect(received().slice(before + 4)).toMatch(/^0001/);
    await held.close();
  });
});

describe('the time of a server', () => {
  it('is in its trace, whose file is closed at the end', async () => {
    const path = join(folder, 'trace');
    const held = new Held({ trace: path });
    held.loop.skip(1_500);
    held.connect('a');
    await held.turns();
    const [first] = readFileSync(path, 'utf8').split('\n');
    expect(JSON.parse(first ?? '')).toMatchObject({ time: ORIGIN + 1_500 });
    expect(first).toContain('"connection 1"');
    await held.close();
    expect(openIn(folder)).toEqual([]);
  });

  it('that an event takes is measured in seconds, and others have their turn after a long one (P14)', async () => {
    const held = new Held({ admission: { token: 'secret' } });
    const { near, received } = held.connect('a');
    near.write(requests(['open ws', 'w', 'me', 'no']), 'latin1');
    const [stranger, far] = joinedPair();
    held.listenerOptions?.accept(far, 'stranger');
    await held.turns();
    expect(held.server.handling.sum).toBe(0);
    held.onLog = () => held.loop.skip(500);
    stranger.write(OLD, 'latin1');
    for (let n = 0; n < 3; n++) await turn();
    expect(held.lines).toHaveLength(1);
    expect(held.server.handling.sum).toBeCloseTo(0.5);
    const before = received().length;
    const find = ['list vars', 'w'];
    near.write(requests(find, find, find), 'latin1');
    for (let n = 0; n < 3; n++) await turn();
    const first = received().length - before;
    await held.turns();
    expect(received().length - before).toBe(3 * first);
    await held.close();
  });

  it('is read first when something arrives after a sleep', async () => {
    const held = new Held();
    const { near } = held.connect('a');
    await held.turns();
    const release = held.time.keepAwake();
    held.loop.skip(60_000);
    near.write(requests(['open ws', 'w', 'me', 'no']), 'latin1');
    await turn();
    expect(held.time.clock.now).toBe(250);
    release();
    await held.close();
  });
});

describe('a server whose data cannot be made durable (D6)', () => {
  it('sends nothing more, says why, and ends', async () => {
    const store = new ManualStore();
    const held = new Held({}, storageOf(store));
    const listening = held.server.listen('h', 1);
    for (let n = 0; n < 50 && !store.isCommitting; n++)
      await new Promise((resolve) => setTimeout(resolve, 2));
    await store.finish();
    await listening;
    const { near, received } = held.connect('a');
    await held.turns();
    const before = received();
    near.write(requests(['open ws', 'w', 'me', 'yes']), 'latin1');
    await held.turns();
    expect(store.isCommitting).toBe(true);
    await store.fail(new Error('ENOSPC'));
    await held.close();
    await held.server.stopped;
    expect([received(), near.destroyed, held.isListening]).toEqual([before, true, false]);
    expect(held.server.failure).toMatchObject({ code: 'not-durable' });
    expect(held.lines).toMatchObject([{ level: 50, msg: held.server.failure?.message }]);
  });
});
