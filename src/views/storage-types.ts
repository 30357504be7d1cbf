import type { Series } from './series-types.ts';

/** The store of a server with `--data`. Times are in milliseconds. */
export interface StorageView {
  /** `always`, or `everysec`: when a commit is on the disk (D2). */
  readonly sync: string;
  /** Bytes on the disk. */
  readonly bytes: number;
  readonly commits: number;
  /** The time that the last commit took, and their mean; 0 if there was none. */
  readonly last: number;
  readonly mean: number;
  /** The number of connections whose replies wait for a commit. */
  readonly waiting: number;
  /** The number of entities that were taken up at the start, and the time that it took. */
  readonly recovered: number;
  readonly recovery: number;
  /** `commits` a second, and the mean `time` of each of them. */
  readonly times: Series;
}
