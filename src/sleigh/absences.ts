import { isRegistered } from './agents.ts';
import { absentRanks, type RankRange } from './result-queue.ts';
import type { Sleigh } from './sleigh.ts';
import type { Broadcast } from './tasks.ts';

/** The expected ranks (S4) that nobody is registered under now. */
export const absentNow = ({ crew, joining }: Sleigh): RankRange[] =>
  absentRanks(joining.ranksExpected, crew.ranksOf(isRegistered));

/** Those that each of the broadcasts never reached; who is absent changes with each death alone. @param broadcasts oldest first */
export function* absentFrom(
  { crew, joining }: Sleigh,
  broadcasts: readonly Broadcast[],
): Generator<[Broadcast, RankRange[]]> {
  const deaths = crew.deathsByBroadcast();
  let absent: RankRange[] | undefined;
  for (const broadcast of broadcasts) {
    const { number } = broadcast;
    while ((deaths[0] ?? Number.POSITIVE_INFINITY) <= number) {
      deaths.shift();
      absent = undefined;
    }
    const present = (): Iterable<number> => crew.ranksOf((worker) => crew.hadBroadcast(worker, number));
    absent ??= absentRanks(joining.ranksExpected, present());
    yield [broadcast, absent];
  }
}
