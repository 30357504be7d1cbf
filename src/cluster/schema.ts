import { plainError } from '../wire/error-kind.ts';
import { CLUSTER } from './errors.ts';
import type { Link } from './link.ts';

/**
 * The format of the store: of its tables, and of the records in them (`core/recovery.ts`). A change that an older server would
 * misread needs a new one. No server claims data in a store whose format it does not know (D22).
 *
 * - 1: all workspaces are in one partition.
 * - 2: the store has a number of partitions.
 */
export const FORMAT = 2;

/** Partitions of new tables. */
const DEFAULT_PARTITIONS = 32;

/**
 * One statement, and so one transaction. Only one server at a time makes the tables. A server of format 1 that runs meanwhile
 * goes on; it cannot claim data any more, because it does not say the format in the list of takeovers.
 */
const tables = (partitions: number, format: number): string => `
SELECT pg_advisory_xact_lock(7308332045);
CREATE TABLE IF NOT EXISTS sleigh_format (format integer NOT NULL, secret text NOT NULL);
ALTER TABLE sleigh_format ADD COLUMN IF NOT EXISTS partitions integer NOT NULL DEFAULT 1;
CREATE TABLE IF NOT EXISTS sleigh_partition (
  partition integer PRIMARY KEY, epoch bigint NOT NULL, head bigint NOT NULL, owner text, address text, link text, web text,
  lease_until timestamptz NOT NULL, claimed_at timestamptz NOT NULL) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS sleigh_entity (
  partition integer NOT NULL, key bytea NOT NULL, fields bytea NOT NULL, PRIMARY KEY (partition, key));
CREATE TABLE IF NOT EXISTS sleigh_blob (
  partition integer NOT NULL, file bigint NOT NULL, at bigint NOT NULL, bytes bytea NOT NULL,
  PRIMARY KEY (partition, file, at));
ALTER TABLE sleigh_blob ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE TABLE IF NOT EXISTS sleigh_takeover (
  partition integer NOT NULL, epoch bigint NOT NULL, owner text NOT NULL, former text, at timestamptz NOT NULL,
  lease_over_since interval, PRIMARY KEY (partition, epoch));
ALTER TABLE sleigh_takeover ADD COLUMN IF NOT EXISTS format integer NOT NULL DEFAULT 1;
ALTER TABLE sleigh_takeover ALTER COLUMN format DROP DEFAULT;
CREATE TABLE IF NOT EXISTS sleigh_server (
  name text PRIMARY KEY, address text NOT NULL, web text, version text NOT NULL, seen_at timestamptz NOT NULL);
ALTER TABLE sleigh_server ADD COLUMN IF NOT EXISTS format integer NOT NULL DEFAULT 1;
CREATE TABLE IF NOT EXISTS sleigh_failure (
  partition integer NOT NULL, server text NOT NULL, version text NOT NULL, epoch bigint NOT NULL, reason text NOT NULL,
  failed_at timestamptz NOT NULL, times integer NOT NULL, rests_until timestamptz NOT NULL, is_past boolean NOT NULL,
  PRIMARY KEY (partition, server));
INSERT INTO sleigh_format (format, secret, partitions)
  SELECT ${format}, replace(gen_random_uuid()::text, '-', ''), ${partitions} WHERE NOT EXISTS (SELECT FROM sleigh_format);
UPDATE sleigh_format SET format = ${format} WHERE format < ${format};
INSERT INTO sleigh_partition (partition, epoch, head, lease_until, claimed_at)
  SELECT number, 0, 0, '-infinity', '-infinity' FROM sleigh_format, generate_series(0, partitions - 1) AS number
  ON CONFLICT DO NOTHING;
`;

/** A code of PostgreSQL. */
const NO_SUCH_TABLE = '42P01';

/** What all servers with one store have in common. */
export interface StoreFormat {
  /** Only servers with this store know it. */
  readonly secret: string;
  readonly partitions: number;
}

/**
 * Makes the tables, or brings those of an older server up to date.
 * @param partitions the number of partitions of new tables; undefined for that of the store
 * @throws if a newer server has made them, or if they have another number of partitions
 */
export async function prepareTables(
  link: Link,
  {
    partitions,
    format = FORMAT,
  }: { readonly partitions?: number | undefined; readonly format?: number | undefined } = {},
): Promise<StoreFormat> {
  const found = await formatOf(link);
  // Servers of the same format that do not know the newest table go on without it.
  const isComplete = found !== undefined && found >= format && (await hasTable(link, 'sleigh_failure'));
  if (!isComplete && (found ?? 0) <= format) await link.ask(tables(partitions ?? DEFAULT_PARTITIONS, format));
  const { rows } = await link.ask('SELECT * FROM sleigh_format');
  const { format: stored, secret, partitions: number } = rows[0] ?? {};
  if (stored !== format) throw plainError(CLUSTER.unknownSchema(Number(stored), format));
  if (partitions !== undefined && number !== partitions)
    throw plainError(CLUSTER.otherPartitions(Number(number), partitions));
  return { secret: String(secret), partitions: Number(number) };
}

async function hasTable(link: Link, name: string): Promise<boolean> {
  const { rows } = await link.ask('SELECT to_regclass($1) IS NOT NULL AS found', [name]);
  return rows[0]?.['found'] === true;
}

/** @returns undefined if there are no tables */
async function formatOf(link: Link): Promise<number | undefined> {
  try {
    const { rows } = await link.ask('SELECT format FROM sleigh_format');
    return rows[0] && Number(rows[0]['format']);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === NO_SUCH_TABLE) return undefined;
    throw error;
  }
}
