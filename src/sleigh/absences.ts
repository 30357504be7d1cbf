import { answersUpTo, isRegistered, type Worker } from './agents.ts';
import { absentRanks, type RankRange } from './result-queue.ts';
import type { Sleigh } from './sleigh.ts';
import type { Broadcast } from './tasks.ts';

/**
 * The expected ranks (S4) that are answered for, since nobody is there for whom `isThere` holds. Under the policy
 * `shutdown` that concerns only ranks whose sentinel supervises (S13, S19).
 */
function absent({ crew, joining, options }: Sleigh, isThere: (worker: Worker) => boolean): RankRange[] {
  if (options.onDeadWorker !== 'shutdown') return absentRanks(joining.ranksExpected, crew.ranksOf(isThere));
  const concerned = Math.min(joining.ranksExpected, crew.size);
  const others = crew.ranksOf((worker) => worker.sentinel.session === undefined || isThere(worker));
  return absentRanks(concerned, others);
}

/** Those that nobody is registered under now. */
export const absentNow = (sleigh: Sleigh): RankRange[] => absent(sleigh, isRegistered);

/** Those that each of the broadcasts never reached; who is absent changes with each end alone. @param broadcasts oldest first */
export function* absentFrom(
  sleigh: Sleigh,
  broadcasts: readonly Broadcast[],
): Generator<[Broadcast, RankRange[]]> {
  const ends = sleigh.crew.endsByBroadcast();
  let ended = 0;
  let ranges: RankRange[] | undefined;
  for (const broadcast of broadcasts) {
    const { number } = broadcast;
    for (; (ends[ended] ?? Number.POSITIVE_INFINITY) <= number; ended++) ranges = undefined;
    ranges ??= absent(sleigh, (worker) => number < answersUpTo(worker));
    yield [broadcast, ranges];
  }
}
