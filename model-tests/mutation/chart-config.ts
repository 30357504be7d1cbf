import { StateMachine, type AnyStateMachine } from 'xstate';

/** The form of one action: its name, or the object that XState created for `sendParent` and the like. */
export type ActionConfig = string | (object & { readonly type?: string });

/** A named guard, or one that combines others. */
export type GuardConfig = string | NamedGuard | CombinedGuard;
/** A guard with parameters. */
export interface NamedGuard {
  readonly type: string;
  readonly params: object;
}
export interface CombinedGuard {
  readonly check: unknown;
  readonly guards: readonly GuardConfig[];
}
export const isCombined = (guard: unknown): guard is CombinedGuard =>
  typeof guard === 'function' && 'check' in guard && 'guards' in guard;

export interface TransitionConfig {
  guard?: GuardConfig;
  target?: string;
  reenter?: boolean;
  actions?: ActionConfig | ActionConfig[];
  readonly description?: string;
}

/** The configuration of one state; a mutant has a different one somewhere. */
export interface StateConfig {
  readonly id?: string;
  initial?: string;
  type?: string;
  tags?: string | string[];
  entry?: ActionConfig | ActionConfig[];
  exit?: ActionConfig | ActionConfig[];
  on?: Record<string, TransitionConfig | TransitionConfig[]>;
  readonly states?: Readonly<Record<string, StateConfig>>;
}

/** The machines are well typed in their sources; these types only state the possible fields. */
const isState = (config: unknown): config is StateConfig => typeof config === 'object' && config !== null;

/** A copy of a configuration. */
export function configOf({ id, config }: AnyStateMachine): StateConfig {
  const copy = copyOf(config);
  if (!isState(copy)) throw new Error(`${id} has no config`);
  return copy;
}

export const listOf = <Item>(items: Item | Item[] | undefined): Item[] =>
  items === undefined ? [] : Array.isArray(items) ? items : [items];

/** A state, and the names of its ancestors. */
export interface Place {
  readonly path: readonly string[];
  readonly state: StateConfig;
}

/** The state and its descendants. */
export function* placesIn(state: StateConfig, path: readonly string[] = []): Generator<Place> {
  yield { path, state };
  for (const [name, inner] of Object.entries(state.states ?? {})) yield* placesIn(inner, [...path, name]);
}

/** The same machine, except that the state at `path` has another configuration. */
export function rewritten(
  machine: AnyStateMachine,
  path: readonly string[],
  rewrite: (state: StateConfig) => void,
): AnyStateMachine {
  const config = configOf(machine);
  let state: StateConfig | undefined = config;
  for (const name of path) state = state?.states?.[name];
  if (state === undefined) throw new Error(`${machine.id} has no state ${path.join('.')}`);
  rewrite(state);
  const mutant: AnyStateMachine = Reflect.construct(StateMachine, [config, machine.implementations]);
  return mutant;
}

/** A copy down to the functions, which are shared. */
function copyOf(config: unknown): unknown {
  if (Array.isArray(config)) return config.map(copyOf);
  if (typeof config !== 'object' || config === null) return config;
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name, copyOf(value)]));
}
