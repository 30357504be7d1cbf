// Sends malformed and random frames, with a seed: npm run fuzz [-- --frames 10000000] [--seed 7]
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { frames: { type: 'string', default: '10000000' }, seed: { type: 'string' } },
});
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'server', 'model-tests/fuzz'], {
  stdio: 'inherit',
  env: {
    ...process.env,
    VERIFY: 'long',
    FRAMES: values.frames,
    ...(values.seed !== undefined && { SEED: values.seed }),
  },
});
process.exit(status ?? 1);
