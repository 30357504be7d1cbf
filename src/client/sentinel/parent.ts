import { isMainThread, parentPort } from 'node:worker_threads';
import { RELEASED } from './child.ts';

/** Whoever started this program, as a process or as a thread; the other end of child.ts. */
export interface Parent {
  /** @returns when it has left; never rejects */
  send(message: object): Promise<void>;
  /** The first message is what the program is to do. */
  onMessage(listener: (message: unknown) => void): void;
}

/** @param onGone called when it has gone, or wants this program to go; perhaps at once */
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
  // Ctrl-C goes to the whole group; whoever started this one ends it.
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
