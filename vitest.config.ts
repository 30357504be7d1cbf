import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { openFields } from './test/support/open-fields.ts';
import { XSTATE_BUILD } from './test/support/xstate-build.ts';

/**
 * Files that run at a time: more than there are cores, since most wait for processes, sockets and timers. The long forms
 * are held against strict times.
 */
const WORKERS = process.env['VERIFY'] === 'long' ? 1 : Math.ceil(1.5 * availableParallelism());

/** Files that measure time, processor or memory: they run after the others, one by one. */
const ALONE = [
  'test/bench/**',
  'test/client/growth.test.ts',
  'test/core/turns.test.ts',
  'test/views/big.test.ts',
];

const FILES = {
  include: ['test/**/*.test.ts', 'model-tests/**/*.test.ts'],
  exclude: ['**/node_modules/**', 'model-tests/explore/**'],
  // For several files at a time, and whatever else the machine does.
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  // The tests see what the server holds.
  plugins: [openFields()],
  resolve: { alias: XSTATE_BUILD },
  test: {
    maxWorkers: WORKERS,
    globalSetup: 'test/support/before-all.ts',
    projects: [
      {
        extends: true,
        test: {
          ...FILES,
          name: 'server',
          isolate: false,
          exclude: [...FILES.exclude, ...ALONE],
        },
      },
      // Explores the job in place, with its private fields open.
      'model-tests/explore/vitest.config.ts',
      {
        extends: true,
        test: {
          ...FILES,
          name: 'alone',
          // What the short form measures is coarse enough for one process.
          isolate: process.env['VERIFY'] !== undefined,
          include: ALONE,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
