import type { Retries } from './retries.ts';
import type { Outcome } from '../task/outcome.ts';
import type { TaskFailure } from '../task/task-metadata.ts';
import type { ChunkPart } from '../values/chunk.ts';
import type { LeftValues } from './left-values.ts';

/** The owner of elements: a batch. */
export interface ElementOwner {
  readonly id: string;
  /** Whether undone elements are to be tried again. */
  readonly isWanted: boolean;
  /** Changes the number of its parts under way. */
  countParts(change: number): void;
  /**
   * Receives the outcomes of consecutive elements.
   * @param elements these elements, as they were sent
   */
  settle(index: number, outcomes: readonly Outcome[], elements: readonly ChunkPart[]): void;
  /** No worker can load the module. */
  refuse(failure: TaskFailure): void;
  /** Says which failed elements are tried again, if any are. */
  readonly retries?: Retries | undefined;
  /** Where its results stay, if they do: the next stage of a pipeline takes them from there (S35.5). */
  readonly leaves?: LeftValues | undefined;
}
