import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { openFields } from '../../test/support/open-fields.ts';

// The build that is used in production: the other one takes longer, and warns of actions that are in order.
const xstate = fileURLToPath(new URL('../../node_modules/xstate/dist/xstate.esm.js', import.meta.url));

export default defineConfig({
  plugins: [openFields()],
  resolve: { alias: [{ find: /^xstate$/, replacement: xstate }] },
  test: {
    name: 'explore',
    dir: fileURLToPath(new URL('.', import.meta.url)),
    include: ['**/*.test.ts'],
    testTimeout: 4 * 3_600_000,
    disableConsoleIntercept: true,
  },
});
