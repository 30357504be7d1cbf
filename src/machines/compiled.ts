/**
 * A machine whose frequent transitions come out of a table that is made from the machine itself.
 *
 * XState's interpreter spends 6 to 20 µs on an event, since it works out anew which states to exit and enter and which
 * actions that means. For a transition between plain states this never changes, so it is worked out once; what the
 * actions do is in `acts.ts`. Everything else (final states, events that a state rejects, actors that are spawned)
 * still goes through the interpreter. The chart stays the one source, and the actor stays XState's own; that both ways
 * give the same snapshots and actions is what test/machines/compiled.test.ts shows.
 */
import type {
  AnyActorScope,
  AnyEventObject,
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyStateNode,
  StateValue,
} from 'xstate';
import { actsOf, guardOf, type Act, type Guard } from './acts.ts';
import { detailOf, leafOf, storyOf, tellerOf, type Teller } from './story.ts';

/** What is new in the snapshot of another state; the rest of it stays. */
type StateParts = Pick<AnyMachineSnapshot, '_nodes' | 'value' | 'tags'>;

/** One transition, worked out. */
interface Step {
  readonly guard: Guard;
  readonly acts: readonly Act[];
  /** Undefined when the state stays. */
  readonly target: StateParts | undefined;
  /** How it stands in the story of its actor, if those are kept. */
  readonly told: ReturnType<Teller['step']> | undefined;
}

/** The transitions of one state for one event, in the order in which they are tried. */
type Steps = readonly Step[];

/**
 * @param machine when its actors keep their stories, these steps stand in them, too: `storied` comes first
 * @returns the same machine; it is changed, so it has to be one's own, as `provide` makes it
 */
export function compiled<Machine extends AnyStateMachine>(machine: Machine): Machine {
  const interpret = machine.transition.bind(machine);
  const table = new Map<AnyStateNode, Map<string, Steps | undefined>>();

  const stepsOf = (leaf: AnyStateNode, eventType: string): Steps | undefined => {
    let ofLeaf = table.get(leaf);
    if (ofLeaf === undefined) table.set(leaf, (ofLeaf = new Map()));
    if (!ofLeaf.has(eventType)) ofLeaf.set(eventType, workOut(machine, leaf, eventType));
    return ofLeaf.get(eventType);
  };

  const transition = (snapshot: AnyMachineSnapshot, event: AnyEventObject, scope: AnyActorScope) => {
    const leaf = snapshot.status === 'active' ? leafOf(snapshot) : undefined;
    const steps = leaf && stepsOf(leaf, event.type);
    const step = steps?.find(({ guard }) => guard(snapshot, event));
    if (step === undefined) return interpret(snapshot, event, scope);
    const story = step.told && storyOf(scope.self);
    if (step.told !== undefined) story?.note(step.told, detailOf(event));
    let { context } = snapshot;
    try {
      for (const act of step.acts) context = act(context, event, scope, snapshot);
    } catch (error) {
      if (step.told !== undefined) story?.broke(step.told, error);
      throw error;
    }
    if (context !== snapshot.context) return { ...snapshot, ...step.target, context, [KIN]: undefined };
    return step.target === undefined ? snapshot : arrived(snapshot, step.target);
  };
  return Object.assign(machine, { transition });
}

/** Under this, a snapshot knows those that differ from it by their state alone. */
const KIN = Symbol('kin');

interface Kin {
  [KIN]?: Family | undefined;
}

/** A list that takes as much room as it has members, since every actor has one. */
interface Family {
  readonly member: AnyMachineSnapshot;
  next: Family | undefined;
}

/**
 * The snapshot of another state; all the rest stays what it was. An actor comes to the same few states again and again,
 * so that each is made once: snapshots are never changed. What has another context has no kin yet, and begins anew.
 */
function arrived(snapshot: AnyMachineSnapshot & Kin, target: StateParts): AnyMachineSnapshot {
  const { [KIN]: first } = snapshot;
  for (let kin = first; kin !== undefined; kin = kin.next)
    if (kin.member._nodes === target._nodes) return kin.member;
  const made: AnyMachineSnapshot & Kin = { ...snapshot, ...target, [KIN]: first };
  if (first === undefined) made[KIN] = { member: made, next: undefined };
  else first.next = { member: made, next: first.next };
  return made;
}

/** The node and all above it. */
const lineage = (node: AnyStateNode): AnyStateNode[] =>
  node.parent === undefined ? [node] : [node, ...lineage(node.parent)];

/** @returns undefined when one of the transitions that may be taken is not of the plain sort */
function workOut(machine: AnyStateMachine, leaf: AnyStateNode, eventType: string): Steps | undefined {
  const steps: Step[] = [];
  const teller = tellerOf(machine);
  for (const source of lineage(leaf)) {
    if (source.always !== undefined || source.type === 'parallel') return undefined;
    const candidates = source.transitions.get(eventType);
    // Who is left for a wildcard here comes before whoever is asked further up.
    if (candidates === undefined && [...source.transitions.keys()].some((type) => type.endsWith('*'))) break;
    for (const transition of candidates ?? []) {
      const guard = guardOf(machine, transition.guard);
      const path = pathOf(leaf, source, transition);
      const acts = path && actsOf(machine, path.actions);
      if (guard === undefined || path === undefined || acts === undefined) return undefined;
      const target = path.target && partsOf(machine, path.target);
      steps.push({ guard, acts, target, told: teller?.step(leaf, eventType, transition) });
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
  if (
    [...exited, ...entered].some(
      (node) => node.invoke.length > 0 || !['atomic', 'compound'].includes(node.type),
    )
  )
    return undefined;
  return {
    target: inner,
    actions: [...exited.flatMap((node) => node.exit), ...actions, ...entered.flatMap((node) => node.entry)],
  };
}

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

const PARTS = new WeakMap<AnyStateNode, StateParts>();

/** The very same for every way into that state. */
function partsOf(machine: AnyStateMachine, leaf: AnyStateNode): StateParts {
  let parts = PARTS.get(leaf);
  if (parts === undefined) {
    const { _nodes, value, tags } = machine.resolveState({ value: valueOf(leaf), context: {} });
    PARTS.set(leaf, (parts = { _nodes, value, tags }));
  }
  return parts;
}

/** The state value with that leaf in it. */
const valueOf = ({ path }: AnyStateNode): StateValue =>
  path.slice(0, -1).reduceRight<StateValue>((inner, key) => ({ [key]: inner }), path.at(-1) ?? {});
