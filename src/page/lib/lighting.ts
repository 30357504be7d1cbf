/** Which parts of a chart light up: where an actor is, how it came there, where it may go. */
import type { ActorView, ChartView, MoveView, NextMove, StoryEntry } from '../../views/types.ts';

export type Verdict = NextMove['verdict'];

export interface Lighting {
  /** The state and all those around it; the root is ''. */
  readonly active: ReadonlySet<string>;
  readonly taken: number | undefined;
  readonly next: ReadonlyMap<number, Verdict>;
}

/** `registered.busy` is in `registered`, and that in the root. Regions that run side by side are joined by `+`. */
export function withAncestors(state: string): Set<string> {
  const all = new Set(['']);
  for (const region of state.split('+')) {
    const path = region.split('.');
    for (let depth = 1; depth <= path.length; depth++) all.add(path.slice(0, depth).join('.'));
  }
  return all;
}

/** Lines in a box that are no answer to an event, and the answer to events that nobody foresaw. */
const isForeseen = ({ event }: MoveView): boolean => event !== 'entry' && event !== 'exit' && event !== '*';

const depth = (source: string): number => (source === '' ? 0 : source.split('.').length);

/** What a chart foresees in a state of the past, when nobody can be asked about guards any more. */
export function foreseen(chart: ChartView, state: string): NextMove[] {
  if (chart.states.some((known) => known.state === state && known.isFinal)) return [];
  const inside = withAncestors(state);
  const candidates = chart.moves.filter((move) => isForeseen(move) && inside.has(move.source));
  const isHidden = (move: MoveView): boolean =>
    candidates.some(
      (other) =>
        other.event === move.event &&
        depth(other.source) > depth(move.source) &&
        // The last choice of a state takes whatever its other guards let pass.
        (other.guard === undefined || other.guard === 'otherwise'),
    );
  return candidates
    .filter((move) => !isHidden(move))
    .map(({ move, guard }) => ({ move, verdict: guard === undefined ? 'open' : 'depends' }));
}

/** @param entry what was chosen from the story; undefined shows the present */
export function lighting(
  chart: ChartView,
  actor: Pick<ActorView, 'state' | 'last' | 'next'>,
  entry: StoryEntry | undefined,
): Lighting {
  const state = entry?.after ?? actor.state;
  const next = entry === undefined ? actor.next : foreseen(chart, state);
  return {
    active: withAncestors(state),
    taken: (entry ?? actor.last)?.move,
    next: new Map(next.map(({ move, verdict }) => [move, verdict])),
  };
}

/** A key for each entry, that stays the same while new ones come and old ones go. */
export function storyKeys(story: readonly StoryEntry[]): string[] {
  const seen = new Map<string, number>();
  return story.map(({ time, event, detail, before, after }) => {
    const key = JSON.stringify([time, event, detail, before, after]);
    const nth = (seen.get(key) ?? 0) + 1;
    seen.set(key, nth);
    return `${nth} ${key}`;
  });
}
