import { access, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from '../core/commands.ts';
import { Core } from '../core/core.ts';
import { DEFAULT_OPTIONS } from '../sleigh/options.ts';
import { sleighPlugin } from '../sleigh/plugin.ts';
import { textOfKey, type Entity, type Kind } from '../store/change.ts';
import { STORED } from '../store/errors.ts';
import { plainError, reasonOf } from '../wire/error-kind.ts';
import { DEFAULT_LIMITS } from '../wire/limits.ts';
import type { FilePayload } from '../wire/payload.ts';
import { BLOBS } from './data-folder.ts';
import { LmdbStore, DATA_FILE } from './lmdb-store.ts';

/** What a data folder contains, and what is wrong with it. */
export interface DataReport {
  readonly folder: string;
  /** The bytes of the file of the store. */
  readonly bytes: number;
  /** The number of entities of each kind. */
  readonly counts: { readonly [kind in Kind]?: number };
  /** The large values, which have a file each, and their bytes. */
  readonly largeValues: { readonly count: number; readonly bytes: number };
  /** Files that belong to no value. The next server removes them. */
  readonly orphans: readonly string[];
  /** Sentences: each says why a server could not start with the folder, or what it could not take up. */
  readonly problems: readonly string[];
}

/**
 * Everything in a data folder, ordered by the keys. The folder is not changed. No server can use it meanwhile.
 * @throws if there is no data in the folder, or a server uses it
 */
export async function* readData(folder: string): AsyncGenerator<Entity> {
  const store = await claimed(folder);
  try {
    for await (const entities of store.load()) yield* entities;
  } finally {
    await store.close();
  }
}

/**
 * Takes up what is in a data folder as a server does when it starts, and reads the size of each large value. The folder is
 * not changed. No server can use it meanwhile.
 * @throws if there is no data in the folder, or a server uses it
 */
export async function checkData(folder: string): Promise<DataReport> {
  const store = await claimed(folder);
  try {
    const trial = new Trial();
    for await (const entities of store.load()) for (const entity of entities) trial.restore(entity);
    trial.finish();
    const { counts, files, problems } = trial;
    problems.push(...(await problemsOf(folder, files)));
    const names = await readdir(join(folder, BLOBS)).catch(() => []);
    const known = new Set(files.map(({ file }) => String(file)));
    return {
      folder,
      bytes: store.bytes,
      counts,
      largeValues: { count: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) },
      orphans: names.filter((name) => !known.has(name)),
      problems,
    };
  } finally {
    await store.close();
  }
}

async function claimed(folder: string): Promise<LmdbStore> {
  // LMDB would make a new file.
  await access(join(folder, DATA_FILE)).catch((cause: unknown) => {
    throw plainError(STORED.noData(folder), { cause });
  });
  const store = new LmdbStore(folder, 'always');
  await store.claim();
  return store;
}

const now = (): number => performance.timeOrigin + performance.now();

/** A server that takes up data and does nothing else. */
class Trial {
  readonly counts: { [kind in Kind]?: number } = {};
  readonly files: FilePayload[] = [];
  readonly problems: string[] = [];
  readonly #core = new Core({
    limits: DEFAULT_LIMITS,
    plugins: new Map([['sleigh', sleighPlugin(DEFAULT_OPTIONS)]]),
    tls: 'none',
    run: 'check',
    isStored: true,
  });

  restore(entity: Entity): void {
    const [kind] = entity.key;
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    try {
      this.#core.restore(entity, now());
    } catch (error) {
      this.problems.push(`${textOfKey(entity.key)} cannot be restored: ${reasonOf(error)}`);
    }
  }

  finish(): void {
    if (this.counts.server === undefined) this.problems.push(STORED.noFormat().message);
    for (const command of this.#recovered())
      if (command.type === 'restoreFile') this.files.push(command.file);
      else if (command.type === 'log' && command.level === 'error')
        this.problems.push(`${command.message}: ${reasonOf(command.fields['error'])}`);
  }

  #recovered(): readonly Command[] {
    try {
      return this.#core.recover(now());
    } catch (error) {
      this.problems.push(reasonOf(error));
      return [];
    }
  }
}

async function problemsOf(folder: string, files: readonly FilePayload[]): Promise<string[]> {
  const problems: string[] = [];
  for (const { file, size } of files) {
    const path = join(folder, BLOBS, String(file));
    const found = await stat(path).catch((error: unknown) => reasonOf(error));
    if (typeof found === 'string') problems.push(STORED.missingFile(path, found).message);
    else if (found.size !== size) problems.push(STORED.shortFile(path, found.size, size).message);
  }
  return problems;
}
