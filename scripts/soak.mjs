// Creates and removes jobs, workspaces and connections all the time, and then runs the service of examples/service under
// load with crashes, timeouts and clients that give up: npm run soak [-- --minutes 60]
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '60' } } });
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'server', 'model-tests/soak'], {
  stdio: 'inherit',
  env: { ...process.env, VERIFY: 'long', MINUTES: values.minutes },
});
process.exit(status ?? 1);
