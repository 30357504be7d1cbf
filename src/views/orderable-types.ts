/** The parts of a job that its clients can be asked to cancel or to stop (S24.5). */
export interface OrderableJob {
  /** Whether its master reports a batch with that id that has not ended. */
  hasBatch(id: string): boolean;
  /**
   * The failed elements of its batches that have not ended, by batch, and the number of those whose batch has.
   * @param group those with the same message; undefined for all
   */
  failures(which: { batch: string; index: number } | { group: string | undefined }): {
    readonly running: ReadonlyMap<string, readonly number[]>;
    readonly ended: number;
  };
  /** Whether a worker with that rank is registered, and its sentinel reports it. */
  hasWorker(rank: number): boolean;
}
