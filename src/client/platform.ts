import { randomUUID } from 'node:crypto';
import { startChild, type Child, type ChildKind } from './child.ts';
import { NwsConnection } from './connection.ts';
import { startTimer, type Timer } from './durations.ts';
import type { ServerAddress } from './server-address.ts';

/** Time, as the rules of the client see it. */
export interface Clock {
  /** Milliseconds since some moment. It never goes back. */
  now(): number;
  /** @param milliseconds from 0; it never elapses where that is Infinity, and does not keep the process alive */
  startTimer(milliseconds: number, onElapsed: () => void): Timer;
}

/**
 * The world outside, as far as a sentinel needs it: clock, chance, connections and the programs that it starts. A simulation
 * gives another one.
 */
export interface Platform {
  readonly clock: Clock;
  /** From 0 up to 1. */
  random(): number;
  /** A text that nobody can guess. */
  secret(): string;
  /** @throws ConnectionLostError */
  connect(server: ServerAddress): Promise<NwsConnection>;
  /**
   * Starts a worker. Its first message is a WorkerOrder.
   * @param args for people who look at the processes
   */
  startWorker(kind: ChildKind, args: readonly string[]): Child;
}

/** The clock, the processes and the network of this host. */
export const thisHost: Platform = {
  clock: {
    now: () => performance.now(),
    startTimer: (milliseconds, onElapsed) => startTimer(milliseconds, onElapsed, { ref: false }),
  },
  random: Math.random,
  secret: randomUUID,
  connect: (server) => NwsConnection.open(server),
  startWorker: (kind, args) => startChild(kind, 'worker-program.js', args, true),
};

/** Resolves when that time has passed. */
export const delay = (clock: Clock, milliseconds: number): Promise<void> =>
  new Promise((resolve) => clock.startTimer(milliseconds, resolve));
