import { ActivityWatch } from './activity.ts';
import type { CancelledBatches, MessageAboutRank } from './worker-messages.ts';

/** Says to the reader that a further rank of the same process writes its calls to memory of its own. */
export interface FurtherBoard {
  readonly type: 'board';
  readonly rank: number;
  readonly board: SharedArrayBuffer;
}

/** Watches the calls of one worker process, which has one rank or several (S22.14). */
export class ActivityWatches {
  readonly #report: (message: MessageAboutRank) => void;
  readonly #only: ActivityWatch;
  readonly #further = new Map<number, ActivityWatch>();

  /** @param board of a process that has only one rank */
  constructor(board: SharedArrayBuffer, report: (message: MessageAboutRank) => void) {
    this.#report = report;
    this.#only = new ActivityWatch(board, report);
  }

  add({ rank, board }: FurtherBoard): void {
    this.#further.set(rank, new ActivityWatch(board, (message) => this.#report({ ...message, rank })));
  }

  /** Must be called periodically. */
  look(): void {
    for (const watch of this.#all()) watch.look();
  }

  cancelled(batches: CancelledBatches): void {
    for (const watch of this.#all()) watch.cancelled(batches);
  }

  condemn({ call, rank }: { readonly call: number; readonly rank?: number | undefined }): void {
    const watch = rank === undefined ? this.#only : this.#further.get(rank);
    watch?.condemn(call);
  }

  *#all(): Iterable<ActivityWatch> {
    yield this.#only;
    yield* this.#further.values();
  }
}
