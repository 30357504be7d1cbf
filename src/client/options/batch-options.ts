import type { Clock } from '../clock.ts';
import type { Retry } from './retry.ts';
import type { CancelMarks } from '../master/cancel-marks.ts';
import type { OnAbort } from '../task/task-metadata.ts';
import type { TaskGroup } from '../master/task-group.ts';
import type { OutcomeError } from '../task/outcome.ts';
import type { LeftValues } from '../master/left-values.ts';
import type { Lending } from '../values/lending.ts';
import type { ChunkPart } from '../values/chunk.ts';

/** The progress of a batch, in elements. */
export interface Progress {
  /** Elements with an outcome. */
  readonly done: number;
  /** The failed elements among these. */
  readonly failed: number;
  /** Elements read from the input. */
  readonly read: number;
  /** The total number, if the input has one (an array, a Set …). */
  readonly total: number | undefined;
  /** Elements that got an outcome in a second, over the last ten seconds. */
  readonly ratePerSecond: number;
  /** Milliseconds until the last one has an outcome, at that rate; undefined if the total is not known. */
  readonly millisecondsLeft: number | undefined;
}

/** Reports one batch (S24). */
export interface BatchReport {
  progress(latest: Omit<Progress, 'ratePerSecond' | 'millisecondsLeft'>): void;
  /** @param element as it was sent, if it was */
  failed(outcome: OutcomeError, element: ChunkPart | undefined): void;
  /** A failed element is called again (S24.6). */
  retried(index: number): void;
  ended(): void;
}

export interface BatchOptions {
  readonly id: string;
  readonly elements: AsyncIterable<unknown> | Iterable<unknown>;
  /** The group that its elements are sent with, possibly together with those of other batches. */
  readonly group: TaskGroup;
  /** Whether outcomes are returned in the order of the elements. */
  readonly isOrdered: boolean;
  /** Where and how it is marked when it is cancelled. */
  readonly marks: CancelMarks;
  readonly onAbort: OnAbort;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  /** How failed elements are tried again. */
  readonly retry?: Retry | undefined;
  readonly clock: Clock;
  /** The number of elements that may be sent in a second. */
  readonly ratePerSecond?: number | undefined;
  /** Says of an element what names the memory that is shared or moved (S36). */
  readonly lend?: ((element: unknown) => Lending | undefined) | undefined;
  /** Where its results stay, if the next stage of a pipeline takes them (S35.5). */
  readonly leaves?: LeftValues | undefined;
  /** Called when the last outcome was taken. */
  readonly onTaken?: (() => void) | undefined;
  /** Called when someone cancels it on the page, before that has an effect. */
  readonly onCancelledOnPage?: (() => void) | undefined;
  /** Tells the server about it (S24). */
  readonly report?: BatchReport | undefined;
}

/** @returns undefined if the input has no known size */
export function totalOf(elements: AsyncIterable<unknown> | Iterable<unknown>): number | undefined {
  if (Array.isArray(elements)) return elements.length;
  return elements instanceof Set || elements instanceof Map ? elements.size : undefined;
}
