import { reasonOf } from '../wire/error-kind.ts';
import { fromTransition, type AnyMachineSnapshot } from 'xstate';
import { getAdjacencyMap, getShortestPaths } from 'xstate/graph';
import { ChartIndex } from './chart-index.ts';
import { NEEDS, type Need } from './test-target.ts';
import type { ChartModel, Closable, Effect, TestPath, Situation, Stimulus } from './model.ts';
import { PureChart } from './pure-chart.ts';
import { simplePaths } from './simple-paths.ts';

/** A model contradicts its machine, which is found before anything is run. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}

interface World<Facts> {
  readonly chart: AnyMachineSnapshot;
  readonly facts: Facts;
}

/** Paths to run, by the names of their stimuli. */
export interface Plan {
  readonly shortest: number;
  readonly simple: number;
  /** Edges of the adjacency map: those with events for the machine, and those without. */
  readonly edges: number;
  readonly refused: number;
  readonly routes: readonly Route[];
  /** By state and event: the reason why no client can cause it there. */
  readonly impossible: ReadonlyMap<string, string>;
  /** Stimuli that need something this server does not offer. */
  readonly untried: ReadonlyMap<string, Need>;
  /**
   * States and transitions that the paths reach, and those that they would reach on a server that offers everything.
   */
  readonly reachable: ReadonlySet<string>;
  readonly reachableWithAll: ReadonlySet<string>;
}

export type Route = Pick<TestPath, 'steps' | 'tries' | 'timed'> & { readonly slow: boolean };

/** The outcome of a checked step. */
export interface Seen {
  readonly states: ReadonlySet<string>;
  readonly transitions: ReadonlySet<string>;
}

/** A model with its machine: the paths to run, and how to run them. The types of the model stay inside. */
export class Exploration<Context, Facts, Stage extends Closable> {
  readonly index: ChartIndex;
  readonly #model: ChartModel<Context, Facts, Stage>;
  readonly #chart: PureChart;
  /** What the target offers. */
  #met: ReadonlySet<Need>;

  /** @throws ModelError if an event has no executor or a state has no check */
  constructor(model: ChartModel<Context, Facts, Stage>, met: ReadonlySet<Need>) {
    this.#model = model;
    this.#met = met;
    this.index = new ChartIndex(model.machine);
    this.#chart = new PureChart(model.machine, model.input);
    const { checks, stimuli } = model;
    const aimed = new Set(Object.values(stimuli).flatMap(({ aims }) => aims));
    const missing = [
      ...this.index.leaves
        .filter((state) => checks[state] === undefined)
        .map((state) => `a check of ${state}`),
      ...this.index.events.filter((event) => !aimed.has(event)).map((event) => `an executor of ${event}`),
    ];
    if (missing.length > 0) throw new ModelError(`the model of ${this.name} lacks ${missing.join(', ')}`);
    const strange = [
      ...Object.keys(checks).filter((state) => !this.index.leaves.includes(state)),
      ...[...aimed].filter((event) => !this.index.events.includes(event)),
    ];
    if (strange.length > 0)
      throw new ModelError(`${this.name} has no state or event of the name ${strange.join(', ')}`);
  }

  get name(): string {
    const { machine, variant } = this.#model;
    return variant === '' ? machine.id : `${machine.id}, ${variant}`;
  }
  get bound(): string {
    return `${this.#model.bound}; simple paths of up to ${this.#model.simpleSteps} steps`;
  }

  #begin(): World<Facts> {
    return this.#beginning().world;
  }

  /** The situation after the initial events, and their transitions. */
  #beginning(): { world: World<Facts>; taken: string[] } {
    let chart = this.#chart.begin();
    const taken: string[] = [];
    for (const event of this.#model.preface ?? []) {
      taken.push(...this.index.taken(chart, event));
      chart = this.#chart.after(chart, event);
    }
    return { world: { chart, facts: this.#model.facts }, taken };
  }

  #situation({ chart, facts }: World<Facts>): Situation<Context, Facts> {
    return { state: this.index.leafOf(chart), context: chart.context, facts };
  }

  #key(world: World<Facts>): string {
    const at = this.#situation(world);
    return JSON.stringify(this.#model.key?.(at) ?? [at.state, at.context, at.facts]);
  }

  #stimulus(name: string): Stimulus<Context, Facts, Stage> {
    const stimulus = this.#model.stimuli[name];
    if (stimulus === undefined) throw new ModelError(`${this.name} has no stimulus "${name}"`);
    return stimulus;
  }

  #effect(world: World<Facts>, name: string): Effect<Facts, Stage> | { kind: 'untried'; need: Need } {
    const effect = this.#stimulus(name).comesTo(this.#situation(world));
    return effect.kind === 'caused' && effect.needs !== undefined && !this.#met.has(effect.needs)
      ? { kind: 'untried', need: effect.needs }
      : effect;
  }

  /** The situation after a stimulus, and the transitions of the machine. */
  #after(world: World<Facts>, name: string): { next: World<Facts>; taken: string[] } {
    const effect = this.#effect(world, name);
    if (effect.kind !== 'caused') return { next: world, taken: [] };
    let { chart } = world;
    const taken: string[] = [];
    for (const event of effect.events) {
      const where = `${this.name}: "${name}" sends ${event.type} in ${this.index.leafOf(chart)}`;
      if (chart.status !== 'active') throw new ModelError(`${where}, where the chart has ended`);
      const labels = this.index.taken(chart, event);
      if (labels.length === 0) throw new ModelError(`${where}, where it has no place`);
      taken.push(...labels);
      chart = this.#chart.after(chart, event);
    }
    return { next: { chart, facts: effect.facts }, taken };
  }

  #options() {
    return {
      events: Object.keys(this.#model.stimuli).map((type) => ({ type })),
      serializeState: ({ context }: { context: World<Facts> }) => this.#key(context),
    };
  }

  /** The machine together with the facts, as one graph to explore. */
  #logic() {
    return fromTransition(
      (world: World<Facts>, { type }: { type: string }) => this.#after(world, type).next,
      this.#begin(),
    );
  }

  #reachable(met: ReadonlySet<Need>): Set<string> {
    const own = this.#met;
    this.#met = met;
    const found = new Set<string>(this.#beginning().taken);
    for (const { state } of Object.values(getAdjacencyMap(this.#logic(), this.#options()))) {
      for (const name of this.index.statesOf(state.context.chart)) found.add(name);
      for (const name of Object.keys(this.#model.stimuli))
        for (const label of this.#after(state.context, name).taken) found.add(label);
    }
    this.#met = own;
    return found;
  }

  /**
   * The paths to run: all shortest paths, bounded simple paths, and every edge of the adjacency map, including refused
   * ones.
   */
  plan(): Plan {
    const names = Object.keys(this.#model.stimuli);
    const vertices = getAdjacencyMap(this.#logic(), this.#options());
    const shortest = new Map(
      getShortestPaths(this.#logic(), this.#options()).map(({ state, steps }) => [
        this.#key(state.context),
        // The first step is the start of the actor.
        steps.map(({ event }) => event.type).filter((type) => type !== 'xstate.init'),
      ]),
    );

    const impossible = new Map<string, string>();
    const untried = new Map<string, Need>();
    const ways: (readonly string[])[] = [];
    const steps = new Map<string, Map<string, string>>();
    let edges = 0;
    let refused = 0;
    const routes: Route[] = [];
    for (const [key, { state }] of Object.entries(vertices)) {
      const way = shortest.get(key) ?? [];
      const tries: string[] = [];
      const leading = new Map<string, string>();
      steps.set(key, leading);
      for (const name of names) {
        const effect = this.#effect(state.context, name);
        if (effect.kind === 'impossible') {
          for (const event of this.#stimulus(name).aims)
            impossible.set(`${this.#situation(state.context).state}: ${event}`, effect.why);
        } else if (effect.kind === 'untried') untried.set(name, effect.need);
        else if (effect.kind === 'refused') {
          refused++;
          tries.push(name);
        } else if (effect.kind === 'caused') {
          edges++;
          const to = this.#key(this.#after(state.context, name).next);
          if (to === key) tries.push(name);
          else {
            leading.set(name, to);
            ways.push([...way, name]);
          }
        }
      }
      routes.push(this.#route(way, tries));
    }
    const start = this.#key(this.#begin());
    const simple = simplePaths(start, (key) => steps.get(key) ?? new Map(), this.#model.simpleSteps);
    routes.push(...[...ways, ...simple].map((way) => this.#route(way, [])));
    return {
      shortest: shortest.size,
      simple: simple.length,
      edges,
      refused,
      routes: withoutRepetitions(routes),
      impossible,
      untried,
      reachable: this.#reachable(this.#met),
      reachableWithAll: this.#reachable(new Set(NEEDS)),
    };
  }

  #route(steps: readonly string[], tries: readonly string[]): Route {
    const all = [...steps, ...tries].map((name) => this.#stimulus(name));
    return {
      steps,
      tries,
      timed: all.some(({ timed }) => timed === true),
      slow: all.some(({ slow }) => slow === true),
    };
  }

  /** The states and transitions that a path reaches. */
  visits({ steps, tries }: Pick<Route, 'steps' | 'tries'>): Set<string> {
    let { world, taken } = this.#beginning();
    const visited = new Set([...this.index.statesOf(world.chart), ...taken]);
    for (const name of [...steps, ...tries]) {
      ({ next: world, taken } = this.#after(world, name));
      for (const one of [...this.index.statesOf(world.chart), ...taken]) visited.add(one);
    }
    return visited;
  }

  /**
   * Runs one path.
   * @param saw is called for each correct step.
   * @throws Mismatch with its story
   */
  async run(testPath: TestPath, saw: (seen: Seen) => void): Promise<void> {
    const beginning = this.#beginning();
    let { world } = beginning;
    const story: string[] = [];
    let stage: Stage | undefined;
    try {
      stage = await this.#model.open(testPath);
      await this.#check(stage, world);
      saw({ states: this.index.statesOf(world.chart), transitions: new Set(beginning.taken) });
      for (const name of [...testPath.steps, ...testPath.tries]) {
        story.push(name);
        const effect = this.#effect(world, name);
        if (effect.kind !== 'caused' && effect.kind !== 'refused')
          throw new ModelError(`"${name}" cannot be run`);
        const { next, taken } = this.#after(world, name);
        await effect.act(stage);
        world = next;
        await this.#check(stage, world);
        saw({ states: this.index.statesOf(world.chart), transitions: new Set(taken) });
      }
    } catch (cause) {
      const reason = reasonOf(cause);
      const { state } = this.#situation(world);
      throw new Error(`${['begins', ...story].join(' → ')}: in ${state}: ${reason}`, { cause });
    } finally {
      await stage?.close();
    }
  }

  async #check(stage: Stage, world: World<Facts>): Promise<void> {
    const at = this.#situation(world);
    await this.#model.checks[at.state]?.(stage, at);
  }
}

const textOf = (steps: readonly string[]): string => steps.join('\n');

/** Omits paths that are a prefix of another one or equal to it. */
function withoutRepetitions(routes: readonly Route[]): Route[] {
  const beginnings = new Set(
    routes.flatMap(({ steps, tries }) =>
      // Final attempts follow after all steps.
      Array.from({ length: steps.length - (tries.length > 0 ? 0 : 1) }, (_, n) =>
        textOf(steps.slice(0, n + 1)),
      ),
    ),
  );
  const run = new Set<string>();
  return routes.filter(({ steps, tries }) => {
    const text = textOf(steps);
    if (tries.length === 0 && (beginnings.has(text) || run.has(text))) return false;
    run.add(text);
    return true;
  });
}
