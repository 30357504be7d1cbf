import { setImmediate as settled } from 'node:timers/promises';
import type { Change, Entity } from '../../src/store/change.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';

/** A store in memory whose commits end when a test says so. */
export class ManualStore implements Store {
  readonly memory = new MemoryStore();
  /** The changes of each commit so far. */
  readonly commits: (readonly Change[])[] = [];
  #end: { readonly finish: () => void; readonly fail: (error: Error) => void } | undefined;
  isClosed = false;
  /** Whether replies that only read wait for a commit. */
  confirmsReads = false;
  /** What is committed is on the disk then; at once, if there is no such function. */
  onDisk?: () => Promise<void>;
  /** Ends the promise of a failure after a commit. */
  failLater: (error: Error) => void = () => undefined;
  readonly failure = new Promise<unknown>((resolve) => (this.failLater = resolve));

  claim(): Promise<void> {
    return Promise.resolve();
  }

  load(): AsyncIterable<readonly Entity[]> {
    return this.memory.load();
  }

  commit(changes: readonly Change[]): Promise<void> {
    if (this.#end !== undefined) throw new Error('two commits at a time');
    this.commits.push(changes);
    return new Promise((resolve, reject) => {
      this.#end = {
        finish: () => {
          this.memory.apply(changes);
          resolve();
        },
        fail: reject,
      };
    });
  }

  get isCommitting(): boolean {
    return this.#end !== undefined;
  }

  /** Ends the commit that is under way. @returns once what waited for it has happened */
  async finish(): Promise<void> {
    const end = this.#end;
    this.#end = undefined;
    end?.finish();
    await settled();
  }

  async fail(error: Error): Promise<void> {
    const end = this.#end;
    this.#end = undefined;
    end?.fail(error);
    await settled();
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}
