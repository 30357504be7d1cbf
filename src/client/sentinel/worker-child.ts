import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Duplex, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MessageChannel, parentPort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { newBoard } from '../worker/activity.ts';
import { ActivityWatches, type FurtherBoard } from '../worker/activity-watches.ts';
import type { ChildKind } from './child.ts';
import { usageOf, type ProcessUsage } from './process-usage.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import { defined } from '../../wire/with-defaults.ts';
import { processFlags, threadFlags, type NodeOptions } from './node-flags.ts';
import { packageFile } from '../package-file.ts';
import {
  lineOf,
  messagesFrom,
  type MessageFromWorker,
  type MessageToWorker,
} from '../worker/worker-messages.ts';
import { CHANNEL_FD, LOOK_MS, type MemoryPort, type WatchdogData } from '../worker/worker-link.ts';
import { fault, reasonOf } from '../../wire/error-kind.ts';

/** A worker that a sentinel has started, as a process or a thread. The other end is worker-link.ts. */
export interface WorkerChild {
  /** Resolves with how it ended, when all its messages and output have arrived: `exit status 1`, `signal SIGKILL` … */
  readonly ended: Promise<string>;
  /** Its output, which must be read. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  send(message: MessageToWorker): void;
  onMessage(listener: (message: MessageFromWorker) => void): void;
  /** @returns what its process has used; undefined if that is unknown, as for a thread */
  usage(): Promise<ProcessUsage | undefined>;
  /** Kills it, and all programs that it has started. */
  kill(): void;
}

/** Milliseconds to wait for the last output of a worker that has ended, because other processes may keep it open. */
const LAST_OUTPUT_MS = 200;

type Listener = (message: MessageFromWorker) => void;
const IGNORE = (): void => undefined;

/** How processes and threads are started on this host. */
const HERE = { spawn, Worker };

/**
 * @param args shown in lists of processes
 * @param host starts processes and threads
 */
export function startWorkerChild(
  kind: ChildKind,
  args: readonly string[],
  node: NodeOptions = {},
  host = HERE,
): WorkerChild {
  const url = packageFile('dist/client/worker/worker-program.js');
  return kind === 'process'
    ? startProcess(fileURLToPath(url), args, node, host)
    : startThread(url, args, node, host);
}

function startProcess(
  path: string,
  args: readonly string[],
  node: NodeOptions,
  host: Pick<typeof HERE, 'spawn'>,
): WorkerChild {
  const stdio = Array.from({ length: CHANNEL_FD + 1 }, (_, fd) => (fd === 0 ? 'ignore' : 'pipe'));
  // The leader of a process group, so that programs that tasks have started can be ended with it.
  const child = host.spawn(process.execPath, [...processFlags(process.execArgv, node), path, ...args], {
    stdio,
    detached: true,
  });
  const { pid, stdout, stderr } = child;
  const channel = child.stdio[CHANNEL_FD];
  if (stdout === null || stderr === null || !(channel instanceof Duplex))
    throw fault('a worker process has no pipes');
  const kill = (): void => {
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // No process of its group is left.
    }
  };
  // The worker may have ended just now.
  channel.on('error', () => undefined);
  let listener: Listener = IGNORE;
  channel.setEncoding('utf8').on(
    'data',
    messagesFrom((message) => listener(unsafeCast<MessageFromWorker>(message))),
  );
  const closed = Promise.all(
    [stdout, stderr, channel].map((stream) => once(stream, 'close').catch(() => undefined)),
  );
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `exit status ${code}` : `signal ${signal}`),
    );
  });
  const ended = exited.then(async (how) => {
    kill();
    await Promise.race([closed, sleep(LAST_OUTPUT_MS)]);
    channel.destroy();
    return how;
  });
  return {
    ended,
    stdout,
    stderr,
    send: (message) => void (channel.writable && channel.write(lineOf(message))),
    usage: () => usageOf(pid),
    onMessage: (each) => (listener = each),
    kill,
  };
}

function startThread(
  url: URL,
  args: readonly string[],
  node: NodeOptions,
  host: Pick<typeof HERE, 'Worker'>,
): WorkerChild {
  const { port1, port2 } = new MessageChannel();
  const board = newBoard();
  const data: WatchdogData = { board, port: port2 };
  const execArgv = threadFlags(process.execArgv, node);
  const { resourceLimits } = node;
  const options = {
    argv: [...args],
    ...(execArgv && { execArgv }),
    ...(resourceLimits && { resourceLimits: defined(resourceLimits) }),
    stdout: true,
    stderr: true,
    workerData: data,
    transferList: [port2],
  };
  let worker: Worker;
  try {
    worker = new host.Worker(url, options);
  } catch (error) {
    // Threads accept only some flags of Node.
    port1.close();
    return notStarted(reasonOf(error));
  }
  let listener: Listener = IGNORE;
  const watch = new ActivityWatches(board, (message) => listener(message));
  const hear = (message: unknown): void => {
    const heard = unsafeCast<MessageFromWorker | FurtherBoard | MemoryPort>(message);
    if (heard.type === 'board') watch.add(heard);
    else if (heard.type === 'memory') passOn(heard);
    else listener(heard);
  };
  port1.on('message', hear);
  const looking = setInterval(() => watch.look(), LOOK_MS).unref();
  const exited = new Promise<string>((resolve) => {
    worker.once('error', (error) => resolve(String(error)));
    worker.once('exit', (code) => resolve(`exit status ${code}`));
  });
  const ended = exited.then((how) => {
    clearInterval(looking);
    for (let last = receiveMessageOnPort(port1); last !== undefined; last = receiveMessageOnPort(port1))
      hear(last.message);
    port1.close();
    return how;
  });
  return {
    ended,
    stdout: worker.stdout,
    stderr: worker.stderr,
    send: (message) => {
      if (message.type === 'condemn') return watch.condemn(message);
      if (message.type === 'cancelled') watch.cancelled(message.batches);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have none
      port1.postMessage(message);
    },
    onMessage: (each) => (listener = each),
    usage: () => Promise.resolve(undefined),
    kill: () => void worker.terminate(),
  };
}

/** Passes the port of a worker on to the master, if this sentinel is a thread of it. */
function passOn(message: MemoryPort): void {
  if (parentPort === null) message.port.close();
  else parentPort.postMessage(message, [message.port]);
}

/** A worker that has ended at once. */
const notStarted = (why: string): WorkerChild => ({
  ended: Promise.resolve(why),
  stdout: Readable.from([]),
  stderr: Readable.from([`sleigh: a worker cannot be started: ${why}\n`]),
  usage: () => Promise.resolve(undefined),
  send: IGNORE,
  onMessage: IGNORE,
  kill: () => undefined,
});
