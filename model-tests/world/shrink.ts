import { writeCounterexample } from '../../src/verify/diagram/files.ts';
import type { SequenceDiagram } from '../../src/verify/diagram/sequence.ts';
import { ALL_PARTS, type Without } from './faults.ts';

/** What a seed comes to. */
export interface Outcome {
  /** Empty if everything was correct. */
  readonly wrongs: readonly string[];
  readonly diagram: SequenceDiagram;
  readonly faults: ReadonlyMap<string, number>;
}

/** How long shrinking may go on: the run that is under way then is the last. */
export interface ShrinkLimit {
  readonly runs: number;
  readonly milliseconds?: number;
}

const LIMIT: ShrinkLimit = { runs: 200, milliseconds: 60_000 };

/** A violation without its numbers, which differ when something is left out. */
const kindOf = (wrong: string): string => wrong.replaceAll(/\d+/g, '#');

interface Shrunk<Found> {
  readonly without: Without;
  readonly outcome: Found;
}

/**
 * Leaves out faults and parts of the cast as long as a seed shows a violation of the same kind: half of what is there, then a
 * quarter, and so on to single ones.
 * @param play plays the seed without some parts; the same each time
 */
export async function shrink<Found extends Outcome>(
  found: Found,
  play: (without: Without) => Found | Promise<Found>,
  { runs, milliseconds = Infinity } = LIMIT,
): Promise<Shrunk<Found>> {
  const deadline = performance.now() + milliseconds;
  let played = 0;
  const mayGoOn = (): boolean => played < runs && performance.now() < deadline;
  const [first = ''] = found.wrongs;
  const shows = ({ wrongs }: Outcome): boolean => wrongs.some((wrong) => kindOf(wrong) === kindOf(first));
  let smallest: Shrunk<Found> = { without: new Set(), outcome: found };
  for (let size = Math.ceil(ALL_PARTS.length / 2); ; size = Math.ceil(size / 2)) {
    const before = smallest;
    for (let at = 0; at < ALL_PARTS.length && mayGoOn(); at += size) {
      const without = new Set([...smallest.without, ...ALL_PARTS.slice(at, at + size)]);
      if (without.size === smallest.without.size) continue;
      played++;
      const outcome = await play(without);
      if (shows(outcome)) smallest = { without, outcome };
    }
    const isSmallest = size === 1 && smallest === before;
    if (isSmallest || !mayGoOn()) return smallest;
  }
}

/** @returns how the smallest form of a failed seed is drawn, and what it still contains */
export async function pictureOf<Found extends Outcome>(
  name: string,
  found: Found,
  play: (without: Without) => Found | Promise<Found>,
): Promise<string> {
  const { without, outcome } = await shrink(found, play);
  const left = ALL_PARTS.filter((part) => !without.has(part));
  const faults = [...outcome.faults].map(([fault, count]) => `${fault} ${count}`);
  return [
    `shrunk to: ${outcome.wrongs[0]}`,
    `with ${left.length > 0 ? left.join(', ') : 'nothing but what always takes part'}; faults: ${faults.join(', ') || 'none'}`,
    writeCounterexample(name, outcome.diagram),
  ].join('\n');
}
