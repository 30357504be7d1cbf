import { fork, type ChildProcess, type Serializable } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { flagsForProcess, flagsForThread } from './node-flags.ts';
import { packageFile } from '../package-file.ts';

/** The kind of a child: a process, or a thread of this process. */
export type ChildKind = 'process' | 'thread';

/**
 * A program of this package that runs beside this one and calls no functions of users. The other end is parent.ts.
 * Workers are started by worker-child.ts.
 */
export interface Child {
  /** Resolves with how it ended: `exit status 1`, `signal SIGKILL` … */
  readonly ended: Promise<string>;
  send(message: object): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Notifies it that it is not wanted any more. */
  release(): void;
}

/** The message that releases a child. */
export const RELEASED = 'released';

/** Standard output belongs to the program itself. The output of a child goes to standard error. */
const STANDARD_ERROR = 2;

/** How processes and threads are started on this host. */
const HERE = { fork, Worker };

/**
 * @param program a file of `dist/client`
 * @param args shown in lists of processes
 * @param options.unref whether it does not keep this process alive
 * @param host starts processes and threads
 */
export function startChild(
  kind: ChildKind,
  program: string,
  args: readonly string[],
  { unref = false }: { readonly unref?: boolean | undefined } = {},
  host = HERE,
): Child {
  const url = packageFile(`dist/client/${program}`);
  return kind === 'process'
    ? startProcess(fileURLToPath(url), args, unref, host)
    : startThread(url, args, unref, host);
}

/** The child, its channel and its output do not keep this process alive. */
export function unrefChild(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
  for (const stream of child.stdio) if (stream instanceof Socket) stream.unref();
}

function startProcess(
  path: string,
  args: readonly string[],
  unref: boolean,
  host: Pick<typeof HERE, 'fork'>,
): Child {
  const child = host.fork(path, args, {
    execArgv: flagsForProcess(process.execArgv),
    stdio: ['ignore', STANDARD_ERROR, STANDARD_ERROR, 'ipc'],
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => {
      const how = signal === null ? `exit status ${code}` : `signal ${signal}`;
      // Its remaining messages are handled first.
      if (child.connected) child.once('disconnect', () => resolve(how));
      else resolve(how);
    });
  });
  // The child may have ended just now.
  const send = (message: Serializable): void =>
    void (child.connected && child.send(message, () => undefined));
  return {
    ended,
    send,
    onMessage: (listener) => {
      child.on('message', listener);
      // A listener refers the channel again.
      if (unref) unrefChild(child);
    },
    // The channel stays open, because the child may still report how its workers ended.
    release: () => send(RELEASED),
  };
}

function startThread(
  url: URL,
  args: readonly string[],
  unref: boolean,
  host: Pick<typeof HERE, 'Worker'>,
): Child {
  const execArgv = flagsForThread(process.execArgv);
  const worker = new host.Worker(url, { argv: [...args], ...(execArgv && { execArgv }) });
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have none
  const send = (message: unknown): void => worker.postMessage(message);
  const ended = new Promise<string>((resolve) => {
    worker.once('error', (error) => resolve(String(error)));
    worker.once('exit', (code) => resolve(`exit status ${code}`));
  });
  return {
    ended,
    send,
    onMessage: (listener) => {
      worker.on('message', listener);
      // A listener refers the port again.
      if (unref) worker.unref();
    },
    release: () => send(RELEASED),
  };
}
