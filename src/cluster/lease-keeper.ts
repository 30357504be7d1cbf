import { createActor } from 'xstate';
import type { Logger } from 'pino';
import { bind } from '../machines/bind.ts';
import { leaseMachine, type LeaseEvent } from '../machines/lease.ts';
import type { EventLoop } from '../transport/event-loop.ts';
import { untilBeat } from './turn-batch.ts';

/** Milliseconds between two attempts to renew a lease that is late. */
const SOON_MS = 100;

/** How often the owner renews its lease while it is valid. */
const TIMES = 3;

export interface LeaseOptions {
  /** @returns whether the claim is still valid. @throws if the store cannot be asked */
  readonly renew: () => Promise<boolean>;
  /** How long it is valid without being renewed, in milliseconds. */
  readonly leaseMs: number;
  /** When the claim began, by the clock of the loop. */
  readonly claimedAt: number;
  readonly loop: EventLoop;
  readonly logger: Logger;
  /** The store cannot be reached, and another server may claim the data. */
  readonly over: () => void;
  /** Another server has claimed the data. */
  readonly fenced: () => void;
}

/** Renews the lease of one claim. */
export class LeaseKeeper {
  readonly #options: LeaseOptions;
  /** When the last renewal that succeeded was begun. */
  #renewedAt: number;
  #stopTimer: () => void = () => undefined;
  readonly #actor = createActor(
    bind<typeof leaseMachine, LeaseKeeper>(leaseMachine, () => this, {
      renew: (keeper) => void keeper.#renew(),
      renewInTime: (keeper) => keeper.#renewInTime(),
      renewSoon: (keeper) => keeper.#startTimer(SOON_MS),
      reportOver: (keeper) => keeper.#options.over(),
      reportFenced: (keeper) => keeper.#options.fenced(),
      reportUnexpected: (keeper, { event }) =>
        keeper.#options.logger.error(
          { event: event.type },
          'the machine of the lease does not expect this event',
        ),
    }),
  );

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#renewedAt = options.claimedAt;
    this.#actor.start();
  }

  /**
   * Milliseconds for which the lease is valid at least, by the clock of this process; below 0 if it is over. Commits renew the lease as well,
   * and are not counted.
   */
  get leftMs(): number {
    const { leaseMs, loop } = this.#options;
    return this.#renewedAt + leaseMs - loop.now();
  }

  /** The partitions of a server renew their leases at the same time, with one statement. */
  #renewInTime(): void {
    const { leaseMs, loop } = this.#options;
    this.#startTimer(untilBeat(loop.now(), leaseMs / TIMES));
  }

  #startTimer(milliseconds: number): void {
    this.#stopTimer = this.#options.loop.startTimer(milliseconds, () => this.#send({ type: 'renewal.due' }));
  }

  /** What was asked before the end may be answered after it. */
  #send(event: LeaseEvent): void {
    if (this.#actor.getSnapshot().status === 'active') this.#actor.send(event);
  }

  async #renew(): Promise<void> {
    const { renew, leaseMs, loop } = this.#options;
    const began = loop.now();
    try {
      const isOwn = await renew();
      if (isOwn) this.#renewedAt = began;
      this.#send({ type: isOwn ? 'renewed' : 'renewal.refused' });
    } catch {
      this.#send({
        type: 'store.unreachable',
        isOver: loop.now() - this.#renewedAt > leaseMs,
      });
    }
  }

  stop(): void {
    this.#stopTimer();
    this.#send({ type: 'released' });
  }
}
