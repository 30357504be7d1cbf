import { compiled } from '../actors/compiled.ts';
import { withStory } from '../actors/story.ts';
import { bind } from '../machines/bind.ts';
import { valueLeaseMachine } from '../machines/value-lease.ts';
import type { Entity } from '../store/change.ts';
import { RecordReader } from '../store/record.ts';
import { KEY } from '../wire/names.ts';
import { parseWhole } from '../wire/numbers.ts';
import type { Metadata } from '../wire/payload.ts';
import { LEASE } from '../wire/lease-refusals.ts';
import type { LeaseKeeper } from '../workspace/lease-keeper.ts';
import type { TakenValue } from '../workspace/leasing.ts';
import { EVERYTHING, type Part } from '../workspace/part.ts';
import type { Client } from '../workspace/pending-get.ts';
import { refusal, type Refusal } from '../workspace/refusal.ts';
import { eachInSteps, type Steps } from '../workspace/steps.ts';
import { valueIn } from '../workspace/value-record.ts';
import { GivenNumbers } from './given-numbers.ts';
import { Lease } from './lease.ts';
import type { SessionHost } from './session-host.ts';

/** The leases of a server (V13). */
export class Leases implements LeaseKeeper {
  readonly machine: typeof valueLeaseMachine;
  readonly #core: SessionHost;
  readonly #held = new Map<number, Lease>();
  readonly #numbers: GivenNumbers;
  readonly #part: Part;

  /** @param part the number of a lease, divided by the number of parts, leaves that of its part (D17) */
  constructor(core: SessionHost, part: Part = EVERYTHING) {
    this.#core = core;
    this.#part = part;
    this.#numbers = new GivenNumbers('lease', core.changes);
    const bound = bind<typeof valueLeaseMachine, Leases>(valueLeaseMachine, () => this, {
      startTimer: (leases, { context }) => leases.#find(context.id).startTimer(core.timers),
      stopTimer: (leases, { context }) => leases.#find(context.id).stopTimer(),
      recordTime: (leases, { context }) => leases.#find(context.id).changed(),
      removeValue: (leases, { context }) => leases.#find(context.id).removeValue(),
      returnValue: (leases, { context }) => leases.#find(context.id).returnValue(),
      reportUnexpected: (_, { event }) =>
        core.log('error', 'a chart was sent an event that it does not expect', { event: event.type }),
    });
    const machine = withStory(bound, { keeperOf: () => core.stories });
    // A trace needs every transition, which only the interpreter reports.
    this.machine = core.tracer === undefined ? compiled(machine) : machine;
  }

  #find(number: number): Lease {
    const lease = this.#held.get(number);
    if (lease === undefined) throw new Error(`there is no lease ${number}`);
    return lease;
  }

  begin(taken: TakenValue, holder: Client, milliseconds: number): Metadata {
    const since = this.#core.clock();
    const lease = this.#part.number + this.#part.of * this.#numbers.next();
    const origin = { ...taken, lease, holder, since };
    const isRecorded = taken.place.isRecorded();
    this.#add(new Lease(origin, { until: since + milliseconds, isRecorded }, this.#core, this)).changed();
    return new Map([[KEY.lease, String(origin.lease)]]);
  }

  #add(lease: Lease): Lease {
    this.#held.set(lease.number, lease);
    lease.start();
    return lease;
  }

  heldBy(text: string, client: Client): Lease | Refusal {
    const lease = this.#held.get(parseWhole(text) ?? 0);
    if (lease?.origin.holder === client) return lease;
    // That it has ended may not be durable yet.
    this.#core.changes.read();
    return refusal(LEASE.notHeld(text));
  }

  ended(lease: Lease): void {
    this.#held.delete(lease.number);
  }

  /** Its actor has failed, which is a fault of the server: the value returns. */
  failed(lease: Lease, error: unknown): void {
    this.#core.log('error', 'a chart failed', { lease: lease.number, error });
    if (this.#held.has(lease.number)) lease.returnValue();
  }

  *entities(): Generator<Entity> {
    for (const lease of this.#held.values()) yield* lease.entities();
    yield* this.#numbers.entities();
  }

  /** Takes up a lease of before a restart, after the sessions, or the last number of a lease. */
  restore(entity: Entity): void {
    const [kind, lease = 0] = entity.key;
    if (kind === 'numbers') return this.#numbers.restore(entity);
    const record = RecordReader.of(entity);
    const place = this.#core.workspaces.leasePlace(record.number('workspace'), record.number('variable'));
    const value = valueIn(record, (file) => this.#core.restoreFile(file));
    const id = record.optionalNumber('holder');
    const holder = id === undefined ? undefined : this.#core.clientOf?.(id);
    this.#numbers.wasGiven(Math.floor(lease / this.#part.of));
    place.accounting.keep(value);
    const [number, since] = [record.number('number'), record.number('since')];
    const origin = { number, value, place, lease, holder, since };
    this.#add(new Lease(origin, { until: record.number('until'), isRecorded: true }, this.#core, this));
  }

  /** Everything is taken up. Connections of before the restart have closed, and their values return (D4). */
  restored(): Steps {
    this.#numbers.restored();
    return eachInSteps([...this.#held.values()], (lease) => {
      if (lease.origin.holder === undefined) lease.clientLeft();
    });
  }
}
