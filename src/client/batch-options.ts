import type { Metadata } from '../wire/payload.ts';
import type { Lines } from './lines.ts';

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
  readonly lines: Lines;
  readonly workspace: string;
  readonly id: string;
  readonly elements: AsyncIterable<unknown> | Iterable<unknown>;
  /** Goes with each task. */
  readonly metadata: Metadata;
  /** How many tasks may be out, or answered and not yet taken, for each worker. */
  readonly loadFactor: number;
  /** Elements of a task; `auto`: as many as make it worth its way. */
  readonly chunkSize: number | 'auto';
  /** At first; see `Batch.workers`. */
  readonly workers: number;
  /** Outcomes come in the order of the elements, not as they come. */
  readonly isOrdered: boolean;
  /** How often a task is tried (S13). */
  readonly maxAttempts: number;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** @returns undefined where the input does not say */
export function totalOf(elements: AsyncIterable<unknown> | Iterable<unknown>): number | undefined {
  if (Array.isArray(elements)) return elements.length;
  return elements instanceof Set || elements instanceof Map ? elements.size : undefined;
}
