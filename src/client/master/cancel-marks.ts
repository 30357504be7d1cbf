import type { ConnectionPool } from '../connection/connection-pool.ts';
import { CANCELLED_BATCHES, type OnAbort } from '../task/task-metadata.ts';

/**
 * The cancelled batches that are not settled, in a variable that sentinels read. It is a single that always contains
 * all of them, so nothing accumulates, and a sentinel that reads late misses nothing that still matters.
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

  /** Stores once at a time; later changes are stored together. */
  async #store(): Promise<void> {
    this.#hasChanged = true;
    if (this.#isStoring) return;
    this.#isStoring = true;
    while (this.#hasChanged) {
      this.#hasChanged = false;
      const marks = Object.fromEntries(this.#marks);
      // If it cannot be stored, no sentinel can read it either.
      await this.#lines.main.store(this.#workspace, CANCELLED_BATCHES, marks).catch(() => undefined);
    }
    this.#isStoring = false;
  }
}
