// Runs what npm test leaves out.
//   npm run verify -- --ci                 the medium form of each test file that has one: the other half of what CI runs
//   npm run verify [-- FILES OR FOLDERS]   the long form, with the bounds that docs/verification.md states, and all of
//                                          model-tests
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { testFiles } from './test-files.mjs';

const { values, positionals } = parseArgs({ options: { ci: { type: 'boolean' } }, allowPositionals: true });
const { withForms } = testFiles();
const usual = values.ci
  ? withForms
  : ['model-tests', ...withForms.filter((path) => path.startsWith('test/'))];
const { status } = spawnSync('npx', ['vitest', 'run', ...(positionals.length > 0 ? positionals : usual)], {
  stdio: 'inherit',
  env: { ...process.env, VERIFY: values.ci ? 'ci' : 'long' },
});
process.exit(status ?? 1);
