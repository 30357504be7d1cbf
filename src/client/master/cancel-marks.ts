import type { ConnectionPool } from '../connection/connection-pool.ts';
import { CANCELLED_BATCHES, type OnAbort } from '../task/task-metadata.ts';

/**
 * Which batches are cancelled and not settled yet, in a variable that sentinels read. It is a single, and always has the
 * whole of it, so that nothing grows, and who reads late misses nothing that still matters.
 */
export class CancelMarks {
  readonly #lines: ConnectionPool;
  readonly #workspace: string;
  readonly #marks = new Map<string, OnAbort>();
  #isStoring = false;
  #hasChanged = false;

  constructor(lines: ConnectionPool, workspace: string) {
    this.#lines = lines;
    this.#workspace = workspace;
  }

  set(batch: string, how: OnAbort): void {
    this.#marks.set(batch, how);
    void this.#store();
  }

  delete(batch: string): void {
    if (this.#marks.delete(batch)) void this.#store();
  }

  /** One store at a time: changes that come meanwhile go together. */
  async #store(): Promise<void> {
    this.#hasChanged = true;
    if (this.#isStoring) return;
    this.#isStoring = true;
    while (this.#hasChanged) {
      this.#hasChanged = false;
      const marks = Object.fromEntries(this.#marks);
      // Where it cannot be told there is nobody to tell.
      await this.#lines.main.store(this.#workspace, CANCELLED_BATCHES, marks).catch(() => undefined);
    }
    this.#isStoring = false;
  }
}
