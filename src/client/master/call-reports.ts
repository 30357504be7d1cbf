import type { ConnectionPool } from '../connection/connection-pool.ts';
import { CALL_REPORTS, type CallReport } from '../task/call-report.ts';
import { unsafeCast } from '../unsafe-cast.ts';

/** Takes what calls say while they run, and passes it to the batches that listen (S23.9). */
export class CallReports {
  readonly #lines: ConnectionPool;
  readonly #workspace: string;
  /** By the id of the batch, or of the call of `submit`. */
  readonly #listeners = new Map<string, (report: CallReport) => void>();
  #taking: AbortController | undefined;
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
    if (this.#taking === undefined) void this.#take((this.#taking = new AbortController()));
  }

  remove(batch: string): void {
    this.#listeners.delete(batch);
    if (this.#listeners.size > 0) return;
    this.#taking?.abort();
    this.#taking = undefined;
  }

  async #take({ signal }: AbortController): Promise<void> {
    try {
      while (!signal.aborted) {
        const { value } = await this.#lines.wait(
          this.#workspace,
          'no call reports',
          { signal },
          (connection) => connection.fetch(this.#workspace, CALL_REPORTS),
        );
        const report = unsafeCast<CallReport>(value);
        this.#listeners.get(report.batch)?.(report);
      }
    } catch {
      // Nobody listens any more, or the job has ended.
    }
  }
}
