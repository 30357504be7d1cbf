import { WITHOUT } from './test-target.ts';
import type { ChartIndex } from './chart-index.ts';
import type { Plan, Seen } from './exploration.ts';
import { UNREACHABLE } from './unreachable.ts';

/** The coverage of one machine by all of its models. */
export interface ChartReport {
  readonly chart: string;
  readonly states: Count;
  readonly transitions: Count;
  /** The bounds that make the paths finite. */
  readonly bounds: readonly string[];
  readonly shortestPaths: number;
  readonly simplePaths: number;
  readonly pathsRun: number;
  readonly edges: number;
  readonly refused: number;
  /** Pairs of a state and an event that no client can cause there, with the reason. */
  readonly impossible: Readonly<Record<string, string>>;
  /** Transitions that no client can cause at all, with the reason: they are not counted. */
  readonly unreachable: Readonly<Record<string, string>>;
  /** Transitions that cannot be tried on this server, with the reason: they are not counted. */
  readonly untried: Readonly<Record<string, string>>;
  readonly failures: readonly string[];
  /** Paths whose periods had to be extended. */
  readonly repeated: number;
}

interface Count {
  readonly visited: number;
  readonly total: number;
  readonly missing: readonly string[];
}

interface Model {
  readonly name: string;
  readonly bound: string;
  readonly index: ChartIndex;
}

interface Tally {
  readonly index: ChartIndex;
  readonly plans: Plan[];
  readonly bounds: Set<string>;
  readonly states: Set<string>;
  readonly transitions: Set<string>;
  readonly failures: string[];
  pathsRun: number;
  repeated: number;
}

/** Counts the visited states and transitions, machine by machine. */
export class Coverage {
  readonly #tallies = new Map<string, Tally>();

  constructor(plans: ReadonlyMap<Model, Plan>) {
    for (const [model, plan] of plans) {
      const tally = this.#tallies.get(chartOf(model)) ?? {
        index: model.index,
        plans: [],
        bounds: new Set<string>(),
        states: new Set<string>(),
        transitions: new Set<string>(),
        failures: [],
        pathsRun: 0,
        repeated: 0,
      };
      tally.plans.push(plan);
      tally.bounds.add(model.bound);
      this.#tallies.set(chartOf(model), tally);
    }
  }

  #of(model: Model): Tally {
    const tally = this.#tallies.get(chartOf(model));
    if (tally === undefined) throw new Error(`nothing was planned for ${model.name}`);
    return tally;
  }

  see(model: Model, { states, transitions }: Seen): void {
    const tally = this.#of(model);
    for (const state of states) tally.states.add(state);
    for (const transition of transitions) tally.transitions.add(transition);
  }

  ran(model: Model, again: boolean): void {
    const tally = this.#of(model);
    tally.pathsRun++;
    if (again) tally.repeated++;
  }

  fail(model: Model, reason: string): void {
    this.#of(model).failures.push(`${model.name}: ${reason}`);
  }

  reports(): ChartReport[] {
    return [...this.#tallies].map(([chart, tally]) => reportOn(chart, tally));
  }
}

const chartOf = ({ name }: Model): string => name.split(',', 1)[0] ?? name;

function reportOn(chart: string, tally: Tally): ChartReport {
  const { index, plans, bounds, states, transitions, failures, pathsRun, repeated } = tally;
  const sum = (of: (plan: Plan) => number): number => plans.reduce((total, plan) => total + of(plan), 0);
  const untried = new Map(plans.flatMap(({ untried: some }) => Array.from(some)));
  const unreachable = UNREACHABLE[chart] ?? {};
  const withAll = new Set(plans.flatMap(({ reachableWithAll }) => Array.from(reachableWithAll)));
  const within = new Set(plans.flatMap(({ reachable }) => Array.from(reachable)));
  // Transitions that need something the server does not offer are not counted.
  const counts = (label: string): boolean =>
    !(label in unreachable) && (within.has(label) || !withAll.has(label));
  const counted = index.transitions.filter(counts);
  const possible = index.states.filter(counts);
  const wrong = [
    ...Object.keys(unreachable)
      .filter((label) => !index.transitions.includes(label))
      .map((label) => `${chart}: has no transition "${label}", which is said to be unreachable`),
    ...Object.keys(unreachable)
      .filter((label) => transitions.has(label))
      .map((label) => `${chart}: "${label}" is said to be unreachable, and was visited`),
  ];
  return {
    chart,
    states: count(possible, states),
    transitions: count(counted, transitions),
    bounds: [...bounds],
    shortestPaths: sum((plan) => plan.shortest),
    simplePaths: sum((plan) => plan.simple),
    pathsRun,
    edges: sum((plan) => plan.edges),
    refused: sum((plan) => plan.refused),
    impossible: Object.fromEntries(plans.flatMap((plan) => Array.from(plan.impossible))),
    unreachable,
    untried: Object.fromEntries([...untried].map(([name, need]) => [name, WITHOUT[need]])),
    failures: [...failures, ...wrong],
    repeated,
  };
}

const count = (all: readonly string[], visited: ReadonlySet<string>): Count => {
  const missing = all.filter((one) => !visited.has(one));
  return { visited: all.length - missing.length, total: all.length, missing };
};
