import type { Random } from '../../world/random.ts';
import type { Servers } from '../servers.ts';

/** What a fault needs. */
export interface Scene {
  readonly servers: Servers;
  readonly random: Random;
  /** Called at the moment when an owner is killed. */
  readonly killed: () => void;
}

/** One thing that happens to the service. */
export interface Fault {
  readonly name: string;
  /** Resolves when the service may be used again by everybody. */
  readonly inflict: (scene: Scene) => Promise<void>;
}
