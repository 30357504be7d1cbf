import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { compiledAction, compiledGuard } from './compiled-actions.ts';
import { NotCompilableError, stateName } from './not-compilable.ts';
import type { Transition } from './path.ts';

/** A feature of statecharts, and whether a state uses it. */
type Feature = readonly [name: string, isUsedBy: (node: AnyStateNode) => boolean];

/**
 * Features that are refused everywhere. `invoke` is allowed at the root: XState starts those actors with the machine.
 */
const REFUSED: readonly Feature[] = [
  ['parallel states', ({ type }) => type === 'parallel'],
  ['a history state', ({ type }) => type === 'history'],
  ['transitions without an event (`always`)', ({ always }) => always !== undefined],
  ['delayed transitions (`after`)', ({ after }) => after.length > 0],
  ['`invoke` below the root', ({ invoke, parent }) => invoke.length > 0 && parent !== undefined],
  [
    'a final state below the top level',
    ({ type, parent }) => type === 'final' && parent?.parent !== undefined,
  ],
];

const hasManyTargets = ({ target }: Transition): boolean => (target?.length ?? 0) > 1;
const entersRoot = ({ target, source, reenter }: Transition): boolean =>
  target !== undefined &&
  ((reenter && source.parent === undefined) || target.some(({ parent }) => parent === undefined));

/**
 * Checks the whole machine, including parts that are not used.
 * @throws NotCompilableError that names the first state and the feature outside of the subset
 */
export function refuseOutsideSubset(machine: AnyStateMachine, node: AnyStateNode = machine.root): void {
  const state = stateName(node);
  for (const [feature, isUsedBy] of REFUSED)
    if (isUsedBy(node)) throw new NotCompilableError(machine, state, feature);
  for (const transition of [...node.transitions.values()].flat()) {
    if (hasManyTargets(transition))
      throw new NotCompilableError(machine, state, 'a transition with several targets');
    if (entersRoot(transition))
      throw new NotCompilableError(machine, state, 'a transition that enters the root again');
    if (transition.guard !== undefined) compiledGuard(machine, state, transition.guard);
    for (const action of transition.actions) compiledAction(machine, state, action);
  }
  for (const action of actionsOf(node)) compiledAction(machine, state, action);
  for (const child of Object.values(node.states)) refuseOutsideSubset(machine, child);
}

/** The entry and exit actions of the root are run once for each actor, by XState or after a separate check. */
const actionsOf = ({ parent, entry, exit, type, initial }: AnyStateNode): readonly unknown[] => [
  ...(parent === undefined ? [] : [...entry, ...exit]),
  ...(type === 'compound' ? initial.actions : []),
];
