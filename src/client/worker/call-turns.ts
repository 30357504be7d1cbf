interface Waiting {
  readonly isAlone: boolean;
  readonly isWanted: () => boolean;
  readonly begin: (end: () => void) => void;
}

/**
 * Which tasks of a worker process are under way at the same time (S22.14). A task may have to run alone, because a
 * worker ended while it and others ran; tasks that come later then wait for their turn behind it.
 */
export class CallTurns {
  readonly #waiting: Waiting[] = [];
  #running = 0;
  #isAlone = false;

  /**
   * Waits for the turn of a task.
   * @param isWanted a task that is not wanted any more does not wait
   * @returns a function that ends the turn
   */
  enter(isAlone: boolean, isWanted: () => boolean): Promise<() => void> | (() => void) {
    if (!isAlone && !this.#isAlone && this.#waiting.length === 0) return this.#begin(false);
    return new Promise((begin) => {
      this.#waiting.push({ isAlone, isWanted, begin });
      this.#admit();
    });
  }

  /** Tasks may not be wanted any more. */
  recheck(): void {
    const unwanted = this.#waiting.filter(({ isWanted }) => !isWanted());
    if (unwanted.length === 0) return;
    for (const each of unwanted) {
      this.#waiting.splice(this.#waiting.indexOf(each), 1);
      each.begin(() => undefined);
    }
    this.#admit();
  }

  #begin(isAlone: boolean): () => void {
    this.#running++;
    this.#isAlone = isAlone;
    return () => {
      this.#running--;
      this.#isAlone = false;
      this.#admit();
    };
  }

  #admit(): void {
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      const { isAlone, begin } = next;
      if (this.#isAlone || (isAlone && this.#running > 0)) return;
      this.#waiting.shift();
      begin(this.#begin(isAlone));
    }
  }
}
