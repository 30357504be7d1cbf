import { Socket } from 'node:net';
import type { Client, QueryResultRow } from 'pg';
import { fault, reasonOf, type ErrorText } from '../wire/error-kind.ts';
import { CLUSTER } from './errors.ts';

/** Milliseconds until a connection counts as impossible, and until a statement without an answer counts as lost. */
const CONNECT_MS = 3_000;
const STATEMENT_MS = 10_000;

/** The oldest version of PostgreSQL that this is tested with. */
const OLDEST = 15;

/** The class of the codes of warnings. Their texts depend on the language of PostgreSQL. */
const WARNING = '01';

interface Settings {
  readonly standby: boolean;
  readonly version: number;
  readonly fsync: string;
  readonly full_page_writes: string;
  readonly synchronous_commit: string;
  readonly standbys: string;
}

interface Connected {
  readonly client: Client;
  readonly socket: Socket;
}

/** A server of PostgreSQL that must not be used. */
class UnsuitableError extends Error {
  readonly code: string;

  constructor({ code, message }: ErrorText) {
    super(message);
    this.code = code;
  }
}

/** The store cannot be asked now, or has not answered. It may answer later. */
class UnreachableError extends Error {
  readonly code: string;

  constructor({ code, message }: ErrorText, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Whether the store could not be asked, or has not answered. A server may ask it again. */
export const isUnreachable = (error: unknown): boolean => error instanceof UnreachableError;

/** Whether PostgreSQL must not be used. */
export const isUnsuitable = (error: unknown): boolean => error instanceof UnsuitableError;

/** What PostgreSQL says about the data that it was given, or that it has: the data is wrong, too large or damaged. */
const OF_THE_DATA = /^(22|23|54|XX001|XX002)/;

/** What it says about the statement, whatever the data is: a table is missing, or a right. */
const OF_THE_TEXT = /^42/;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** Whether the statement itself is the reason: it would fail again. */
export const isOfStatement = (error: unknown): boolean => isOfData(error) || isOfText(error);

export const isOfData = (error: unknown): boolean => OF_THE_DATA.test(codeOf(error));

export const isOfText = (error: unknown): boolean => OF_THE_TEXT.test(codeOf(error));

export const missing = (what: string): never => {
  throw fault(what);
};

export interface LinkOptions {
  /** `postgres://…`; with several hosts, as in `postgres://a,b/data`, the one that accepts changes is used. */
  readonly url: string;
  /** What the list of connections in PostgreSQL shows. */
  readonly name: string;
  /** Whether settings under which PostgreSQL may lose what it has acknowledged are accepted. */
  readonly isUnsafe: boolean;
}

export interface Answer {
  readonly rows: readonly QueryResultRow[];
  /** Whether PostgreSQL has warned: it may not have waited for its standbys. */
  readonly hasWarned: boolean;
}

/** A connection to the store, or a part of one. */
export interface StoreLink {
  /**
   * Carries out one statement.
   * @throws if it fails, or if its outcome is unknown; then the connection is given up
   */
  ask(text: string, values?: readonly unknown[], name?: string): Promise<Answer>;
  close(): Promise<void>;
}

/**
 * The planner knows no sizes of the arrays in statements, and must never read a whole table for them. To it a table without an index
 * then seems so expensive that it would compile each statement, which takes a second. A partition is read in portions by its index; with a bitmap
 * each of them would read and sort all that is left, as long as PostgreSQL has not counted the records.
 */
const SESSION = `SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED; SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off`;

/** What a new connection is asked. */
const SETTINGS = `SELECT pg_is_in_recovery() AS standby, current_setting('server_version_num')::int AS version,
  current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,
  current_setting('synchronous_commit') AS synchronous_commit,
  current_setting('synchronous_standby_names') AS standbys`;

/** The addresses of the hosts, one by one. */
export function hostsOf(url: string): readonly string[] {
  const [, before = '', hosts = '', after = ''] = /^(\w+:\/\/(?:[^@/]*@)?)([^/?]*)(.*)$/s.exec(url) ?? [];
  return hosts.split(',').map((host) => `${before}${host}${after}`);
}

/** The address without its password, for logs and errors. */
export const withoutPassword = (url: string): string => url.replace(/^(\w+:\/\/[^:@/]*):[^@/]*@/, '$1@');

/**
 * A connection to PostgreSQL. It is made by the first statement, and again by the first one after it was lost. Statements
 * are carried out one by one, in their order.
 */
export class Link implements StoreLink {
  readonly #options: LinkOptions;
  #connected: Promise<Connected> | undefined;
  /** That of the last connection. */
  #socket: Socket | undefined;
  #warnings = 0;
  #isClosed = false;
  /** Settled when the statement before has its outcome. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  ask(text: string, values: readonly unknown[] = [], name?: string): Promise<Answer> {
    const answer = this.#last.then(() => this.#carryOut(text, values, name));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #carryOut(text: string, values: readonly unknown[], name: string | undefined): Promise<Answer> {
    const { client, socket } = await this.#connect();
    const before = this.#warnings;
    const timer = setTimeout(() => socket.destroy(), STATEMENT_MS);
    try {
      const { rows } = await client.query<QueryResultRow>({
        text,
        values: [...values],
        ...(name !== undefined && { name }),
      });
      return { rows, hasWarned: this.#warnings > before };
    } catch (error) {
      this.#giveUp(socket);
      if (isOfStatement(error)) throw error;
      throw new UnreachableError(CLUSTER.interrupted(reasonOf(error)), error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A later connection may already be in its place. */
  #giveUp(socket: Socket): void {
    if (this.#socket === socket) this.#connected = undefined;
    socket.destroy();
  }

  #connect(): Promise<Connected> {
    if (this.#isClosed) return Promise.reject(fault('the connection to the store is closed'));
    this.#connected ??= this.#open().catch((error: unknown) => {
      this.#connected = undefined;
      throw error;
    });
    return this.#connected;
  }

  async #open(): Promise<Connected> {
    let failure: unknown = fault('the store has no address');
    for (const url of hostsOf(this.#options.url))
      try {
        return await this.#openOne(url);
      } catch (error) {
        failure = error;
      }
    throw failure;
  }

  async #openOne(url: string): Promise<Connected> {
    // Loaded on demand: servers without a shared store do not load it.
    const { default: pg } = await import('pg');
    const socket = new Socket();
    this.#socket = socket;
    const client = new pg.Client({
      connectionString: url,
      application_name: `sleigh ${this.#options.name}`,
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      stream: () => socket,
    });
    // A lost connection is noticed by the statement that needs it.
    client.on('error', () => this.#giveUp(socket));
    client.on('notice', ({ code }) => {
      if (code?.startsWith(WARNING) === true) this.#warnings++;
    });
    const timer = setTimeout(() => socket.destroy(), STATEMENT_MS);
    try {
      await client.connect();
      await client.query(SESSION);
      const { rows } = await client.query<Settings>(SETTINGS);
      this.#check(rows[0] ?? missing('PostgreSQL does not say its settings'));
    } catch (cause) {
      socket.destroy();
      if (cause instanceof UnsuitableError || cause instanceof UnreachableError) throw cause;
      throw new UnreachableError(CLUSTER.unreachable(withoutPassword(url), reasonOf(cause)), cause);
    } finally {
      clearTimeout(timer);
    }
    return { client, socket };
  }

  #check({ standby, version, ...settings }: Settings): void {
    const { isUnsafe, url } = this.#options;
    const where = withoutPassword(url);
    if (version < OLDEST * 10_000)
      throw new UnsuitableError(CLUSTER.tooOld(where, Math.floor(version / 10_000), OLDEST));
    // It may become the primary, or another one may.
    if (standby) throw new UnreachableError(CLUSTER.readOnly(where));
    const risk = isUnsafe ? undefined : riskOf(settings);
    if (risk !== undefined) throw new UnsuitableError(CLUSTER.unsafe(where, risk));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const connected = await this.#connected?.catch(() => undefined);
    if (connected === undefined) return;
    const timer = setTimeout(() => connected.socket.destroy(), CONNECT_MS);
    await connected.client.end().catch(() => undefined);
    clearTimeout(timer);
  }
}

/** The first setting under which PostgreSQL may lose what it has acknowledged. */
export function riskOf(settings: Omit<Settings, 'standby' | 'version'>): string | undefined {
  const { fsync, full_page_writes, synchronous_commit, standbys } = settings;
  if (fsync !== 'on') return `fsync is ${fsync}`;
  if (full_page_writes !== 'on') return `full_page_writes is ${full_page_writes}`;
  if (synchronous_commit !== 'on' && synchronous_commit !== 'remote_apply')
    return `synchronous_commit is ${synchronous_commit}`;
  return standbys.trim() === '' ? 'synchronous_standby_names is empty' : undefined;
}
