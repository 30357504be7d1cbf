// A correct client in a process of its own: PORT. It stores and fetches until it is told to stop, and reports the
// times.
import { setTimeout as sleep } from 'node:timers/promises';
import { NwsConnection } from '../../dist/client/connection/connection.js';

const over = new AbortController();
process.once('message', () => over.abort());
process.once('disconnect', () => process.exit());

const connection = await NwsConnection.open({ host: '127.0.0.1', port: Number(process.argv[2]) });
await connection.openWorkspace('honest');
process.send('ready');
const times = [];
for (let n = 0; !over.signal.aborted; n++) {
  const started = performance.now();
  await connection.store('honest', 'x', n);
  const { value } = await connection.fetch('honest', 'x');
  times.push(performance.now() - started);
  if (value !== n) throw new Error(`it fetches ${String(value)}, not ${n}`);
  await sleep(5);
}
process.send(times);
connection.close();
