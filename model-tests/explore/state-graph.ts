import type { Cast } from './scenario.ts';
import { stateKey } from './state-key.ts';
import type { Step } from './steps.ts';
import { run } from './take.ts';
import { World, type MakeSleigh } from './world.ts';

/** The states that were found, in this order, and the shortest path to each. */
export class StateGraph {
  readonly #cast: Cast;
  readonly #make: MakeSleigh;
  readonly #steps: readonly Step[];
  readonly #keyOf: (world: World) => string;
  readonly #keys: string[];
  readonly #numbers: Map<string, number>;
  readonly #parents = [-1];
  readonly #taken = [-1];
  readonly #depths = [0];

  /** @param keyOf says which states are the same */
  constructor(cast: Cast, make: MakeSleigh, steps: readonly Step[], keyOf = stateKey) {
    this.#keyOf = keyOf;
    this.#cast = cast;
    this.#make = make;
    this.#steps = steps;
    this.#keys = [keyOf(new World(cast, make))];
    this.#numbers = new Map([[this.keyOf(0), 0]]);
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
    return this.#pathTo(state).map(({ name }) => name);
  }

  #pathTo(state: number): Step[] {
    const path: Step[] = [];
    for (let at = state; at > 0; at = this.#parents[at] ?? 0) {
      const step = this.#steps[this.#taken[at] ?? -1];
      if (step === undefined) throw new Error(`nothing leads to state ${at}`);
      path.push(step);
    }
    return path.toReversed();
  }

  /**
   * A job is deterministic, so the same steps lead to the same state.
   * @returns a world in the state that has taken exactly the steps of the path to it
   */
  go(state: number): World {
    const world = new World(this.#cast, this.#make);
    for (const step of this.#pathTo(state)) run(world, step);
    const key = this.keyOf(state);
    const reached = this.#keyOf(world);
    if (reached !== key) throw new Error(`the path to ${key} led to ${reached}`);
    return world;
  }
}
