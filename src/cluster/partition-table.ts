import type { EventLoop } from '../transport/event-loop.ts';
import type { StoreLink } from './link.ts';
import { OWNERSHIP_COLUMNS, ownershipOf, type Ownership } from './partition.ts';
import { TurnBatch } from './turn-batch.ts';

/** What the store says at one moment about its partitions and servers. */
export interface Sight {
  /** The format of the store (D22). */
  readonly format: number;
  /** By their numbers. */
  readonly partitions: readonly Ownership[];
  /** The names of the servers that have registered themselves lately and know the format. */
  readonly live: readonly string[];
  /** By partition: the servers that could not use its data, and do not claim it for a while (D23). */
  readonly resting: ReadonlyMap<number, ReadonlySet<string>>;
  /** The partitions whose last failure nobody has made good. */
  readonly failed: ReadonlySet<number>;
}

const LOOK_AT_ALL = `WITH form AS (SELECT format FROM sleigh_format)
SELECT ${OWNERSHIP_COLUMNS}, format, ARRAY(
    SELECT name FROM sleigh_server WHERE seen_at > clock_timestamp() - $1 * interval '1 millisecond'
      AND sleigh_server.format >= form.format) AS live,
  ARRAY(SELECT partition || ' ' || server FROM sleigh_failure WHERE rests_until > clock_timestamp()) AS resting,
  ARRAY(SELECT partition FROM sleigh_failure WHERE NOT is_past) AS failed
  FROM sleigh_partition, form ORDER BY partition`;

const RENEW_ALL = `UPDATE sleigh_partition p
  SET lease_until = greatest(lease_until, clock_timestamp() + $3 * interval '1 millisecond')
  FROM unnest($1::int[], $2::bigint[]) AS own (partition, epoch)
  WHERE p.partition = own.partition AND p.epoch = own.epoch AND isfinite(p.lease_until) RETURNING p.partition`;

interface Owned {
  readonly partition: number;
  readonly epoch: number;
}

export interface TableOptions {
  readonly link: StoreLink;
  readonly loop: EventLoop;
  readonly leaseMs: number;
  /** Milliseconds for which a server counts as running after it has registered itself. */
  readonly aliveMs: number;
}

/** The rows of all partitions. What several partitions ask for in one turn of the event loop is one statement. */
export class PartitionTable {
  readonly #options: TableOptions;
  readonly #looks: TurnBatch<undefined, Sight>;
  readonly #renewals: TurnBatch<Owned, boolean>;

  constructor(options: TableOptions) {
    this.#options = options;
    this.#looks = new TurnBatch(options.loop, async (asked) => {
      const sight = await this.#look();
      return asked.map(() => sight);
    });
    this.#renewals = new TurnBatch(options.loop, (owned) => this.#renew(owned));
  }

  /** @throws if the store cannot be asked */
  look(): Promise<Sight> {
    return this.#looks.ask(undefined);
  }

  /**
   * Renews the lease of a partition.
   * @returns whether it is still owned under this epoch, and was not released
   * @throws if the store cannot be asked
   */
  renew(partition: number, epoch: number): Promise<boolean> {
    return this.#renewals.ask({ partition, epoch });
  }

  async #look(): Promise<Sight> {
    const { link, aliveMs } = this.#options;
    const { rows } = await link.ask(LOOK_AT_ALL, [aliveMs], 'look at all');
    const [{ format, live, resting, failed } = {}] = rows;
    return {
      format: Number(format),
      partitions: rows.map(ownershipOf),
      live: listOf(live).map(String),
      resting: restingOf(listOf(resting).map(String)),
      failed: new Set(listOf(failed).map(Number)),
    };
  }

  async #renew(owned: readonly Owned[]): Promise<readonly boolean[]> {
    const { link, leaseMs } = this.#options;
    const values = [owned.map(({ partition }) => partition), owned.map(({ epoch }) => epoch), leaseMs];
    const { rows } = await link.ask(RENEW_ALL, values, 'renew all');
    const renewed = new Set(rows.map(({ partition }) => Number(partition)));
    return owned.map(({ partition }) => renewed.has(partition));
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** @param pairs each a partition, a space and the name of a server */
function restingOf(pairs: readonly string[]): Map<number, Set<string>> {
  const resting = new Map<number, Set<string>>();
  for (const pair of pairs) {
    const [partition = '', server = ''] = pair.split(' ');
    const names = resting.get(Number(partition)) ?? new Set();
    resting.set(Number(partition), names.add(server));
  }
  return resting;
}
