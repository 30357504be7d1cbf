/** A worker as a process of its own, started by a launcher: HOST PORT WORKSPACE RANK MODULE. */
import { hostname } from 'node:os';
import { NwsConnection } from './connection.ts';
import { functionOf, loadModule } from './module-function.ts';
import { work } from './worker.ts';

// Ctrl-C goes to the launcher, too, and that ends its workers.
process.on('SIGINT', () => undefined);
// The launcher has gone or wants its workers to go; it may have done so before this line.
process.on('disconnect', () => process.exit());
if (!process.connected) process.exit();

const [host = '', port = '', workspace = '', rank = '', module = ''] = process.argv.slice(2);
try {
  const call = functionOf(await loadModule(module), module);
  const connection = await NwsConnection.open({ host, port: Number(port) });
  const description = new Map([
    ['host', hostname()],
    ['pid', String(process.pid)],
    ['module', module],
  ]);
  await work(connection, { workspace, rank: Number(rank), description, call, onRefusal: complain });
  process.exit();
} catch (error) {
  complain(error);
  process.exit(1);
}

function complain(error: unknown): void {
  process.stderr.write(`sleigh: worker ${rank}: ${error instanceof Error ? error.message : String(error)}\n`);
}
