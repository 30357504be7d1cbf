import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { ChartStep, ChartTransition } from './chart-step.ts';
import { clauseOf } from './clause.ts';
import { innermost, type Transition } from './path.ts';
import type { StateCounts, StoryKeeper } from './story-keeper.ts';
import { INIT_EVENT, type ActorSystem } from './xstate-internals.ts';

/** The event that starts an actor, and the one that stops the children of an actor that has ended. */
export { INIT_EVENT as BEGINNING, STOP_EVENT as STOPPED } from './xstate-internals.ts';
/** The event in a story for a step whose action failed. No machine receives it. */
export const BROKEN = 'xstate.error';
/** The event name that matches unknown events. */
const WILDCARD = '*';

/** A step, and the state counts that it changes. */
export interface StepTemplate extends ChartStep {
  /** The numbers of the states before and after; undefined where there is none, or if the step stays in its state. */
  readonly left: number | undefined;
  readonly entered: number | undefined;
  readonly isFailure: boolean;
  /** The name of the machine. */
  readonly chart: string;
}

/** How the actors of a machine keep their stories. */
export interface StoryOptions {
  /** Returns the keeper of the stories of that actor system. */
  readonly keeperOf: (system: ActorSystem) => StoryKeeper;
  /** Called once for each transition: whether its steps are failures, which are reported to the keeper. */
  readonly isFailure?: (step: ChartStep) => boolean;
}

/** The data that all actors of one machine share. */
export class StepCatalog {
  /** By the number of each state that a step led to or from, its name, such as `registered.idle`. */
  readonly states: readonly string[];
  readonly keeperOf: StoryOptions['keeperOf'];
  readonly #chart: string;
  readonly #states: string[] = [];
  readonly #isFailure: StoryOptions['isFailure'];
  readonly #templates = new Map<AnyStateNode | undefined, Map<unknown, StepTemplate>>();

  /** @param chart the name of the machine */
  constructor(chart: string, { keeperOf, isFailure }: StoryOptions) {
    this.#chart = chart;
    this.states = this.#states;
    this.keeperOf = keeperOf;
    this.#isFailure = isFailure;
  }

  begins(leaf: AnyStateNode): StepTemplate {
    return this.#once(undefined, leaf, () => this.#make(INIT_EVENT, '', pathOf(leaf), undefined));
  }

  /** @param transition undefined if the machine has none for the event */
  step(leaf: AnyStateNode, event: string, transition: Transition | undefined): StepTemplate {
    // Steps with the same transition differ by their event only if the transition is a wildcard or absent.
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
        transition?.description,
      );
    });
  }

  #once(leaf: AnyStateNode | undefined, key: unknown, make: () => StepTemplate): StepTemplate {
    let ofLeaf = this.#templates.get(leaf);
    if (ofLeaf === undefined) this.#templates.set(leaf, (ofLeaf = new Map()));
    let template = ofLeaf.get(key);
    if (template === undefined) ofLeaf.set(key, (template = make()));
    return template;
  }

  #make(
    event: string,
    before: string,
    after: string,
    transition: ChartTransition | undefined,
    clause = '',
    description = '',
  ): StepTemplate {
    const step: ChartStep = { event, before, after, clause, description, transition };
    const moves = before !== after || event === INIT_EVENT;
    return {
      ...step,
      left: before === '' || !moves ? undefined : this.#numberOf(before),
      entered: moves ? this.#numberOf(after) : undefined,
      isFailure: this.#isFailure?.(step) ?? false,
      chart: this.#chart,
    };
  }

  #numberOf(state: string): number {
    const known = this.#states.indexOf(state);
    return known === -1 ? this.#states.push(state) - 1 : known;
  }
}

const pathOf = (node: AnyStateNode): string => node.path.join('.');

const CATALOGS = new WeakMap<AnyStateMachine, StepCatalog>();

/** @returns undefined for a machine that keeps no stories */
export const stepCatalogOf = (machine: AnyStateMachine): StepCatalog | undefined => CATALOGS.get(machine);

/** @returns how many actors of that machine, of those whose stories are kept there, are in each state */
export function countsOf(keeper: StoryKeeper, machine: AnyStateMachine): StateCounts {
  const catalog = CATALOGS.get(machine);
  if (catalog === undefined)
    throw new Error(`The actors of "${machine.id}" keep no stories, and are not counted.`);
  return keeper.counts(catalog);
}

/** The catalog is the one of that logic from now on. */
export const keepStepCatalog = (logic: AnyStateMachine, catalog: StepCatalog): void =>
  void CATALOGS.set(logic, catalog);
