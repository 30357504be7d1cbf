// The long explorations: everything in model-tests, with the bounds that docs/verification.md states.
//   npm run verify [-- model-tests/explore …]
import { spawnSync } from 'node:child_process';

const folders = process.argv.length > 2 ? process.argv.slice(2) : ['model-tests'];
const { status } = spawnSync('npx', ['vitest', 'run', ...folders], {
  stdio: 'inherit',
  env: { ...process.env, VERIFY: 'long' },
});
process.exit(status ?? 1);
