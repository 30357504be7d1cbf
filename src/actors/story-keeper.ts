/** The data that the stories of one actor system share: those of a job, or those of all connections. */
import type { Clock } from '../workspace/clock.ts';
import type { StepObserver } from '../workspace/tracing.ts';
import type { StoryActor, StoryStep } from './chart-step.ts';

/** The states of one machine, by number. */
interface StateNames {
  readonly states: readonly string[];
}

/** The number of actors of one machine in each state, updated when it changes. */
export class StateCounts {
  readonly keeper: StoryKeeper;
  readonly #catalog: StateNames;
  /** By the number that the catalog gives to a state. */
  readonly #actors: number[] = [];

  constructor(keeper: StoryKeeper, catalog: StateNames) {
    this.keeper = keeper;
    this.#catalog = catalog;
  }

  /** @param left, entered numbers of states of the catalog */
  moved(left: number | undefined, entered: number | undefined): void {
    if (left !== undefined) this.#actors[left] = (this.#actors[left] ?? 0) - 1;
    if (entered !== undefined) this.#actors[entered] = (this.#actors[entered] ?? 0) + 1;
  }

  /** @returns 0 for a state without actors */
  in(state: string): number {
    return this.#actors[this.#catalog.states.indexOf(state)] ?? 0;
  }

  /** The counts of the states that have actors. */
  get all(): Readonly<Record<string, number>> {
    const counts = this.#catalog.states.map((state, n): [string, number] => [state, this.#actors[n] ?? 0]);
    return Object.fromEntries(counts.filter(([, actors]) => actors > 0));
  }
}

/** The clock of the stories of one actor system, its counts, and the receiver of failures. */
export class StoryKeeper {
  readonly clock: Clock;
  /** Told of each step that is a failure, by the catalog of its machine. */
  readonly failed: ((actor: StoryActor, step: StoryStep) => void) | undefined;
  readonly observer: StepObserver | undefined;
  readonly #counts = new Map<StateNames, StateCounts>();

  constructor(clock: Clock, failed?: StoryKeeper['failed'], observer?: StepObserver) {
    this.clock = clock;
    this.failed = failed;
    this.observer = observer;
  }

  counts(catalog: StateNames): StateCounts {
    let counts = this.#counts.get(catalog);
    if (counts === undefined) this.#counts.set(catalog, (counts = new StateCounts(this, catalog)));
    return counts;
  }
}
