import { writeSync } from 'node:fs';
import { isMainThread, MessageChannel, Worker, workerData, type MessagePort } from 'node:worker_threads';
import { ActivityWriter, newBoard, type Activity } from './activity.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import { packageFile } from '../package-file.ts';
import { lineOf, type MessageFromWorker, type MessageToWorker } from './worker-messages.ts';

/**
 * The channel between a worker process and its sentinel: not the one of `fork`, which belongs to tasks as soon as they use
 * `process.send` or listen to `message`.
 */
export const CHANNEL_FD = 3;
/** Milliseconds between two looks at what a worker is doing. */
export const LOOK_MS = 50;

/** What a worker that is a thread is given, and what its watchdog is, where it is a process. */
export interface WatchdogData {
  readonly board: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** A worker's way to its sentinel. */
export interface SentinelLink {
  /** Has left when this returns, whatever the worker does next. */
  send(message: MessageFromWorker): void;
  onMessage(listener: (message: MessageToWorker) => void): void;
  readonly activity: Activity;
}

/** Of this worker, a process or a thread. */
export function linkToSentinel(): SentinelLink {
  if (!isMainThread) {
    const { board, port } = unsafeCast<WatchdogData>(workerData);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have none
    return link(port, board, (message) => port.postMessage(message));
  }
  const { port1, port2 } = new MessageChannel();
  const board = newBoard();
  const data: WatchdogData = { board, port: port2 };
  const watchdog = new Worker(packageFile('client/worker/watchdog.js'), {
    workerData: data,
    transferList: [port2],
    // What the worker was started with is not for it.
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
  });
  watchdog.unref();
  return link(port1, board, (message) => write(lineOf(message)));
}

const link = (
  port: MessagePort,
  board: SharedArrayBuffer,
  send: (message: MessageFromWorker) => void,
): SentinelLink => ({
  send,
  onMessage: (listener) => void port.on('message', listener),
  activity: new ActivityWriter(board),
});

/** At once, since a worker may end or compute from here on. The watchdog writes there as well: whole lines, too. */
function write(line: string): void {
  for (let rest = Buffer.from(line); rest.length > 0;) {
    try {
      rest = rest.subarray(writeSync(CHANNEL_FD, rest));
    } catch (error) {
      // Where the sentinel has gone the watchdog ends this process.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return;
    }
  }
}
