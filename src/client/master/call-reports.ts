import type { ConnectionPool } from '../connection/connection-pool.ts';
import { CALL_REPORTS, type CallReport } from '../task/call-report.ts';
import { unsafeCast } from '../unsafe-cast.ts';

/** Takes what calls say while they run, and passes it to the batches that listen (S23.9). */
export class CallReports {
  readonly #lines: ConnectionPool;
  readonly #workspace: string;
  /** By the id of the batch, or of the call of `submit`. */
  readonly #listeners = new Map<string, (report: CallReport) => void>();
  /** Those whose calls have not ended. */
  readonly #active = new Set<string>();
  #taking: AbortController | undefined;
  /** The end of the last taking. */
  #ended: Promise<void> = Promise.resolve();
  #declared: Promise<unknown> | undefined;

  constructor(lines: ConnectionPool, workspace: string) {
    this.#lines = lines;
    this.#workspace = workspace;
  }

  /** @returns when reports of calls can be stored */
  async prepare(): Promise<void> {
    this.#declared ??= this.#lines.main.declare(this.#workspace, CALL_REPORTS, 'fifo');
    await this.#declared;
  }

  /** Passes on the reports of that batch until `removed`. */
  add(batch: string, listener: (report: CallReport) => void): void {
    this.#listeners.set(batch, listener);
    this.#active.add(batch);
    if (this.#taking !== undefined) return;
    this.#taking = new AbortController();
    this.#ended = this.#take(this.#taking.signal);
  }

  /**
   * The calls of that batch have ended. What they have said until then is passed on; while other batches run, a report that
   * is just arriving may be lost.
   */
  async remove(batch: string): Promise<void> {
    this.#active.delete(batch);
    try {
      for (;;) {
        const found = await this.#lines.main.fetchTry(this.#workspace, CALL_REPORTS);
        if (found === undefined) break;
        this.#pass(found.value);
      }
    } catch {
      // The job has ended.
    }
    if (this.#active.size === 0) {
      this.#taking?.abort();
      this.#taking = undefined;
      // It may have taken a report just now.
      await this.#ended;
    }
    this.#listeners.delete(batch);
  }

  async #take(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        const { value } = await this.#lines.wait(
          this.#workspace,
          'no call reports',
          { signal },
          (connection) => connection.fetch(this.#workspace, CALL_REPORTS),
        );
        this.#pass(value);
      }
    } catch {
      // Nobody listens any more, or the job has ended.
    }
  }

  #pass(value: unknown): void {
    const report = unsafeCast<CallReport>(value);
    this.#listeners.get(report.batch)?.(report);
  }
}
