import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setImmediate } from 'node:timers';
import type { ChildKind } from './sentinel/child.ts';
import { hostClock, type Clock } from './clock.ts';
import { NwsConnection, type ConnectionOptions } from './connection/connection.ts';
import { loadModule, type Exports } from './task/module-function.ts';
import { startWorkerChild, type WorkerChild } from './sentinel/worker-child.ts';

/**
 * The world outside, as far as master, sentinel and worker need it: clock, chance, connections and the programs that they start.
 * A simulation gives another one.
 */
export interface Platform {
  readonly clock: Clock;
  /** From 0 up to 1. */
  random(): number;
  /** A text that nobody can guess. */
  secret(): string;
  /** Of this process, for people who look. */
  readonly hostname: string;
  readonly pid: number;
  /** @throws as NwsConnection.open */
  connect(options: ConnectionOptions): Promise<NwsConnection>;
  /** Resolves when what is due in this turn of the event loop has happened: rejections that nobody awaits are known. */
  endOfTurn(): Promise<void>;
  /** @throws ModuleError */
  loadModule(path: string): Promise<Exports>;
  /**
   * Starts a worker. Its first message is a WorkerOrder.
   * @param args for people who look at the processes
   */
  startWorker(kind: ChildKind, args: readonly string[]): WorkerChild;
}

/** The clock, the processes and the network of this host. */
export const thisHost: Platform = {
  clock: hostClock,
  random: Math.random,
  secret: randomUUID,
  hostname: hostname(),
  pid: process.pid,
  connect: (options) => NwsConnection.open(options),
  endOfTurn: () => new Promise((resolve) => setImmediate(resolve)),
  loadModule,
  startWorker: startWorkerChild,
};
