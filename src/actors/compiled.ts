/**
 * A machine whose frequent transitions come out of a table that is made from the machine itself.
 *
 * XState's interpreter spends 6 to 20 µs on an event, since it works out anew which states to exit and enter and which
 * actions that means. For a transition between plain states this never changes, so it is worked out once; what the
 * actions do is in `acts.ts`. Everything else (events that a state rejects, actors that are spawned) still goes through
 * the interpreter, and so does the end of an actor of XState's own, which has children to stop. The chart stays the one source; that both ways give the same snapshots and
 * actions is what test/actors/compiled.test.ts shows.
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
import {
  compiledActionsOf,
  guardOf,
  isCustom,
  type CompiledAction,
  type Acting,
  type Guard,
} from './compiled-actions.ts';
import { detailOf } from './detail.ts';
import { leafOf, storyOf } from './story.ts';
import { BEGINNING, stepCatalogOf, type StepCatalog } from './step-catalog.ts';
import { CompiledState } from './compiled-state.ts';

/** One transition, worked out. */
class CompiledStep {
  /** Undefined when the state stays. */
  readonly target: CompiledState | undefined;
  readonly guard: Guard;
  /** It leads to a final state: the actor is done. */
  readonly isLast: boolean;
  readonly #acts: readonly CompiledAction[];
  /** How it stands in the story of its actor, if those are kept. */
  readonly #told: ReturnType<StepCatalog['step']> | undefined;

  constructor(
    guard: Guard,
    acts: readonly CompiledAction[],
    target?: CompiledState,
    told?: ReturnType<StepCatalog['step']>,
  ) {
    this.guard = guard;
    this.target = target;
    this.isLast = target?.leaf.type === 'final';
    this.#acts = acts;
    this.#told = told;
  }

  /** @returns the context after it */
  take(context: MachineContext, event: AnyEventObject, actor: Acting): MachineContext {
    const told = this.#told;
    const story = told && storyOf(actor.self);
    if (told !== undefined) story?.note(told, detailOf(event));
    let after = context;
    try {
      for (const act of this.#acts) after = act(after, event, actor);
    } catch (error) {
      if (told !== undefined) story?.broke(told, error);
      throw error;
    }
    return after;
  }
}

/** The transitions of one machine, worked out one by one as they are needed. */
export class Table {
  readonly machine: AnyStateMachine;
  /** For what is not in the table. */
  readonly interpret: AnyStateMachine['transition'];
  readonly teller: StepCatalog | undefined;
  readonly #steps = new Map<AnyStateNode, Map<string, readonly CompiledStep[] | undefined>>();
  /** Such as `xstate.done.actor.*`, which stands for the end of any child. */
  readonly #wildcards: readonly string[];
  #beginning: CompiledState | undefined;

  constructor(machine: AnyStateMachine) {
    this.machine = machine;
    this.interpret = machine.transition.bind(machine);
    this.teller = stepCatalogOf(machine);
    // `machine.events` leaves out those that nothing is done for.
    this.#wildcards = [...machine.root.transitions.keys()].filter((type) => type.endsWith('.*'));
  }

  /** Where actors begin, and are entered by the step for `BEGINNING`; undefined when that is the interpreter's to say. */
  get beginning(): CompiledState | undefined {
    return (this.#beginning ??= this.#begin());
  }

  #begin(): CompiledState | undefined {
    const leaf = innermost(this.machine.root);
    const acts = leaf && entriesOf(this.machine, leaf);
    if (leaf === undefined || acts === undefined) return undefined;
    // Whoever begins the story has told it.
    this.#steps.set(leaf, new Map([[BEGINNING, [new CompiledStep(() => true, acts)]]]));
    return placeOf(this.machine, leaf);
  }

  /** @returns undefined when the interpreter has to say what the event does */
  step(
    leaf: AnyStateNode,
    context: MachineContext,
    event: AnyEventObject,
    actor: Acting,
  ): CompiledStep | undefined {
    let ofLeaf = this.#steps.get(leaf);
    if (ofLeaf === undefined) this.#steps.set(leaf, (ofLeaf = new Map()));
    const type = ofLeaf.has(event.type) ? event.type : this.#descriptorOf(event.type);
    if (!ofLeaf.has(type)) ofLeaf.set(type, workOut(this.machine, leaf, type));
    return ofLeaf.get(type)?.find(({ guard }) => guard(context, event, actor));
  }

  /** Types that a wildcard stands for have one entry together: a job may see the end of any number of workers. */
  #descriptorOf(type: string): string {
    if (this.#wildcards.length === 0 || this.machine.events.includes(type)) return type;
    return this.#wildcards.find((wildcard) => type.startsWith(wildcard.slice(0, -1))) ?? type;
  }

  /** As XState asks for it. */
  transition(snapshot: AnyMachineSnapshot, event: AnyEventObject, scope: AnyActorScope): AnyMachineSnapshot {
    const leaf = snapshot.status === 'active' ? leafOf(snapshot) : undefined;
    const step = leaf && this.step(leaf, snapshot.context, event, scope);
    if (step === undefined || step.isLast) return this.interpret(snapshot, event, scope);
    const context = step.take(snapshot.context, event, scope);
    if (step.target === undefined && context === snapshot.context) return snapshot;
    const { value, tags, _nodes } = step.target?.snapshot(context) ?? snapshot;
    return { ...snapshot, value, tags, _nodes, context };
  }
}

const TABLES = new WeakMap<AnyStateMachine, Table>();

/** @returns undefined for a machine that is not compiled */
export const tableOf = (machine: AnyStateMachine): Table | undefined => TABLES.get(machine);

/**
 * @param machine when its actors keep their stories, these steps stand in them, too: `storied` comes first
 * @returns the same machine; it is changed, so it has to be one's own, as `provide` makes it
 */
export function compiled<Machine extends AnyStateMachine>(machine: Machine): Machine {
  const table = new Table(machine);
  TABLES.set(machine, table);
  return Object.assign(machine, { transition: table.transition.bind(table) });
}

/** What entering the state in the beginning does; undefined when it is not of the plain sort: it spawns, assigns or sends. */
function entriesOf(machine: AnyStateMachine, leaf: AnyStateNode): readonly CompiledAction[] | undefined {
  const entered = lineage(leaf).toReversed();
  if (!entered.every((node) => isPlain(node) && node.always === undefined)) return undefined;
  const entries = entered.flatMap(({ entry }) => entry);
  return entries.every((action) => isCustom(machine, action))
    ? compiledActionsOf(machine, entries)
    : undefined;
}

/** The node and all above it. */
const lineage = (node: AnyStateNode): AnyStateNode[] =>
  node.parent === undefined ? [node] : [node, ...lineage(node.parent)];

/** @returns undefined when one of the transitions that may be taken is not of the plain sort */
function workOut(
  machine: AnyStateMachine,
  leaf: AnyStateNode,
  eventType: string,
): readonly CompiledStep[] | undefined {
  const steps: CompiledStep[] = [];
  const teller = stepCatalogOf(machine);
  for (const source of lineage(leaf)) {
    if (source.always !== undefined || source.type === 'parallel') return undefined;
    const candidates = source.transitions.get(eventType);
    // Who is left for a wildcard here comes before whoever is asked further up.
    if (candidates === undefined && [...source.transitions.keys()].some((type) => type.endsWith('*'))) break;
    for (const transition of candidates ?? []) {
      const guard = guardOf(machine, transition.guard);
      const path = pathOf(leaf, source, transition);
      const acts = path && compiledActionsOf(machine, path.actions);
      if (guard === undefined || path === undefined || acts === undefined) return undefined;
      const target = path.target && placeOf(machine, path.target);
      steps.push(new CompiledStep(guard, acts, target, teller?.step(leaf, eventType, transition)));
    }
  }
  return steps.length === 0 ? undefined : steps;
}

type Transition = NonNullable<ReturnType<AnyStateNode['transitions']['get']>>[number];

/** Where a transition leads, and all actions on the way in their order: exits, its own, entries. */
function pathOf(
  leaf: AnyStateNode,
  source: AnyStateNode,
  { target, actions, reenter }: Transition,
): { target: AnyStateNode | undefined; actions: readonly unknown[] } | undefined {
  if (target === undefined) return { target: undefined, actions };
  const [to] = target;
  if (to === undefined || target.length > 1 || reenter) return undefined;
  const above = lineage(to);
  // Inside the source nothing above it is left; else as far up as both have in common.
  const domain = above.includes(source)
    ? source
    : above.find((node) => node !== to && lineage(source).includes(node));
  if (domain === undefined || domain === to) return undefined;
  const inner = innermost(to);
  if (inner === undefined) return undefined;
  const exited = upTo(domain, leaf);
  const entered = upTo(domain, inner).toReversed();
  const isEnd = isPlainEnd(inner);
  if (![...exited, ...(isEnd ? entered.slice(0, -1) : entered)].every(isPlain)) return undefined;
  return {
    target: inner,
    actions: [...exited.flatMap((node) => node.exit), ...actions, ...entered.flatMap((node) => node.entry)],
  };
}

const isPlain = ({ invoke, type }: AnyStateNode): boolean =>
  invoke.length === 0 && (type === 'atomic' || type === 'compound');

/** A state that ends its actor, without an output and without anything left to do. */
const isPlainEnd = ({ type, parent, output, exit }: AnyStateNode): boolean =>
  type === 'final' &&
  output === undefined &&
  exit.length === 0 &&
  parent !== undefined &&
  parent.parent === undefined &&
  parent.output === undefined &&
  parent.exit.length === 0;

/** The node and those above it, below `domain`. */
const upTo = (domain: AnyStateNode, node: AnyStateNode): AnyStateNode[] => {
  const above = lineage(node);
  return above.slice(0, above.indexOf(domain));
};

/** The state that entering the node leads to, unless its initial transition does something. */
function innermost(node: AnyStateNode): AnyStateNode | undefined {
  if (node.type !== 'compound') return node;
  const { target, actions } = node.initial;
  const [first] = target ?? [];
  return first === undefined || actions.length > 0 ? undefined : innermost(first);
}

const PLACES = new WeakMap<AnyStateNode, CompiledState>();

/** The very same for every way into that state. */
export function placeOf(machine: AnyStateMachine, leaf: AnyStateNode): CompiledState {
  let place = PLACES.get(leaf);
  if (place === undefined)
    PLACES.set(
      leaf,
      (place = new CompiledState(leaf, machine.resolveState({ value: valueOf(leaf), context: {} }))),
    );
  return place;
}

/** The state value with that leaf in it. */
const valueOf = ({ path }: AnyStateNode): StateValue =>
  path.slice(0, -1).reduceRight<StateValue>((inner, key) => ({ [key]: inner }), path.at(-1) ?? {});
