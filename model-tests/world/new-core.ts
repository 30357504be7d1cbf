import { Core } from '../../src/core/core.ts';
import { sleighPlugin } from '../../src/sleigh/plugin.ts';
import { DEFAULT_OPTIONS } from '../../src/sleigh/options.ts';
import { SMALL_LIMITS } from './small-limits.ts';

/**
 * The core of a server of a simulation, whose changes are recorded.
 * @param durability what its handshake says (D7)
 */
export const newCore = (run: string, durability?: string): Core =>
  new Core({
    limits: SMALL_LIMITS,
    plugins: new Map([['sleigh', sleighPlugin(DEFAULT_OPTIONS)]]),
    tls: 'none',
    run,
    isStored: true,
    durability,
  });
