import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { FilePayload } from '../wire/payload.ts';
import type { Disk, DiskFile } from './disk.ts';
import { STORED } from '../store/errors.ts';
import { SERVER } from './errors.ts';
import { fault, plainError, reasonOf } from '../wire/error-kind.ts';

/** Bytes that may wait to be written before the server stops reading from their client. */
const HIGH_WATER = 1 << 20;
/** Bytes that are read from a file at a time. */
const CHUNK = 1 << 18;

interface TemporaryFile {
  readonly opened: Promise<DiskFile>;
  /** The size in bytes, as its sender announced it. */
  readonly size: number;
  /** The bytes that are not written yet. */
  unwritten: number;
  /** Defined once the file is open. */
  handle: DiskFile | undefined;
  /** Resolves when all bytes so far are written. */
  written: Promise<void>;
  pending: number;
  error: string | undefined;
  /** The number of users: the core, and each client to which it is being sent. */
  users: number;
  /** Called when more bytes may be written. */
  onRoom: (() => void) | undefined;
}

/**
 * Stores large values in files that only this user can open (P11). Without a store a file loses its name as soon as it is
 * open, so its space is released after the last user, or when the process ends for any reason. With a store its name is
 * its number, and it is on the disk before its value is stored.
 */
export class TemporaryFiles {
  readonly #files = new Map<number, TemporaryFile>();
  readonly #disk: Disk;
  readonly #root: string;
  readonly #most: number;
  readonly #areKept: boolean;
  #bytes = 0;
  #unwritten = 0;

  /**
   * @param root the folder of the files
   * @param most the limit for the announced bytes of all files (P12)
   * @param areKept whether they survive the server
   */
  constructor(disk: Disk, root: string, most: number, areKept = false) {
    this.#disk = disk;
    this.#root = root;
    this.#most = most;
    this.#areKept = areKept;
  }

  get count(): number {
    return this.#files.size;
  }
  /** The bytes of all files, including announced bytes that have not arrived, and files that are only being sent. */
  get bytes(): number {
    return this.#bytes;
  }
  /** The bytes that were announced and are not written yet. */
  get unwritten(): number {
    return this.#unwritten;
  }

  /** @throws if no file can be created there */
  async check(): Promise<void> {
    await this.#disk.check(this.#root).catch((cause: unknown) => {
      throw plainError(SERVER.noTemporaryFiles(this.#root, reasonOf(cause)), { cause });
    });
  }

  /** Reserves the announced size at once, because many values may be arriving at the same time. */
  open({ file, size }: FilePayload): void {
    this.#bytes += size;
    this.#unwritten += size;
    const entry = entryOf(
      this.#create(file, () => entry.users > 0),
      size,
    );
    this.#files.set(file, entry);
  }

  /** Makes a file of before a restart available; `restored` says whether it can be read. */
  restore({ file, size }: FilePayload): void {
    this.#bytes += size;
    const entry = entryOf(this.#disk.openExisting(this.#pathOf(file)), size);
    entry.unwritten = 0;
    this.#files.set(file, entry);
  }

  /**
   * Waits until the files of before a restart are open, and removes those that no value needs.
   * @throws if one cannot be read
   */
  async restored(): Promise<void> {
    if (!this.#areKept) return;
    for (const [file, { written }] of this.#files) {
      await written;
      const error = this.#files.get(file)?.error;
      if (error !== undefined) throw plainError(STORED.missingFile(this.#pathOf(file), error));
    }
    for (const name of await this.#disk.list(this.#root))
      if (!this.#files.has(Number(name))) await this.#remove(join(this.#root, name));
  }

  #pathOf(file: number): string {
    return join(this.#root, String(file));
  }

  /** @param isWanted checked before the file is created */
  async #create(file: number, isWanted: () => boolean): Promise<DiskFile> {
    if (this.#bytes > this.#most) throw plainError(SERVER.diskLimit(this.#bytes, this.#most));
    const room = await this.#disk.room(this.#root);
    if (this.#unwritten > room) throw plainError(SERVER.diskFull(room, this.#unwritten));
    if (!isWanted()) throw fault('nobody needs it any more');
    const path = this.#areKept ? this.#pathOf(file) : join(this.#root, `sleigh-${randomUUID()}`);
    const handle = await this.#disk.create(path);
    if (this.#areKept) return handle;
    try {
      await this.#disk.unlink(path);
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** @returns whether more bytes may be written now; if not, `onRoom` is called when they may */
  write({ file }: FilePayload, bytes: Uint8Array, onRoom: () => void): boolean {
    const entry = this.#files.get(file);
    if (entry === undefined) return true;
    entry.pending += bytes.length;
    entry.written = entry.written.then(() => this.#append(entry, bytes));
    if (entry.pending < HIGH_WATER) return true;
    entry.onRoom = onRoom;
    return false;
  }

  async #append(entry: TemporaryFile, bytes: Uint8Array): Promise<void> {
    try {
      if (entry.error === undefined) await writeAll(await entry.opened, bytes);
    } catch (error) {
      entry.error ??= reasonOf(error);
    }
    entry.pending -= bytes.length;
    this.#settle(entry, bytes.length);
    if (entry.pending >= HIGH_WATER) return;
    entry.onRoom?.();
    entry.onRoom = undefined;
  }

  /** @returns why the value could not be kept, or undefined, once all of it is written */
  async finish({ file }: FilePayload): Promise<string | undefined> {
    const entry = this.#files.get(file);
    if (entry === undefined) return 'there is no such file';
    await entry.written;
    if (this.#areKept && entry.error === undefined) await this.#secure(entry);
    return entry.error;
  }

  /** Its content and its name are on the disk afterwards, or it has an error. */
  async #secure(entry: TemporaryFile): Promise<void> {
    try {
      await entry.handle?.sync();
      await this.#disk.syncFolder(this.#root);
    } catch (error) {
      entry.error ??= reasonOf(error);
    }
  }

  /** Marks the value as lost, because bytes are missing. */
  spoil({ file }: FilePayload, error: unknown): void {
    const entry = this.#files.get(file);
    if (entry !== undefined) entry.error ??= reasonOf(error);
  }

  /** The content in pieces. The file is kept until the last piece is taken, even if it is discarded meanwhile. */
  read({ file, size }: FilePayload): AsyncGenerator<Uint8Array> {
    const entry = this.#files.get(file);
    if (entry === undefined) throw fault(`there is no temporary file ${file}`);
    entry.users++;
    return this.#pieces(file, entry, size);
  }

  async *#pieces(file: number, entry: TemporaryFile, size: number): AsyncGenerator<Uint8Array> {
    try {
      const handle = await entry.opened;
      for (let at = 0; at < size;) {
        const piece = Buffer.allocUnsafe(Math.min(CHUNK, size - at));
        const bytesRead = await handle.read(piece, at);
        if (bytesRead === 0) throw fault('a temporary file ended early');
        at += bytesRead;
        yield piece.subarray(0, bytesRead);
      }
    } finally {
      this.#leave(file, entry);
    }
  }

  /** @returns the first bytes, read synchronously, as far as they are in the file */
  peek({ file }: FilePayload, bytes: number): Uint8Array {
    const handle = this.#files.get(file)?.handle;
    if (handle === undefined) return new Uint8Array();
    const piece = Buffer.allocUnsafe(bytes);
    return piece.subarray(0, handle.readNow(piece));
  }

  discard({ file }: FilePayload): void {
    const entry = this.#files.get(file);
    if (entry === undefined) return;
    this.#leave(file, entry);
    if (this.#areKept) void entry.written.then(() => this.#remove(this.#pathOf(file)));
  }

  /** A name that cannot be removed is removed at the next start. It may be removed twice, after a restart. */
  async #remove(path: string): Promise<void> {
    await this.#disk.unlink(path).catch(() => undefined);
  }

  /** Records that this many bytes are written, or never will be. */
  #settle(entry: TemporaryFile, bytes: number): void {
    const settled = Math.min(bytes, entry.unwritten);
    entry.unwritten -= settled;
    this.#unwritten -= settled;
  }

  #leave(file: number, entry: TemporaryFile): void {
    entry.users--;
    if (entry.users > 0) return;
    this.#files.delete(file);
    this.#settle(entry, entry.unwritten);
    this.#bytes -= entry.size;
    void entry.written.then(async () => (await entry.opened).close()).catch(() => undefined);
  }

  removeAll(): void {
    for (const [file, entry] of this.#files) {
      entry.users = 1;
      this.#leave(file, entry);
    }
  }
}

function entryOf(opened: Promise<DiskFile>, size: number): TemporaryFile {
  const entry: TemporaryFile = {
    opened,
    size,
    unwritten: size,
    handle: undefined,
    written: opened.then(
      (handle) => void (entry.handle = handle),
      (error: unknown) => void (entry.error = reasonOf(error)),
    ),
    pending: 0,
    error: undefined,
    users: 1,
    onRoom: undefined,
  };
  return entry;
}

async function writeAll(handle: DiskFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await handle.write(bytes.subarray(at));
}
