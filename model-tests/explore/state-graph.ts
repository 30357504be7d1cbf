import type { Memory } from './rewind.ts';
import type { Cast } from './scenario.ts';
import { stateKey } from './state-key.ts';
import type { Step } from './steps.ts';
import { World, type MakeSleigh } from './world.ts';

/** The number of expanded states after which a new world replaces the current one. It must reach the same states. */
const RENEWED_AFTER = 2_000;

/** The states that were found, in this order, and the shortest path to each. */
export class StateGraph {
  readonly #cast: Cast;
  readonly #make: MakeSleigh;
  readonly #steps: readonly Step[];
  /** Runs a step in a world and updates its ledger. */
  readonly #run: (world: World, step: Step) => void;
  readonly #keyOf: (world: World) => string;
  readonly #keys: string[];
  readonly #numbers: Map<string, number>;
  readonly #parents = [-1];
  readonly #taken = [-1];
  readonly #depths = [0];
  /** The path to the current state, with the memory of the world at each state on it. */
  #way: { state: number; memory: Memory }[];
  #visits = 0;
  world: World;

  /** @param keyOf says which states are the same */
  constructor(
    cast: Cast,
    make: MakeSleigh,
    steps: readonly Step[],
    run: (world: World, step: Step) => void,
    keyOf = stateKey,
  ) {
    this.#keyOf = keyOf;
    this.#cast = cast;
    this.#make = make;
    this.#steps = steps;
    this.#run = run;
    this.world = new World(cast, make);
    this.#keys = [keyOf(this.world)];
    this.#numbers = new Map([[this.keyOf(0), 0]]);
    this.#way = [{ state: 0, memory: this.world.remember() }];
  }

  get size(): number {
    return this.#keys.length;
  }
  get depth(): number {
    return this.#depths.at(-1) ?? 0;
  }
  keyOf(state: number): string {
    return this.#keys[state] ?? '';
  }
  depthOf(state: number): number {
    return this.#depths[state] ?? 0;
  }

  /** @returns the number of the state with that key; a new one if it was not known */
  add(key: string, from: number, step: number): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const state = this.#keys.push(key) - 1;
    this.#numbers.set(key, state);
    this.#parents.push(from);
    this.#taken.push(step);
    this.#depths.push(this.depthOf(from) + 1);
    return state;
  }

  /** The names of the steps of the shortest path to a state. */
  stepsTo(state: number): string[] {
    return this.#wayTo(state)
      .slice(1)
      .map((at) => this.#steps[this.#taken[at] ?? -1]?.name ?? '');
  }

  #wayTo(state: number): number[] {
    const found: number[] = [];
    for (let at = state; at >= 0; at = this.#parents[at] ?? -1) found.push(at);
    return found.toReversed();
  }

  /** Brings the world to a state, from the last state on its path that is still recorded. */
  go(state: number): Memory {
    if (++this.#visits % RENEWED_AFTER === 0) {
      this.world = new World(this.#cast, this.#make);
      this.#way = [{ state: 0, memory: this.world.remember() }];
    }
    const wanted = this.#wayTo(state);
    let common = 0;
    while (common < this.#way.length && this.#way[common]?.state === wanted[common]) common++;
    this.#way = this.#way.slice(0, common);
    const last = this.#way.at(-1);
    if (last === undefined) throw new Error('every way begins at the beginning');
    this.world.rewind(last.memory);
    let { memory } = last;
    for (const next of wanted.slice(common)) {
      const step = this.#steps[this.#taken[next] ?? -1];
      if (step === undefined) throw new Error(`nothing leads to state ${next}`);
      this.#run(this.world, step);
      memory = this.world.remember();
      this.#way.push({ state: next, memory });
    }
    const key = this.keyOf(state);
    const reached = this.#keyOf(this.world);
    if (reached !== key) throw new Error(`the way to ${key} led to ${reached}`);
    return memory;
  }
}
