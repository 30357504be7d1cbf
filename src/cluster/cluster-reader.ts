import type { Logger } from 'pino';
import type { EventLoop } from '../transport/event-loop.ts';
import type {
  RegisteredServer,
  StoredCluster,
  StoredFailure,
  StoredPartition,
  StoredServers,
  Takeover,
} from '../core/whole.ts';
import { BOUNDS } from '../wire/bounds.ts';
import { reasonOf } from '../wire/error-kind.ts';
import type { Link } from './link.ts';

/** Milliseconds between two readings, at most. With a shorter lease it is the lease. */
const MOST_MS = 5_000;

/** The numbers of servers, and of takeovers of one partition, that are read. */
const SERVERS = 100;
const TAKEOVERS = 20;

const READ_PARTITIONS = `SELECT partition, epoch, owner, link,
  extract(epoch FROM greatest(lease_until, '1970-01-01') - clock_timestamp()) * 1000 AS lease,
  CASE WHEN isfinite(claimed_at) THEN extract(epoch FROM claimed_at) * 1000 END AS since
  FROM sleigh_partition ORDER BY partition`;

const READ_SERVERS = `SELECT name, address, web, version, extract(epoch FROM clock_timestamp() - seen_at) * 1000 AS ago
  FROM sleigh_server ORDER BY name LIMIT ${SERVERS}`;

const READ_TAKEOVERS = `SELECT t.partition, t.epoch, t.owner, t.former, extract(epoch FROM t.at) * 1000 AS time,
  extract(epoch FROM t.lease_over_since) * 1000 AS lease_over
  FROM sleigh_partition p CROSS JOIN LATERAL (
    SELECT * FROM sleigh_takeover WHERE partition = p.partition ORDER BY epoch DESC LIMIT ${TAKEOVERS}) t
  ORDER BY t.at DESC, t.epoch DESC`;

/** The number of failures that are read. */
const FAILURES = 100;

const READ_FAILURES = `SELECT partition, server, version, reason, times, extract(epoch FROM failed_at) * 1000 AS time,
  extract(epoch FROM rests_until - clock_timestamp()) * 1000 AS rests
  FROM sleigh_failure WHERE NOT is_past ORDER BY partition, server LIMIT ${FAILURES}`;

/** What the store says about a partition, also to other servers. */
interface LinkedPartition extends StoredPartition {
  /** HOST:PORT at which other servers reach the owner. */
  readonly link: string | undefined;
}

interface LinkedCluster extends StoredCluster {
  readonly partitions: readonly LinkedPartition[];
}

interface ReaderOptions {
  readonly link: Link;
  readonly leaseMs: number;
  readonly loop: EventLoop;
  readonly logger: Logger;
}

/** Reads what the store says about servers, partitions and takeovers. It is for people: nothing depends on it. */
export class ClusterReader {
  readonly #options: ReaderOptions;
  #stored: LinkedCluster = { readAgoMs: undefined, partitions: [], servers: [], takeovers: [], failures: [] };
  /** When it was read, by the clock of the loop. */
  #readAt: number | undefined;
  #reading: Promise<void> | undefined;
  /** The reading after the one that is under way. */
  #next: Promise<void> | undefined;
  #isClosed = false;
  #hasFailed = false;
  #stopTimer: () => void = () => undefined;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#readAgain();
  }

  /** What the store said when it was read last. The times of leases and since servers were seen go on. */
  get stored(): LinkedCluster {
    if (this.#readAt === undefined) return this.#stored;
    const passed = this.#options.loop.now() - this.#readAt;
    return {
      readAgoMs: passed,
      partitions: this.#stored.partitions.map((each) => ({ ...each, leaseMs: each.leaseMs - passed })),
      servers: this.#stored.servers.map((server) => ({ ...server, agoMs: server.agoMs + passed })),
      takeovers: this.#stored.takeovers,
      failures: this.#stored.failures.map((each) => ({ ...each, restsMs: each.restsMs - passed })),
    };
  }

  /** What it said about one partition. */
  storedOf(partition: number): StoredServers {
    const { partitions, servers, takeovers } = this.stored;
    const own = partitions.find((each) => each.partition === partition);
    return {
      owner: own?.owner,
      since: own?.since,
      servers,
      takeovers: takeovers.filter((takeover) => takeover.partition === partition),
      takeoverCount: own?.epoch ?? 0,
    };
  }

  /** Reads it again. @returns when it was read from now on, or a second has passed */
  async read(): Promise<void> {
    const { loop } = this.#options;
    const wanted = this.#readOnce();
    await new Promise<void>((resolve) => {
      const stopTimer = loop.startTimer(BOUNDS.askedMs.value, resolve);
      void wanted.then(() => {
        stopTimer();
        resolve();
      });
    });
  }

  /** What is being read already may be older than what the caller wants to see, so it is read once more after that. */
  #readOnce(): Promise<void> {
    if (this.#reading === undefined) {
      this.#reading = this.#readAll().finally(() => (this.#reading = undefined));
      return this.#reading;
    }
    this.#next ??= this.#reading.then(() => {
      this.#next = undefined;
      return this.#readOnce();
    });
    return this.#next;
  }

  close(): void {
    this.#isClosed = true;
    this.#stopTimer();
  }

  #readAgain(): void {
    const { loop, leaseMs } = this.#options;
    void this.read().then(() => {
      if (!this.#isClosed)
        this.#stopTimer = loop.startTimer(Math.min(leaseMs, MOST_MS), () => this.#readAgain());
    });
  }

  async #readAll(): Promise<void> {
    if (this.#isClosed) return;
    const { link, loop, logger } = this.#options;
    try {
      const [partitions, servers, takeovers, failures] = [
        await link.ask(READ_PARTITIONS, [], 'partitions'),
        await link.ask(READ_SERVERS, [], 'servers'),
        await link.ask(READ_TAKEOVERS, [], 'takeovers'),
        await link.ask(READ_FAILURES, [], 'failures'),
      ];
      this.#readAt = loop.now();
      this.#stored = {
        readAgoMs: 0,
        partitions: partitions.rows.map(partitionIn),
        servers: servers.rows.map(serverIn),
        takeovers: takeovers.rows.map(takeoverIn),
        failures: failures.rows.map(failureIn),
      };
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed && !this.#isClosed)
        logger.warn({ reason: reasonOf(error) }, 'the list of servers in the store cannot be read');
      this.#hasFailed = true;
    }
  }
}

type Row = Readonly<Record<string, unknown>>;

const partitionIn = ({ partition, epoch, owner, link, since, lease }: Row): LinkedPartition => ({
  partition: Number(partition),
  epoch: Number(epoch),
  owner: textOf(owner),
  link: textOf(link),
  since: since === null ? undefined : Math.round(Number(since)),
  leaseMs: Number(lease),
});

const serverIn = ({ name, address, web, version, ago }: Row): RegisteredServer => ({
  name: String(name),
  address: String(address),
  web: textOf(web),
  version: String(version),
  agoMs: Number(ago),
});

const takeoverIn = ({ partition, epoch, owner, former, time, lease_over: over }: Row): Takeover => ({
  partition: Number(partition),
  time: Math.round(Number(time)),
  epoch: Number(epoch),
  owner: String(owner),
  former: textOf(former),
  leaseOverMs: over === null ? undefined : Number(over),
});

const failureIn = ({ partition, server, version, reason, times, time, rests }: Row): StoredFailure => ({
  partition: Number(partition),
  server: String(server),
  version: String(version),
  reason: String(reason),
  times: Number(times),
  time: Math.round(Number(time)),
  restsMs: Number(rests),
});

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
