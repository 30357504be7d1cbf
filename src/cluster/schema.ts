import { plainError } from '../wire/error-kind.ts';
import { CLUSTER } from './errors.ts';
import type { Link } from './link.ts';

/** The format of the tables. A change that an older server would misread needs a new one. */
const FORMAT = 1;

/** One statement, and so one transaction. Only one server at a time makes the tables. */
const TABLES = `
SELECT pg_advisory_xact_lock(7308332045);
CREATE TABLE IF NOT EXISTS sleigh_format (format integer NOT NULL, secret text NOT NULL);
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
CREATE TABLE IF NOT EXISTS sleigh_server (
  name text PRIMARY KEY, address text NOT NULL, web text, version text NOT NULL, seen_at timestamptz NOT NULL);
INSERT INTO sleigh_format SELECT ${FORMAT}, replace(gen_random_uuid()::text, '-', '')
  WHERE NOT EXISTS (SELECT FROM sleigh_format);
INSERT INTO sleigh_partition (partition, epoch, head, lease_until, claimed_at)
  VALUES (0, 0, 0, '-infinity', '-infinity') ON CONFLICT DO NOTHING;
`;

/** A code of PostgreSQL. */
const NO_SUCH_TABLE = '42P01';

/**
 * Makes the tables, unless they are there.
 * @returns a secret that only servers with this store know
 * @throws if a newer server has made them
 */
export async function prepareTables(link: Link): Promise<string> {
  const found = await link.ask('SELECT format, secret FROM sleigh_format').catch(async (error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === NO_SUCH_TABLE)) throw error;
    await link.ask(TABLES);
    return link.ask('SELECT format, secret FROM sleigh_format');
  });
  const { format, secret } = found.rows[0] ?? {};
  if (format !== FORMAT) throw plainError(CLUSTER.unknownSchema(Number(format), FORMAT));
  return String(secret);
}
