import type { Core } from '../../src/core/core.ts';
import type { Entity } from '../../src/store/change.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { differences, recovered, withoutNewIds } from '../../test/support/projection.ts';
import { newCore } from './new-core.ts';

/**
 * What is wrong with a server that takes up the store of one that has crashed: its store must have what it has, and a crash
 * right afterwards must change nothing (D4).
 * @param core that of the server that has crashed, which is not used any more
 * @param stored what it has committed
 */
export function wrongAfterCrash(core: Core, stored: readonly Entity[], now: number): string[] {
  const changes = core.takeChanges();
  // Work is half done, and its changes are lost together (D3).
  if (changes === undefined) return [];
  const store = new MemoryStore(stored);
  store.apply(changes);
  try {
    const { entities: once } = recovered(store.entities, newCore('once'), now).store;
    const { entities: twice } = recovered(once, newCore('twice'), now).store;
    const wrong = differences(withoutNewIds(once, once), withoutNewIds(twice, once));
    return wrong.map((what) => `after recovering twice: ${what}`);
  } catch (error) {
    return [String(error)];
  }
}
