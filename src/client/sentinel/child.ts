import { fork, type Serializable } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { flagsForProcess, flagsForThread } from './node-flags.ts';
import { packageFile } from '../package-file.ts';

/** What a child is: a process of its own, or a thread of this one. */
export type ChildKind = 'process' | 'thread';

/**
 * A program of this package that runs beside this one and is told what to do, and calls no functions of users; its end of it
 * is parent.ts. Workers are started by worker-child.ts.
 */
export interface Child {
  /** How it ended, when it has: `exit status 1`, `signal SIGKILL` … */
  readonly ended: Promise<string>;
  send(message: object): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Lets it know that it is not wanted any more. */
  release(): void;
}

/** What tells a child that it is released. */
export const RELEASED = 'released';

/** Standard output belongs to the program that is served; what a child prints itself goes to standard error. */
const STANDARD_ERROR = 2;

/**
 * @param program a file of `dist/client`
 * @param args for people who look at the processes
 */
export function startChild(kind: ChildKind, program: string, args: readonly string[]): Child {
  const url = packageFile(`client/${program}`);
  return kind === 'process' ? startProcess(fileURLToPath(url), args) : startThread(url, args);
}

function startProcess(path: string, args: readonly string[]): Child {
  const child = fork(path, args, {
    execArgv: flagsForProcess(process.execArgv),
    stdio: ['ignore', STANDARD_ERROR, STANDARD_ERROR, 'ipc'],
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => {
      const how = signal === null ? `exit status ${code}` : `signal ${signal}`;
      // What it had to say comes first.
      if (child.connected) child.once('disconnect', () => resolve(how));
      else resolve(how);
    });
  });
  // One that has gone just now does not mind.
  const send = (message: Serializable): void =>
    void (child.connected && child.send(message, () => undefined));
  return {
    ended,
    send,
    onMessage: (listener) => void child.on('message', listener),
    // The channel stays: how its workers ended may still be told.
    release: () => send(RELEASED),
  };
}

function startThread(url: URL, args: readonly string[]): Child {
  const execArgv = flagsForThread(process.execArgv);
  const worker = new Worker(url, { argv: [...args], ...(execArgv && { execArgv }) });
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have none
  const send = (message: unknown): void => worker.postMessage(message);
  const ended = new Promise<string>((resolve) => {
    worker.once('error', (error) => resolve(String(error)));
    worker.once('exit', (code) => resolve(`exit status ${code}`));
  });
  return {
    ended,
    send,
    onMessage: (listener) => void worker.on('message', listener),
    release: () => send(RELEASED),
  };
}
