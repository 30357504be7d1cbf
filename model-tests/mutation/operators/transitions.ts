import { listOf, type Place, type StateConfig } from '../chart-config.ts';
import type { Change } from '../mutant.ts';
import { transitionsOf } from '../transitions.ts';

/** Missing transitions, and events that are accepted without an effect. */
export function* transitionChanges({ state }: Place): Generator<Change> {
  for (const { event, at, label } of transitionsOf(state))
    yield {
      operator: 'transition removed',
      event,
      what: `${label} is removed`,
      rewrite: (state) => without(state, event, at),
    };
  for (const [event, configs] of Object.entries(state.on ?? {}))
    if (listOf(configs).some(({ target, actions }) => target !== undefined || actions !== undefined))
      yield {
        operator: event.endsWith('.elapsed') ? 'timer ignored' : 'event ignored',
        event,
        what: `${event} does nothing`,
        rewrite: (state) => (state.on = { ...state.on, [event]: {} }),
      };
}

function without(state: StateConfig, event: string, at: number): void {
  const left = listOf(state.on?.[event]).toSpliced(at, 1);
  const { [event]: _removed, ...others } = state.on ?? {};
  state.on = left.length === 0 ? others : { ...others, [event]: left };
}
