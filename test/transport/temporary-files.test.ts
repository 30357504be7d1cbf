import { once } from 'node:events';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TemporaryFiles } from '../../src/transport/temporary-files.ts';
import { ManualDisk } from '../support/manual-disk.ts';

// The files of large values (P11), on a disk in memory. What is left in them is checked after every step.

const MIB = 2 ** 20;

interface Setup {
  readonly most?: number;
  readonly areKept?: boolean;
}

function filesWith({ most = Number.POSITIVE_INFINITY, areKept = false }: Setup = {}) {
  const disk = new ManualDisk();
  const files = new TemporaryFiles(disk, '/tmp', most, areKept);
  const held = (): object => ({ count: files.count, bytes: files.bytes, unwritten: files.unwritten });
  return { disk, files, held };
}

const nothing = { count: 0, bytes: 0, unwritten: 0 };
const file = { file: 3, size: 10 };
const noRoom = (): never => {
  throw new Error('nobody waits for room');
};

async function textOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all).toString();
}

describe('a large value', () => {
  it('is written as it arrives, read in pieces, and leaves nothing', async () => {
    const { disk, files, held } = filesWith();
    disk.mostAtOnce = 3;
    files.open(file);
    expect(held()).toEqual({ count: 1, bytes: 10, unwritten: 10 });
    expect(files.write(file, Buffer.from('abcdefg'), noRoom)).toBe(true);
    expect(files.write(file, Buffer.from('hij'), noRoom)).toBe(true);
    await endOfTurn();
    expect(await files.finish(file)).toBeUndefined();
    expect(held()).toEqual({ count: 1, bytes: 10, unwritten: 0 });
    expect([disk.named.size, disk.files[0]?.isSynced]).toEqual([0, false]);
    expect(Buffer.from(files.peek(file, 2)).toString()).toBe('ab');
    expect(Buffer.from(files.peek(file, 8)).toString()).toBe('abc');
    expect(await textOf(files.read(file))).toBe('abcdefghij');
    expect(disk.files[0]?.isClosed).toBe(false);
    files.discard(file);
    await endOfTurn();
    expect([held(), disk.files[0]?.isClosed]).toEqual([nothing, true]);
    files.discard(file);
    expect(held()).toEqual(nothing);
  });

  it('that is discarded while it is sent to several clients is closed after the last of them', async () => {
    const { disk, files, held } = filesWith();
    files.open(file);
    files.write(file, Buffer.from('abcdefghij'), noRoom);
    await files.finish(file);
    const [first, second] = [files.read(file), files.read(file)];
    await first.next();
    await second.next();
    files.discard(file);
    await first.return(undefined);
    await endOfTurn();
    expect([held(), disk.files[0]?.isClosed]).toEqual([{ count: 1, bytes: 10, unwritten: 0 }, false]);
    expect((await second.next()).done).toBe(true);
    await endOfTurn();
    expect([held(), disk.files[0]?.isClosed]).toEqual([nothing, true]);
  });

  it('is sent in pieces of at most 256 KiB', async () => {
    const { files } = filesWith();
    const large = { file: 1, size: 600_000 };
    files.open(large);
    files.write(large, Buffer.alloc(600_000), () => undefined);
    await files.finish(large);
    const [sizes, taken]: [number[], number[]] = [[], []];
    for await (const { length, buffer } of files.read(large)) {
      sizes.push(length);
      taken.push(buffer.byteLength);
    }
    expect(sizes).toEqual([262_144, 262_144, 75_712]);
    // What waits for a client is counted with these sizes (P12), so that is the memory that it takes.
    expect(taken).toEqual(sizes);
  });

  it('that ends early cannot be read to its end', async () => {
    const { files } = filesWith();
    files.open(file);
    files.write(file, Buffer.from('abc'), noRoom);
    await expect(textOf(files.read(file))).rejects.toThrow('ended early');
    expect(() => files.read({ file: 4, size: 1 })).toThrow('there is no temporary file 4');
    expect(files.peek({ file: 4, size: 1 }, 1)).toEqual(new Uint8Array());
    expect(await files.finish({ file: 4, size: 1 })).toBe('there is no such file');
    expect(files.write({ file: 4, size: 1 }, Buffer.from('a'), noRoom)).toBe(true);
  });

  it('is lost, with the first reason, if it cannot be written or bytes of it are missing', async () => {
    const { disk, files, held } = filesWith();
    files.open(file);
    await endOfTurn();
    const [made] = disk.files;
    if (made === undefined) throw new Error('no file was made');
    made.failure = new Error('EIO');
    for (const text of ['abc', 'def']) files.write(file, Buffer.from(text), noRoom);
    files.spoil({ file: 9, size: 1 }, new Error('of another file'));
    await endOfTurn();
    expect(held()).toMatchObject({ unwritten: 4 });
    files.spoil(file, new Error('later'));
    expect(await files.finish(file)).toBe('EIO');
    files.discard(file);
    await endOfTurn();
    expect([held(), made.isClosed]).toEqual([nothing, true]);
  });

  it('is not written any more once it is spoilt', async () => {
    const { disk, files } = filesWith();
    files.open(file);
    files.spoil(file, new Error('its connection is lost'));
    files.write(file, Buffer.from('abc'), noRoom);
    expect(await files.finish(file)).toBe('its connection is lost');
    expect(disk.files[0]?.content).toEqual(Buffer.alloc(0));
  });
});

describe('a client that sends faster than the disk writes', () => {
  it('waits from 1 MiB on, until less than that is left, and is told once', async () => {
    const { disk, files } = filesWith();
    const large = { file: 1, size: 4 * MIB };
    const begin = new EventTarget();
    disk.writing = once(begin, 'begin').then(() => undefined);
    files.open(large);
    let told = 0;
    const onRoom = (): void => void told++;
    expect(files.write(large, Buffer.alloc(MIB - 1), onRoom)).toBe(true);
    expect(files.write(large, Buffer.alloc(1), onRoom)).toBe(false);
    expect(files.write(large, Buffer.alloc(MIB), onRoom)).toBe(false);
    await endOfTurn();
    expect(told).toBe(0);
    begin.dispatchEvent(new Event('begin'));
    await endOfTurn();
    expect(told).toBe(1);
    expect(files.write(large, Buffer.alloc(1), onRoom)).toBe(true);
    await endOfTurn();
    expect([told, files.unwritten]).toEqual([1, 2 * MIB - 1]);
  });

  it('waits while exactly 1 MiB is left', async () => {
    const { disk, files } = filesWith();
    const large = { file: 1, size: 4 * MIB };
    const begin = new EventTarget();
    const until = (name: string): Promise<void> => once(begin, name).then(() => undefined);
    disk.writing = until('first');
    files.open(large);
    let told = 0;
    for (let n = 0; n < 2; n++) expect(files.write(large, Buffer.alloc(MIB), () => void told++)).toBe(false);
    await endOfTurn();
    disk.writing = until('second');
    begin.dispatchEvent(new Event('first'));
    await endOfTurn();
    expect([told, files.unwritten]).toEqual([0, 3 * MIB]);
    begin.dispatchEvent(new Event('second'));
    await endOfTurn();
    expect([told, files.unwritten]).toEqual([1, 2 * MIB]);
  });
});

describe('the folder of large values', () => {
  it('is checked before the server listens, and the reason is named if no file can be made there', async () => {
    const { disk, files } = filesWith();
    await files.check();
    const cause = new Error('EACCES');
    disk.check = () => Promise.reject(cause);
    const failure = await files.check().catch((error: unknown) => error);
    expect(failure).toMatchObject({ cause });
    expect(String(failure)).toMatch(/\/tmp.*EACCES/);
  });

  it('has no names of files if it is not said that they are kept', async () => {
    const disk = new ManualDisk();
    const files = new TemporaryFiles(disk, '/tmp', 100);
    files.open(file);
    expect(await files.finish(file)).toBeUndefined();
    expect([disk.files.length, disk.named.size]).toEqual([1, 0]);
  });
});

describe('the room for large values', () => {
  it('is the limit, for the announced bytes of all files', async () => {
    const { files, held } = filesWith({ most: 20 });
    for (const each of [1, 2]) files.open({ file: each, size: 10 });
    files.open({ file: 3, size: 1 });
    expect(await files.finish({ file: 3, size: 1 })).toContain('21 bytes on disk; the limit is 20');
    files.discard({ file: 3, size: 1 });
    expect(held()).toEqual({ count: 2, bytes: 20, unwritten: 20 });
    for (const each of [1, 2]) expect(await files.finish({ file: each, size: 10 })).toBeUndefined();
  });

  it('is that of the disk, for the bytes that are not written yet', async () => {
    const { disk, files } = filesWith();
    disk.free = 15;
    files.open({ file: 1, size: 10 });
    files.write({ file: 1, size: 10 }, Buffer.alloc(10), noRoom);
    expect(await files.finish({ file: 1, size: 10 })).toBeUndefined();
    files.open({ file: 2, size: 15 });
    expect(await files.finish({ file: 2, size: 15 })).toBeUndefined();
    files.open({ file: 3, size: 1 });
    expect(await files.finish({ file: 3, size: 1 })).toContain('room for 15 bytes, and 16 are announced');
  });

  it('is not used by a value that is discarded before its file is made', async () => {
    const { disk, files, held } = filesWith();
    files.open(file);
    files.discard(file);
    await endOfTurn();
    expect([held(), disk.files.length, disk.named.size]).toEqual([nothing, 0, 0]);
  });

  it('is free again once, though bytes of a value are written after it was discarded', async () => {
    const { disk, files, held } = filesWith();
    const begin = new EventTarget();
    disk.writing = once(begin, 'begin').then(() => undefined);
    files.open(file);
    files.write(file, Buffer.from('abc'), noRoom);
    await endOfTurn();
    files.discard(file);
    expect(held()).toEqual(nothing);
    begin.dispatchEvent(new Event('begin'));
    await endOfTurn();
    expect([held(), disk.files[0]?.isClosed]).toEqual([nothing, true]);
  });

  it('is free again when a file whose name cannot be removed is given up', async () => {
    const { disk, files, held } = filesWith();
    disk.unlink = () => Promise.reject(new Error('EPERM'));
    files.open(file);
    expect(await files.finish(file)).toBe('EPERM');
    expect(disk.files[0]?.isClosed).toBe(true);
    files.discard(file);
    await endOfTurn();
    expect(held()).toEqual(nothing);
  });

  it('is free again when the server ends, also of files that are being sent', async () => {
    const { disk, files, held } = filesWith();
    for (const each of [1, 2]) {
      files.open({ file: each, size: 3 });
      files.write({ file: each, size: 3 }, Buffer.from('abc'), noRoom);
      await files.finish({ file: each, size: 3 });
    }
    await files.read({ file: 2, size: 3 }).next();
    files.removeAll();
    await endOfTurn();
    expect([held(), disk.files.map(({ isClosed }) => isClosed)]).toEqual([nothing, [true, true]]);
  });
});

describe('a large value that survives the server', () => {
  it('is on the disk with its name before it is stored, and loses its name with its value', async () => {
    const { disk, files } = filesWith({ areKept: true });
    files.open(file);
    files.write(file, Buffer.from('abcdefghij'), noRoom);
    expect(await files.finish(file)).toBeUndefined();
    expect([[...disk.named.keys()], disk.files[0]?.isSynced]).toEqual([['/tmp/3'], true]);
    expect(disk.syncedFolders).toEqual(['/tmp']);
    files.discard(file);
    await endOfTurn();
    expect(disk.named.size).toBe(0);
  });

  it('is discarded although its name cannot be removed', async () => {
    const { disk, files, held } = filesWith({ areKept: true });
    files.open(file);
    files.write(file, Buffer.from('abcdefghij'), noRoom);
    await files.finish(file);
    disk.unlink = () => Promise.reject(new Error('EPERM'));
    files.discard(file);
    await endOfTurn();
    expect([held(), disk.files[0]?.isClosed, disk.named.size]).toEqual([nothing, true, 1]);
  });

  it('takes no room that others have announced when it was written before a restart', async () => {
    const { disk, files, held } = filesWith({ areKept: true });
    await disk.create('/tmp/3');
    files.restore(file);
    files.open({ file: 4, size: 7 });
    files.discard(file);
    await endOfTurn();
    expect(held()).toEqual({ count: 1, bytes: 7, unwritten: 7 });
  });

  it('is lost if it cannot be secured', async () => {
    const { disk, files } = filesWith({ areKept: true });
    disk.syncFolder = () => Promise.reject(new Error('EIO'));
    files.open(file);
    expect(await files.finish(file)).toBe('EIO');
    disk.syncFolder = () => Promise.resolve();
    expect(await files.finish(file)).toBe('EIO');
  });

  it('is found after a restart, and files that no value needs are removed', async () => {
    const before = filesWith({ areKept: true });
    before.files.open(file);
    before.files.write(file, Buffer.from('abcdefghij'), noRoom);
    await before.files.finish(file);
    await before.disk.create('/tmp/4');
    const files = new TemporaryFiles(before.disk, '/tmp', Number.POSITIVE_INFINITY, true);
    files.restore(file);
    expect([files.count, files.bytes, files.unwritten]).toEqual([1, 10, 0]);
    await files.restored();
    expect([...before.disk.named.keys()]).toEqual(['/tmp/3']);
    expect(await textOf(files.read(file))).toBe('abcdefghij');
    files.restore({ file: 5, size: 1 });
    await expect(files.restored()).rejects.toThrow('/tmp/5: ENOENT');
  });

  it('is not looked for without a store', async () => {
    const { disk, files } = filesWith();
    await disk.create('/tmp/4');
    await files.restored();
    expect(disk.named.size).toBe(1);
  });
});
