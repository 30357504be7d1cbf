import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // The development build of XState says this of every actor that is made in an action, and means something else.
    onConsoleLog: (log) => !log.includes('Custom actions should not call'),
    projects: [
      {
        test: {
          name: 'server',
          include: ['test/**/*.test.ts', 'model-tests/**/*.test.ts'],
          exclude: ['**/node_modules/**', 'model-tests/explore/**'],
          testTimeout: 20_000,
        },
      },
      // Explores the job in place, with its private fields open.
      'model-tests/explore/vitest.config.ts',
    ],
  },
});
