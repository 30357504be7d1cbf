// Kills workers and sentinels of real jobs, with a seed: npm run chaos [-- --kills 1000] [--seed 7] [--pace 60], the
// maximum time between two kills in milliseconds
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    pace: { type: 'string', default: '60' },
  },
});
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'server', 'model-tests/chaos'], {
  stdio: 'inherit',
  env: { ...process.env, VERIFY: 'long', KILLS: values.kills, SEED: values.seed, PACE: values.pace },
});
process.exit(status ?? 1);
