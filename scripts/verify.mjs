// Runs the long forms, with the bounds that docs/verification.md states: everything in model-tests, and each test that
// has one.
//   npm run verify [-- model-tests/explore …]
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Test files that do more with VERIFY=long. */
const withLongForm = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => join('test', name))
  .filter((path) => readFileSync(path, 'utf8').includes("env['VERIFY']"));

const files = process.argv.length > 2 ? process.argv.slice(2) : ['model-tests', ...withLongForm];
const { status } = spawnSync('npx', ['vitest', 'run', ...files], {
  stdio: 'inherit',
  env: { ...process.env, VERIFY: 'long' },
});
process.exit(status ?? 1);
