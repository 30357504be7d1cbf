import { Node, Yallist } from 'yallist';
import type { PendingGet } from './pending-get.ts';

/** Gets in the order in which they came. Any of them can be removed in constant time. */
export class WaitingLine {
  readonly #asks = new Yallist<PendingGet>();

  get length(): number {
    return this.#asks.length;
  }

  /** Iterates over the gets; the one that has waited longest is first. */
  [Symbol.iterator](): Iterator<PendingGet> {
    return this.#asks[Symbol.iterator]();
  }

  /** @param left called when the get leaves before its turn */
  add(ask: PendingGet, left?: () => void): void {
    const node = new Node(ask);
    this.#asks.pushNode(node);
    ask.wait(() => {
      this.#asks.removeNode(node);
      left?.();
    });
  }

  /** Removes the get that has waited longest. */
  shift(): PendingGet | undefined {
    const ask = this.#asks.shift();
    ask?.wait(undefined);
    return ask;
  }

  /** Removes matching gets one by one, the one that has waited longest first. */
  *taken(isWanted: (ask: PendingGet) => boolean): Generator<PendingGet> {
    for (let ask = this.takeFirst(isWanted); ask !== undefined; ask = this.takeFirst(isWanted)) yield ask;
  }

  /** Removes the matching get that has waited longest. */
  takeFirst(isWanted: (ask: PendingGet) => boolean): PendingGet | undefined {
    for (let node = this.#asks.head; node !== undefined; node = node.next) {
      if (!isWanted(node.value)) continue;
      this.#asks.removeNode(node);
      node.value.wait(undefined);
      return node.value;
    }
    return undefined;
  }

  /**
   * Removes all gets at once.
   * @returns them in the order in which they came; some may have been withdrawn when their turn comes
   */
  takeAll(): readonly PendingGet[] {
    return [...this.drain()];
  }

  /** Removes all gets one by one, in the order in which they came. */
  *drain(): Generator<PendingGet> {
    for (let n = this.#asks.length; n > 0; n--) {
      const ask = this.shift();
      if (ask === undefined) return;
      yield ask;
    }
  }
}
