import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'model-tests/**/*.test.ts'],
    testTimeout: 20_000,
    // The development build of XState says this of every actor that is made in an action, and means something else.
    onConsoleLog: (log) => !log.includes('Custom actions should not call'),
  },
});
