import type { Change } from '../store/change.ts';
import { condensed } from '../store/condensed.ts';
import type { RecentLog } from './recent-log.ts';

/** What is committed meanwhile goes to the disk together, in milliseconds. */
const PAUSE_MS = 100;
/** A commit waits for the disk if one that it has acknowledged longer ago than this is not there, in milliseconds. */
const MAX_LAG_MS = 1_000;

/** @param number of the last commit whose changes these are. @returns once they are on the disk */
export type Flush = (changes: readonly Change[], number: number) => Promise<void>;

/**
 * Commits that are done when the operating system has them. The disk follows: all commits since the last time become one
 * there, with which their place in the log is free again (D21).
 */
export class LazyCommits {
  readonly #log: RecentLog;
  readonly #flush: Flush;
  readonly #now: () => number;
  /** The number of the last commit, and of the last one that is on the disk. */
  #last: number;
  #flushed: number;
  #changes: Change[] = [];
  /** When the oldest commit was done that is not on the disk, in milliseconds of a monotonic clock. */
  #oldest = Number.POSITIVE_INFINITY;
  #flushing: Promise<void> | undefined;
  #endPause: (() => void) | undefined;
  /** What to do when a commit is on the disk, in their order. */
  #waiting: { readonly number: number; readonly resolve: () => void }[] = [];
  #isUrgent = false;
  #failure: { readonly error: unknown } | undefined;
  #failed: (error: unknown) => void = () => undefined;
  /** Resolves with the reason if what was committed could not be brought to the disk. */
  readonly failure = new Promise<unknown>((resolve) => (this.#failed = resolve));

  /**
   * @param last the number of the last commit before
   * @param now milliseconds of a monotonic clock
   */
  constructor(log: RecentLog, last: number, flush: Flush, now = (): number => performance.now()) {
    this.#log = log;
    this.#last = this.#flushed = last;
    this.#flush = flush;
    this.#now = now;
  }

  async commit(changes: readonly Change[]): Promise<void> {
    if (this.#now() - this.#oldest > MAX_LAG_MS) await this.#flushing;
    if (this.#failure !== undefined) throw this.#failure.error;
    const number = this.#last + 1;
    await this.#log.add({ number, changes }, this.#flushed);
    this.#last = number;
    for (const change of changes) this.#changes.push(change);
    this.#oldest = Math.min(this.#oldest, this.#now());
    this.#flushing ??= this.#flushAll();
  }

  async #flushAll(): Promise<void> {
    try {
      while (this.#changes.length > 0) {
        await this.#pause();
        const [changes, number] = [this.#changes, this.#last];
        this.#changes = [];
        const began = this.#now();
        await this.#flush(condensed(changes), number);
        this.#flushed = number;
        while ((this.#waiting[0]?.number ?? Infinity) <= number) this.#waiting.shift()?.resolve();
        this.#oldest = this.#changes.length > 0 ? began : Number.POSITIVE_INFINITY;
      }
    } catch (error) {
      this.#failure = { error };
      this.#failed(error);
    } finally {
      this.#flushing = undefined;
    }
  }

  async #pause(): Promise<void> {
    if (this.#isUrgent) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, PAUSE_MS);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** @returns once all commits so far are on the disk */
  async onDisk(): Promise<void> {
    const number = this.#last;
    if (this.#flushed < number)
      await new Promise<void>((resolve) => void this.#waiting.push({ number, resolve }));
  }

  /** Brings everything to the disk at once. @returns whether it is there */
  async settle(): Promise<boolean> {
    this.#isUrgent = true;
    this.#endPause?.();
    await this.#flushing;
    this.#isUrgent = false;
    return this.#failure === undefined;
  }

  /** Nothing is committed any more. */
  close(): Promise<void> {
    return this.#log.close();
  }
}
