/** What a plugin may do in a job (S30). Operations are data: they come to the core as events. */
import type { JobTask } from './job-event.ts';

/** A value that a plugin gives. */
export interface GivenValue {
  /** The bytes as Latin-1, or as they are. The default is none. */
  readonly payload?: string | Uint8Array | undefined;
  /** The default is 1: a text. */
  readonly descriptor?: number | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export type JobOperation =
  | { readonly type: 'submit'; readonly value: GivenValue }
  | { readonly type: 'putResult'; readonly rank: number; readonly value: GivenValue }
  | { readonly type: 'killWorker'; readonly rank: number }
  | { readonly type: 'killSentinel'; readonly sentinel: number };

/** A worker as a plugin sees it. */
export interface JobWorker {
  readonly rank: number;
  readonly sentinel: number;
  /** The innermost state of its machine: `idle`, `waiting`, `busy`, `disconnected`, `reserved`, `dead` and so on. */
  readonly state: string;
  readonly host: string;
  /** The task that it has; undefined also when that has its result already. */
  readonly task: JobTask | undefined;
}
