import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { isLong, isShort } from './test/support/form.ts';
import { openFields } from './test/support/open-fields.ts';
import { XSTATE_BUILD } from './test/support/xstate-build.ts';

/**
 * Files that run at a time: more than there are cores, since most wait for processes, sockets and timers. The long forms
 * are held against strict times.
 */
const WORKERS = isLong ? 1 : Math.ceil(1.5 * availableParallelism());

/**
 * Files that measure time, processor or memory: they run after the others, one by one. What they measure in the short form is coarse enough
 * for company.
 */
const ALONE = isShort
  ? []
  : [
      'test/bench/**',
      'test/client/growth.test.ts',
      'test/views/big.test.ts',
      'model-tests/cluster/scale.test.ts',
    ];

/** Small files that last long. Vitest would begin with the largest files, and wait for these in the end. */
const FIRST =
  /model-tests\/(paths|cluster|oracle|soak|chaos)\/|test\/(conformance|page)\/|sleeping|times|hostile/;

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [true, false].flatMap((isFirst) =>
      sorted.filter(({ moduleId }) => FIRST.test(moduleId) === isFirst),
    );
  }
}

const FILES = {
  include: ['test/**/*.test.ts', 'model-tests/**/*.test.ts'],
  exclude: ['**/node_modules/**'],
  // For several files at a time, and whatever else the machine does. A long exploration lasts for hours.
  testTimeout: isLong ? 4 * 3_600_000 : 60_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  // The tests see what the server holds.
  plugins: [openFields()],
  resolve: { alias: XSTATE_BUILD },
  test: {
    maxWorkers: WORKERS,
    sequence: { sequencer: LongFirst },
    globalSetup: 'test/support/before-all.ts',
    projects: [
      {
        extends: true,
        test: {
          ...FILES,
          name: 'server',
          isolate: isLong,
          exclude: [...FILES.exclude, ...ALONE],
        },
      },
      ...(ALONE.length === 0
        ? []
        : [
            {
              extends: true as const,
              test: { ...FILES, name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } },
            },
          ]),
    ],
  },
});
