import { vi } from 'vitest';
import type { Entity } from '../../src/store/change.ts';
import type { SimulatedServer } from './simulated-server.ts';

/** The server is started again, with other records than it has written. @param change undefined for a record that is not there */
export function restartedWith(
  server: SimulatedServer,
  change: (entity: Entity) => Entity | undefined,
): SimulatedServer {
  const changed = server.stored.flatMap((entity) => change(entity) ?? []);
  const stored = vi.spyOn(server, 'stored', 'get').mockReturnValue(changed);
  const restarted = server.crash();
  stored.mockRestore();
  return restarted;
}
