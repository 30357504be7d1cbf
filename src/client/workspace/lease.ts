import {
  clientLeaseMachine,
  type ClientLeaseCommand,
  type ClientLeaseEvent,
  type ClientLeaseTag,
} from '../../machines/pool/client-lease.ts';
import { LEASE_END, VERB } from '../../wire/names.ts';
import type { Timer } from '../clock.ts';
import type { Found, NwsConnection } from '../connection/connection.ts';
import { NwsError } from '../connection/errors.ts';
import { USAGE } from '../errors/usage.ts';
import { LifeCycle, LifeCycleTable } from '../life-cycle.ts';
import { typeError } from '../../wire/error-kind.ts';

const TABLE = new LifeCycleTable(clientLeaseMachine);

/** What a lease needs of the variable that gave it. */
export interface LeaseOrigin {
  /** The connection that took the value, which stays reserved for the lease. */
  readonly connection: NwsConnection;
  /** The number of the lease on the server. */
  readonly number: string;
  readonly milliseconds: number;
  /** Called when the lease has ended. */
  readonly ended: () => void;
}

/**
 * A value that was taken for a time (V13). It returns to its variable, where it was, when this program disconnects, when the
 * time has elapsed, and by `back`. `done` removes it.
 *
 * ```ts
 * await using job = await jobs.take({ lease: 30_000 });
 * await work(job.value, job.signal);
 * await job.done(); // without this the job returns at the end of the block
 * ```
 */
export class Lease<T = unknown> implements AsyncDisposable {
  /** The value with its metadata, descriptor and number. */
  readonly found: Found<T>;
  readonly #origin: LeaseOrigin;
  readonly #lost = new AbortController();
  readonly #held: Set<Lease>;
  readonly #life: LifeCycle<ClientLeaseEvent, ClientLeaseCommand, ClientLeaseTag>;
  #timer: Timer | undefined;
  #milliseconds: number;
  /** Why it is lost, if it is. */
  #reason: unknown;

  /** @internal Leases come from `Variable.take`. */
  constructor(found: Found<T>, origin: LeaseOrigin) {
    this.found = found;
    this.#origin = origin;
    this.#held = heldBy(origin.connection);
    this.#held.add(this);
    this.#milliseconds = origin.milliseconds;
    this.#life = new LifeCycle(TABLE, {
      startTimer: () => this.#startTimer(),
      stopTimer: () => this.#timer?.stop(),
      notifyLost: () => this.#lost.abort(this.#reason),
      giveConnectionBack: () => {
        this.#held.delete(this);
        origin.ended();
      },
    });
    this.#startTimer();
  }

  get value(): T {
    return this.found.value;
  }

  /** Aborted when the value has returned against the will of this program: the time has elapsed, or the connection is lost. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Removes the value, for good (V13.1).
   * @throws TypeError if the lease has ended here; NwsError if it has ended on the server; ConnectionLostError
   */
  done(): Promise<void> {
    return this.#end(LEASE_END.done);
  }

  /**
   * Gives the value back (V13.2).
   * @throws TypeError if the lease has ended here; NwsError if it has ended on the server; ConnectionLostError
   */
  back(): Promise<void> {
    return this.#end(LEASE_END.back);
  }

  /**
   * Begins the time of the lease again (V13.3).
   * @param milliseconds the new time; the default is that of `take`
   * @throws TypeError if the lease has ended here; NwsError if it has ended on the server; ConnectionLostError
   */
  async extend(milliseconds = this.#origin.milliseconds): Promise<void> {
    this.#checkHeld();
    const { connection, number } = this.#origin;
    // The server counts from when it receives the request, so this side never counts longer.
    this.#milliseconds = milliseconds;
    this.#life.send({ type: 'extended' });
    try {
      await connection.request([VERB.extendLease, number, String(milliseconds)]);
    } catch (error) {
      // It has ended on the server, for example because the variable was deleted (V13.4).
      if (error instanceof NwsError) this.#lose('refused', error);
      throw error;
    }
  }

  /** Gives the value back, unless the lease has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#life.has('held')) await this.back().catch(() => undefined);
  }

  async #end(how: string): Promise<void> {
    this.#checkHeld();
    const { connection, number } = this.#origin;
    this.#life.send({ type: 'end.asked' });
    try {
      await connection.request([VERB.endLease, number, how]);
    } finally {
      this.#life.send({ type: 'end.answered' });
    }
  }

  #startTimer(): void {
    const milliseconds = this.#milliseconds;
    this.#timer?.stop();
    this.#timer = this.#origin.connection.clock.startTimer(milliseconds, () =>
      this.#lose('time.elapsed', typeError(USAGE.leaseElapsed(milliseconds))),
    );
  }

  /** After the end its connection may serve another request. */
  #checkHeld(): void {
    this.signal.throwIfAborted();
    if (!this.#life.has('held')) throw typeError(USAGE.leaseOver());
  }

  /** @internal */
  connectionLost(error: unknown): void {
    this.#lose('connection.lost', error);
  }

  #lose(type: 'refused' | 'time.elapsed' | 'connection.lost', reason: unknown): void {
    this.#reason = reason;
    this.#life.send({ type });
  }
}

/** The leases that each connection holds. They are lost with it. A lease is removed when it ends. */
const HELD = new WeakMap<NwsConnection, Set<Lease>>();

function heldBy(connection: NwsConnection): Set<Lease> {
  const known = HELD.get(connection);
  if (known !== undefined) return known;
  const held = new Set<Lease>();
  HELD.set(connection, held);
  void connection.ended.then((error) => {
    for (const lease of held) lease.connectionLost(error);
  });
  return held;
}
