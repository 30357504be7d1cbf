// Kills workers and sentinels of real jobs, with a seed: npm run chaos [-- --kills 1000] [--seed 7] [--pace 60], the
// maximum time between two kills in milliseconds. With --server it kills the server instead, and with --cluster [--kills 200]
// [--partitions 1] the owners of servers that share a store in PostgreSQL, which it also pauses and cuts off, while PostgreSQL
// fails over. That needs root, Patroni and etcd (docs/cluster.md).
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    kills: { type: 'string' },
    seed: { type: 'string', default: '1' },
    pace: { type: 'string', default: '60' },
    server: { type: 'boolean', default: false },
    cluster: { type: 'boolean', default: false },
    partitions: { type: 'string', default: '1' },
  },
});
const { seed, pace, server, cluster, partitions } = values;
const { kills = cluster ? '200' : '1000' } = values;
const [tests, count] = cluster
  ? [['model-tests/cluster'], 'CLUSTER_KILLS']
  : server
    ? [['model-tests/chaos/server.test.ts'], 'SERVER_KILLS']
    : [['model-tests/chaos', '--exclude', '**/server.test.ts'], 'KILLS'];
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'server', ...tests], {
  stdio: 'inherit',
  env: {
    ...process.env,
    VERIFY: 'long',
    [count]: kills,
    SEED: seed,
    PACE: pace,
    CLUSTER_PARTITIONS: partitions,
  },
});
process.exit(status ?? 1);
