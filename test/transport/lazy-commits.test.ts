import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Change } from '../../src/store/change.ts';
import { LazyCommits } from '../../src/transport/lazy-commits.ts';
import { LmdbStore } from '../../src/transport/lmdb-store.ts';
import { RecentLog } from '../../src/transport/recent-log.ts';
import { SYNC_MODES } from '../../src/transport/sync-modes.ts';
import { entitiesOf } from '../support/shared-store.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sleigh-lazy-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (number: number, text = `value ${number}`): Change => ({
  type: 'put',
  key: ['value', 0, 1, number],
  fields: { text, bytes: Uint8Array.of(number), none: undefined },
});

const record = (length: number): readonly Change[] => [put(1, 'x'.repeat(length))];

const LOG = ['recent.0', 'recent.1'];

/** A log that a process has left behind when it ended. */
async function leftBehind(...commits: readonly (readonly [number: number, change: Change])[]): Promise<void> {
  const log = await RecentLog.create(folder);
  for (const [number, change] of commits) await log.add({ number, changes: [change] }, 0);
  await log.close();
}

const logsIn = (path: string): string[] => readdirSync(path).filter((name) => LOG.includes(name));

describe.each(SYNC_MODES)('a store with --sync %s that is opened after the end of a process', (sync) => {
  test('takes up every commit that the disk did not have, once and in order (D21)', async () => {
    const first = new LmdbStore(folder, 'everysec');
    await first.claim();
    expect(logsIn(folder)).toEqual(LOG);
    await first.commit([put(1, 'old')]);
    await first.commit([put(1), put(2)]);
    await first.close();
    expect(logsIn(folder)).toEqual([]);
    await leftBehind([1, put(1, 'old')], [2, put(2)], [3, put(3, 'old')], [4, put(3)]);
    for (const more of [4, 5]) {
      const store = new LmdbStore(folder, sync);
      await store.claim();
      expect((await entitiesOf(store)).map(({ fields }) => fields['text'])).toEqual(
        Array.from({ length: more - 1 }, (_, at) => `value ${at + 1}`),
      );
      await store.commit([put(more)]);
      await store.close();
    }
  });
});

/** What a file that is open has. */
interface Writer {
  write(
    bytes: Uint8Array,
    from: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
}

/** How long commits are collected before they go to the disk. */
const PAUSE_MS = 100;

/** Commits whose disk does what the test says. */
class Slow {
  now = 5_000;
  readonly flushed: { readonly number: number; readonly changes: readonly Change[] }[] = [];
  #end: { readonly finish: () => void; readonly fail: (error: Error) => void } | undefined;
  readonly commits: LazyCommits;

  constructor(log: RecentLog) {
    const flush = (changes: readonly Change[], number: number): Promise<void> => {
      this.flushed.push({ number, changes });
      return new Promise((resolve, reject) => (this.#end = { finish: resolve, fail: reject }));
    };
    this.commits = new LazyCommits(log, 0, flush, () => this.now);
  }

  /** @returns once the disk has begun to write */
  async writing(): Promise<void> {
    while (this.#end === undefined) {
      vi.advanceTimersByTime(PAUSE_MS);
      await turn();
    }
  }
  get isWriting(): boolean {
    return this.#end !== undefined;
  }
  async end(error?: Error): Promise<void> {
    if (!this.isWriting) await this.writing();
    const end = this.#end;
    this.#end = undefined;
    if (error === undefined) end?.finish();
    else end?.fail(error);
    await turn();
  }
}

describe('a commit that does not wait for the disk', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  test('goes there a tenth of a second later (D21)', async () => {
    const slow = new Slow(await RecentLog.create(folder));
    for (const number of [1, 2]) {
      await slow.commits.commit([put(number)]);
      vi.advanceTimersByTime(PAUSE_MS - 1);
      await turn();
      expect(slow.isWriting).toBe(false);
      vi.advanceTimersByTime(1);
      await turn();
      expect(slow.flushed.at(-1)).toEqual({ number, changes: [put(number)] });
      await slow.end();
    }
    await slow.commits.close();
  });

  test('goes there at once, with what comes while the disk writes, when the server stops', async () => {
    const slow = new Slow(await RecentLog.create(folder));
    await slow.commits.commit([put(1)]);
    await slow.writing();
    await slow.commits.commit([put(2)]);
    let isSettled = false;
    const settled = slow.commits.settle().then((isThere) => {
      isSettled = true;
      return isThere;
    });
    await slow.end();
    expect([slow.isWriting, isSettled, slow.flushed.length]).toEqual([true, false, 2]);
    await slow.end();
    expect(await settled).toBe(true);
    // What comes after that takes its time again.
    await slow.commits.commit([put(3)]);
    await turn();
    expect(slow.isWriting).toBe(false);
    const again = slow.commits.settle();
    await turn();
    expect(slow.isWriting).toBe(true);
    await slow.end();
    expect(await again).toBe(true);
    await slow.commits.close();
  });

  test('is known to be on the disk when it is, and not with an earlier one (D21)', async () => {
    const slow = new Slow(await RecentLog.create(folder));
    await slow.commits.onDisk();
    const there: number[] = [];
    const note = (number: number): void => void slow.commits.onDisk().then(() => there.push(number));
    await slow.commits.commit([put(1)]);
    note(1);
    await slow.writing();
    await slow.commits.commit([put(2)]);
    note(2);
    await slow.commits.commit([put(3)]);
    note(3);
    expect(there).toEqual([]);
    await slow.end();
    expect(there).toEqual([1]);
    await slow.writing();
    await slow.end();
    expect(there).toEqual([1, 2, 3]);
    note(4);
    await turn();
    expect(there).toEqual([1, 2, 3, 4]);
    await slow.commits.close();
  });

  test('is kept in the log until it is on the disk, and its place is free then', async () => {
    const slow = new Slow(await RecentLog.create(folder));
    const sizes = (): number[] => LOG.map((name) => statSync(join(folder, name)).size);
    const large = put(1, 'x'.repeat(2 ** 20));
    for (let number = 1; number <= 3; number++) {
      await slow.commits.commit([large]);
      await slow.end();
    }
    expect(sizes().filter((size) => size > 1.1 * 2 ** 20)).toEqual([]);
    await slow.commits.commit([put(2)]);
    expect((await RecentLog.read(folder, 3)).map(({ number }) => number)).toEqual([4]);
    await slow.end();
    await slow.commits.close();
  });
  test('is done while the disk writes, and goes there with all of that time', async () => {
    const slow = new Slow(await RecentLog.create(folder));
    await slow.commits.commit([put(1)]);
    await slow.writing();
    await slow.commits.commit([put(2)]);
    await slow.commits.commit([put(2, 'again')]);
    expect(slow.flushed).toEqual([{ number: 1, changes: [put(1)] }]);
    expect((await RecentLog.read(folder, 0)).map(({ number }) => number)).toEqual([1, 2, 3]);
    await slow.end();
    await slow.writing();
    expect(slow.flushed[1]).toEqual({ number: 3, changes: [put(2, 'again')] });
    await slow.end();
    expect(await slow.commits.settle()).toBe(true);
    await slow.commits.close();
  });

  test('waits for the disk if that is more than a second behind', async () => {
    const slow = new Slow(await RecentLog.create(folder));
    await slow.commits.commit([put(1)]);
    await slow.writing();
    slow.now += 1_000;
    await slow.commits.commit([put(2)]);
    slow.now++;
    let isDone = false;
    const third = slow.commits.commit([put(3)]).then(() => (isDone = true));
    await turn();
    expect(isDone).toBe(false);
    await slow.end();
    await slow.end();
    await third;
    expect(slow.flushed.map(({ number }) => number)).toEqual([1, 2]);
    await slow.end();
    await slow.commits.close();
  });

  test.each([1, 2])('waits for the disk also for %i commits that came while it wrote', async (count) => {
    const slow = new Slow(await RecentLog.create(folder));
    await slow.commits.commit([put(1)]);
    await slow.writing();
    for (let n = 0; n < count; n++) await slow.commits.commit([put(2 + n)]);
    await slow.end();
    slow.now += 1_001;
    let isDone = false;
    const last = slow.commits.commit([put(9)]).then(() => (isDone = true));
    await slow.writing();
    expect(isDone).toBe(false);
    await slow.end();
    await last;
    await slow.end();
    await slow.commits.close();
  });

  test('fails, and whoever keeps the store is told why, when the disk has failed', async () => {
    const slow = new Slow(await RecentLog.create(folder));
    await slow.commits.commit([put(1)]);
    await slow.end(new Error('EIO'));
    expect(await slow.commits.failure).toEqual(new Error('EIO'));
    await expect(slow.commits.commit([put(2)])).rejects.toThrow('EIO');
    expect(await slow.commits.settle()).toBe(false);
    await slow.commits.close();
  });
});

describe('the log of recent commits', () => {
  test('has a form that later versions of the server read, and only its user may read it', async () => {
    const log = await RecentLog.create(folder);
    const commit = { number: 258, changes: [put(2), { type: 'delete', key: ['server'] }] } as const;
    await log.add(commit, 0);
    await log.close();
    const path = join(folder, 'recent.0');
    const bytes = readFileSync(path);
    // The number, the length, the checksum and the changes.
    expect(bytes.toString('hex')).toBe(
      '0000000000000102' +
        '00000060' +
        'c22e0e5f' +
        '92de0003a474797065a3707574a36b657994a576616c7565000102a66669656c6473de0003' +
        'a474657874a776616c75652032a56279746573c702740102a46e6f6e65d40000' +
        'de0002a474797065a664656c657465a36b657991a6736572766572',
    );
    expect(await RecentLog.read(folder, 257)).toEqual([commit]);
    for (const name of LOG) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    bytes[bytes.length - 1] = 0;
    writeFileSync(path, bytes);
    expect(await RecentLog.read(folder, 257)).toEqual([]);
  });

  test('leaves a file for the other one at 1 MiB, and empties it before it is used again', async () => {
    const log = await RecentLog.create(folder);
    const sizes = (): number[] => LOG.map((name) => statSync(join(folder, name)).size);
    await log.add({ number: 1, changes: record(2 ** 18) }, 0);
    const [more = 0] = sizes();
    // Together they have exactly 1 MiB.
    await log.add({ number: 2, changes: record(2 ** 20 - more - (more - 2 ** 18)) }, 0);
    expect(sizes()).toEqual([2 ** 20, 0]);
    await log.add({ number: 3, changes: record(2 ** 20) }, 0);
    const [, second = 0] = sizes();
    expect([sizes()[0], second > 2 ** 20]).toEqual([2 ** 20, true]);
    // The second commit is not on the disk yet.
    await log.add({ number: 4, changes: record(10) }, 1);
    expect(sizes()[0]).toBe(2 ** 20);
    await log.add({ number: 5, changes: record(10) }, 2);
    expect(sizes()[0]).toBeLessThan(200);
    expect(sizes()[1]).toBeGreaterThan(second);
    await log.close();
    expect((await RecentLog.read(folder, 2)).map(({ number }) => number)).toEqual([3, 4, 5]);
  });

  test('has all of a commit of which the system writes only a part at a time', async () => {
    const path = join(folder, 'handle');
    const handle = await open(path, 'w');
    const prototype: Writer = Object.getPrototypeOf(handle);
    await handle.close();
    const [first, second] = [1, 2].map((number) => ({ number, changes: [put(number)] }));
    if (first === undefined || second === undefined) throw new Error('there are two');
    const log = await RecentLog.create(folder);
    await log.add(first, 0);
    let written = 0;
    const once = vi.spyOn(prototype, 'write');
    once.mockImplementation(async function writePart(this: Writer, bytes, from, length, position) {
      once.mockRestore();
      const part = await this.write(bytes, from, Math.min(length, 60), position);
      written = part.bytesWritten;
      return part;
    });
    await log.add(second, 0);
    await log.close();
    expect(written).toBe(60);
    expect(await RecentLog.read(folder, 0)).toEqual([first, second]);
  });

  test('has, wherever its files are cut off, the first commits and no others', async () => {
    const log = await RecentLog.create(folder);
    for (const number of [1, 2, 3]) await log.add({ number, changes: [put(number)] }, 0);
    await log.close();
    const path = join(folder, 'recent.0');
    const bytes = readFileSync(path);
    const found = new Set<number>();
    for (let length = 0; length <= bytes.length; length++) {
      writeFileSync(path, bytes.subarray(0, length));
      const commits = await RecentLog.read(folder, 0);
      expect(commits).toEqual(
        [1, 2, 3].slice(0, commits.length).map((number) => ({ number, changes: [put(number)] })),
      );
      found.add(commits.length);
    }
    expect([...found]).toEqual([0, 1, 2, 3]);
  });

  test('leaves out what follows a byte that is wrong', async () => {
    const log = await RecentLog.create(folder);
    for (const number of [1, 2, 3]) await log.add({ number, changes: [put(number)] }, 0);
    await log.close();
    const path = join(folder, 'recent.0');
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; at++) {
      const wrong = Buffer.from(bytes);
      wrong[at] = (wrong[at] ?? 0) ^ 0x40;
      writeFileSync(path, wrong);
      const commits = await RecentLog.read(folder, 0);
      expect(commits).toHaveLength(Math.floor((3 * at) / bytes.length));
    }
  });

  test('takes no more room than its two files, and has what is not on the disk, in order', async () => {
    const log = await RecentLog.create(folder);
    const text = 'x'.repeat(100_000);
    for (let number = 1; number <= 100; number++)
      await log.add({ number, changes: [put(number % 250, text)] }, number - 5);
    await log.close();
    for (const name of LOG) expect(statSync(join(folder, name)).size).toBeLessThan(1.2 * 2 ** 20);
    expect((await RecentLog.read(folder, 95)).map(({ number }) => number)).toEqual([96, 97, 98, 99, 100]);
    // What is older has been overwritten, so there would be a gap.
    expect(await RecentLog.read(folder, 10)).toEqual([]);
  });

  test('keeps whatever is not on the disk, and leaves out what follows a gap', async () => {
    const log = await RecentLog.create(folder);
    const text = 'x'.repeat(100_000);
    for (let number = 1; number <= 40; number++) await log.add({ number, changes: [put(number, text)] }, 0);
    await log.close();
    expect(await RecentLog.read(folder, 0)).toHaveLength(40);
    const first = join(folder, 'recent.0');
    truncateSync(first, statSync(first).size - 1);
    const whole = await RecentLog.read(folder, 0);
    expect(whole.length).toBeGreaterThan(5);
    expect(whole.length).toBeLessThan(15);
    expect(whole.map(({ number }) => number)).toEqual(whole.map((_, at) => at + 1));
  });
});
