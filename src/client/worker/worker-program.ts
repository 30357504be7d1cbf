/** A worker, as a process or a thread that a sentinel has started: HOST PORT WORKSPACE RANK, for people who look. */
import { linkToSentinel } from './worker-link.ts';

// The first thing that it does: whatever is loaded below may take long, and its sentinel may go meanwhile.
const link = linkToSentinel();
const { WorkerMain } = await import('./worker-main.ts');
const { isMainThread } = await import('node:worker_threads');
const { getHeapStatistics } = await import('node:v8');

const complain = (text: string): void => void process.stderr.write(text);
// Of the modules that are loaded from here on: those of the user.
process.setSourceMapsEnabled(true);
const session = new WorkerMain(link, {
  memory: () => (isMainThread ? process.memoryUsage.rss() : getHeapStatistics().used_heap_size),
  complain,
  exit: (status) => process.exit(status),
});

// A task may have closed them, or whoever read them has gone.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
process.on('unhandledRejection', (error) => session.rejected(error));
process.on('uncaughtException', (error) => session.crashed(error));
if (isMainThread) {
  process.on('SIGTERM', () => session.leave());
  // Ctrl-C goes to the whole group; whoever started this one ends it.
  process.on('SIGINT', () => undefined);
}
