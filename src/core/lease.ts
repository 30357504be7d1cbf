import { actorOf, type ActorOf } from '../actors/actor.ts';
import type { valueLeaseMachine } from '../machines/value-lease.ts';
import { UNRECORDED, type Changes, type Changing } from '../store/change-recorder.ts';
import type { Entity, Fields, Key } from '../store/change.ts';
import type { HeldLease, EndableLease, TakenValue } from '../workspace/leasing.ts';
import { COST } from '../workspace/memory-budget.ts';
import type { Client, CloseListener } from '../workspace/pending-get.ts';
import type { Timer, Timers } from '../workspace/timers.ts';
import type { Value } from '../workspace/value.ts';
import { recordOfValue } from '../workspace/value-record.ts';
import type { SessionHost } from './session-host.ts';

/** What a lease is made of. */
export interface LeaseOrigin extends TakenValue {
  /** Unique in the server. */
  readonly lease: number;
  /** Undefined after a restart if its holder has disconnected. */
  readonly holder: Client | undefined;
  /** When it began, in milliseconds since 1970. */
  readonly since: number;
}

/** Whoever keeps the leases of a server. */
export interface LeaseRegistry {
  readonly machine: typeof valueLeaseMachine;
  /** It has ended in whatever way. */
  ended(lease: Lease): void;
  failed(lease: Lease, error: unknown): void;
}

/** A value that a client has taken for a time (V13). */
export class Lease implements HeldLease, EndableLease, CloseListener, Changing {
  readonly number: number;
  readonly key: Key;
  readonly origin: LeaseOrigin;
  readonly #core: SessionHost;
  readonly #registry: LeaseRegistry;
  readonly #actor: ActorOf<typeof valueLeaseMachine>;
  /** When its time elapses, in milliseconds since 1970. */
  #until: number;
  #timer: Timer | undefined;
  readonly #changes: Changes;

  constructor(
    origin: LeaseOrigin,
    { until, isRecorded }: { readonly until: number; readonly isRecorded: boolean },
    core: SessionHost,
    registry: LeaseRegistry,
  ) {
    const { lease } = origin;
    this.number = lease;
    this.key = ['lease', lease];
    this.origin = origin;
    this.#core = core;
    this.#registry = registry;
    this.#until = until;
    this.#changes = isRecorded ? core.changes : UNRECORDED;
    this.#actor = actorOf(registry.machine, {
      id: 'valueLease',
      input: { id: lease },
      failed: (error) => registry.failed(this, error),
      ...core.systemOf(`lease ${lease}`),
    });
  }

  /** Its time begins. */
  start(): void {
    const { place, holder } = this.origin;
    place.leases.add(this);
    holder?.closeListeners.add(this);
    place.accounting.take('leases', COST.lease, holder?.account);
    this.#actor.start();
  }

  get until(): number {
    return this.#until;
  }
  get since(): number {
    return this.origin.since;
  }
  get peer(): string | undefined {
    return this.origin.holder?.peer;
  }
  get value(): Value {
    return this.origin.value;
  }
  /** A session may come back to it when the server was started again (P15). */
  get survivesServer(): boolean {
    return this.origin.holder?.isSession === true;
  }

  /** It has begun, or its time has changed. */
  changed(): void {
    this.#changes.touch(this);
  }

  *entities(): Generator<Entity> {
    if (this.#changes.isRecorded) yield { key: this.key, fields: this.fields() };
  }

  fields(): Fields {
    const { place, number, value, holder, since } = this.origin;
    return {
      workspace: place.workspace,
      variable: place.variable,
      number,
      ...recordOfValue(value),
      holder: holder?.isSession === true ? holder.id : undefined,
      since,
      until: this.#until,
    };
  }

  done(): void {
    this.#actor.send({ type: 'done.asked' });
  }
  back(): void {
    this.#actor.send({ type: 'back.asked' });
  }
  extend(milliseconds: number): void {
    this.#until = this.#core.clock() + milliseconds;
    this.#actor.send({ type: 'extended' });
  }
  clientLeft(): void {
    this.#actor.send({ type: 'holder.left' });
  }
  variableDeleted(): void {
    this.#actor.send({ type: 'variable.deleted' });
  }

  startTimer(timers: Timers): void {
    this.#timer = timers.start(Math.max(this.#until - this.#core.clock(), 0), () =>
      this.#actor.send({ type: 'lease.elapsed' }),
    );
  }
  stopTimer(): void {
    this.#timer?.stop();
  }

  removeValue(): void {
    this.#end();
    const { place, value } = this.origin;
    place.accounting.drop(value);
    place.removed();
  }
  returnValue(): void {
    const { place, number, value } = this.origin;
    this.#end();
    place.returned(number, value);
  }

  #end(): void {
    const { place, holder } = this.origin;
    place.leases.delete(this);
    holder?.closeListeners.delete(this);
    place.accounting.give('leases', COST.lease, holder?.account);
    this.#changes.delete(this.key);
    this.#registry.ended(this);
  }
}
