import type { Reply } from '../../../src/verify/client-codec.ts';
import type { Random } from '../../world/random.ts';

/** The options of one job, by the seed. */
export interface Plan {
  readonly name: string;
  readonly policy: 'shutdown' | 'requeue' | 'null';
  readonly maxAttempts: number;
  /** Whether the group closes (S17). */
  readonly join: 'closing' | 'elastic';
  /** Seconds within which a worker may come back; 0: never (S18). */
  readonly reconnectGrace: number;
  /** Whether its sentinels supervise their workers (S19). */
  readonly isSupervised: boolean;
  readonly persistent: boolean;
  /** The maximum number of workers; -1: unlimited. */
  readonly rankCount: number;
  readonly hosts: number;
  readonly ranksPerHost: number;
  readonly batches: number;
  readonly tasksPerBatch: number;
  readonly broadcasts: number;
  readonly taskSeconds: number;
  /** The probability that a connection is bad. */
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
    // A rank whose worker never registers is in use in an elastic group: with a maximum, all ranks may be.
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

/** The current number of copies of a broadcast, in an elastic group (S17). */
export function copiesToldIn({ metadata: { nwsCopies } }: Reply): number | undefined {
  return nwsCopies === undefined ? undefined : Number(nwsCopies);
}

/** The expected and received results of a master, by the name of the task. */
export class Ledger {
  readonly #due = new Map<string, number>();
  /** The number of missing results. */
  readonly #answers = new Map<string, number>();
  /** How it ended for the master: 'gone' by default. */
  outcome: 'served' | 'told that it is over' | 'gone' = 'gone';
  readonly #registrations = new Map<number, number>();
  readonly #replacements = new Map<number, number>();
  /** The reported ranks, by the code word of the report (S19). */
  readonly #reports = new Map<string, number>();
  readonly #wrongs: string[] = [];

  wrong(what: string): void {
    this.#wrongs.push(what);
  }

  /** A worker has that rank; one that comes back still has it. */
  registered(rank: number): void {
    this.#registrations.set(rank, (this.#registrations.get(rank) ?? 0) + 1);
  }

  /** Another worker may register under it (S19). */
  replaced(rank: number): void {
    this.#replacements.set(rank, (this.#replacements.get(rank) ?? 0) + 1);
  }

  /** Its sentinel reports how the worker of that rank ended. */
  reported(rank: number, why: string): void {
    this.#reports.set(why, rank);
  }

  /** @param times the total number of due results */
  accepted(id: string, times: number): void {
    this.#answers.set(id, times - (this.#due.get(id) ?? 0) + (this.#answers.get(id) ?? 0));
    this.#due.set(id, times);
  }

  /** Due results that have not arrived. */
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

  /** S19: a null result contains the report of the sentinel of that rank, and nothing else. */
  #checkNull({ metadata: { id, nwsNull, nwsWhy, nwsWorkerRank } }: Reply): void {
    if (nwsWhy === undefined) return;
    const rank = this.#reports.get(nwsWhy);
    if (nwsNull !== '1')
      this.wrong(`the result of ${id} says why its worker ended, and is none of a dead one`);
    // A worker that is replaced without a report has died.
    if (nwsWhy !== 'died' && rank !== Number(nwsWorkerRank))
      this.wrong(
        `${id} is said to have ended with rank ${nwsWorkerRank} as ${nwsWhy}, which is of rank ${rank}`,
      );
  }

  /** Tasks that were not answered exactly as often as required. */
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
