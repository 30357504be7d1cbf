import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chownSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { kill } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { SHARED_FOLDER } from './shared-folder.ts';

const DEBIAN = '/usr/lib/postgresql';

/** The folders in which the programs of PostgreSQL may be, the newest version first. */
const folders = (): readonly string[] => [
  ...(existsSync(DEBIAN) ? readdirSync(DEBIAN) : [])
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => `${DEBIAN}/${version}/bin`),
  ...(process.env['PATH'] ?? '').split(':'),
];

export const POSTGRES_PROGRAMS = folders().find((folder) =>
  ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))),
);

/** PostgreSQL refuses to run as root. */
export const POSTGRES_USER: { readonly uid?: number; readonly gid?: number } | undefined =
  userInfo().uid === 0 ? ['postgres', 'nobody'].map(idsOf).find((ids) => ids !== undefined) : {};

function idsOf(name: string): { readonly uid: number; readonly gid: number } | undefined {
  try {
    const id = (flag: string): number =>
      Number(execFileSync('id', [flag, name], { stdio: 'pipe' }).toString());
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return undefined;
  }
}

/** The reason why there can be none here; undefined if there can. */
export const noPostgres =
  POSTGRES_PROGRAMS === undefined
    ? 'PostgreSQL is not installed on this machine (apt-get install postgresql)'
    : POSTGRES_USER === undefined
      ? 'PostgreSQL does not run as root, and there is no other user'
      : undefined;

const program = (name: string): string => join(POSTGRES_PROGRAMS ?? '', name);

/** A PostgreSQL of this test alone, on a free port, in a temporary folder. */
export interface Postgres extends AsyncDisposable {
  readonly port: number;
  /** The address of its database. */
  readonly url: string;
  /** Runs one statement. @returns its rows */
  ask(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** Makes another one that receives every change, and that commits of this one wait for. */
  addStandby(): Promise<Postgres>;
  /** Sends a signal to all of its processes. */
  kill(signal: NodeJS.Signals): void;
  /** Ends it at once, as a crash does, and starts it again. @param pause milliseconds in between */
  restart(pause?: number): Promise<void>;
}

/** Faster, for tests that do not need more. */
const UNSAFE = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

const SETTINGS = [
  "unix_socket_directories=''",
  "listen_addresses='127.0.0.1'",
  'max_connections=60',
  'shared_buffers=32MB',
  'max_wal_senders=4',
  'wal_level=replica',
];

/**
 * A database that nobody has used: each one begins as a copy of it, because making one takes long. All files of tests share it.
 * @returns its folder, which is removed after all tests
 */
function unusedDatabase(): string {
  const parent = process.env[SHARED_FOLDER] ?? newFolder();
  const unused = join(parent, 'unused-database');
  if (existsSync(unused)) return unused;
  const folder = newFolder(parent);
  const options = ['-A', 'trust', '-U', 'sleigh', '-N', '-E', 'UTF8', '--no-locale'];
  execFileSync(program('initdb'), ['-D', folder, ...options], {
    ...POSTGRES_USER,
    cwd: folder,
    stdio: 'pipe',
  });
  try {
    renameSync(folder, unused);
  } catch {
    // Another file of tests has made one meanwhile.
    return folder;
  }
  return unused;
}

/** @param isSafe whether it writes to the disk before it says so */
export async function startPostgres({ isSafe = false } = {}): Promise<Postgres> {
  const folder = newFolder();
  execFileSync('cp', ['-a', `${unusedDatabase()}/.`, folder], { stdio: 'pipe' });
  appendFileSync(join(folder, 'postgresql.conf'), [...SETTINGS, ...(isSafe ? [] : UNSAFE), ''].join('\n'));
  return running(folder, await freePort());
}

function newFolder(parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, 'sleigh-postgres-'));
  if (POSTGRES_USER?.uid !== undefined && POSTGRES_USER.gid !== undefined)
    chownSync(folder, POSTGRES_USER.uid, POSTGRES_USER.gid);
  return folder;
}

async function running(folder: string, port: number): Promise<Postgres> {
  const url = `postgres://sleigh@127.0.0.1:${port}/postgres`;
  let process = await started(folder, port, url);
  const standbys: Postgres[] = [];
  const ask = async (text: string, values: readonly unknown[] = []) => {
    const client = new pg.Client(url);
    await client.connect();
    try {
      const { rows } = await client.query<Record<string, unknown>>(text, [...values]);
      return rows;
    } finally {
      await client.end();
    }
  };
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (process.exitCode !== null || process.signalCode !== null) return;
    const ended = once(process, 'exit');
    signalAll(process.pid, 'SIGCONT');
    process.kill(signal);
    await ended;
  };
  return {
    port,
    url,
    ask,
    addStandby: async () => {
      const copy = newFolder();
      execFileSync(
        program('pg_basebackup'),
        [
          '-D',
          copy,
          '-R',
          '-c',
          'fast',
          '-X',
          'stream',
          '-d',
          `host=127.0.0.1 port=${port} user=sleigh application_name=standby`,
        ],
        { ...POSTGRES_USER, cwd: copy, stdio: 'pipe' },
      );
      const standby = await running(copy, await freePort());
      standbys.push(standby);
      await ask("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'");
      await ask('SELECT pg_reload_conf()');
      return standby;
    },
    kill: (signal) => signalAll(process.pid, signal),
    restart: async (pause = 0) => {
      await stop('SIGQUIT');
      await sleep(pause);
      process = await started(folder, port, url);
    },
    [Symbol.asyncDispose]: async () => {
      for (const standby of standbys) await standby[Symbol.asyncDispose]();
      await stop('SIGQUIT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The milliseconds after which a PostgreSQL that does not answer is given up. */
const START_LIMIT_MS = 60_000;

async function started(folder: string, port: number, url: string): Promise<ChildProcess> {
  const child = spawn(program('postgres'), ['-D', folder, '-p', String(port)], {
    ...POSTGRES_USER,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (bytes: Buffer) => (log += bytes.toString()));
  child.once('error', (error) => (log += error.message));
  for (const deadline = performance.now() + START_LIMIT_MS; performance.now() < deadline;) {
    const client = new pg.Client(url);
    try {
      await client.connect();
      await client.end();
      return child;
    } catch {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
        throw new Error(`PostgreSQL has not started: ${log}`);
      await sleep(20);
    }
  }
  child.kill('SIGQUIT');
  throw new Error(`PostgreSQL does not answer: ${log}`);
}

/** Sends a signal to a process and its children: to these first, so that none is replaced. */
export function signalAll(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  const children = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)]).stdout.toString();
  for (const each of [...children.trim().split(/\s+/).filter(Boolean).map(Number), pid])
    try {
      kill(each, signal);
    } catch {
      // It has ended.
    }
}
