/** Wakes whoever waits for something to have changed. */
export class Condition {
  #waiting: (() => void)[] = [];

  /** @returns at the next `give` */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
