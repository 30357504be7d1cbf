/**
 * Determines the highlighted parts of a machine: the state of an actor, the move that led there, and the possible
 * moves.
 */
import type { ActorView, ChartView, MoveView, NextMove, StoryEntry } from '../../views/types.ts';

export type Verdict = NextMove['verdict'];

export interface Lighting {
  /** The state and all its ancestors; the root is ''. */
  readonly active: ReadonlySet<string>;
  readonly taken: number | undefined;
  readonly next: ReadonlyMap<number, Verdict>;
}

/** `registered.busy` is in `registered`, which is in the root. Parallel regions are joined by `+`. */
export function withAncestors(state: string): Set<string> {
  const all = new Set(['']);
  for (const region of state.split('+')) {
    const path = region.split('.');
    for (let depth = 1; depth <= path.length; depth++) all.add(path.slice(0, depth).join('.'));
  }
  return all;
}

/** Excludes entry and exit actions, and the wildcard for unexpected events. */
const isForeseen = ({ event }: MoveView): boolean => event !== 'entry' && event !== 'exit' && event !== '*';

const depth = (source: string): number => (source === '' ? 0 : source.split('.').length);

/** The possible moves in a past state, where the guards cannot be evaluated any more. */
export function foreseen(chart: ChartView, state: string): NextMove[] {
  if (chart.states.some((known) => known.state === state && known.isFinal)) return [];
  const inside = withAncestors(state);
  const candidates = chart.moves.filter((move) => isForeseen(move) && inside.has(move.source));
  const isHidden = (move: MoveView): boolean =>
    candidates.some(
      (other) =>
        other.event === move.event &&
        depth(other.source) > depth(move.source) &&
        // The last alternative of a state applies whenever the others fail.
        (other.guard === undefined || other.guard === 'otherwise'),
    );
  return candidates
    .filter((move) => !isHidden(move))
    .map(({ move, guard }) => ({ move, verdict: guard === undefined ? 'open' : 'depends' }));
}

/** @param entry the selected entry of the story; undefined shows the present */
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

/** A key for each entry, which stays the same while entries are added and removed, and is short for the address. */
export function storyKeys(story: readonly StoryEntry[]): string[] {
  const seen = new Map<number, number>();
  return story.map(({ time }) => {
    const nth = (seen.get(time) ?? 0) + 1;
    seen.set(time, nth);
    return nth === 1 ? String(time) : `${time}.${nth}`;
  });
}
