import { readSync } from 'node:fs';
import { access, constants, open, statfs, unlink } from 'node:fs/promises';

/** A file that is open. */
export interface DiskFile {
  /** @returns the number of bytes that were written at the end of the file, at least one */
  write(bytes: Uint8Array): Promise<number>;
  /** @returns the number of bytes that were read from a position; 0 at the end of the file */
  read(into: Uint8Array, position: number): Promise<number>;
  /** As `read`, from the beginning, without waiting. */
  readNow(into: Uint8Array): number;
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
    const handle = await open(path, 'wx+', 0o600);
    return {
      write: async (bytes) => (await handle.write(bytes)).bytesWritten,
      read: async (into, position) => (await handle.read(into, 0, into.length, position)).bytesRead,
      readNow: (into) => readSync(handle.fd, into, 0, into.length, 0),
      close: () => handle.close(),
    };
  },
  unlink,
};
