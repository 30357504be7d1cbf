import { TASK } from '../errors/job.ts';
import { TaskStopped } from '../task/task-failure.ts';

/** Names memory of this process in a value, in place of its bytes (S36). */
export interface Lending {
  /** @returns the reference of that memory; undefined if its bytes are sent */
  refer(memory: ArrayBufferLike): string | undefined;
  /**
   * The value is encoded. Memory that is moved is not the program's any more.
   * @returns what keeps the memory, as long as it is referenced
   */
  lent(): unknown;
}

/** A value that refers to memory of the process of its master (S36). */
export class UnresolvedValue {
  /** The references to that memory. */
  readonly references: readonly string[];
  readonly #build: (memory: ReadonlyMap<string, ArrayBufferLike>) => unknown;

  constructor(
    references: readonly string[],
    build: (memory: ReadonlyMap<string, ArrayBufferLike>) => unknown,
  ) {
    this.references = references;
    this.#build = build;
  }

  /** @throws TaskStopped if the value cannot be decoded */
  build(memory: ReadonlyMap<string, ArrayBufferLike>): unknown {
    try {
      return this.#build(memory);
    } catch (cause) {
      throw new TaskStopped(TASK.unreadable(0, String(cause)), { cause });
    }
  }
}
