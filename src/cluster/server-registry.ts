import type { Logger } from 'pino';
import type { EventLoop } from '../transport/event-loop.ts';
import { reasonOf } from '../wire/error-kind.ts';
import { ClusterReader } from './cluster-reader.ts';
import type { Link } from './link.ts';
import type { Member } from './member.ts';

/** Milliseconds between two registrations, at most. With a shorter lease it is the lease. */
const MOST_MS = 5_000;

/** Milliseconds for which a server that stops waits until it is removed from the list. */
const LEAVE_MS = 1_000;

/** A server that has not registered itself for a day is removed. */
const REGISTER = `WITH gone AS (
  DELETE FROM sleigh_server WHERE seen_at < clock_timestamp() - interval '1 day' AND name <> $1)
INSERT INTO sleigh_server (name, address, web, version, seen_at) VALUES ($1, $2, $3, $4, clock_timestamp())
  ON CONFLICT (name) DO UPDATE SET address = excluded.address, web = excluded.web, version = excluded.version,
    seen_at = excluded.seen_at`;

const LEAVE = 'DELETE FROM sleigh_server WHERE name = $1 AND address = $2';

export interface RegistryOptions {
  /** A connection of its own, so that it delays no renewal of a lease. */
  readonly link: Link;
  readonly member: Member;
  readonly version: string;
  readonly leaseMs: number;
  readonly loop: EventLoop;
  readonly logger: Logger;
}

/** The list of servers in the store, in which this server registers itself again and again. */
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
    this.#stopTimer = loop.startTimer(Math.min(leaseMs, MOST_MS), () => {
      this.#current = this.#refresh();
    });
  }

  async #register(): Promise<void> {
    const { link, member, version } = this.#options;
    await link.ask(REGISTER, [member.name, member.address, member.web ?? null, version], 'register');
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
