import type { Logger } from 'pino';
import type { EventLoop } from '../transport/event-loop.ts';
import { reasonOf } from '../wire/error-kind.ts';
import { ClusterReader } from './cluster-reader.ts';
import type { Link } from './link.ts';
import type { Member } from './member.ts';

/** A server registers itself so many times while it counts as running. */
const TIMES = 3;

/** Milliseconds for which it counts as running without that, at most. With a shorter lease it is the lease. */
const MOST_ALIVE_MS = 15_000;

/** Milliseconds for which a server counts as running after it has registered itself: about as long as its leases are valid. */
export const aliveMsOf = (leaseMs: number): number => Math.min(leaseMs, MOST_ALIVE_MS);

/** Milliseconds for which a server that stops waits until it is removed from the list. */
const LEAVE_MS = 1_000;

/** A server that has not registered itself for a day is removed. */
const REGISTER = `WITH gone AS (
  DELETE FROM sleigh_server WHERE seen_at < clock_timestamp() - interval '1 day' AND name <> $1)
INSERT INTO sleigh_server (name, address, web, version, format, seen_at) VALUES ($1, $2, $3, $4, $5, clock_timestamp())
  ON CONFLICT (name) DO UPDATE SET address = excluded.address, web = excluded.web, version = excluded.version,
    format = excluded.format, seen_at = excluded.seen_at`;

const LEAVE = 'DELETE FROM sleigh_server WHERE name = $1 AND address = $2';

export interface RegistryOptions {
  /** A connection of its own, so that it delays no renewal of a lease. */
  readonly link: Link;
  readonly member: Member;
  readonly version: string;
  /** The format of the store that it knows (D22). */
  readonly format: number;
  readonly leaseMs: number;
  readonly loop: EventLoop;
  readonly logger: Logger;
}

/**
 * The list of servers in the store. This server registers itself again and again, and the others leave it partitions as long as it
 * does (D19).
 */
export class ServerRegistry {
  /** Reads that list. */
  readonly reader: ClusterReader;
  readonly #options: RegistryOptions;
  #isClosed = false;
  #hasFailed = false;
  #stopTimer: () => void = () => undefined;
  /** What is under way. */
  #current: Promise<void>;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#current = this.#refresh();
    this.reader = new ClusterReader(options);
  }

  async #refresh(): Promise<void> {
    this.#stopTimer();
    const { logger, loop, leaseMs } = this.#options;
    try {
      await this.#register();
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed && !this.#isClosed)
        logger.warn({ reason: reasonOf(error) }, 'the list of servers in the store cannot be updated');
      this.#hasFailed = true;
    }
    if (this.#isClosed) return;
    this.#stopTimer = loop.startTimer(aliveMsOf(leaseMs) / TIMES, () => {
      this.#current = this.#refresh();
    });
  }

  async #register(): Promise<void> {
    const { link, member, version, format } = this.#options;
    await link.ask(REGISTER, [member.name, member.address, member.web ?? null, version, format], 'register');
  }

  /** Removes this server from the list. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.reader.close();
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
