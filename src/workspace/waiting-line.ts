import { Node, Yallist } from 'yallist';
import type { PendingGet } from './pending-get.ts';

/** Asks in the order in which they came; any of them may leave at any time, at the same small cost. */
export class WaitingLine {
  readonly #asks = new Yallist<PendingGet>();

  get length(): number {
    return this.#asks.length;
  }

  /** Who has waited longest comes first. */
  [Symbol.iterator](): Iterator<PendingGet> {
    return this.#asks[Symbol.iterator]();
  }

  /** `left` is called when it leaves by itself, before it is its turn. */
  add(ask: PendingGet, left?: () => void): void {
    const node = new Node(ask);
    this.#asks.pushNode(node);
    ask.wait(() => {
      this.#asks.removeNode(node);
      left?.();
    });
  }

  /** Takes out who has waited longest. */
  shift(): PendingGet | undefined {
    const ask = this.#asks.shift();
    ask?.wait(undefined);
    return ask;
  }

  /** Takes out those that are wanted one by one, who has waited longest first, until there is none. */
  *taken(isWanted: (ask: PendingGet) => boolean): Generator<PendingGet> {
    for (let ask = this.takeFirst(isWanted); ask !== undefined; ask = this.takeFirst(isWanted)) yield ask;
  }

  /** Takes out who has waited longest of those that are wanted. */
  takeFirst(isWanted: (ask: PendingGet) => boolean): PendingGet | undefined {
    for (let node = this.#asks.head; node !== undefined; node = node.next) {
      if (!isWanted(node.value)) continue;
      this.#asks.removeNode(node);
      node.value.wait(undefined);
      return node.value;
    }
    return undefined;
  }

  /** Takes out everyone at once. @returns who came first first; some may have left by the time that it is their turn */
  takeAll(): readonly PendingGet[] {
    return [...this.drain()];
  }

  /** Takes out everyone one by one, who came first first. */
  *drain(): Generator<PendingGet> {
    for (let n = this.#asks.length; n > 0; n--) {
      const ask = this.shift();
      if (ask === undefined) return;
      yield ask;
    }
  }
}
