// A sentinel or a worker as a separate process: sentinel PORT WORKSPACE RANKS, or worker PORT WORKSPACE RANK. It
// reports its actions and their times to its parent.
import { setTimeout as sleep } from 'node:timers/promises';
import { NwsConnection } from '../../dist/client/connection/connection.js';
import { work } from '../../dist/client/worker/worker.js';

const [role, port, workspace, number] = process.argv.slice(2);
process.on('disconnect', () => process.exit());
const tell = (what) =>
  process.connected && process.send({ ...what, at: performance.timeOrigin + performance.now() });

const connection = await NwsConnection.open({ host: '127.0.0.1', port: Number(port) });
if (role === 'sentinel') {
  await connection.useWorkspace(workspace);
  for (let n = 0; n < Number(number); n++)
    tell({ rank: Number((await connection.fetch(workspace, 'worker_ids')).value) });
  while ((await connection.fetch(workspace, 'sentinel_alive')).value === '0');
  process.exit();
}
const call = async ({ n, milliseconds }) => {
  tell({ started: n });
  await sleep(milliseconds);
  return n;
};
await work({
  open: () => Promise.resolve(connection),
  workspace,
  rank: Number(number),
  description: new Map(),
  call: () => call,
  onRefusal: () => undefined,
});
process.exit();
