import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { Place } from '../chart-config.ts';
import type { Change } from '../mutant.ts';
import { transitionsOf } from '../transitions.ts';

/** The leaf state that entering the state leads to. */
function innermost(node: AnyStateNode): AnyStateNode {
  const [first] = node.initial?.target ?? [];
  return first === undefined ? node : innermost(first);
}

const leavesOf = (node: AnyStateNode): AnyStateNode[] => {
  const inner = Object.values(node.states);
  return inner.length === 0 ? [node] : inner.flatMap(leavesOf);
};

function nodeAt(machine: AnyStateMachine, path: readonly string[]): AnyStateNode {
  let node: AnyStateNode | undefined = machine.root;
  for (const name of path) node = node?.states[name];
  if (node === undefined) throw new Error(`${machine.id} has no state ${path.join('.')}`);
  return node;
}

/** Transitions to every other state, without a target, or with one where there was none. */
export function* targetChanges({ path, state }: Place, machine: AnyStateMachine): Generator<Change> {
  const source = nodeAt(machine, path);
  for (const transition of transitionsOf(state)) {
    const { event, at, label } = transition;
    const [target] = source.transitions.get(event)?.[at]?.target ?? [];
    const leaf = target && innermost(target);
    for (const other of leavesOf(machine.root))
      // A transition from a plain state to itself has no effect.
      if (other !== (leaf ?? source))
        yield {
          operator: leaf === undefined ? 'target added' : 'target changed',
          event,
          what: `${label} leads to ${other.path.join('.')}`,
          rewrite: (state) => (transition.in(state).target = `#${other.id}`),
        };
    if (leaf !== undefined)
      yield {
        operator: 'target dropped',
        event,
        what: `${label} leads nowhere`,
        rewrite: (state) => delete transition.in(state).target,
      };
    else if (source.entry.length + source.exit.length > 0 && source !== machine.root)
      yield {
        operator: 'state re-entered',
        event,
        what: `${label} enters the state anew`,
        rewrite: (state) => Object.assign(transition.in(state), { target: `#${source.id}`, reenter: true }),
      };
  }
}
