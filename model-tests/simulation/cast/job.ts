import type { Reply } from '../../../test/support/replies.ts';
import type { Random } from '../world/random.ts';

/** What one job is like, as the seed has it. */
export interface Plan {
  readonly name: string;
  readonly policy: 'shutdown' | 'requeue' | 'null';
  readonly maxAttempts: number;
  readonly persistent: boolean;
  /** The most workers; -1: any number. */
  readonly rankCount: number;
  readonly hosts: number;
  readonly ranksPerHost: number;
  readonly batches: number;
  readonly tasksPerBatch: number;
  readonly broadcasts: number;
  readonly taskSeconds: number;
  /** How likely it is that a connection is bad. */
  readonly frailty: number;
}

export const planOf = (name: string, random: Random): Plan => ({
  name,
  policy: random.pick('requeue', 'requeue', 'null', 'shutdown'),
  maxAttempts: random.whole(1, 4),
  persistent: random.chance(0.3),
  rankCount: random.chance(0.3) ? random.whole(1, 6) : -1,
  hosts: random.whole(1, 4),
  ranksPerHost: random.whole(1, 4),
  batches: random.whole(1, 4),
  tasksPerBatch: random.whole(1, 40),
  broadcasts: random.whole(0, 2),
  taskSeconds: random.pick(1, 10, 60),
  frailty: random.pick(0, 0.1, 0.1, 0.3, 0.6),
});

/** What a master was promised and what it got, by the name of the task. */
export class Ledger {
  readonly #answers = new Map<string, number>();
  /** How it ended for the master: 'gone' unless it says something else. */
  outcome: 'served' | 'told that it is over' | 'gone' = 'gone';
  readonly registrations = new Map<number, number>();

  /** @param times how many results are due */
  accepted(id: string, times: number): void {
    this.#answers.set(id, times);
  }

  answered({ metadata }: Reply): void {
    const id = metadata['id'] ?? 'nothing';
    this.#answers.set(id, (this.#answers.get(id) ?? 0) - 1);
  }

  /** What was not answered exactly as often as it must be. */
  get wrongs(): string[] {
    const twice = [...this.registrations].filter(([, times]) => times > 1);
    const registered = twice.map(([rank]) => `rank ${rank} was registered twice`);
    if (this.outcome !== 'served') {
      const tooMany = [...this.#answers].filter(([, left]) => left < 0);
      return [...registered, ...tooMany.map(([id, left]) => `${id} was answered ${-left} times too often`)];
    }
    const open = [...this.#answers].filter(([, left]) => left !== 0);
    return [...registered, ...open.map(([id, left]) => `${id}: ${left} answers are missing`)];
  }
}
