import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { STORED } from '../store/errors.ts';
import type { Store } from '../store/store.ts';
import { plainError, reasonOf } from '../wire/error-kind.ts';
import { LmdbStore } from './lmdb-store.ts';
import type { SyncMode } from './sync-modes.ts';

/** The subfolder for large values. Each has a file whose name is its number. */
export const BLOBS = 'blobs';

/** The subfolder for jobs that have ended. */
export const HISTORY = 'history';

/** Where a server keeps what survives it. */
export interface DataOptions {
  /** A folder that no other program writes to; it is created if there is none. */
  readonly folder: string;
  /**
   * When something counts as durable: `always`, when it is on the disk; `everysec`, when the operating system has it, and the
   * disk is at most a second behind. The default is `always`.
   */
  readonly sync?: SyncMode | undefined;
  /** Whether the folder may be on a network file system, whose locks and caches may lose data. The default is false. */
  readonly isOnNetwork?: boolean | undefined;
}

/** The numbers of network file systems in `statfs` on Linux. */
const NETWORK: ReadonlyMap<number, string> = new Map([
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
]);

/** A store, and the folder for large values. */
export interface Storage {
  readonly store: Store;
  readonly blobs: string;
  /** The folder for jobs that have ended. Without it they are kept in memory. */
  readonly history?: string | undefined;
  readonly sync: SyncMode;
}

/**
 * Prepares a folder for the data of a server.
 * @param typeOf the number of the file system of a folder
 * @throws if it cannot be used
 */
export async function prepareData(
  { folder, sync = 'always', isOnNetwork = false }: DataOptions,
  typeOf = async (path: string): Promise<number> => (await statfs(path)).type,
): Promise<Storage> {
  const blobs = join(folder, BLOBS);
  await mkdir(blobs, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw plainError(STORED.noFolder(folder, reasonOf(cause)), {
      cause,
    });
  });
  const network = NETWORK.get(await typeOf(folder));
  if (network !== undefined && !isOnNetwork) throw plainError(STORED.onNetwork(folder, network));
  return { store: new LmdbStore(folder, sync), blobs, history: join(folder, HISTORY), sync };
}
