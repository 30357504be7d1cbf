/**
 * Listeners for signals that live longer than the calls that they cancel. Each signal has one listener, however many
 * calls it may cancel, because Node warns of a signal with many.
 */
const LISTENERS = new WeakMap<AbortSignal, Set<() => void>>();

/** @returns a function that removes the listener */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const known = LISTENERS.get(signal);
  const listeners = known ?? new Set();
  listeners.add(listener);
  if (known === undefined) {
    LISTENERS.set(signal, listeners);
    const abort = (): void => {
      for (const each of listeners) each();
    };
    signal.addEventListener('abort', abort, { once: true });
  }
  return () => listeners.delete(listener);
}
