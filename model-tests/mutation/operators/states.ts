import { listOf, type Place } from '../chart-config.ts';
import type { Change } from '../mutant.ts';

/** States with another initial state, final states that are not final, and missing tags. */
export function* stateChanges({ state }: Place): Generator<Change> {
  const { initial, type, tags } = state;
  for (const name of Object.keys(state.states ?? {}))
    if (initial !== undefined && name !== initial)
      yield {
        operator: 'initial changed',
        what: `begins in ${name}`,
        rewrite: (state) => (state.initial = name),
      };
  if (type === 'final')
    yield { operator: 'final dropped', what: 'is not final', rewrite: (state) => delete state.type };
  for (const tag of listOf(tags))
    yield {
      operator: 'tag dropped',
      what: `is not tagged ${tag}`,
      rewrite: (state) => (state.tags = listOf(tags).filter((other) => other !== tag)),
    };
}
