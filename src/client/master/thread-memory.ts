import { isSharedArrayBuffer } from 'node:util/types';
import type { ThreadPort } from '../platform.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import type { Lending } from '../values/lending.ts';
import type { MemoryAnswer, MemoryRequest } from '../worker/worker-messages.ts';

/** Memory of this process that a value refers to. It is kept as long as the value may be sent. */
interface LentMemory {
  readonly reference: string;
  /** Undefined when a worker has got it, and nobody else can. */
  memory: ArrayBufferLike | undefined;
}

/**
 * The memory that the master shares with workers that are threads of its process, or moves to one of them (S36). A value names
 * it by a reference, and the thread asks for it.
 */
export class ThreadMemory {
  /** Whether there are or were such workers. */
  isShared = false;
  readonly #secret: string;
  #made = 0;
  readonly #lent = new Map<string, WeakRef<LentMemory>>();
  readonly #shared = new WeakMap<SharedArrayBuffer, LentMemory>();
  readonly #forgotten = new FinalizationRegistry<string>((reference) => this.#lent.delete(reference));

  /** @param secret a text that no other master has */
  constructor(secret: string) {
    this.#secret = secret;
  }

  /**
   * @param transfer the memory that is moved
   * @returns undefined if all values are sent with their bytes
   */
  lending(transfer: readonly ArrayBuffer[] = []): Lending | undefined {
    if (!this.isShared) return undefined;
    const lent = new Map<ArrayBufferLike, LentMemory>();
    return {
      refer: (memory) => {
        const known = lent.get(memory) ?? this.#lend(memory, transfer);
        if (known !== undefined) lent.set(memory, known);
        return known?.reference;
      },
      lent: () => {
        for (const [memory, each] of lent)
          if (!isSharedArrayBuffer(memory)) each.memory = structuredClone(memory, { transfer: [memory] });
        return [...lent.values()];
      },
    };
  }

  /** @param port to a worker that is a thread */
  listen(port: ThreadPort): void {
    port.on('message', (message) => {
      const { asked, references } = unsafeCast<MemoryRequest>(message);
      const memory = references.map((reference) => this.#take(reference));
      const moved = memory.filter((each) => each !== undefined && !isSharedArrayBuffer(each));
      const answer: MemoryAnswer = { asked, memory };
      port.postMessage(answer, unsafeCast<ArrayBuffer[]>(moved));
    });
    port.unref();
  }

  #lend(memory: ArrayBufferLike, transfer: readonly ArrayBufferLike[]): LentMemory | undefined {
    const isShared = isSharedArrayBuffer(memory);
    const known = isShared ? this.#shared.get(memory) : undefined;
    if (known !== undefined) return known;
    if (!isShared && !transfer.includes(memory)) return undefined;
    const lent = { reference: `${this.#secret}.${++this.#made}`, memory };
    if (isShared) this.#shared.set(memory, lent);
    this.#lent.set(lent.reference, new WeakRef(lent));
    this.#forgotten.register(lent, lent.reference);
    return lent;
  }

  #take(reference: string): ArrayBufferLike | undefined {
    const lent = this.#lent.get(reference)?.deref();
    const memory = lent?.memory;
    if (lent !== undefined && !isSharedArrayBuffer(memory)) lent.memory = undefined;
    return memory;
  }
}
