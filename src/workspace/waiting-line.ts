import { Node, Yallist } from 'yallist';
import type { PendingGet } from './pending-get.ts';

/** Gets in the order in which they came. Any of them can be removed in constant time. */
export class WaitingLine<Get extends PendingGet = PendingGet> {
  readonly #asks = new Yallist<Get>();

  get length(): number {
    return this.#asks.length;
  }

  /** Iterates over the gets; the one that has waited longest is first. */
  [Symbol.iterator](): Iterator<Get> {
    return this.#asks[Symbol.iterator]();
  }

  /** @param left called when the get leaves before its turn */
  add(get: Get, left?: () => void): void {
    const node = new Node(get);
    this.#asks.pushNode(node);
    get.wait(() => {
      this.#asks.removeNode(node);
      left?.();
    });
  }

  /** Removes the get that has waited longest. */
  shift(): Get | undefined {
    const get = this.#asks.shift();
    get?.wait(undefined);
    return get;
  }

  /** Removes matching gets one by one, the one that has waited longest first. */
  *taken(isWanted: (get: Get) => boolean): Generator<Get> {
    for (let get = this.takeFirst(isWanted); get !== undefined; get = this.takeFirst(isWanted)) yield get;
  }

  /** Removes the matching get that has waited longest. */
  takeFirst(isWanted: (get: Get) => boolean): Get | undefined {
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
  takeAll(): readonly Get[] {
    return [...this.drain()];
  }

  /** Removes all gets one by one, in the order in which they came. */
  *drain(): Generator<Get> {
    for (let get = this.shift(); get !== undefined; get = this.shift()) yield get;
  }
}
