import { relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { openFields } from '../../../test/support/open-fields.ts';
import { firstNumbers, isLayer, ROOT } from './sample.ts';
import { withSwitches } from './switched.ts';

// All mutants in one source, and a runner that switches them on one by one (`switch-runner.ts`).

const layer = process.env['MUTANTS_LAYER'] ?? '';

const numbers = isLayer(layer) ? firstNumbers(layer) : new Map<string, number>();

export default defineConfig({
  root: ROOT,
  plugins: [
    {
      name: 'mutants',
      enforce: 'pre',
      transform: (code: string, id: string) => {
        const file = relative(ROOT, id);
        const first = numbers.get(file);
        return first === undefined ? undefined : { code: withSwitches(file, code, first), map: null };
      },
    },
    openFields(),
  ],
  test: {
    include: ['test/**/*.test.ts', 'model-tests/**/*.test.ts'],
    runner: './model-tests/mutation/layers/switch-runner.ts',
    isolate: false,
    maxWorkers: 1,
    execArgv: ['--max-old-space-size=1500'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    teardownTimeout: 1_000,
    onConsoleLog: () => false,
    dangerouslyIgnoreUnhandledErrors: true,
  },
});
