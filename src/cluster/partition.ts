import type { QueryResultRow } from 'pg';
import { fault, plainError } from '../wire/error-kind.ts';
import { CLUSTER } from './errors.ts';
import type { Answer, StoreLink } from './link.ts';
import type { Member } from './member.ts';
import { FORMAT } from './schema.ts';
import type { Writes } from './writes.ts';

/** Who owns a partition, as the store says it at one moment. */
export interface Ownership {
  readonly epoch: number;
  /** The number of the last commit. */
  readonly head: number;
  /** Undefined if nobody has ever claimed it. */
  readonly owner: Member | undefined;
  /** How long the lease is still valid by the clock of the store, in milliseconds; not above zero if it is over. */
  readonly leaseMs: number;
}

/** The right to commit: it is lost when another server claims the partition. */
export interface Claimed {
  readonly epoch: number;
  readonly head: number;
}

/** A claim that was won. */
export interface Claim extends Claimed {
  /** Milliseconds since 1970 by the clock of the store. */
  readonly time: number;
}

/** What `ownershipOf` reads. */
export const OWNERSHIP_COLUMNS = `epoch, head, owner, address, link, web,
  extract(epoch FROM greatest(lease_until, '1970-01-01') - clock_timestamp()) * 1000 AS lease`;

const LOOK = `SELECT ${OWNERSHIP_COLUMNS} FROM sleigh_partition WHERE partition = $1`;

/** The number of takeovers that the store keeps. */
const TAKEOVERS = 1_000;

const CLAIM = `WITH former AS (
  SELECT owner, lease_until FROM sleigh_partition WHERE partition = $1),
won AS (
  UPDATE sleigh_partition SET epoch = epoch + 1, owner = $3, address = $4, link = $5, web = $6,
    lease_until = clock_timestamp() + $7 * interval '1 millisecond', claimed_at = clock_timestamp()
  WHERE partition = $1 AND epoch = $2 AND (lease_until <= clock_timestamp() OR (owner = $3 AND address = $4))
    AND (SELECT format FROM sleigh_format) = $8
  RETURNING epoch, head, claimed_at),
noted AS (
  INSERT INTO sleigh_takeover (partition, epoch, owner, former, at, lease_over_since, format)
  SELECT $1, won.epoch, $3, former.owner, won.claimed_at,
    CASE WHEN isfinite(former.lease_until) THEN won.claimed_at - former.lease_until END, $8 FROM won, former),
pruned AS (
  DELETE FROM sleigh_takeover t USING won WHERE t.partition = $1 AND t.epoch <= won.epoch - ${TAKEOVERS})
SELECT epoch, head, extract(epoch FROM clock_timestamp()) * 1000 AS time FROM won`;

/** A lease that was released stays so, although a renewal may have been on its way. */
const RENEW = `UPDATE sleigh_partition SET lease_until = greatest(lease_until, clock_timestamp() + $3 * interval '1 millisecond')
  WHERE partition = $1 AND epoch = $2 AND isfinite(lease_until) RETURNING epoch`;

/** Not the time of now, so that the list of takeovers tells a lease that was released from one that was over. */
const RELEASE = `UPDATE sleigh_partition SET lease_until = '-infinity' WHERE partition = $1 AND epoch = $2`;

/** Nothing is written unless the row of the partition has this epoch and this head. Another commit waits for its lock. */
const FENCE = `WITH fence AS (
  UPDATE sleigh_partition SET head = head + 1,
    lease_until = greatest(lease_until, clock_timestamp() + $4 * interval '1 millisecond')
  WHERE partition = $1 AND epoch = $2 AND head = $3 RETURNING head)`;

const BARRIER = `${FENCE} SELECT head FROM fence`;

const CHANGE = `${FENCE},
put AS (
  INSERT INTO sleigh_entity (partition, key, fields)
  SELECT $1, p.key, p.fields FROM fence, unnest($5::bytea[], $6::bytea[]) AS p (key, fields)
  ON CONFLICT (partition, key) DO UPDATE SET fields = excluded.fields),
deleted AS (
  DELETE FROM sleigh_entity e USING fence, unnest($7::bytea[]) AS d (key) WHERE e.partition = $1 AND e.key = d.key)`;

const WRITE = `${CHANGE} SELECT head FROM fence`;

const CLEAR = `${CHANGE},
cleared AS (
  DELETE FROM sleigh_entity e USING fence, unnest($8::bytea[], $9::bytea[]) AS c (low, high)
  WHERE e.partition = $1 AND e.key >= c.low AND e.key < c.high AND e.key <> ALL ($5::bytea[]))
SELECT head FROM fence`;

/** Bytes of the records that are loaded at once, but for the last of them. */
const PORTION_BYTES = 8_388_608;

/** The sizes are known without reading the records, which may be large. */
export const LOAD = `SELECT key, fields FROM (
  SELECT key, fields, sum(octet_length(fields)) OVER (ORDER BY key) - octet_length(fields) AS before
  FROM sleigh_entity WHERE partition = $1 AND key > $2 ORDER BY key LIMIT $3) portion
  WHERE before < $4 ORDER BY key`;

/** @param row with `OWNERSHIP_COLUMNS` */
export function ownershipOf(row: QueryResultRow): Ownership {
  const { epoch, head, owner, address, link, web, lease } = row;
  return {
    epoch: Number(epoch),
    head: Number(head),
    owner:
      typeof owner === 'string'
        ? {
            name: owner,
            address: String(address),
            link: String(link),
            web: web === null ? undefined : String(web),
          }
        : undefined,
    leaseMs: Number(lease),
  };
}

/** The row of one partition, and the statements that read and change it. */
export class Partition {
  readonly number: number;
  readonly leaseMs: number;
  readonly #link: StoreLink;

  /** @param leaseMs how long a claim is valid without being renewed, in milliseconds */
  constructor(link: StoreLink, number: number, leaseMs: number) {
    this.#link = link;
    this.number = number;
    this.leaseMs = leaseMs;
  }

  async look(): Promise<Ownership> {
    const { rows } = await this.#link.ask(LOOK, [this.number], 'look');
    return ownershipOf(rows[0] ?? {});
  }

  /**
   * Takes the partition from its former owner, whose lease must be over. A server that was started again takes up its own.
   * @param seen the epoch under which the partition was last seen
   * @param format the format of the store that this server knows (D22)
   * @returns undefined if another server was faster, or the lease is valid, or the store has another format
   * @throws if the outcome is unknown
   */
  async claim(
    seen: number,
    { name, address, link, web }: Member,
    format = FORMAT,
  ): Promise<Claim | undefined> {
    const values = [this.number, seen, name, address, link, web ?? null, this.leaseMs, format];
    const { rows, hasWarned } = await this.#link.ask(CLAIM, values, 'claim');
    if (hasWarned) throw plainError(CLUSTER.unconfirmed());
    const [row] = rows;
    return row && { epoch: Number(row['epoch']), head: Number(row['head']), time: Number(row['time']) };
  }

  /** @returns whether the partition is still owned under this epoch, and was not released */
  async renew(epoch: number): Promise<boolean> {
    const { rows } = await this.#link.ask(RENEW, [this.number, epoch, this.leaseMs], 'renew');
    return rows.length > 0;
  }

  /** Ends the lease, so that another server need not wait for its end. */
  async release(epoch: number): Promise<void> {
    await this.#link.ask(RELEASE, [this.number, epoch]);
  }

  /**
   * Writes changes if the partition is still owned under this epoch, and nothing was written since. One statement is one
   * transaction.
   * @returns no row if nothing was written
   */
  write({ epoch, head }: Claimed, { puts, fields, deletes, lows, highs }: Writes): Promise<Answer> {
    const fence = [this.number, epoch, head, this.leaseMs];
    if (lows.length > 0)
      return this.#link.ask(CLEAR, [...fence, puts, fields, deletes, lows, highs], 'clear');
    return this.#link.ask(WRITE, [...fence, puts, fields, deletes], 'write');
  }

  /** Writes nothing, and is durable only together with everything before it. */
  writeBarrier({ epoch, head }: Claimed): Promise<Answer> {
    return this.#link.ask(BARRIER, [this.number, epoch, head, this.leaseMs], 'barrier');
  }

  /** The next entities after a key, at most so many. @returns their rows, with `key` and `fields`; none if there are no more */
  async load(
    after: Buffer,
    most: number,
  ): Promise<readonly { readonly key: Buffer; readonly fields: Buffer }[]> {
    const { rows } = await this.#link.ask(LOAD, [this.number, after, most, PORTION_BYTES], 'load');
    return rows.map(({ key, fields }) => ({ key: bytesOf(key), fields: bytesOf(fields) }));
  }
}

function bytesOf(value: unknown): Buffer {
  if (!Buffer.isBuffer(value)) throw fault('the store returned something else than bytes');
  return value;
}
