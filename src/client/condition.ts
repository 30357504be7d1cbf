/** Wakes all callers that wait for a change. */
export class Condition {
  #waiting: (() => void)[] = [];

  /** @returns a promise that resolves at the next `give` */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
