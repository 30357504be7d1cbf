import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { KIND_OF, KINDS, type Change, type Entity, type Fields, type Key } from '../store/change.ts';
import { condensed } from '../store/condensed.ts';
import { STORED } from '../store/errors.ts';
import type { Store } from '../store/store.ts';
import { fault, plainError } from '../wire/error-kind.ts';
import type { SyncMode } from './sync-modes.ts';
import { Claim } from './claim.ts';
import { LazyCommits } from './lazy-commits.ts';
import { checkFile } from './lmdb-file.ts';
import { RecentLog } from './recent-log.ts';

/** LMDB gives a key of one number back as this number. */
type StoredKey = number | number[];

/** The file of LMDB in its folder. */
export const DATA_FILE = 'data.mdb';

/** The number of entities that are loaded at once. */
const PORTION = 1_000;

/** Before all entities: who uses the folder, and the number of the last commit of `LazyCommits` that is on the disk. */
const CLAIM = -1;
const FLUSHED = -2;

const stored = ([kind, ...numbers]: Key): number[] => [KINDS[kind], ...numbers];

function keyOf(key: StoredKey): Key {
  const [code, ...numbers] = typeof key === 'number' ? [key] : key;
  const kind = KIND_OF.get(code ?? -1);
  if (kind === undefined) throw fault(`the store has an entity of the unknown kind ${code}`);
  return [kind, ...numbers];
}

/** The first key after all that begin with this one. */
const after = (key: number[]): number[] => [...key.slice(0, -1), (key.at(-1) ?? 0) + 1];

/** LMDB says why a commit has failed in a promise of its error, which rejects. @throws always */
async function rethrow(error: unknown): Promise<never> {
  if (error instanceof Error && 'commitError' in error) await error.commitError;
  throw error;
}

/** A store in a folder, in the file format of LMDB. It waits for the disk at each commit, or lets the disk follow (D21). */
export class LmdbStore implements Store {
  readonly #folder: string;
  readonly #sync: SyncMode;
  #opened: RootDatabase<Fields | string, StoredKey> | undefined;
  #claim: Claim | undefined;
  /** Undefined if each commit waits for the disk. */
  #lazy: LazyCommits | undefined;

  /** @param folder one that exists */
  constructor(folder: string, sync: SyncMode) {
    this.#folder = folder;
    this.#sync = sync;
  }

  get #db(): RootDatabase<Fields | string, StoredKey> {
    if (this.#opened === undefined) throw fault('the store is not claimed');
    return this.#opened;
  }

  /** The bytes of the file. */
  get bytes(): number {
    const stats: { mapSize?: number; pageSize?: number; lastPageNumber?: number } = this.#db.getStats();
    return (stats.pageSize ?? 0) * ((stats.lastPageNumber ?? 0) + 1);
  }

  async claim(): Promise<void> {
    // Loaded on demand: servers without data do not load it.
    const { open } = await import('lmdb');
    await checkFile(join(this.#folder, DATA_FILE));
    this.#opened = open<Fields | string, StoredKey>({
      path: this.#folder,
      // If this is on, a commit is done before it is on the disk, and the next one waits for that.
      overlappingSync: false,
      // Each commit is a transaction by itself. A batch of the event loop would have a promise that nobody handles.
      eventTurnBatching: false,
    });
    this.#claim = await Claim.make(this.#folder, randomUUID().slice(0, 8));
    const { name } = this.#claim;
    const former = this.#db.get(CLAIM);
    const isHeld = typeof former === 'string' && (await Claim.isHeld(this.#folder, former));
    // Two servers may have found that nobody holds it.
    const isMine =
      !isHeld &&
      this.#db.transactionSync(() => {
        if (this.#db.get(CLAIM) !== former) return false;
        this.#db.putSync(CLAIM, name);
        return true;
      });
    if (isMine) return this.#takeUpRecent();
    await this.close();
    throw plainError(STORED.inUse(this.#folder));
  }

  /** Takes up what a process that has ended had not brought to the disk. */
  async #takeUpRecent(): Promise<void> {
    const flushed = Number(this.#db.get(FLUSHED) ?? 0);
    const recent = await RecentLog.read(this.#folder, flushed);
    const last = recent.at(-1)?.number ?? flushed;
    if (recent.length > 0) await this.#write(condensed(recent.flatMap(({ changes }) => changes)), last);
    await RecentLog.remove(this.#folder);
    if (this.#sync === 'everysec')
      this.#lazy = new LazyCommits(await RecentLog.create(this.#folder), last, (changes, number) =>
        this.#write(changes, number),
      );
  }

  async onDisk(): Promise<void> {
    await this.#lazy?.onDisk();
  }

  get failure(): Promise<unknown> | undefined {
    return this.#lazy?.failure;
  }

  async *load(): AsyncGenerator<readonly Entity[]> {
    await this.#lazy?.settle();
    let portion: Entity[] = [];
    for (const { key, value } of this.#db.getRange()) {
      // Those before all entities are texts.
      if (typeof value !== 'object') continue;
      portion.push({ key: keyOf(key), fields: value });
      if (portion.length < PORTION) continue;
      yield portion;
      portion = [];
    }
    yield portion;
  }

  async commit(changes: readonly Change[]): Promise<void> {
    if (changes.length > 0) await (this.#lazy?.commit(changes) ?? this.#write(changes));
  }

  /** @param number of the last commit of `LazyCommits` that is among the changes. @returns once they are on the disk */
  async #write(changes: readonly Change[], number?: number): Promise<void> {
    const db = this.#db;
    try {
      // Unlike a batch, a transaction has one promise, and so one failure.
      await db.transaction(() => {
        for (const change of changes) this.#apply(db, change);
        if (number !== undefined) db.putSync(FLUSHED, String(number));
      });
    } catch (error) {
      await rethrow(error);
    }
  }

  #apply(db: RootDatabase<Fields | string, StoredKey>, change: Change): void {
    if (change.type === 'put') db.putSync(stored(change.key), change.fields);
    else if (change.type === 'delete') db.removeSync(stored(change.key));
    else {
      const start = stored(change.prefix);
      for (const key of Array.from(db.getKeys({ start, end: after(start) }))) db.removeSync(key);
    }
  }

  async close(): Promise<void> {
    const isFlushed = await this.#lazy?.settle();
    await this.#lazy?.close();
    this.#lazy = undefined;
    if (isFlushed === true) await RecentLog.remove(this.#folder);
    await this.#opened?.close();
    this.#opened = undefined;
    await this.#claim?.release();
  }
}
