/** The parts of a job that its clients can be asked to cancel or to stop (S24.5). */
export interface OrderableJob {
  /** Whether its master reports a batch with that id that has not ended. */
  hasBatch(id: string): boolean;
  /** Whether a worker with that rank is registered, and its sentinel reports it. */
  hasWorker(rank: number): boolean;
}
