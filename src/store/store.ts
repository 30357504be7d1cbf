import type { Change, Entity } from './change.ts';

/** Where entities are kept. A server uses one store, and no other server uses it meanwhile. */
export interface Store {
  /**
   * Takes possession of the store, before `load`.
   * @throws if another server has it, or if its format is not known
   */
  claim(): Promise<void>;
  /** All entities, ordered by their keys, in portions of any size. */
  load(): AsyncIterable<readonly Entity[]>;
  /**
   * Stores changes, all of them or none. There is one commit at a time.
   * @returns once they are durable
   * @throws if it is not known that they are; the server must not continue with this store
   */
  commit(changes: readonly Change[]): Promise<void>;
  /**
   * Whether another server may have claimed the store, so that what was read may be old. Then a reply that only reads waits
   * for a commit, which may be without changes.
   */
  readonly confirmsReads?: boolean;
  /** @returns once all commits so far are on the disk, for a store whose commits do not wait for it */
  onDisk?(): Promise<void>;
  /**
   * Resolves with the reason if what was committed is not on the disk and cannot be brought there, for a store whose commits do
   * not wait for the disk.
   */
  readonly failure?: Promise<unknown> | undefined;
  /** The bytes that it takes on the disk, if it is on one. */
  readonly bytes?: number;
  /** Gives the store up. Everything that was committed stays. */
  close(): Promise<void>;
}
