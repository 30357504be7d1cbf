/** The one timer service: time leaves the core as a command and comes back as an event. */
export interface Timers {
  /** Calls back once after `milliseconds`, unless stopped before. */
  start(milliseconds: number, fired: () => void): Timer;
}

export interface Timer {
  stop(): void;
}
