import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { Clock } from '../workspace/clock.ts';
import { innermost, type Transition } from './path.ts';
import { INIT_EVENT } from './xstate-internals.ts';

/** The event that an actor begins with, and the one that ends the children of an actor that has ended. */
export { INIT_EVENT as BEGINNING, STOP_EVENT as STOPPED } from './xstate-internals.ts';
/** Stands in a story where an action of the step before failed; no chart is sent it. */
export const BROKEN = 'xstate.error';
/** Unknown events end up here. */
const WILDCARD = '*';

/** What a step does, whenever and with whatever event it is taken. */
export interface ChartStep {
  readonly event: string;
  /** The state before, such as `registered.idle`; '' at the beginning. */
  readonly before: string;
  readonly after: string;
  /** The clause of the transition, as the chart names it. */
  readonly clause: string;
  /** Undefined for a beginning, and for what the chart has no place for. */
  readonly transition: ChartTransition | undefined;
}

export interface ChartTransition {
  /** The state that it is a transition of. */
  readonly source: string;
  /** As the chart names it. */
  readonly event: string;
  /** Its place among those of the same state for the same event. */
  readonly index: number;
}

export interface StoryStep extends ChartStep {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** What came with the event, such as `rank 3`; '' when nothing did. */
  readonly detail: string;
}

/** Whose story it is. */
export interface StoryActor {
  readonly id: string;
}

/** Told of each step that `isFailure` says is one; that is asked once for each transition. */
export interface Watch {
  readonly isFailure: (step: ChartStep) => boolean;
  readonly failed: (actor: StoryActor, step: StoryStep) => void;
}

export interface Count {
  actors: number;
}

/** A step, and what it counts. */
export interface StepTemplate extends ChartStep {
  readonly left: Count | undefined;
  readonly entered: Count;
  readonly isFailure: boolean;
}

/** How many actors of a machine are in each state: kept as it changes. */
export interface StateCounts {
  /** @returns 0 for a state that nobody was in */
  in(state: string): number;
  readonly all: Readonly<Record<string, number>>;
}

/** What the actors of one machine have in common. */
export class StepCatalog implements StateCounts {
  readonly clock: Clock;
  readonly watch: Watch | undefined;
  readonly #counts = new Map<string, Count>();
  readonly #told = new Map<AnyStateNode | undefined, Map<unknown, StepTemplate>>();

  constructor(clock: Clock, watch: Watch | undefined) {
    this.clock = clock;
    this.watch = watch;
  }

  in(state: string): number {
    return this.#counts.get(state)?.actors ?? 0;
  }

  get all(): Record<string, number> {
    return Object.fromEntries(
      Array.from(this.#counts, ([state, { actors }]): [string, number] => [state, actors]).filter(
        ([, actors]) => actors > 0,
      ),
    );
  }

  begins(leaf: AnyStateNode): StepTemplate {
    return this.#once(undefined, leaf, () => this.#make(INIT_EVENT, '', pathOf(leaf), undefined));
  }

  /** @param transition undefined when the chart has none for the event */
  step(leaf: AnyStateNode, event: string, transition: Transition | undefined): StepTemplate {
    // Only with the wildcard, and without any transition, do steps with the same transition differ by their event.
    const isExpected = transition !== undefined && transition.eventType !== WILDCARD;
    return this.#once(leaf, isExpected ? transition : event, () => {
      const { source, eventType = event, target } = transition ?? {};
      const name = isExpected && eventType.endsWith(`.${WILDCARD}`) ? eventType : event;
      const after = pathOf(target?.[0] === undefined ? leaf : innermost(target[0]));
      const index =
        transition === undefined ? -1 : (source?.transitions.get(eventType)?.indexOf(transition) ?? -1);
      return this.#make(
        name,
        pathOf(leaf),
        after,
        isExpected && source !== undefined ? { source: pathOf(source), event: eventType, index } : undefined,
        transition && clauseOf(transition),
      );
    });
  }

  #once(leaf: AnyStateNode | undefined, key: unknown, make: () => StepTemplate): StepTemplate {
    let ofLeaf = this.#told.get(leaf);
    if (ofLeaf === undefined) this.#told.set(leaf, (ofLeaf = new Map()));
    let told = ofLeaf.get(key);
    if (told === undefined) ofLeaf.set(key, (told = make()));
    return told;
  }

  #make(
    event: string,
    before: string,
    after: string,
    transition: ChartTransition | undefined,
    clause = '',
  ): StepTemplate {
    const step: ChartStep = { event, before, after, clause, transition };
    return {
      ...step,
      left: before === '' ? undefined : this.#count(before),
      entered: this.#count(after),
      isFailure: this.watch?.isFailure(step) ?? false,
    };
  }

  #count(state: string): Count {
    let count = this.#counts.get(state);
    if (count === undefined) this.#counts.set(state, (count = { actors: 0 }));
    return count;
  }
}

const pathOf = (node: AnyStateNode): string => node.path.join('.');

/** @returns the clauses of docs/protocol.md that a transition follows, as the machine names them; '' for none */
export function clauseOf({ meta, description = '' }: Pick<Transition, 'meta' | 'description'>): string {
  const clause: unknown =
    typeof meta === 'object' && meta !== null && 'clause' in meta ? meta.clause : undefined;
  return typeof clause === 'string' ? clause : description;
}

const CATALOGS = new WeakMap<AnyStateMachine, StepCatalog>();

/** @returns undefined for a machine that keeps no stories */
export const stepCatalogOf = (machine: AnyStateMachine): StepCatalog | undefined => CATALOGS.get(machine);

/** The catalog is the one of that logic from now on. */
export const keepStepCatalog = (logic: AnyStateMachine, catalog: StepCatalog): void =>
  void CATALOGS.set(logic, catalog);
