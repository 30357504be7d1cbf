import { TASK } from '../errors/job.ts';
import type { ThreadPort } from '../platform.ts';
import { TaskStopped } from '../task/task-failure.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import type { UnresolvedValue } from '../values/lending.ts';
import type { MemoryAnswer, MemoryRequest } from './worker-messages.ts';

/** The memory of the master's process, as a worker that is a thread of it gets it (S36). */
export class MasterMemory {
  /** Opens a port to the master; undefined for a worker that is a process. */
  readonly #open: (() => ThreadPort) | undefined;
  #port: ThreadPort | undefined;
  #isClosed = false;
  #made = 0;
  readonly #asked = new Map<number, (memory: MemoryAnswer['memory'] | undefined) => void>();

  constructor(open: (() => ThreadPort) | undefined) {
    this.#open = open;
  }

  /**
   * @returns the value with its memory
   * @throws TaskStopped if that memory is in another process, or was moved to another worker
   */
  async resolve(value: UnresolvedValue): Promise<unknown> {
    const { references } = value;
    const answers = await this.#ask(references);
    if (answers === undefined) throw new TaskStopped(TASK.memoryElsewhere());
    const memory = new Map<string, ArrayBufferLike>();
    for (const [at, reference] of references.entries()) {
      const each = answers[at];
      if (each === undefined) throw new TaskStopped(TASK.memoryGone());
      memory.set(reference, each);
    }
    return value.build(memory);
  }

  async #ask(references: readonly string[]): Promise<MemoryAnswer['memory'] | undefined> {
    const port = this.#opened();
    if (port === undefined || this.#isClosed) return undefined;
    return new Promise((resolve) => {
      const request: MemoryRequest = { asked: ++this.#made, references };
      this.#asked.set(request.asked, resolve);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have none
      port.postMessage(request);
    });
  }

  #opened(): ThreadPort | undefined {
    if (this.#port !== undefined || this.#open === undefined) return this.#port;
    const port = this.#open();
    port.on('message', (message) => {
      const { asked, memory } = unsafeCast<MemoryAnswer>(message);
      this.#asked.get(asked)?.(memory);
      this.#asked.delete(asked);
    });
    // The master is not in this process, or has ended.
    port.once('close', () => {
      this.#isClosed = true;
      for (const resolve of this.#asked.values()) resolve(undefined);
    });
    port.unref();
    this.#port = port;
    return port;
  }
}
