import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const dist = dirname(createRequire(import.meta.url).resolve('xstate'));

/**
 * For the configuration of the tests: the build of XState that servers and clients load. The other one takes longer, and warns of actions
 * that are in order.
 */
export const XSTATE_BUILD = ['xstate', 'xstate/graph'].map((name) => ({
  find: new RegExp(`^${name}$`),
  replacement: join(dist, `${name.replace('/', '-')}.cjs.mjs`),
}));
