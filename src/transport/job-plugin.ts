/** Programs that extend the jobs of a server: they are told what happens, and may take part (S30). */
import type { JobEvent } from '../sleigh/job-event.ts';
import type { JobPolicy } from '../sleigh/job-policy.ts';
import type { GivenValue, JobWorker } from '../sleigh/job-operation.ts';

/** What became of an operation of a plugin. A refused operation has changed nothing. */
export type JobOutcome = { readonly isDone: true } | { readonly isDone: false; readonly reason: string };

/**
 * What a plugin may do in one job. Each operation is carried out after the event that is handled now, in the order in
 * which they were called, and its promise never rejects. It may be used as long as the server runs.
 */
export interface JobControl {
  /** The name of the workspace of the job. */
  readonly job: string;
  /** Stores a task, as a master does (S7). */
  submit(task: GivenValue): Promise<JobOutcome>;
  /** Gives the current task of a worker this result. What the worker stores for that task is discarded. */
  putResult(rank: number, result: GivenValue): Promise<JobOutcome>;
  /** The worker is dead by that, as if its death had been reported (S13). */
  killWorker(rank: number): Promise<JobOutcome>;
  /** The sentinel is told to stop, and its workers are dead (S13). */
  killSentinel(sentinel: number): Promise<JobOutcome>;
  /** The worker of that rank as it is now, with its task; undefined if there is none. */
  worker(rank: number): JobWorker | undefined;
}

/** A plugin for all jobs of a server (`createServer({ plugins: [plugin] })`, `sleigh serve --plugin FILE`). */
export interface JobPlugin {
  /** For the log: every fault of the plugin names it. */
  readonly name: string;
  /**
   * Called with everything that happens in a job, after the core has handled it. It cannot refuse anything. What it
   * throws, or a rejected promise that it returns, is logged, and nobody else notices.
   */
  readonly onEvent?: ((event: JobEvent, control: JobControl) => unknown) | undefined;
  /** Rules that replace those of the server, in every job (S30.3). Only one plugin may bring a machine for a role. */
  readonly policy?: JobPolicy | undefined;
}
