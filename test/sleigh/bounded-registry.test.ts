import { describe, expect, it } from 'vitest';
import { BoundedRegistry } from '../../src/sleigh/bounded-registry.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { COST } from '../../src/workspace/memory-budget.ts';
import { ServerAccounting, StorageAccounting } from '../../src/workspace/storage-accounting.ts';

/** A registry of agents with these numbers, each of which is its own number as a text. */
function registryOf(maxEnded: number, numbers: readonly number[]) {
  const server = new ServerAccounting(DEFAULT_LIMITS, () => undefined);
  const registry = new BoundedRegistry<string>(maxEnded, new StorageAccounting(server));
  for (const number of numbers) registry.add(number, String(number));
  const agents = (): number => server.budget.byKind.agents / COST.agent;
  return { registry, agents };
}

describe('the agents of a group that runs for ever (S17)', () => {
  it('are forgotten one by one when too many have ended, the one that ended first first', () => {
    const { registry, agents } = registryOf(2, [0, 1, 2, 3, 4]);
    expect([3, 0, 1, 4].map((number) => registry.markEnded(number))).toEqual([
      undefined,
      undefined,
      '3',
      '0',
    ]);
    expect([...registry.values()]).toEqual(['1', '2', '4']);
    expect([registry.get(3), registry.get(4), registry.size, agents()]).toEqual([undefined, '4', 3, 3]);
  });

  it('are not forgotten once another one has their number (S19)', () => {
    const { registry, agents } = registryOf(1, [0, 1, 2]);
    registry.markEnded(0);
    registry.add(0, 'another');
    expect([registry.markEnded(1), registry.markEnded(2)]).toEqual([undefined, '1']);
    expect([registry.all, agents()]).toEqual([['another', '2'], 2]);
  });

  it('are all kept without a bound', () => {
    const { registry, agents } = registryOf(Number.POSITIVE_INFINITY, [0, 1]);
    expect([registry.markEnded(0), registry.markEnded(1), agents()]).toEqual([undefined, undefined, 2]);
  });

  it('need no memory once all of them are forgotten', () => {
    const { registry, agents } = registryOf(2, [0, 1, 2]);
    registry.forgetAll();
    expect([registry.all, registry.size, agents()]).toEqual([[], 0, 0]);
  });
});
