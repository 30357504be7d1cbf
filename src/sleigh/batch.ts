import type { StorageAccounting } from '../workspace/storage-accounting.ts';
import { WaitingLine } from '../workspace/waiting-line.ts';
import type { JobChanges } from './job-changes.ts';
import { ResultQueue } from './result-queue.ts';
import { ResultRecords } from './result-record.ts';
import type { Totals } from './totals.ts';

/** The available results of a batch or of a mailbox, and the gets that wait for one. */
export class Inbox {
  readonly results: ResultQueue;
  readonly waiting = new WaitingLine();

  constructor(number: number, accounting: StorageAccounting, changes: JobChanges) {
    this.results = new ResultQueue(accounting, new ResultRecords(number, changes));
  }

  get isEmpty(): boolean {
    return this.results.length + this.waiting.length === 0;
  }
}

/** The data of one batch. */
export class Batch {
  /** For its tasks without a mailbox. */
  readonly inbox: Inbox;
  readonly totals: Totals;
  queued = 0;
  running = 0;
  /** Available results, including those in mailboxes. */
  results = 0;

  constructor(totals: Totals, accounting: StorageAccounting, changes: JobChanges) {
    this.totals = totals;
    this.inbox = new Inbox(totals.number, accounting, changes);
  }

  get isSpent(): boolean {
    return this.queued + this.running + this.results === 0 && this.inbox.isEmpty;
  }
}

export interface BatchSummary {
  /** Undefined for tasks without a batch. */
  readonly id: string | undefined;
  readonly totals: Pick<Totals, 'accepted' | 'answered'>;
  readonly queued: number;
  readonly running: number;
  readonly results: number;
}

/** `pending` counts queued and running tasks (S10). */
export interface JobStatus {
  readonly pending: number;
  readonly running: number;
}
