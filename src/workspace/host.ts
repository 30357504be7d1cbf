import type { Changes } from '../store/change-recorder.ts';
import type { Limits } from '../wire/limits.ts';
import type { FilePayload } from '../wire/payload.ts';
import type { Clock } from './clock.ts';
import type { Client } from './pending-get.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import type { InSteps } from './steps.ts';
import type { ServerAccounting } from './storage-accounting.ts';
import type { Timers } from './timers.ts';
import type { StepObserver, Tracer } from './tracing.ts';

/** The part of the server that workspaces use. */
export interface Host {
  readonly accounting: ServerAccounting;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly leases: LeaseKeeper;
  /** Accepts the changes of what survives the server. Use those of the workspace instead. */
  readonly changes: Changes;
  /** Returns 20 characters that no variable of this run of the server has had (V9). */
  newVariableId(): string;
  /** @returns the client with that id if it is of before a restart and lasts (P15) */
  clientOf?(id: number): Client | undefined;
  /** Makes the file of a value of before a restart available. */
  restoreFile(file: FilePayload): void;
  /** Whether there is a web page, for which some more is kept. */
  readonly hasPage?: boolean | undefined;
  /** Observes all actors, for a trace. */
  readonly tracer?: Tracer | undefined;
  /** @returns what verifies the steps of the actors of one job, if anything does */
  observerOf?(scope: string): StepObserver | undefined;
  log(level: LogLevel, message: string, fields?: Record<string, unknown>): void;
  /** Runs work that takes long in turns with others (P14). */
  readonly inSteps: InSteps;
}
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
