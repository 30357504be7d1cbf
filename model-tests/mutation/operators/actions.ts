import { listOf, type ActionConfig, type Place, type StateConfig } from '../chart-config.ts';
import type { Change } from '../mutant.ts';
import { transitionsOf } from '../transitions.ts';

/** The places of actions: in a transition, or at the entry or exit of a state. */
interface Spot {
  readonly label: string;
  readonly event: string | undefined;
  readonly actions: readonly ActionConfig[];
  readonly put: (state: StateConfig, actions: ActionConfig[]) => void;
}

const spotsIn = (state: StateConfig): Spot[] => [
  ...transitionsOf(state).map((transition) => ({
    label: transition.label,
    event: transition.event,
    actions: listOf(transition.config.actions),
    put: (copy: StateConfig, actions: ActionConfig[]) => (transition.in(copy).actions = actions),
  })),
  ...(['entry', 'exit'] as const).map((label) => ({
    label,
    event: undefined,
    actions: listOf(state[label]),
    put: (copy: StateConfig, actions: ActionConfig[]) => (copy[label] = actions),
  })),
];

const TIMER = /^(start|stop)\w+Timer$/;

/** Actions that are dropped, repeated or reordered. */
export function* actionChanges({ state }: Place): Generator<Change> {
  for (const { label, event, actions, put } of spotsIn(state)) {
    const change = (operator: Change['operator'], what: string, changed: ActionConfig[]): Change => ({
      operator,
      ...(event === undefined ? {} : { event }),
      what: `${label}: ${what}`,
      rewrite: (state) => put(state, changed),
    });
    for (const [n, action] of actions.entries()) {
      const name = nameOf(action, n);
      const operator = TIMER.test(name) ? 'timer ignored' : 'action dropped';
      yield change(operator, `${name} is dropped`, actions.toSpliced(n, 1));
      yield change('action doubled', `${name} is done twice`, actions.toSpliced(n, 0, action));
      const next = actions[n + 1];
      if (next !== undefined && isSend(action) === isSend(next))
        yield change(
          'actions swapped',
          `${nameOf(next, n + 1)} comes before ${name}`,
          actions.toSpliced(n, 2, next, action),
        );
    }
  }
}

/** Events are sent after all actions, so only the order of two sends is visible. */
const isSend = (action: ActionConfig): boolean =>
  typeof action !== 'string' && action.type === 'xstate.sendTo';

const nameOf = (action: ActionConfig, n: number): string =>
  typeof action === 'string' ? action : `${action.type ?? 'action'} (${n + 1})`;
