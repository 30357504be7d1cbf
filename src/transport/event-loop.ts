/** The clock and the event loop under the transport. A simulation gives another one. */
export interface EventLoop {
  /** Milliseconds of a monotonic clock. Setting the clock of the machine does not change it. */
  now(): number;
  /** Milliseconds since 1970 at which `now()` was 0. */
  readonly timeOrigin: number;
  /**
   * Calls back once, after at least that many milliseconds.
   * @param milliseconds from 0 to 2 ** 31 - 1
   * @returns a function that stops it
   */
  startTimer(milliseconds: number, fired: () => void): () => void;
  /**
   * Calls back again and again, without keeping the process alive.
   * @returns a function that stops it
   */
  startInterval(milliseconds: number, fired: () => void): () => void;
  /** Calls back when the sockets have had their turn. */
  soon(act: () => void): void;
}

/** Those of this process. */
export const NODE_LOOP: EventLoop = {
  now: () => performance.now(),
  timeOrigin: performance.timeOrigin,
  startTimer: (milliseconds, fired) => {
    const timeout = setTimeout(fired, milliseconds);
    return () => clearTimeout(timeout);
  },
  startInterval: (milliseconds, fired) => {
    const interval = setInterval(fired, milliseconds).unref();
    return () => clearInterval(interval);
  },
  soon: (act) => void setImmediate(act),
};
