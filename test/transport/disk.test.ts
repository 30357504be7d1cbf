import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NODE_DISK } from '../../src/transport/disk.ts';
import { openIn } from '../support/open-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sleigh-disk-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the disk of this machine', () => {
  it('has files that only this user can open, written at their end and read at any place', async () => {
    const path = join(folder, '3');
    const file = await NODE_DISK.create(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await file.write(Buffer.from('abc'))).toBe(3);
    expect(await file.write(Buffer.from('def'))).toBe(3);
    await file.sync();
    await NODE_DISK.syncFolder(folder);
    const two = Buffer.alloc(2);
    expect([await file.read(two, 0), String(two)]).toEqual([2, 'ab']);
    expect([await file.read(two, 3), String(two)]).toEqual([2, 'de']);
    expect([await file.read(two, 5), String(two)]).toEqual([1, 'fe']);
    expect(await file.read(two, 6)).toBe(0);
    const all = Buffer.alloc(9);
    expect([file.readNow(all), all.toString('latin1', 0, 6)]).toEqual([6, 'abcdef']);
    expect(readFileSync(path, 'utf8')).toBe('abcdef');
    await file.close();
    await expect(file.read(two, 0)).rejects.toThrow();
  });

  it('creates no file twice, and opens and removes only what is there', async () => {
    const path = join(folder, '3');
    await (await NODE_DISK.create(path)).close();
    await expect(NODE_DISK.create(path)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await NODE_DISK.list(folder)).toEqual(['3']);
    const file = await NODE_DISK.openExisting(path);
    await expect(file.write(Buffer.from('a'))).rejects.toMatchObject({ code: 'EBADF' });
    await file.close();
    await NODE_DISK.unlink(path);
    await expect(NODE_DISK.openExisting(path)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await NODE_DISK.list(folder)).toEqual([]);
  });

  it('knows its room, and whether a folder can be written to', async () => {
    expect(await NODE_DISK.room(folder)).toBeGreaterThan(2 ** 20);
    await NODE_DISK.check(folder);
    await expect(NODE_DISK.check(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('waits until the names in a folder are on the disk, and keeps nothing open', async () => {
    const handle = await open(folder);
    using sync = vi.spyOn<FileHandle, 'sync'>(Object.getPrototypeOf(handle), 'sync');
    await handle.close();
    await NODE_DISK.syncFolder(folder);
    expect(sync).toHaveBeenCalledOnce();
    if (process.platform === 'linux') expect(openIn(folder)).toEqual([]);
  });
});
