import type { Outcome } from '../../../src/client/task/outcome.ts';
import type { World } from '../../world/world.ts';
import type { BatchPlan, Element, Plan } from '../cast/plan.ts';
import type { SimulatedProcess } from '../host/process.ts';

/** One call of the task's function. */
export interface Call {
  readonly element: Element;
  readonly process: SimulatedProcess;
  /** Milliseconds of the simulation. */
  readonly begun: number;
  ended: number | undefined;
}

/** The history of one element. */
export interface Entry {
  readonly element: Element;
  readonly calls: Call[];
  readonly outcomes: Outcome[];
}

/** The history of one batch. */
export interface BatchRecord {
  readonly plan: BatchPlan;
  readonly entries: readonly Entry[];
  begun: number | undefined;
  aborted: number | undefined;
  left: number | undefined;
  /** When its iteration has ended, and how. */
  ended: number | undefined;
  error: unknown;
}

/** Milliseconds after its timeout within which a call or its process ends. */
const BEYOND_TIMEOUT_MS = 3_000;
/** Milliseconds after which every worker has learned of an abort and has ended its call: the network may be slow. */
const BEYOND_ABORT_MS = 8_000;

/** Records what happens to each element, and detects impossible outcomes. */
export class Ledger {
  readonly batches: readonly BatchRecord[];
  readonly #world: World;
  readonly #plan: Plan;
  readonly #say: (who: string, what: string) => void;

  constructor(world: World, plan: Plan, say: (who: string, what: string) => void) {
    this.#world = world;
    this.#plan = plan;
    this.#say = say;
    this.batches = plan.batches.map((batch) => ({
      plan: batch,
      entries: batch.elements.map((element) => ({ element, calls: [], outcomes: [] })),
      begun: undefined,
      aborted: undefined,
      left: undefined,
      ended: undefined,
      error: undefined,
    }));
  }

  /** @throws if there is no such element */
  entryOf({ batch, n }: Pick<Element, 'batch' | 'n'>): Entry {
    const entry = this.#recordOf(batch).entries[n];
    if (entry === undefined) throw new Error(`there is no element ${n} in batch ${batch}`);
    return entry;
  }

  begun(element: Element, process: SimulatedProcess): Call {
    const { calls } = this.entryOf(element);
    this.#say(process.name, `calls ${nameOf(element)}: ${describe(element)}`);
    for (const other of calls)
      if (isUnderWay(other) && !other.process.hasLostConnection)
        this.#world.wrongs.push(
          `${nameOf(element)} is called in ${process.name} and in ${other.process.name}`,
        );
    const call: Call = { element, process, begun: this.#world.elapsed, ended: undefined };
    calls.push(call);
    const { timeout } = this.#recordOf(element.batch).plan;
    // A call that only waits is abandoned, and its worker leaves later.
    if (timeout !== undefined && (element.does === 'hang' || element.does === 'block'))
      this.#mustEnd(call, timeout + BEYOND_TIMEOUT_MS, `its timeout of ${timeout} ms`);
    return call;
  }

  #mustEnd(call: Call, milliseconds: number, after: string): void {
    this.#world.agenda.after(milliseconds, () => {
      if (call.ended === undefined && !call.process.isDead)
        this.#world.wrongs.push(
          `the call of ${nameOf(call.element)} in ${call.process.name} goes on after ${after}`,
        );
    });
  }

  /** The batch was aborted: after a while no worker works for it any more. */
  aborted(record: BatchRecord): void {
    record.aborted = this.#world.elapsed;
    if (!this.#plan.isCalm) return;
    this.#world.agenda.after(BEYOND_ABORT_MS, () => {
      for (const call of record.entries.flatMap(({ calls }) => calls))
        this.#mustEnd(call, 0, 'its batch was aborted');
    });
  }

  #recordOf(batch: number): BatchRecord {
    const record = this.batches[batch];
    if (record === undefined) throw new Error(`there is no batch ${batch}`);
    return record;
  }

  ended(call: Call): void {
    if (call.ended !== undefined) return;
    call.ended = this.#world.elapsed;
    this.#say(call.process.name, `has ended ${nameOf(call.element)}`);
  }

  settled(batch: number, outcome: Outcome): void {
    const { index } = outcome;
    const shown = 'error' in outcome ? outcome.error.code : 'value';
    this.#say('master', `receives ${nameOf({ batch, n: index })}: ${shown}`);
    const entry = this.entryOf({ batch, n: index });
    if (entry.outcomes.length > 0) this.#world.wrongs.push(`${nameOf(entry.element)} is settled twice`);
    entry.outcomes.push(outcome);
  }
}

export const nameOf = ({ batch, n }: Pick<Element, 'batch' | 'n'>): string => `batch ${batch} element ${n}`;

function describe(element: Element): string {
  const { batch: _batch, n: _n, does, ...details } = element;
  return [does, ...Object.values(details)].join(' ');
}

const isUnderWay = ({ ended, process }: Call): boolean =>
  ended === undefined && !process.isDead && !process.isFrozen;

/** The text of an error. */
export const shown = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : 'what is no error';
