/**
 * A thread in a worker process that runs even while the worker computes. It owns the channel to the sentinel: it
 * passes messages on, reports long calls, and ends the process, with all programs that tasks have started, when the
 * sentinel is gone.
 */
import { Socket } from 'node:net';
import { workerData } from 'node:worker_threads';
import { ActivityWatches, type FurtherBoard } from './activity-watches.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import { lineOf, messagesFrom, type MessageToWorker } from './worker-messages.ts';
import { CHANNEL_FD, LOOK_MS, type WatchdogData } from './worker-link.ts';

const { board, port } = unsafeCast<WatchdogData>(workerData);
const channel = new Socket({ fd: CHANNEL_FD, readable: true, writable: true });
const watch = new ActivityWatches(board, (message) => void channel.write(lineOf(message)));
port.on('message', (message: unknown) => watch.add(unsafeCast<FurtherBoard>(message)));

channel.setEncoding('utf8').on(
  'data',
  messagesFrom((message) => {
    const order = unsafeCast<MessageToWorker>(message);
    if (order.type === 'condemn') return watch.condemn(order);
    if (order.type === 'cancelled') watch.cancelled(order.batches);
    port.postMessage(order);
  }),
);
// A worker is the leader of its process group: see worker-child.ts.
const end = (): void => void process.kill(-process.pid, 'SIGKILL');
channel.once('error', end).once('close', end);
setInterval(() => watch.look(), LOOK_MS);
