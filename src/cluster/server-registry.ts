import type { Logger } from 'pino';
import type { EventLoop } from '../transport/event-loop.ts';
import { reasonOf } from '../wire/error-kind.ts';
import type { Link } from './link.ts';
import type { Member } from './member.ts';

/** Milliseconds between two registrations, at most. With a shorter lease it is the lease. */
const MOST_MS = 5_000;

/** Milliseconds for which a server that stops waits until it is removed from the list. */
const LEAVE_MS = 1_000;

/** The numbers of servers and of takeovers that are read. */
const SERVERS = 100;
const TAKEOVERS = 20;

/** A server that has not registered itself for a day is removed. */
const REGISTER = `WITH gone AS (
  DELETE FROM sleigh_server WHERE seen_at < clock_timestamp() - interval '1 day' AND name <> $1)
INSERT INTO sleigh_server (name, address, web, version, seen_at) VALUES ($1, $2, $3, $4, clock_timestamp())
  ON CONFLICT (name) DO UPDATE SET address = excluded.address, web = excluded.web, version = excluded.version,
    seen_at = excluded.seen_at`;

const LEAVE = 'DELETE FROM sleigh_server WHERE name = $1 AND address = $2';

const READ_OWNER = `SELECT owner, extract(epoch FROM claimed_at) * 1000 AS since FROM sleigh_partition WHERE partition = $1`;

const READ_SERVERS = `SELECT name, address, web, version, extract(epoch FROM clock_timestamp() - seen_at) * 1000 AS ago
  FROM sleigh_server ORDER BY name LIMIT ${SERVERS}`;

/** Every claim raises the epoch by one, and the oldest takeovers are not kept. */
const READ_TAKEOVERS = `SELECT epoch, owner, former, extract(epoch FROM at) * 1000 AS time,
  extract(epoch FROM lease_over_since) * 1000 AS lease_over, count(*) OVER () + min(epoch) OVER () - 1 AS total
  FROM sleigh_takeover WHERE partition = $1 ORDER BY epoch DESC LIMIT ${TAKEOVERS}`;

/** A server that has registered itself in the store. */
export interface RegisteredServer {
  readonly name: string;
  /** HOST:PORT for clients. */
  readonly address: string;
  /** The address of its page. */
  readonly web: string | undefined;
  readonly version: string;
  /** Milliseconds since it registered itself last. */
  readonly agoMs: number;
}

/** A claim that succeeded. */
export interface Takeover {
  /** Milliseconds since 1970 by the clock of the store. */
  readonly time: number;
  readonly epoch: number;
  readonly owner: string;
  /** Undefined if nobody had owned the data. */
  readonly former: string | undefined;
  /**
   * Milliseconds for which the lease of the former owner had been over; below 0 if it was valid. Undefined if the former owner
   * had released it, or if there was none.
   */
  readonly leaseOverMs: number | undefined;
}

/** What the store says about its servers. */
export interface StoredServers {
  readonly owner: string | undefined;
  /** When the owner claimed the data, in milliseconds since 1970 by the clock of the store; undefined before it was read. */
  readonly since: number | undefined;
  /** By name; the first 100. */
  readonly servers: readonly RegisteredServer[];
  /** Newest first; the newest 20. */
  readonly takeovers: readonly Takeover[];
  readonly takeoverCount: number;
}

const NOTHING: StoredServers = {
  owner: undefined,
  since: undefined,
  servers: [],
  takeovers: [],
  takeoverCount: 0,
};

export interface RegistryOptions {
  /** A connection of its own, so that it delays no renewal of a lease. */
  readonly link: Link;
  readonly member: Member;
  readonly version: string;
  readonly partition: number;
  readonly leaseMs: number;
  readonly loop: EventLoop;
  readonly logger: Logger;
}

/**
 * The list of servers in the store. It is for people: nothing depends on it. This server registers itself again and again,
 * and reads the list while it owns the data.
 */
export class ServerRegistry {
  readonly #options: RegistryOptions;
  #stored = NOTHING;
  /** When the servers were read, by the clock of the loop. */
  #readAt = 0;
  #isReading = false;
  #isClosed = false;
  #hasFailed = false;
  #stopTimer: () => void = () => undefined;
  /** What is under way. */
  #current: Promise<void>;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#current = this.#refresh();
  }

  /** What the store said when it was asked last. The times since servers were seen go on. */
  get stored(): StoredServers {
    const passed = this.#options.loop.now() - this.#readAt;
    const servers = this.#stored.servers.map((server) => ({ ...server, agoMs: server.agoMs + passed }));
    return { ...this.#stored, servers };
  }

  /** This server owns the data: its page shows what the store says. */
  startReading(): void {
    this.#isReading = true;
    this.#stopTimer();
    this.#current = this.#current.then(() => this.#refresh());
  }

  stopReading(): void {
    this.#isReading = false;
    this.#stored = NOTHING;
  }

  async #refresh(): Promise<void> {
    this.#stopTimer();
    const { logger, loop, leaseMs } = this.#options;
    try {
      await this.#register();
      if (this.#isReading) await this.#read();
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed && !this.#isClosed)
        logger.warn({ reason: reasonOf(error) }, 'the list of servers in the store cannot be updated');
      this.#hasFailed = true;
    }
    if (this.#isClosed) return;
    this.#stopTimer = loop.startTimer(Math.min(leaseMs, MOST_MS), () => {
      this.#current = this.#refresh();
    });
  }

  async #register(): Promise<void> {
    const { link, member, version } = this.#options;
    await link.ask(REGISTER, [member.name, member.address, member.web ?? null, version], 'register');
  }

  async #read(): Promise<void> {
    const { link, partition, loop } = this.#options;
    const [owners, servers, takeovers] = [
      await link.ask(READ_OWNER, [partition], 'owner'),
      await link.ask(READ_SERVERS, [], 'servers'),
      await link.ask(READ_TAKEOVERS, [partition], 'takeovers'),
    ];
    // It may own the data no longer.
    if (!this.#isReading) return;
    const { owner, since } = owners.rows[0] ?? {};
    this.#readAt = loop.now();
    this.#stored = {
      owner: textOf(owner),
      since: Math.round(Number(since)),
      servers: servers.rows.map(({ name, address, web, version, ago }) => ({
        name: String(name),
        address: String(address),
        web: textOf(web),
        version: String(version),
        agoMs: Number(ago),
      })),
      takeovers: takeovers.rows.map((row) => ({
        time: Math.round(Number(row['time'])),
        epoch: Number(row['epoch']),
        owner: String(row['owner']),
        former: textOf(row['former']),
        leaseOverMs: row['lease_over'] === null ? undefined : Number(row['lease_over']),
      })),
      takeoverCount: Number(takeovers.rows[0]?.['total'] ?? 0),
    };
  }

  /** Removes this server from the list. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopTimer();
    const { link, loop } = this.#options;
    // A server that cannot reach the store stays in the list until it is old.
    await new Promise<void>((resolve) => {
      const stopTimer = loop.startTimer(LEAVE_MS, resolve);
      void this.#leave().then(() => {
        stopTimer();
        resolve();
      });
    });
    await link.close();
  }

  async #leave(): Promise<void> {
    await this.#current;
    const { link, member } = this.#options;
    await link.ask(LEAVE, [member.name, member.address]).catch(() => undefined);
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
