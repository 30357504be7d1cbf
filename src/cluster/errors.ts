import { errorKind, type Catalogue } from '../wire/error-kind.ts';

/** Of servers that share one store. */
export const CLUSTER = {
  badUrl: errorKind(
    'bad-store-url',
    (url: string) => `"${url}" is not the address of a store`,
    'Write an address such as `postgres://user@host/database` (`--store`).',
    'mysql://host',
  ),
  twoStores: errorKind(
    'two-stores',
    () => 'a server keeps its data in a folder or in a store that it shares, not in both',
    'Leave one of `--data` and `--store` out.',
  ),
  badName: errorKind(
    'bad-server-name',
    (name: string) =>
      `"${name}" is not a name for a server: it has from 1 to 64 characters, none of them a space`,
    'Give each server another name (`--name`), which it keeps when it is started again.',
    'server a',
  ),
  badAdvertise: errorKind(
    'bad-advertised-host',
    (host: string) => `"${host}" is not the name or the address of a host`,
    'Write a name such as `db1.example.org`, or an address, without a port (`--advertise`).',
    'host:8765',
  ),
  badAddress: errorKind(
    'bad-link-address',
    (server: string, link: string) => `the store has "${link}" as the address of the server "${server}"`,
    'Start that server with another `--advertise`. Clients that need what it owns wait.',
    'a',
    'a host:8775',
  ),
  badLease: errorKind(
    'bad-lease',
    (milliseconds: number, least: number, most: number) =>
      `a lease has from ${least} to ${most} milliseconds, not ${milliseconds}`,
    'Give all servers the same lease (`--lease`).',
    10,
    500,
    3_600_000,
  ),
  badClientAddress: errorKind(
    'bad-client-address',
    (address: string) => `"${address}" is not HOST:PORT, nor "none"`,
    'Give the address at which clients reach this server (`--client-address`), or leave it out.',
    'ada',
  ),
  badPartitions: errorKind(
    'bad-partitions',
    (partitions: number, most: number) => `a store has from 1 to ${most} partitions, not ${partitions}`,
    'Choose a number when the store is used for the first time, and leave `--partitions` out later.',
    1_000,
    256,
  ),
  otherPartitions: errorKind(
    'other-partitions',
    (stored: number, asked: number) => `the store has ${stored} partitions, and ${asked} were asked for`,
    'The number never changes: leave `--partitions` out, or use another database.',
    32,
    8,
  ),
  unreachable: errorKind(
    'store-unreachable',
    (url: string, why: string) => `the store at ${url} cannot be used: ${why}`,
    'Check the address (`--store`), the password (`PGPASSWORD`), and that PostgreSQL runs there.',
    'postgres://sleigh@db/sleigh',
    'connect ECONNREFUSED 10.0.0.7:5432',
  ),
  tooOld: errorKind(
    'store-too-old',
    (url: string, version: number, oldest: number) =>
      `the store at ${url} is PostgreSQL ${version}; this server needs ${oldest} or newer`,
    'Use a newer PostgreSQL.',
    'postgres://sleigh@db/sleigh',
    12,
    15,
  ),
  readOnly: errorKind(
    'store-read-only',
    (url: string) => `the store at ${url} is a standby, which accepts no changes`,
    'Name the primary, or all hosts: `postgres://user@a,b,c/database`.',
    'postgres://sleigh@db/sleigh',
  ),
  unsafe: errorKind(
    'unsafe-store',
    (url: string, risk: string) => `the store at ${url} may lose what it has acknowledged: ${risk}`,
    'Change the setting of PostgreSQL, or start the server with `--store-unsafe` if data may be lost.',
    'postgres://sleigh@db/sleigh',
    'synchronous_standby_names is empty',
  ),
  unknownSchema: errorKind(
    'unknown-format',
    (format: number, known: number) =>
      `the tables of the store have format ${format}, and this version of the server knows format ${known}`,
    'Start a version of the server that knows this format.',
    2,
    1,
  ),
  owned: errorKind(
    'data-in-use',
    (owner: string) => `the server "${owner}" owns the data in the store`,
    'Wait until its lease is over.',
    'a',
  ),
  unconfirmed: errorKind(
    'store-unconfirmed',
    () => 'PostgreSQL has warned, so it may not have waited for its standbys',
    'The server asks again about a commit or a claim. A large value that was being stored must be stored again.',
  ),
  noAnswer: errorKind(
    'store-unreachable',
    (why: string) => `the store did not confirm a commit: ${why}`,
    'Check PostgreSQL and its standbys, and start the server again: everything that it has acknowledged is there.',
    'canceling statement due to user request',
  ),
  interrupted: errorKind(
    'store-unreachable',
    (why: string) => `the store does not carry out statements now: ${why}`,
    'The server asks again. Check PostgreSQL if this goes on.',
    'Connection terminated unexpectedly',
  ),
  badRecord: errorKind(
    'bad-record',
    () => 'a record in the store cannot be read',
    'The data was written by something else, or is damaged: restore a copy of the database.',
  ),
  badKey: errorKind(
    'bad-record',
    (hex: string, why: string) => `a record in the store has the key \\x${hex}, which cannot be read: ${why}`,
    'The record was written by something else, or is damaged: delete it (docs/cluster.md).',
    'ff',
    'the store has an entity of the unknown kind 255',
  ),
  badChange: errorKind(
    'bad-record',
    (why: string) => `a change cannot be written to the store: ${why}`,
    'This is a fault of the server: report it, with the log. The partition goes on with what it had.',
    'the number NaN cannot be a part of a key',
  ),
  unusable: errorKind(
    'partition-unusable',
    (partition: number, server: string, why: string) =>
      `the server "${server}" cannot use partition ${partition}, and gives it up: ${why}`,
    'It goes on with its other partitions, and tries this one again later, as the other servers do. docs/cluster.md says how the data is repaired.',
    7,
    'a',
    'the field "descriptor" of value/1/2/3 in the data is not a number',
  ),
  lostCommits: errorKind(
    'store-lost-data',
    (expected: number, found: number) =>
      `the store has commit ${found}, and had acknowledged commit ${expected}: it has lost data`,
    'PostgreSQL was restored from a copy, or a standby without all changes was promoted. Check its settings before you start the servers again.',
    17,
    12,
  ),
} as const satisfies Catalogue;
