import type { Named } from './named.ts';

/** What a worker does now. */
export interface RunningTaskView {
  /** The function that is called (C4); empty for other clients. */
  readonly module: string;
  readonly function: string;
  readonly batch: Named | undefined;
  /** The element: undefined in a task of several, unless its sentinel tells which one lasts (S24.3). */
  readonly index: number | undefined;
  /** As text, as far as it can be shown. */
  readonly element: string | undefined;
  /** Whether it still loads the module. */
  readonly isLoading: boolean;
  /** When this call began, and when the worker got the task. */
  readonly since: number;
  readonly taskSince: number;
  readonly attempt: number;
}

/** What the process of a worker uses, as its sentinel tells (S24.3). */
export interface ProcessView {
  /** The processor time, in processors: 1 is one that is busy all the time. */
  readonly processors: number | undefined;
  /** Bytes. */
  readonly memory: number | undefined;
}

/** A line that a worker wrote. */
export interface OutputLine {
  readonly time: number;
  readonly rank: number | undefined;
  readonly host: string;
  readonly isError: boolean;
  readonly text: string;
}

/** The newest lines of the workers of a job, the newest last. */
export interface OutputView {
  /** The number of lines that match. */
  readonly total: number;
  readonly lines: readonly OutputLine[];
}
