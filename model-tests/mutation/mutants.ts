import type { AnyStateMachine } from 'xstate';
import { configOf, placesIn, rewritten } from './chart-config.ts';
import type { Mutant } from './mutant.ts';
import { actionChanges } from './operators/actions.ts';
import { guardChanges } from './operators/guards.ts';
import { stateChanges } from './operators/states.ts';
import { targetChanges } from './operators/targets.ts';
import { transitionChanges } from './operators/transitions.ts';

const OPERATORS = [guardChanges, targetChanges, actionChanges, transitionChanges, stateChanges];

/** Every machine that differs from `machine` in one change. */
export function* mutantsOf(machine: AnyStateMachine): Generator<Mutant> {
  for (const place of placesIn(configOf(machine)))
    for (const changes of OPERATORS)
      for (const { operator, what, event, rewrite } of changes(place, machine)) {
        const state = place.path.join('.');
        let made: AnyStateMachine | undefined;
        yield {
          operator,
          name: `${state === '' ? 'everywhere' : state}, ${what}`,
          // Only when it is asked for: a sample leaves out most of them.
          get machine() {
            return (made ??= rewritten(machine, place.path, rewrite));
          },
          place: { state, event },
        };
      }
}
