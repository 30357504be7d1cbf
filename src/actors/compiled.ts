/**
 * A machine whose transitions are read from a table that is compiled from the machine itself. XState's interpreter
 * takes 6 to 20 µs for an event, because it computes again which states to exit and enter and which actions to run.
 * Between states that are not parallel this never changes, so it is computed once. The machine remains the only source,
 * and is not changed: `compiled` returns actor logic that wraps it. test/actors/compiled.test.ts shows that both give
 * the same snapshots and actions.
 */
import type {
  AnyActorScope,
  AnyEventObject,
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyStateNode,
  MachineContext,
  StateValue,
} from 'xstate';
import { compiledAction, compiledGuard, notCustom, type CompiledAction } from './compiled-actions.ts';
import { CompiledState, CompiledStep } from './compiled-state.ts';
import { NotCompilableError, stateName } from './not-compilable.ts';
import { beginning, innermost, lineage, pathOf, type PlacedAction, type Transition } from './path.ts';
import { keepStepCatalog, stepCatalogOf, type StepCatalog } from './step-catalog.ts';
import { storyOf } from './story.ts';
import { refuseOutsideSubset } from './subset.ts';
import {
  doneStateEvent,
  isChildError,
  leafOf,
  movedTo,
  ScopeActing,
  STOP_EVENT,
  wrapped,
  type Acting,
} from './xstate-internals.ts';

/** The start of a compiled actor. */
interface Beginning {
  readonly state: CompiledState;
  readonly step: CompiledStep;
}

/** The states and transitions of one machine, compiled on demand. */
export class Table {
  readonly machine: AnyStateMachine;
  readonly catalog: StepCatalog | undefined;
  readonly #states = new Map<AnyStateNode, CompiledState>();
  /** Event types that some transition names completely. */
  readonly #types: ReadonlySet<string>;
  /** Wildcards such as `xstate.done.actor.*`, which matches the end of any child. The longest is first, as in XState. */
  readonly #wildcards: readonly string[];
  #beginning: Beginning | undefined;
  #end: readonly CompiledAction[] | undefined;

  /** @throws NotCompilableError */
  constructor(machine: AnyStateMachine) {
    refuseOutsideSubset(machine);
    this.machine = machine;
    this.catalog = stepCatalogOf(machine);
    const descriptors = new Set(descriptorsIn(machine.root));
    this.#types = new Set([...descriptors].filter((descriptor) => !isWildcard(descriptor)));
    this.#wildcards = [...descriptors].filter(isWildcard).sort((a, b) => b.length - a.length);
  }

  /**
   * The start of an actor that XState does not run.
   * @throws NotCompilableError when its first states run other actions than the machine's own
   */
  get beginning(): Beginning {
    return (this.#beginning ??= this.#begin());
  }

  #begin(): Beginning {
    const { machine } = this;
    const { root } = machine;
    const actions = beginning(root);
    const foreign = [
      ...root.invoke.map(() => '`invoke`'),
      ...actions.flatMap(([, action]) => notCustom(machine, action)),
    ];
    if (foreign[0] !== undefined)
      throw new NotCompilableError(
        machine,
        'its beginning',
        `${foreign[0]}, which only an actor of XState can begin with`,
      );
    const leaf = innermost(root);
    if (leaf.type === 'final') throw new NotCompilableError(machine, 'its beginning', 'a final state');
    // The first step is part of the story from its beginning.
    return { state: this.stateOf(leaf), step: new CompiledStep({ acts: this.#compile(actions) }) };
  }

  /** @returns the same object for every path to that state */
  stateOf(leaf: AnyStateNode): CompiledState {
    let state = this.#states.get(leaf);
    if (state === undefined) {
      const common = this.machine.resolveState({ value: valueOf(leaf), context: {} });
      this.#states.set(leaf, (state = new CompiledState(leaf, common, this)));
    }
    return state;
  }

  /** @returns the state of that value. @throws if the machine has none */
  stateAt(value: StateValue): CompiledState {
    const leaf = leafOf(this.machine.resolveState({ value, context: {} }));
    if (leaf === undefined) throw new Error(`"${this.machine.id}" has no state ${JSON.stringify(value)}.`);
    return this.stateOf(leaf);
  }

  /** The last snapshot of an actor that has reached a final state, and its last actions. */
  end(
    state: CompiledState,
    context: MachineContext,
    event: AnyEventObject,
    actor: Acting,
  ): AnyMachineSnapshot {
    const { root } = this.machine;
    const output: unknown = outputOf(root, state.leaf, context, event, actor);
    this.#end ??= this.#compile([...exitsOf(state.leaf), ...exitsOf(root)]);
    let after = context;
    for (const act of this.#end) after = act(after, event, actor);
    return { ...state.whole(after), output } as AnyMachineSnapshot;
  }

  keyOf(eventType: string): string {
    if (eventType === ANYTHING) throw new Error(`An event cannot have the type "${ANYTHING}".`);
    return this.#types.has(eventType) ? eventType : `any of ${this.#matching(eventType).join(' ')}`;
  }

  workOut(leaf: AnyStateNode, eventType: string): readonly CompiledStep[] {
    const { catalog } = this;
    const steps: CompiledStep[] = [];
    const candidates = [eventType, ...this.#matching(eventType)];
    for (const source of lineage(leaf))
      for (const transition of candidates.flatMap((name) => source.transitions.get(name) ?? [])) {
        const step = this.#step(leaf, transition);
        steps.push(step);
        if (step.guard === undefined) return steps;
      }
    const templates = catalog && { catalog, leaf, transition: undefined };
    return [...steps, new CompiledStep({ templates, isNone: true })];
  }

  #matching(eventType: string): readonly string[] {
    return this.#wildcards.filter((wildcard) => matches(eventType, wildcard));
  }

  #step(leaf: AnyStateNode, transition: Transition): CompiledStep {
    const { machine, catalog } = this;
    const { source, guard } = transition;
    const { target, actions } = pathOf(leaf, transition);
    return new CompiledStep({
      guard: guard === undefined ? undefined : compiledGuard(machine, stateName(source), guard),
      acts: this.#compile(actions),
      target: target && this.stateOf(target),
      templates: catalog && { catalog, leaf, transition },
    });
  }

  #compile(actions: readonly PlacedAction[]): readonly CompiledAction[] {
    return actions.map(([node, action]) => compiledAction(this.machine, stateName(node), action));
  }
}

const TABLES = new WeakMap<AnyStateMachine, Table>();

/** @returns undefined for a machine that is not compiled */
export const tableOf = (machine: AnyStateMachine): Table | undefined => TABLES.get(machine);

/**
 * @param machine if its actors keep stories, these contain the steps of the compiled actors, too: call `withStory`
 * first
 * @returns logic that behaves like the machine, for `createActor`, `provide` and `actorOf`
 * @throws NotCompilableError when the machine uses a feature outside of the subset
 */
export function compiled<Machine extends AnyStateMachine>(machine: Machine): Machine {
  const table = new Table(machine);
  const logic = wrapped(machine, {
    transition: (snapshot, event, scope) => next(table, snapshot, event, scope),
  });
  TABLES.set(logic, table);
  if (table.catalog !== undefined) keepStepCatalog(logic, table.catalog);
  return logic;
}

/** The transition of an actor that XState runs. XState itself ends the actor, because it has children to stop. */
function next(
  table: Table,
  snapshot: AnyMachineSnapshot,
  event: AnyEventObject,
  scope: AnyActorScope,
): AnyMachineSnapshot {
  const leaf = snapshot.status === 'active' && event.type !== STOP_EVENT ? leafOf(snapshot) : undefined;
  const step = leaf && table.stateOf(leaf).step(snapshot.context, event);
  if (step === undefined || step.isLast || (step.isNone && isChildError(event)))
    return table.machine.transition(snapshot, event, scope);
  const context = step.take(snapshot.context, event, new ScopeActing(scope, snapshot), storyOf(scope.self));
  if (step.target === undefined && context === snapshot.context) return snapshot;
  return movedTo(snapshot, step.target?.snapshot(context) ?? snapshot, context);
}

const ANYTHING = '*';
const isWildcard = (descriptor: string): boolean => descriptor === ANYTHING || descriptor.endsWith('.*');

/** `a.*` matches `a`, `a.b` and `a.b.c`. */
const matches = (eventType: string, wildcard: string): boolean =>
  wildcard === ANYTHING || `${eventType}.`.startsWith(wildcard.slice(0, -1));

const descriptorsIn = (node: AnyStateNode): string[] => [
  ...node.transitions.keys(),
  ...Object.values(node.states).flatMap(descriptorsIn),
];

const exitsOf = (node: AnyStateNode): PlacedAction[] => node.exit.map((action) => [node, action]);

function outputOf(
  root: AnyStateNode,
  final: AnyStateNode,
  context: MachineContext,
  event: AnyEventObject,
  { self }: Acting,
): unknown {
  if (root.output === undefined) return undefined;
  const resolve = (output: unknown, on: AnyEventObject): unknown =>
    typeof output === 'function' ? Reflect.apply(output, undefined, [{ context, event: on, self }]) : output;
  const done = doneStateEvent(final.id, resolve(final.output, event));
  return resolve(root.output, done);
}

/** The state value with that leaf in it. */
const valueOf = ({ path }: AnyStateNode): StateValue =>
  path.slice(0, -1).reduceRight<StateValue>((inner, key) => ({ [key]: inner }), path.at(-1) ?? {});
