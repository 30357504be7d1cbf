/**
 * A worker, started by a sentinel as a process or a thread. Its arguments HOST PORT WORKSPACE RANK are for lists of
 * processes.
 */
import { linkToSentinel } from './worker-link.ts';

// This must come first: loading the rest may take long, and the sentinel may end meanwhile.
const link = linkToSentinel();
const { WorkerMain } = await import('./worker-main.ts');
const { isMainThread } = await import('node:worker_threads');
const { getHeapStatistics } = await import('node:v8');

const complain = (text: string): void => void process.stderr.write(text);
// For modules that are loaded from now on, which are those of the user.
process.setSourceMapsEnabled(true);
const session = new WorkerMain(link, {
  memory: () => (isMainThread ? process.memoryUsage.rss() : getHeapStatistics().used_heap_size),
  print: (text) => void process.stdout.write(text),
  complain,
  exit: (status) => process.exit(status),
});

// A task may have closed them, or their reader has ended.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
process.on('unhandledRejection', (error) => session.rejected(error));
process.on('uncaughtException', (error) => session.crashed(error));
if (isMainThread) {
  process.on('SIGTERM', () => session.leave());
  // Ctrl-C goes to the whole process group. The parent ends this program.
  process.on('SIGINT', () => undefined);
}
