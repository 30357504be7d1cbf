import { open } from 'node:fs/promises';
import { STORED } from '../store/errors.ts';
import { plainError } from '../wire/error-kind.ts';

/** The layout of the two pages at the beginning, with offsets in bytes: `MDB_page` and `MDB_meta` in LMDB's `mdb.c`. */
const META = { magic: 24, pageSize: 48, lastPage: 144, end: 160 } as const;
const MAGIC = 0xbeefc0de;
/** Of the second meta page, if the first does not say another. */
const PAGE_SIZE = 4_096;

/**
 * LMDB maps the file into memory, so the process would end without a word if the file were something else, or cut short.
 * @throws if it is; an empty file is a new one, as is one that does not exist
 */
export async function checkFile(path: string): Promise<void> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return;
  try {
    const { size } = await file.stat();
    if (size === 0) return;
    const first = await metaAt(0);
    const metas = [first, await metaAt(first?.pageSize ?? PAGE_SIZE)].filter((meta) => meta !== undefined);
    if (metas.length === 0) throw plainError(STORED.noStore(path));
    const sizes = metas.map(({ pageSize, lastPage }) => pageSize * (lastPage + 1));
    // One of them is of the commit before the last, and is used if the last was not completed.
    if (sizes.every((expected) => size < expected))
      throw plainError(STORED.cutShort(path, size, Math.max(...sizes)));
  } finally {
    await file.close();
  }

  async function metaAt(position: number): Promise<{ pageSize: number; lastPage: number } | undefined> {
    const page = Buffer.alloc(META.end);
    const read = await file?.read(page, 0, META.end, position);
    if (read?.bytesRead !== META.end || page.readUInt32LE(META.magic) !== MAGIC) return undefined;
    return {
      pageSize: page.readUInt32LE(META.pageSize),
      lastPage: Number(page.readBigUInt64LE(META.lastPage)),
    };
  }
}
