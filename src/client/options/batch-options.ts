import type { CancelMarks } from '../master/cancel-marks.ts';
import type { OnAbort } from '../task/task-metadata.ts';
import type { TaskGroup } from '../master/task-group.ts';

/** How far a batch has come, in elements. */
export interface Progress {
  /** Answered, well or not. */
  readonly done: number;
  /** Of these, those that failed. */
  readonly failed: number;
  /** Taken from the input so far. */
  readonly read: number;
  /** How many there are in all, where the input says so (an array, a Set …). */
  readonly total: number | undefined;
}

export interface BatchOptions {
  readonly id: string;
  readonly elements: AsyncIterable<unknown> | Iterable<unknown>;
  /** Where its elements are handed out, perhaps together with those of other batches. */
  readonly group: TaskGroup;
  /** Outcomes come in the order of the elements, not as they come. */
  readonly isOrdered: boolean;
  /** Where it is marked when it is cancelled, and how. */
  readonly marks: CancelMarks;
  readonly onAbort: OnAbort;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** @returns undefined where the input does not say */
export function totalOf(elements: AsyncIterable<unknown> | Iterable<unknown>): number | undefined {
  if (Array.isArray(elements)) return elements.length;
  return elements instanceof Set || elements instanceof Map ? elements.size : undefined;
}
