/** What of a job its clients can be asked to cancel and to stop (S24.5). */
export interface OrderableJob {
  /** Whether its master tells of a batch of that id, which has not ended. */
  hasBatch(id: string): boolean;
  /** Whether a worker of that rank is there, whose sentinel tells of it. */
  hasWorker(rank: number): boolean;
}
