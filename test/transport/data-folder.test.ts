import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { prepareData } from '../../src/transport/data-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sleigh-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a folder of data', () => {
  // The numbers are those of linux/magic.h and of the file systems themselves.
  test.each([
    [0x6969, 'NFS'],
    [0x517b, 'SMB'],
    [0xff534d42, 'CIFS'],
    [0xfe534d42, 'SMB 2'],
    [0x01021997, '9P'],
    [0x00c36400, 'Ceph'],
    [0x5346414f, 'AFS'],
    [0x0bd00bd0, 'Lustre'],
    [0x47504653, 'GPFS'],
    [0x19830326, 'BeeGFS'],
    [0x65735546, 'FUSE'],
  ])('on a network file system is refused, unless it is allowed: %i, %s', async (type, name) => {
    const typeOf = (): Promise<number> => Promise.resolve(type);
    await expect(prepareData({ folder }, typeOf)).rejects.toMatchObject({
      code: 'data-on-network',
      message: expect.stringContaining(`(${name})`),
    });
    await prepareData({ folder, isOnNetwork: true }, typeOf);
  });

  test('is on the disk at once unless another mode is chosen, and is for this user alone', async () => {
    const inside = join(folder, 'new', 'deep');
    const { sync, blobs, history } = await prepareData({ folder: inside });
    expect([sync, blobs, history]).toEqual(['always', join(inside, 'blobs'), join(inside, 'history')]);
    expect(statSync(blobs).mode & 0o777).toBe(0o700);
    expect((await prepareData({ folder: inside, sync: 'everysec' })).sync).toBe('everysec');
    writeFileSync(join(folder, 'file'), 'in the way');
    const inTheWay = prepareData({ folder: join(folder, 'file') });
    await expect(inTheWay).rejects.toMatchObject({
      code: 'no-data-folder',
      message: expect.stringMatching(/^data cannot be kept in .*file: ENOTDIR/),
      cause: { code: 'ENOTDIR' },
    });
  });
});
