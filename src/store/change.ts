/**
 * The state that survives the server, as entities. Each entity has a key and a record of plain fields. An event of the
 * core changes some of them, and its changes are committed together or not at all.
 */

/**
 * What an entity is, with a number that a store may use in its keys: it never changes. Keys sort by these numbers, so an
 * entity comes after those that it belongs to.
 */
export const KINDS = {
  /** The server: the format of all records, and the name of its first run. No number. */
  server: 0,
  /** A workspace, by its number. */
  workspace: 1,
  /** A variable, by the numbers of its workspace and its own. */
  variable: 2,
  /** A value of a variable, by the numbers of its workspace, its variable and its own. */
  value: 3,
  /** A job, by the number of its workspace, as all of `JOB_KINDS`. */
  job: 4,
  sentinel: 5,
  worker: 6,
  batch: 7,
  task: 8,
  broadcast: 9,
  result: 10,
  deadline: 11,
  /** The place of a task in the queue, by the number of the task. */
  place: 13,
  /** How far the null results at the head of an inbox have been taken, by the number of the inbox. */
  cursor: 14,
  /** A session of a client, by its own number. It comes after the workspaces that it has opened. */
  session: 15,
  /** A reply that a session keeps, by the numbers of the session and of the request. */
  reply: 16,
  /** A value that a client has taken for a time, by the number of the lease. It comes after the session of its holder. */
  lease: 17,
  /** A client with a session that was a worker, which has ended, by the id of the client. */
  formerWorker: 18,
  /** The last number that was given to a session (0) or to a lease (1). */
  numbers: 19,
} as const;

export type Kind = keyof typeof KINDS;

const isKind = (text: string): text is Kind => Object.hasOwn(KINDS, text);

/** The kinds by their numbers. */
export const KIND_OF: ReadonlyMap<number, Kind> = new Map(
  Object.keys(KINDS)
    .filter(isKind)
    .map((kind) => [KINDS[kind], kind]),
);

/** The kinds of the entities of a job. */
export const JOB_KINDS = [
  'job',
  'sentinel',
  'worker',
  'batch',
  'task',
  'broadcast',
  'result',
  'deadline',
  'place',
  'cursor',
  'formerWorker',
] as const satisfies readonly Kind[];
export type JobKind = (typeof JOB_KINDS)[number];

export type Key = readonly [kind: Kind, ...numbers: number[]];

/** Plain data. A string of bytes is Latin-1, as in the rest of the core. */
export type Field =
  | string
  | number
  | boolean
  | null
  | undefined
  | Uint8Array
  | readonly Field[]
  | { readonly [name: string]: Field };

/** The record of an entity. */
export type Fields = { readonly [name: string]: Field };

export interface Entity {
  readonly key: Key;
  readonly fields: Fields;
}

export type Change =
  | { readonly type: 'put'; readonly key: Key; readonly fields: Fields }
  | { readonly type: 'delete'; readonly key: Key }
  /** Deletes all entities whose keys begin with this one: the contents of a workspace, for example. */
  | { readonly type: 'clear'; readonly prefix: Key };

/** As text, for tables and messages: `value/3/1/17`. */
export const textOfKey = (key: Key): string => key.join('/');

/** Whether the key is the prefix itself or below it. */
export const isBelow = (key: Key, prefix: Key): boolean => prefix.every((part, at) => key[at] === part);

/** Orders keys by the numbers of their kinds, then by their own. */
export function compareKeys(a: Key, b: Key): number {
  if (a[0] !== b[0]) return KINDS[a[0]] - KINDS[b[0]];
  for (let at = 1; at < Math.min(a.length, b.length); at++) {
    const difference = Number(a[at]) - Number(b[at]);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
