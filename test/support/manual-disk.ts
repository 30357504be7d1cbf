import type { Disk, DiskFile } from '../../src/transport/disk.ts';

/** The content of a file, and what was done with it. */
export class ManualFile implements DiskFile {
  content: Buffer = Buffer.alloc(0);
  isClosed = false;
  isSynced = false;
  /** Why the next write fails, if it does. */
  failure: Error | undefined;
  readonly #disk: ManualDisk;

  constructor(disk: ManualDisk) {
    this.#disk = disk;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#disk.writing;
    if (this.failure !== undefined) throw this.failure;
    const written = bytes.subarray(0, this.#disk.mostAtOnce);
    this.content = Buffer.concat([this.content, written]);
    this.isSynced = false;
    return written.length;
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return Promise.resolve(this.#copy(into, position));
  }

  readNow(into: Uint8Array): number {
    return this.#copy(into, 0);
  }

  #copy(into: Uint8Array, position: number): number {
    const end = Math.min(this.content.length, position + this.#disk.mostAtOnce);
    return this.content.copy(into, 0, position, end);
  }

  sync(): Promise<void> {
    this.isSynced = true;
    return Promise.resolve();
  }

  close(): Promise<void> {
    if (this.isClosed) throw new Error('the file is closed twice');
    this.isClosed = true;
    return Promise.resolve();
  }
}

/** A disk in memory. */
export class ManualDisk implements Disk {
  /** Those that have a name. */
  readonly named = new Map<string, ManualFile>();
  /** All that were ever created, in order. */
  readonly files: ManualFile[] = [];
  readonly syncedFolders: string[] = [];
  free = Number.POSITIVE_INFINITY;
  /** The number of bytes that one call reads or writes. */
  mostAtOnce = Number.POSITIVE_INFINITY;
  /** What each write waits for. */
  writing: Promise<void> = Promise.resolve();

  check: Disk['check'] = () => Promise.resolve();
  room = (): Promise<number> => Promise.resolve(this.free);
  list = (): Promise<string[]> => Promise.resolve(Array.from(this.named.keys(), (path) => path.slice(5)));

  create = (path: string): Promise<ManualFile> => {
    const file = new ManualFile(this);
    this.named.set(path, file);
    this.files.push(file);
    return Promise.resolve(file);
  };

  openExisting = (path: string): Promise<ManualFile> => {
    const file = this.named.get(path);
    return file === undefined ? Promise.reject(new Error('ENOENT')) : Promise.resolve(file);
  };

  syncFolder = (folder: string): Promise<void> => {
    this.syncedFolders.push(folder);
    return Promise.resolve();
  };

  unlink = (path: string): Promise<void> =>
    this.named.delete(path) ? Promise.resolve() : Promise.reject(new Error('ENOENT'));
}
