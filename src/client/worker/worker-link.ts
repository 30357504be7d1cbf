import { writeSync } from 'node:fs';
import { isMainThread, MessageChannel, Worker, workerData, type MessagePort } from 'node:worker_threads';
import { ActivityWriter, newBoard, type Activity } from './activity.ts';
import type { FurtherBoard } from './activity-watches.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import { packageFile } from '../package-file.ts';
import { lineOf, type MessageFromWorker, type MessageToWorker } from './worker-messages.ts';

/**
 * The channel between a worker process and its sentinel. It is not the channel of `fork`, because tasks may use that
 * one with `process.send` or a listener for `message`.
 */
export const CHANNEL_FD = 3;
/** Milliseconds between two looks at the current call of a worker. */
export const LOOK_MS = 50;

/** The data of a worker thread, and of the watchdog of a worker process. */
export interface WatchdogData {
  readonly board: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** From a worker that is a thread to its sentinel, and from there to the master (S36). */
export interface MemoryPort {
  readonly type: 'memory';
  readonly port: MessagePort;
}

/** The connection of a worker to its sentinel. */
export interface SentinelLink {
  /** The message is sent when this returns, whatever the worker does next. */
  send(message: MessageFromWorker): void;
  onMessage(listener: (message: MessageToWorker) => void): void;
  /** @param rank if the process has several (S22.14) */
  activity(rank?: number): Activity;
  /** Opens a port to the master, for a worker that is a thread (S36). */
  readonly openMemory?: () => MessagePort;
}

/** The link of this worker, for a process or a thread. */
export function linkToSentinel(): SentinelLink {
  if (!isMainThread) {
    const { board, port } = unsafeCast<WatchdogData>(workerData);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have none
    return {
      ...link(port, board, (message) => port.postMessage(message)),
      openMemory: () => openMemory(port),
    };
  }
  const { port1, port2 } = new MessageChannel();
  const board = newBoard();
  const data: WatchdogData = { board, port: port2 };
  const watchdog = new Worker(packageFile('dist/client/worker/watchdog.js'), {
    workerData: data,
    transferList: [port2],
    // The flags of the worker are not for its watchdog.
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
  });
  watchdog.unref();
  return link(port1, board, (message) => write(lineOf(message)));
}

/** The sentinel passes the other end on to the master. */
function openMemory(port: MessagePort): MessagePort {
  const { port1, port2 } = new MessageChannel();
  const message: MemoryPort = { type: 'memory', port: port2 };
  port.postMessage(message, [port2]);
  return port1;
}

const link = (
  port: MessagePort,
  board: SharedArrayBuffer,
  send: (message: MessageFromWorker) => void,
): SentinelLink => ({
  send,
  onMessage: (listener) => void port.on('message', listener),
  activity: (rank) => {
    if (rank === undefined) return new ActivityWriter(board);
    const further: FurtherBoard = { type: 'board', rank, board: newBoard() };
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have none
    port.postMessage(further);
    return new ActivityWriter(further.board);
  },
});

/**
 * Writes synchronously, because the worker may end or compute next. The watchdog writes whole lines to the same
 * channel.
 */
function write(line: string): void {
  for (let rest = Buffer.from(line); rest.length > 0;) {
    try {
      rest = rest.subarray(writeSync(CHANNEL_FD, rest));
    } catch (error) {
      // If the sentinel is gone, the watchdog ends this process.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return;
    }
  }
}
