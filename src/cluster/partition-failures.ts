import type { StoreLink } from './link.ts';

/** Milliseconds for which a server does not claim a partition after it could not use it, at first and at most: the time doubles. */
const FIRST_REST_MS = 5_000;
const MOST_REST_MS = 300_000;

/** A failure after a longer time counts as the first one again. */
const FORGOTTEN = "interval '1 hour'";

/** Bytes of a reason that are stored. */
const REASON_BYTES = 2_000;

const NOTE = `WITH old AS (
  DELETE FROM sleigh_failure WHERE failed_at < clock_timestamp() - interval '1 day' AND (partition, server) <> ($1, $2))
INSERT INTO sleigh_failure AS f (partition, server, version, epoch, reason, failed_at, times, rests_until, is_past)
  VALUES ($1, $2, $3, $4, $5, clock_timestamp(), 1, clock_timestamp() + ${FIRST_REST_MS} * interval '1 millisecond', false)
  ON CONFLICT (partition, server) DO UPDATE SET version = excluded.version, epoch = excluded.epoch, reason = excluded.reason,
    failed_at = excluded.failed_at, is_past = false,
    times = CASE WHEN f.failed_at < excluded.failed_at - ${FORGOTTEN} THEN 1 ELSE f.times + 1 END,
    rests_until = excluded.failed_at + interval '1 millisecond' * CASE WHEN f.failed_at < excluded.failed_at - ${FORGOTTEN}
      THEN ${FIRST_REST_MS} ELSE least(${MOST_REST_MS}, ${FIRST_REST_MS} * 2 ^ least(f.times, 16)) END`;

const PASSED = 'UPDATE sleigh_failure SET is_past = true WHERE partition = $1 AND NOT is_past';

const FORGET = 'DELETE FROM sleigh_failure WHERE server = $1';

/** The failure of a server to use the data of a partition. */
export interface Failure {
  readonly partition: number;
  readonly server: string;
  readonly version: string;
  readonly epoch: number;
  readonly reason: string;
}

/** What the store says about servers that could not use the data of a partition (D23). */
export class PartitionFailures {
  readonly #link: StoreLink;

  constructor(link: StoreLink) {
    this.#link = link;
  }

  /** The server does not claim the partition for a while, which is longer each time. @throws if the store cannot be asked */
  async note({ partition, server, version, epoch, reason }: Failure): Promise<void> {
    const text = reason.replaceAll('\0', ' ').slice(0, REASON_BYTES);
    await this.#link.ask(NOTE, [partition, server, version, epoch, text], 'note failure');
  }

  /** A server serves the partition. Those that could not use it do not claim it until their time is over. */
  async passed(partition: number): Promise<void> {
    await this.#link.ask(PASSED, [partition]);
  }

  /** The server was started again, and may be another version. @throws if the store cannot be asked */
  async forget(server: string): Promise<void> {
    await this.#link.ask(FORGET, [server]);
  }
}
