/** The target of a transition, and its actions: SCXML's rules, for one active state and one target. */
import type { AnyStateNode } from 'xstate';

export type Transition = NonNullable<ReturnType<AnyStateNode['transitions']['get']>>[number];

/** An action, and the state that it is written in. */
export type PlacedAction = readonly [node: AnyStateNode, action: unknown];

/** The node and all its ancestors. */
export const lineage = (node: AnyStateNode): AnyStateNode[] =>
  node.parent === undefined ? [node] : [node, ...lineage(node.parent)];

/** The leaf state that is reached by entering the node. */
export const innermost = (node: AnyStateNode): AnyStateNode => {
  const inner = node.type === 'compound' ? node.initial.target?.[0] : undefined;
  return inner === undefined ? node : innermost(inner);
};

/**
 * @param leaf the state before
 * @returns the state after, or undefined if no state is left or entered; and all actions, in order
 */
export function pathOf(
  leaf: AnyStateNode,
  transition: Transition,
): { readonly target: AnyStateNode | undefined; readonly actions: readonly PlacedAction[] } {
  const { source, reenter } = transition;
  const own = transition.actions.map((action): PlacedAction => [source, action]);
  const [to] = transition.target ?? [];
  if (to === undefined) return { target: undefined, actions: own };
  const isInside = !reenter && lineage(to).includes(source);
  const domain = isInside ? source : commonAncestor(to, source);
  const left = upTo(domain, leaf).flatMap((node) => node.exit.map((action): PlacedAction => [node, action]));
  // A transition to its own state enters it again only if it says so. The states in it are entered in any case.
  const ancestors = to === domain ? [] : upTo(domain, to).toReversed();
  const entered = ancestors.flatMap((node) => node.entry.map((action): PlacedAction => [node, action]));
  const below = enteredBelow(to, to !== domain);
  return { target: innermost(to), actions: [...left, ...own, ...entered, ...below] };
}

/** The actions of the start of an actor: the initial states are entered from the root on. */
export const beginning = (root: AnyStateNode): readonly PlacedAction[] => [
  ...root.entry.map((action): PlacedAction => [root, action]),
  ...enteredBelow(root, true),
];

/** @param isDefault whether the initial transition of the node itself is taken, not only those further in */
function enteredBelow(node: AnyStateNode, isDefault: boolean): PlacedAction[] {
  const [inner] = node.type === 'compound' ? (node.initial.target ?? []) : [];
  if (inner === undefined) return [];
  return [
    ...(isDefault ? node.initial.actions.map((action): PlacedAction => [node, action]) : []),
    ...inner.entry.map((action): PlacedAction => [inner, action]),
    ...enteredBelow(inner, true),
  ];
}

/** The innermost common ancestor. */
const commonAncestor = (node: AnyStateNode, other: AnyStateNode): AnyStateNode => {
  const around = new Set(lineage(other).slice(1));
  return (
    lineage(node)
      .slice(1)
      .find((outer) => around.has(outer)) ?? node.machine.root
  );
};

/** The node and its ancestors inside of `outer`. */
const upTo = (outer: AnyStateNode, node: AnyStateNode): AnyStateNode[] => {
  const above = lineage(node);
  return above.slice(0, above.indexOf(outer));
};
