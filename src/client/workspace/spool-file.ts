import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ByteStream } from '../connection/outgoing.ts';

/** A stream out of a temporary file. It must be read to its end or destroyed. */
export interface SpooledStream extends ByteStream {
  readonly bytes: Readable;
}

/**
 * Writes a stream of unknown size to a temporary file, because a request begins with the size of its value (P5). The file has
 * no name, so it is released when it has been read, or when this process ends for whatever reason.
 * @throws what the stream throws, and the error of a full disk
 */
export async function spooled(bytes: ByteStream['bytes']): Promise<SpooledStream> {
  const folder = await mkdtemp(join(tmpdir(), 'sleigh-'));
  const file = await unnamed(folder);
  try {
    let size = 0;
    for await (const piece of bytes) {
      await file.writeFile(piece);
      size += piece.length;
    }
    return { size, bytes: file.createReadStream({ start: 0 }) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function unnamed(folder: string): Promise<FileHandle> {
  try {
    return await open(join(folder, 'stream'), 'wx+', 0o600);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
