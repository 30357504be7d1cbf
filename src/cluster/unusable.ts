import { FORMAT } from '../core/recovery.ts';
import { KINDS, textOfKey, type Field, type Key } from '../store/change.ts';
import { STORED } from '../store/errors.ts';
import { recordOf } from '../store/failure.ts';
import type { Store } from '../store/store.ts';
import type { TcpServer } from '../transport/server.ts';
import { isOfData, isOfText, isUnsuitable } from './link.ts';
import { CLUSTER } from './errors.ts';
import { storedKey } from './stored-key.ts';
import { packed } from './writes.ts';

/** Why the data of a partition cannot be used, and the number of a large value that is not in the store. */
export interface Unusable {
  readonly error: unknown;
  readonly missingFile: number | undefined;
}

/** Ends a core at once: it sends nothing that waits to become durable. */
export async function abandon(tcp: TcpServer | undefined, why: Error): Promise<void> {
  tcp?.durability?.abandon(why);
  await tcp?.stopped;
}

/** Whether the server cannot use the store at all: every partition would fail. */
export const isOfServer = (error: unknown): boolean => isUnsuitable(error) || isOfText(error);

/** Whether the data of one partition is the reason why something could not be made durable (D23). */
export function isOfPartition(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause)
    if (isOfData(each) || ('code' in each && each.code === CLUSTER.badChange.code)) return true;
  return false;
}

/** What the log says about a record that a server cannot use. */
export interface Culprit {
  /** As `value/3/1/17`. */
  readonly record: string;
  /**
   * Deletes the record and what belongs to it, or writes that of the server (`server`) again. Undefined if another version of the server
   * can read the data as they are.
   */
  readonly statement?: string;
}

/**
 * The record that is the reason why a partition cannot be used.
 * @param missingFile the number of a large value that is not in the store
 * @returns undefined if no record is known to be the reason
 * @throws if the store cannot be asked
 */
export async function culpritOf(
  error: unknown,
  { partition, store, missingFile }: { partition: number; store: Store; missingFile: number | undefined },
): Promise<Culprit | undefined> {
  const key =
    recordOf(error) ?? (missingFile === undefined ? undefined : await keyOfFile(store, missingFile));
  if (key === undefined) return undefined;
  if (isOfFormat(error)) return key[0] === 'server' ? { record: SERVER } : writingServer(partition);
  if (key[0] === 'server') return writingServer(partition);
  return {
    record: textOfKey(key),
    statement: `DELETE FROM sleigh_entity WHERE partition = ${partition} AND ${conditionOf(key)}`,
  };
}

const SERVER = textOfKey(['server']);

/** Whether the format of the data is not known, or, at another record than that of the server, whether that record is missing. */
function isOfFormat(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause)
    if ('code' in each && each.code === STORED.noFormat().code) return true;
  return false;
}

/** Nothing but the format is read from the record of the server, and without it nothing else is. */
function writingServer(partition: number): Culprit {
  const fields = hexOf(packed({ format: FORMAT, run: '' }));
  return {
    record: SERVER,
    statement: `INSERT INTO sleigh_entity (partition, key, fields) VALUES (${partition}, ${hexOf(storedKey(['server']))}, ${fields}) ON CONFLICT (partition, key) DO UPDATE SET fields = excluded.fields`,
  };
}

/** The kinds whose keys do not begin with the number of a workspace. */
const OF_NO_WORKSPACE = [KINDS.server, KINDS.session, KINDS.reply, KINDS.lease, KINDS.numbers].join(', ');

/** SQL for a record and what is worth nothing without it: a variable with its values, a workspace with everything in it. */
function conditionOf(key: Key): string {
  const [kind, workspace = 0, variable = 0] = key;
  if (kind === 'workspace' || kind === 'job')
    return `get_byte(key, 0) NOT IN (${OF_NO_WORKSPACE}) AND substring(key FROM 2 FOR 8) = ${hexOf(storedKey([kind, workspace]).subarray(1))}`;
  if (kind !== 'variable') return `key = ${hexOf(storedKey(key))}`;
  const values = storedKey(['value', workspace, variable]);
  return `(key = ${hexOf(storedKey(key))} OR substring(key FOR ${values.length}) = ${hexOf(values)})`;
}

const hexOf = (bytes: Buffer): string => `'\\x${bytes.toString('hex')}'`;

async function keyOfFile(store: Store, file: number): Promise<Key | undefined> {
  for await (const entities of store.load())
    for (const { key, fields } of entities) if (names(fields, file)) return key;
  return undefined;
}

/** Whether a reference to the file is somewhere in it. */
function names(field: Field, file: number): boolean {
  if (typeof field !== 'object' || field === null || field instanceof Uint8Array) return false;
  return (
    ('file' in field && Reflect.get(field, 'file') === file) ||
    Object.values<Field>(field).some((each) => names(each, file))
  );
}
