/** What is called when a signal aborts, and the one listener that calls it. */
interface Heard {
  readonly listeners: Set<() => void>;
  readonly abort: () => void;
}

/**
 * Listeners for signals that live longer than the calls that they cancel. Each signal has one listener, however many
 * calls it may cancel, because Node warns of a signal with many; it has none when there is nothing to cancel.
 */
const HEARD = new WeakMap<AbortSignal, Heard>();

/** @returns a function that removes the listener */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const { listeners, abort } = HEARD.get(signal) ?? hear(signal);
  listeners.add(listener);
  return () => {
    if (!listeners.delete(listener) || listeners.size > 0) return;
    signal.removeEventListener('abort', abort);
    HEARD.delete(signal);
  };
}

function hear(signal: AbortSignal): Heard {
  const listeners = new Set<() => void>();
  const heard = {
    listeners,
    abort: (): void => {
      for (const each of listeners) each();
    },
  };
  HEARD.set(signal, heard);
  signal.addEventListener('abort', heard.abort, { once: true });
  return heard;
}
