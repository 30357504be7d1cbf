import { answersForAbsent } from '../machines/dead-worker-policy.ts';
import { answersUpTo, isRegistered, type Worker } from './agents.ts';
import { absentRanks, RangesOfRanks, RanksNotReached, type Ranks } from './ranks.ts';
import type { Crew } from './crew.ts';
import type { Joining } from './joining.ts';
import type { JobOptions } from './options.ts';
import type { Broadcast } from './task.ts';

/** What of a job says who is absent. */
interface Group {
  readonly options: JobOptions;
  readonly crew: Crew;
  readonly joining: Joining;
  readonly registrations: { readonly accepted: number };
}

const isAnsweredFor = ({ options }: Group, { sentinel }: Worker): boolean =>
  answersForAbsent(options.onDeadWorker, sentinel.session !== undefined);

/** The expected ranks (S4) that may have to be answered for are those below this one. */
const limitOf = ({ options, joining, crew }: Group): number =>
  // A rank that nobody was given has no sentinel.
  answersForAbsent(options.onDeadWorker, false)
    ? joining.ranksExpected
    : Math.min(joining.ranksExpected, crew.size);

/**
 * The ranks that get null results because no worker is registered under them. Broadcasts for the same ranks share
 * them.
 */
export class AbsentRanks {
  readonly #sleigh: Group;
  #last: { readonly at: string; readonly ranks: RangesOfRanks } | undefined;

  constructor(sleigh: Group) {
    this.#sleigh = sleigh;
  }

  get now(): Ranks {
    const { crew, joining, registrations } = this.#sleigh;
    const { registered } = joining.context;
    // Visiting each rank takes long, and the result stays the same while these values do.
    const at = [
      limitOf(this.#sleigh),
      crew.size,
      crew.replacements,
      registrations.accepted,
      registered,
    ].join();
    if (this.#last?.at !== at) this.#last = { at, ranks: this.#look() };
    return this.#last.ranks;
  }

  #look(): RangesOfRanks {
    const others = this.#sleigh.crew.ranksOf(
      // Most of very many have no client, and their charts need not be asked.
      (worker) =>
        !isAnsweredFor(this.#sleigh, worker) || (worker.client !== undefined && isRegistered(worker)),
    );
    return new RangesOfRanks(absentRanks(limitOf(this.#sleigh), others));
  }
}

/**
 * The ranks that each broadcast never reached and that get null results.
 * @param broadcasts oldest first
 */
export function* notReached(
  sleigh: Group,
  broadcasts: readonly Broadcast[],
): Generator<readonly [Broadcast, Ranks]> {
  const ends = new Float64Array(limitOf(sleigh));
  for (const worker of sleigh.crew.everyWorker)
    if (worker.rank < ends.length)
      ends[worker.rank] = isAnsweredFor(sleigh, worker) ? answersUpTo(worker) : Number.POSITIVE_INFINITY;
  // How many ends there are at each broadcast: sorting as many as there are ranks would take long.
  const [first] = broadcasts;
  const endsAt = new Float64Array(broadcasts.length);
  for (const end of ends) {
    const at = Math.max(end - (first?.number ?? 0), 0);
    if (at < endsAt.length) endsAt[at] = (endsAt[at] ?? 0) + 1;
  }
  let ended = 0;
  for (const [at, broadcast] of broadcasts.entries()) {
    ended += endsAt[at] ?? 0;
    yield [broadcast, new RanksNotReached(ends, broadcast.number, ended)];
  }
}
