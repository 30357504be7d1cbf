import { readSync } from 'node:fs';
import { access, constants, open, readdir, statfs, unlink, type FileHandle } from 'node:fs/promises';

/** A file that is open. */
export interface DiskFile {
  /** @returns the number of bytes that were written at the end of the file, at least one */
  write(bytes: Uint8Array): Promise<number>;
  /** @returns the number of bytes that were read from a position; 0 at the end of the file */
  read(into: Uint8Array, position: number): Promise<number>;
  /** As `read`, from the beginning, without waiting. */
  readNow(into: Uint8Array): number;
  /** @returns once everything that was written is on the disk */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What the temporary files need of a file system. A simulation gives another one. */
export interface Disk {
  /** @throws if no file can be created in the folder */
  check(folder: string): Promise<void>;
  /** @returns the bytes for which there is room */
  room(folder: string): Promise<number>;
  /** Creates a file that only this user can open. @throws if it exists */
  create(path: string): Promise<DiskFile>;
  /** Opens a file for reading. @throws if there is none */
  openExisting(path: string): Promise<DiskFile>;
  /** The names in a folder. */
  list(folder: string): Promise<readonly string[]>;
  /** @returns once the names in a folder are on the disk */
  syncFolder(folder: string): Promise<void>;
  /** Removes the name of a file. */
  unlink(path: string): Promise<void>;
}

/** That of this machine. */
export const NODE_DISK: Disk = {
  check: (folder) => access(folder, constants.W_OK | constants.X_OK),
  room: async (folder) => {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  },
  create: async (path) => {
    return fileOf(await open(path, 'wx+', 0o600));
  },
  openExisting: async (path) => fileOf(await open(path)),
  list: (folder) => readdir(folder),
  syncFolder: async (folder) => {
    const handle = await open(folder);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  unlink,
};

const fileOf = (handle: FileHandle): DiskFile => ({
  write: async (bytes) => (await handle.write(bytes)).bytesWritten,
  read: async (into, position) => (await handle.read(into, 0, into.length, position)).bytesRead,
  readNow: (into) => readSync(handle.fd, into, 0, into.length, 0),
  sync: () => handle.sync(),
  close: () => handle.close(),
});
