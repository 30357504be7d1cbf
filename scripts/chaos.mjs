// Kills workers and sentinels of real jobs, with a seed: npm run chaos [-- --kills 1000] [--seed 7] [--pace 60], the
// maximum time between two kills in milliseconds. With --server it kills the server instead.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    pace: { type: 'string', default: '60' },
    server: { type: 'boolean', default: false },
  },
});
const { kills, seed, pace, server } = values;
const tests = server
  ? ['model-tests/chaos/server.test.ts']
  : ['model-tests/chaos', '--exclude', '**/server.test.ts'];
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'server', ...tests], {
  stdio: 'inherit',
  env: {
    ...process.env,
    VERIFY: 'long',
    [server ? 'SERVER_KILLS' : 'KILLS']: kills,
    SEED: seed,
    PACE: pace,
  },
});
process.exit(status ?? 1);
