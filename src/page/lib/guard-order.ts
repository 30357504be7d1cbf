import type { MoveView } from '../../views/types.ts';

/**
 * The guards of one event in one state are tried in order, and the first that holds decides.
 * @returns the position of the move among them, from 1; undefined if it is the only one
 */
export function guardOrder(move: MoveView, all: readonly MoveView[]): number | undefined {
  const alternatives = all.filter(({ source, event }) => source === move.source && event === move.event);
  return alternatives.length < 2 ? undefined : alternatives.indexOf(move) + 1;
}
