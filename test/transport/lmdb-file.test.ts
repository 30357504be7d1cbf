import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkFile } from '../../src/transport/lmdb-file.ts';
import { openIn } from '../support/open-files.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sleigh-file-'));
  path = join(folder, 'data.mdb');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What LMDB writes at the beginning of each of the first two pages: `MDB_page` and `MDB_meta` in its `mdb.c`. */
function meta(pageSize: number, lastPage: number): Buffer {
  const page = Buffer.alloc(160);
  page.writeUInt32LE(0xbeefc0de, 24);
  page.writeUInt32LE(pageSize, 48);
  page.writeBigUInt64LE(BigInt(lastPage), 144);
  return page;
}

function write(size: number, ...parts: readonly (readonly [at: number, bytes: Buffer])[]): void {
  const bytes = Buffer.alloc(size);
  for (const [at, part] of parts) part.copy(bytes, at);
  writeFileSync(path, bytes);
}

describe('the check of the file of a store', () => {
  it('accepts one that does not exist, and an empty one', async () => {
    await checkFile(path);
    write(0);
    await checkFile(path);
  });

  it.each([1, 159, 160, 10_000])('refuses %i bytes of something else', async (size) => {
    writeFileSync(path, Buffer.alloc(size, 'x'));
    await expect(checkFile(path)).rejects.toMatchObject({
      code: 'bad-store',
      message: `${path} is not a file of a server's data`,
    });
  });

  it('accepts one that has all pages of one of its two last commits, wherever that is described', async () => {
    for (const [size, ...parts] of [
      // The first page alone, without a byte behind its description.
      [160, [0, meta(160, 0)]],
      // The first page is damaged, so the size of pages is taken to be the usual one.
      [8_192, [4_096, meta(4_096, 1)]],
      // The second page is where the first one says.
      [1_024, [0, meta(512, 9)], [512, meta(512, 1)]],
      [1_024, [0, meta(512, 1)], [512, meta(512, 9)]],
    ] as const) {
      write(size, ...parts);
      await expect(checkFile(path)).resolves.toBeUndefined();
    }
  });

  it('refuses one that lacks a byte of both', async () => {
    write(1_023, [0, meta(512, 1)], [512, meta(512, 9)]);
    await expect(checkFile(path)).rejects.toMatchObject({
      code: 'bad-store',
      message: `${path} is cut short: it has 1023 bytes in place of 5120`,
    });
  });

  it.skipIf(process.platform !== 'linux')('does not keep it open', async () => {
    write(1_024, [0, meta(512, 1)]);
    await checkFile(path);
    expect(openIn(folder)).toEqual([]);
  });
});
