import { describe, expect, test } from 'vitest';
import { isShort } from '../../test/support/form.ts';
import { explore } from './explorer.ts';
import { smallCast } from './fault.ts';
import type { Cast } from './scenario.ts';
import { compareKeys } from './soundness.ts';
import { stateKey } from './state-key.ts';

const CASTS: readonly (readonly [title: string, cast: Cast])[] = [
  ['1 worker, 1 task', smallCast('requeue', [])],
  ['2 masters, 2 tasks', smallCast('null', ['ending'], { masters: 2, tasks: 2 })],
  ['a worker that may come back', smallCast('requeue', ['returning', 'skips', 'ending'])],
  ['clients that wait for the group', smallCast('requeue', ['joining'])],
  ['heartbeats', smallCast('requeue', ['waking'])],
  ['2 workers, 1 task', smallCast('requeue', [], { workers: 2, ranks: 2 })],
  ['a sentinel that supervises', smallCast('requeue', ['supervised'], { replacements: 1 })],
  ['an elastic group', smallCast('shutdown', ['elastic', 'ending'], { tasks: 0, broadcasts: 1, ranks: 2 })],
];

describe('the key of a state', () => {
  for (const [title, cast] of isShort ? CASTS.slice(0, 1) : CASTS)
    test(`loses nothing that matters: ${title}`, { timeout: 600_000 }, () => {
      const { difference, states, exactStates } = compareKeys(cast);
      process.stdout.write(`${title}: ${exactStates} states with names, ${states} without\n`);
      expect(difference).toBeUndefined();
      const { violation, states: explored } = explore(cast, { loadOneIn: Infinity, crashOneIn: Infinity });
      expect([violation, explored]).toEqual([undefined, states]);
    });

  const COARSER: readonly (readonly [what: string, coarser: (text: string) => string])[] = [
    ['how often a task was tried', (text) => text.replaceAll(/t\d/g, 't')],
    ['whether a task is queued', (text) => text.replaceAll(/\|[0-2]+\|/g, '||')],
    ['whether there is a result', (text) => text.replaceAll(/\|t+\|/g, '||')],
  ];
  test.skipIf(isShort).each(COARSER)('that leaves out %s is found to be too coarse', (_, coarser) => {
    const cast = smallCast('requeue', [], { ranks: 2 });
    expect(compareKeys(cast, (world) => coarser(stateKey(world))).difference).toBeDefined();
  });
});
