/**
 * A value that `scatter` has sent to the server. Give it as `fixedArgs` of any number of batches and calls: each worker
 * gets it once, when it first needs it.
 */
export class Scattered<T = unknown> implements AsyncDisposable {
  /** Never present; it only carries the type. */
  declare readonly type?: T;
  readonly #free: () => Promise<void>;

  /** @internal */
  constructor(free: () => Promise<void>) {
    this.#free = free;
  }

  /**
   * Deletes the value, when the batches that use it are settled. It cannot be given to further ones.
   * @returns when it is not to be used any more
   */
  free(): Promise<void> {
    return this.#free();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.free();
  }
}
