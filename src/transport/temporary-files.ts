import { randomUUID } from 'node:crypto';
import { readSync } from 'node:fs';
import { access, constants, open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { FilePayload } from '../wire/payload.ts';

/** Bytes that may wait to be written before the client that sends them is made to wait. */
const HIGH_WATER = 1 << 20;
/** Bytes that are read from a file at a time. */
const CHUNK = 1 << 18;

interface TemporaryFile {
  readonly handle: Promise<FileHandle>;
  /** Once the handle is there. */
  descriptor: number | undefined;
  /** Ends when all that was given to be written so far is written. */
  written: Promise<void>;
  pending: number;
  error: string | undefined;
  /** The core, and everyone to whom it is being sent. */
  users: number;
  /** Called when fewer bytes wait to be written again. */
  onRoom: (() => void) | undefined;
}

/**
 * Large values in files (P11) that only this user can open. A file loses its name as soon as it is open, so that its
 * space is free again when the last user is done with it, or when the process ends, however it ends.
 */
export class TemporaryFiles {
  readonly #files = new Map<number, TemporaryFile>();
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** @throws when no file can be made there */
  async check(): Promise<void> {
    await access(this.#root, constants.W_OK | constants.X_OK).catch((cause: unknown) => {
      throw new Error(`temporary files cannot be made in ${this.#root}: ${reasonOf(cause)}`, { cause });
    });
  }

  open({ file }: FilePayload): void {
    const handle = this.#create();
    const written = handle.then(
      ({ fd }) => void (entry.descriptor = fd),
      (error: unknown) => void (entry.error = reasonOf(error)),
    );
    const entry: TemporaryFile = {
      handle,
      descriptor: undefined,
      written,
      pending: 0,
      error: undefined,
      users: 1,
      onRoom: undefined,
    };
    this.#files.set(file, entry);
  }

  async #create(): Promise<FileHandle> {
    const path = join(this.#root, `sleigh-${randomUUID()}`);
    const handle = await open(path, 'wx+', 0o600);
    await unlink(path);
    return handle;
  }

  /** @returns whether more may come at once; if not, `onRoom` is called when it may */
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
      if (entry.error === undefined) await writeAll(await entry.handle, bytes);
    } catch (error) {
      entry.error ??= reasonOf(error);
    }
    entry.pending -= bytes.length;
    if (entry.pending >= HIGH_WATER) return;
    entry.onRoom?.();
    entry.onRoom = undefined;
  }

  /** @returns why the value could not be kept, once all of it is written */
  async finish({ file }: FilePayload): Promise<string | undefined> {
    const entry = this.#files.get(file);
    if (entry === undefined) return 'there is no such file';
    await entry.written;
    return entry.error;
  }

  /** Not all of it came here: the value cannot be kept. */
  spoil({ file }: FilePayload, error: unknown): void {
    const entry = this.#files.get(file);
    if (entry !== undefined) entry.error ??= reasonOf(error);
  }

  /** The content in pieces. The file stays until the last of them is taken, whoever discards it meanwhile. */
  read({ file, size }: FilePayload): AsyncGenerator<Uint8Array> {
    const entry = this.#files.get(file);
    if (entry === undefined) throw new Error(`there is no temporary file ${file}`);
    entry.users++;
    return this.#pieces(file, entry, size);
  }

  async *#pieces(file: number, entry: TemporaryFile, size: number): AsyncGenerator<Uint8Array> {
    try {
      const handle = await entry.handle;
      for (let at = 0; at < size;) {
        const piece = Buffer.allocUnsafe(Math.min(CHUNK, size - at));
        const { bytesRead } = await handle.read(piece, 0, piece.length, at);
        if (bytesRead === 0) throw new Error('a temporary file ended early');
        at += bytesRead;
        yield piece.subarray(0, bytesRead);
      }
    } finally {
      this.#leave(file, entry);
    }
  }

  /** @returns the first bytes, at once: no more than are in the file by now */
  peek({ file }: FilePayload, bytes: number): Uint8Array {
    const descriptor = this.#files.get(file)?.descriptor;
    if (descriptor === undefined) return new Uint8Array();
    const piece = Buffer.allocUnsafe(bytes);
    return piece.subarray(0, readSync(descriptor, piece, 0, bytes, 0));
  }

  discard({ file }: FilePayload): void {
    const entry = this.#files.get(file);
    if (entry !== undefined) this.#leave(file, entry);
  }

  #leave(file: number, entry: TemporaryFile): void {
    entry.users--;
    if (entry.users > 0) return;
    this.#files.delete(file);
    void entry.written.then(async () => (await entry.handle).close()).catch(() => undefined);
  }

  removeAll(): void {
    for (const [file, entry] of this.#files) {
      entry.users = 1;
      this.#leave(file, entry);
    }
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at);
    at += bytesWritten;
  }
}
