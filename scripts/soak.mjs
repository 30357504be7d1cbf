// Creates and removes jobs, workspaces and connections all the time: npm run soak [-- --minutes 30]
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } });
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'server', 'model-tests/soak'], {
  stdio: 'inherit',
  env: { ...process.env, VERIFY: 'long', MINUTES: values.minutes },
});
process.exit(status ?? 1);
