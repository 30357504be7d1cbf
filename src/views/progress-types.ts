import type { BatchProgress, FailedElement } from '../wire/job-report.ts';
import type { Named } from './named.ts';
import type { Page } from './page.ts';

/** How far a job is. */
export interface ProgressView {
  /** Elements if the master tells about them (S24), tasks otherwise. */
  readonly unit: 'elements' | 'tasks';
  /** Those with a result or a failure. */
  readonly done: number;
  /** The failed ones among these: they threw, timed out, or lost their worker. */
  readonly failed: number;
  /** Undefined if nobody knows how many there will be. */
  readonly total: number | undefined;
  /** Those that are known so far. */
  readonly soFar: number;
  /** The number a second, over the last minutes. */
  readonly rate: number;
  /** Estimated milliseconds until all are done, at that rate; undefined if unknown. */
  readonly remaining: number | undefined;
}

/** A sentence about a job that is stuck, or that explains what is shown. */
export interface NoticeView {
  /** A trouble needs an action; a hint explains what is shown. */
  readonly kind: 'trouble' | 'hint';
  readonly text: string;
  /** Since when; undefined if it is no matter of time. */
  readonly since: number | undefined;
  /** What happens next by itself, and when: `closes`, at a time. */
  readonly deadline?: { readonly what: string; readonly at: number } | undefined;
}

/** The batches of a master that tells about them, newest first. */
export type ReportedBatchView = Readonly<BatchProgress>;

export interface FailedElementView extends FailedElement {
  /** Whether its master was asked to call it again, and it was too late (S24.6). */
  readonly isTooLate: boolean;
}

/** The response to a request to call failed elements again. */
export interface RetryView {
  /** The number of elements that their master was asked for. It may still refuse (`isTooLate`). */
  readonly asked: number;
  /** The number of those whose batch has ended. */
  readonly tooLate: number;
}

/** Failed elements with the same message. */
export interface FailureGroup {
  readonly id: string;
  readonly code: string;
  /** `…` stands for numbers in which the messages differ. */
  readonly message: string;
  readonly count: number;
}

export interface FailedElementsView extends Page<FailedElementView> {
  /** The kept failures by message, the most frequent first, at most 20. */
  readonly groups: readonly FailureGroup[];
}

export interface BatchView {
  /** Undefined for tasks without a batch. */
  readonly batch: Named | undefined;
  readonly accepted: number;
  readonly answered: number;
  readonly queued: number;
  readonly running: number;
  readonly results: number;
  /**
   * Estimated milliseconds until all pending tasks are answered, at the rate of the last half minute; undefined if
   * unknown.
   */
  readonly remaining: number | undefined;
}
