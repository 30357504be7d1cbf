import { isMainThread, parentPort } from 'node:worker_threads';
import { RELEASED } from './child.ts';

/** The program that started this one, as a process or a thread. The other end is child.ts. */
export interface Parent {
  /** @returns when the message is sent; it never rejects */
  send(message: object): Promise<void>;
  /** The first message is the order of the program. */
  onMessage(listener: (message: unknown) => void): void;
}

/** @param onGone called when the parent has ended or releases this program; perhaps at once */
export function parentOf(onGone: () => void): Parent {
  const heeded =
    (listener: (message: unknown) => void) =>
    (message: unknown): void => {
      if (message === RELEASED) onGone();
      else listener(message);
    };
  if (!isMainThread && parentPort !== null) {
    const port = parentPort;
    port.once('close', onGone);
    return {
      send: (message) => {
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have none
        port.postMessage(message);
        return Promise.resolve();
      },
      onMessage: (listener) => void port.on('message', heeded(listener)),
    };
  }
  // Ctrl-C goes to the whole process group. The parent ends this program.
  process.on('SIGINT', () => undefined);
  process.once('disconnect', onGone);
  if (!process.connected) onGone();
  return {
    send: (message) =>
      new Promise((resolve) => {
        if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
        else resolve();
      }),
    onMessage: (listener) => void process.on('message', heeded(listener)),
  };
}
