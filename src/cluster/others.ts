import type { TcpServer } from '../transport/server.ts';
import type { OthersUse } from '../workspace/others-use.ts';

interface Part {
  readonly number: number;
  /** Undefined while this server does not own it. */
  readonly tcp: TcpServer | undefined;
}

/** What all partitions of a server except one hold at any moment: the limits are those of the server (P12). */
export class OtherPartitions implements OthersUse {
  readonly #all: () => readonly Part[];
  readonly #self: number;

  constructor(all: () => readonly Part[], self: number) {
    this.#all = all;
    this.#self = self;
  }

  get memory(): number {
    return this.#sum(({ core: { accounting } }) => accounting.memory + accounting.incoming.bytes);
  }
  get incoming(): number {
    return this.#sum(({ core }) => core.accounting.incoming.bytes);
  }
  get arrived(): number {
    return this.#sum(({ core }) => core.accounting.unread.bytes);
  }
  get values(): number {
    return this.#sum(({ core }) => core.accounting.bytes);
  }
  get unread(): number {
    return this.#sum(({ counts }) => counts.unread);
  }

  #sum(use: (tcp: TcpServer) => number): number {
    let sum = 0;
    for (const { number, tcp } of this.#all())
      if (number !== this.#self && tcp !== undefined) sum += use(tcp);
    return sum;
  }
}
