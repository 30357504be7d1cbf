/** The timer service of the core. Starting a timer is a command, and its expiry is an event. */
export interface Timers {
  /** Calls back once after `milliseconds`, unless stopped before. */
  start(milliseconds: number, fired: () => void): Timer;
}

export interface Timer {
  stop(): void;
}
