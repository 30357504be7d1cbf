import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setImmediate } from 'node:timers';
import type { ChildKind } from './sentinel/child.ts';
import { hostClock, type Clock, type Timer } from './clock.ts';
import { startTimer } from './options/durations.ts';
import type { ConnectOptions } from './connection/channel-options.ts';
import { NwsConnection } from './connection/connection.ts';
import { KnownServers } from './connection/known-servers.ts';
import type { NodeOptions } from './sentinel/node-flags.ts';
import { loadModule, type Exports } from './task/module-function.ts';
import { startWorkerChild, type WorkerChild } from './sentinel/worker-child.ts';

/**
 * The outside world, as far as master, sentinel and worker use it: clock, random numbers, connections, and processes.
 * A simulation provides another platform.
 */
export interface Platform {
  readonly clock: Clock;
  /** A random number from 0 up to 1. */
  random(): number;
  /** A text that cannot be guessed. */
  secret(): string;
  /** A description of this process for people. */
  readonly hostname: string;
  readonly pid: number;
  /** @throws as NwsConnection.open */
  connect(options: ConnectOptions): Promise<NwsConnection>;
  /** What this process knows of servers that share a store (D24). */
  readonly servers: KnownServers;
  /** Keeps this process alive until that is stopped. */
  holdProcess(): Timer;
  /** Resolves when this turn of the event loop has ended, so that unhandled rejections are known. */
  endOfTurn(): Promise<void>;
  /** @throws ModuleError */
  loadModule(path: string): Promise<Exports>;
  /**
   * Starts a worker. Its first message is a WorkerOrder.
   * @param args shown in lists of processes
   */
  startWorker(kind: ChildKind, args: readonly string[], node?: NodeOptions): WorkerChild;
}

/** A port between two threads of a process: what is used of a MessagePort. */
export interface ThreadPort {
  /** @param transfer the memory that is moved and not copied */
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  once(event: 'close', listener: () => void): unknown;
  /** It does not keep its thread alive. */
  unref(): void;
}

/** The clock, the processes and the network of this host. */
export const thisHost: Platform = {
  clock: hostClock,
  random: Math.random,
  secret: randomUUID,
  hostname: hostname(),
  pid: process.pid,
  connect: (options) => NwsConnection.open(options, thisHost),
  servers: new KnownServers(),
  holdProcess: () => startTimer(Number.MAX_SAFE_INTEGER, () => undefined),
  endOfTurn: () => new Promise((resolve) => setImmediate(resolve)),
  loadModule,
  startWorker: startWorkerChild,
};
