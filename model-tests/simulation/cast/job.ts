import type { Reply } from '../../../test/support/replies.ts';
import type { Random } from '../../world/random.ts';

/** What one job is like, as the seed has it. */
export interface Plan {
  readonly name: string;
  readonly policy: 'shutdown' | 'requeue' | 'null';
  readonly maxAttempts: number;
  /** Whether the group closes (S17). */
  readonly join: 'closing' | 'elastic';
  /** Seconds that a worker has to come back; 0: it never does (S18). */
  readonly reconnectGrace: number;
  /** Whether its sentinels supervise their workers (S19). */
  readonly isSupervised: boolean;
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

export function planOf(name: string, random: Random): Plan {
  const join = random.pick('closing', 'closing', 'elastic');
  return {
    name,
    policy: random.pick('requeue', 'requeue', 'null', 'shutdown'),
    maxAttempts: random.whole(1, 4),
    join,
    reconnectGrace: random.pick(0, 5, 60, 1_800),
    isSupervised: random.chance(0.5),
    persistent: random.chance(0.3),
    // A rank whose worker never comes is in use in an elastic group: with a maximum, all may be.
    rankCount: join === 'closing' && random.chance(0.3) ? random.whole(1, 6) : -1,
    hosts: random.whole(1, 4),
    ranksPerHost: random.whole(1, 4),
    batches: random.whole(1, 4),
    tasksPerBatch: random.whole(1, 40),
    broadcasts: random.whole(0, 2),
    taskSeconds: random.pick(1, 10, 60),
    frailty: random.pick(0, 0.1, 0.1, 0.3, 0.6),
  };
}

/** How many copies of a broadcast there are so far, where the group is elastic (S17). */
export function copiesToldIn({ metadata: { nwsCopies } }: Reply): number | undefined {
  return nwsCopies === undefined ? undefined : Number(nwsCopies);
}

/** What a master was promised and what it got, by the name of the task. */
export class Ledger {
  readonly #due = new Map<string, number>();
  /** How many of those have not come. */
  readonly #answers = new Map<string, number>();
  /** How it ended for the master: 'gone' unless it says something else. */
  outcome: 'served' | 'told that it is over' | 'gone' = 'gone';
  readonly #registrations = new Map<number, number>();
  readonly #replacements = new Map<number, number>();
  /** The ranks of which something was reported, by the code word of the report (S19). */
  readonly #reports = new Map<string, number>();
  readonly #wrongs: string[] = [];

  wrong(what: string): void {
    this.#wrongs.push(what);
  }

  /** Somebody is the worker of that rank; who comes back is so still. */
  registered(rank: number): void {
    this.#registrations.set(rank, (this.#registrations.get(rank) ?? 0) + 1);
  }

  /** Another worker may register under it (S19). */
  replaced(rank: number): void {
    this.#replacements.set(rank, (this.#replacements.get(rank) ?? 0) + 1);
  }

  /** Its sentinel says how the worker of that rank ended. */
  reported(rank: number, why: string): void {
    this.#reports.set(why, rank);
  }

  /** @param times how many results are due, in all */
  accepted(id: string, times: number): void {
    this.#answers.set(id, times - (this.#due.get(id) ?? 0) + (this.#answers.get(id) ?? 0));
    this.#due.set(id, times);
  }

  /** Results that are due and have not come. */
  left(id: string): number {
    return this.#answers.get(id) ?? 0;
  }

  answered(reply: Reply): void {
    const id = reply.metadata['id'] ?? 'nothing';
    const copies = copiesToldIn(reply);
    if (copies !== undefined && copies > (this.#due.get(id) ?? 0)) this.accepted(id, copies);
    this.#answers.set(id, (this.#answers.get(id) ?? 0) - 1);
    this.#checkNull(reply);
  }

  /** S19: a null result says what the sentinel of that rank reported, and nothing else. */
  #checkNull({ metadata: { id, nwsNull, nwsWhy, nwsWorkerRank } }: Reply): void {
    if (nwsWhy === undefined) return;
    const rank = this.#reports.get(nwsWhy);
    if (nwsNull !== '1')
      this.wrong(`the result of ${id} says why its worker ended, and is none of a dead one`);
    // One that is replaced without a report has died.
    if (nwsWhy !== 'died' && rank !== Number(nwsWorkerRank))
      this.wrong(
        `${id} is said to have ended with rank ${nwsWorkerRank} as ${nwsWhy}, which is of rank ${rank}`,
      );
  }

  /** What was not answered exactly as often as it must be. */
  get wrongs(): string[] {
    const tooOften = [...this.#registrations].filter(
      ([rank, times]) => times > 1 + (this.#replacements.get(rank) ?? 0),
    );
    const registered = [
      ...this.#wrongs,
      ...tooOften.map(([rank, times]) => `rank ${rank} was registered ${times} times`),
    ];
    if (this.outcome !== 'served') {
      const tooMany = [...this.#answers].filter(([, left]) => left < 0);
      return [...registered, ...tooMany.map(([id, left]) => `${id} was answered ${-left} times too often`)];
    }
    const open = [...this.#answers].filter(([, left]) => left !== 0);
    return [...registered, ...open.map(([id, left]) => `${id}: ${left} answers are missing`)];
  }
}
