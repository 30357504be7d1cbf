import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { openFields } from '../../test/support/open-fields.ts';
import { XSTATE_BUILD } from '../../test/support/xstate-build.ts';

export default defineConfig({
  plugins: [openFields()],
  resolve: { alias: XSTATE_BUILD },
  test: {
    name: 'explore',
    dir: fileURLToPath(new URL('.', import.meta.url)),
    include: ['**/*.test.ts'],
    testTimeout: 4 * 3_600_000,
    disableConsoleIntercept: true,
  },
});
