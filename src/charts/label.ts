/** The text of a move in a picture, broken into lines. */
import { clausesIn, inOrder, type Move } from './moves.ts';

export type PartKind = 'event' | 'guard' | 'action' | 'clause';

/** A part of a line with one style. */
export interface Part {
  readonly kind: PartKind;
  readonly text: string;
}
export type Line = readonly Part[];

/** The number of characters by which the clauses may exceed the line width, because they are set smaller. */
const SLACK = 4;

/**
 * `event 1. [guard] / actions clauses`, on one line if it fits; otherwise each part begins a line.
 * @param width in characters
 */
export function labelOf(move: Move, width: number): Line[] {
  const { event, guard, actions, clause } = move;
  const parts: Part[] = [
    { kind: 'event', text: event },
    ...(guard === undefined ? [] : [{ kind: 'guard' as const, text: inOrder(move, `[${guard}]`) }]),
    ...(actions.length === 0 ? [] : [{ kind: 'action' as const, text: `/ ${actions.join(', ')}` }]),
  ];
  const clauses: Part[] = clausesIn(clause).map((text) => ({ kind: 'clause', text }));
  if (lengthOf([...parts, ...clauses]) <= width + SLACK) return withClauses([parts], clauses, width);
  const lines = parts.flatMap(({ kind, text }) =>
    broken(text, width).map((piece): Line => [{ kind, text: piece }]),
  );
  return withClauses(lines, clauses, width);
}

/** The number of characters of a line, with one space between its parts. */
export const lengthOf = (line: Line): number =>
  line.reduce((length, { text }) => length + text.length, Math.max(0, line.length - 1));

/** Adds the clauses to the last line, unless it would become too long. */
function withClauses(lines: readonly Line[], clauses: Line, width: number): Line[] {
  const last = lines.at(-1) ?? [];
  if (clauses.length === 0) return [...lines];
  return lengthOf([...last, ...clauses]) <= width + SLACK
    ? [...lines.slice(0, -1), [...last, ...clauses]]
    : [...lines, clauses];
}

/** Breaks between actions, otherwise between words. Lines after the first are indented. */
function broken(text: string, width: number): string[] {
  const lines: string[] = [];
  const pieces = text
    .split(/(?<=,) /)
    .flatMap((piece) => (piece.length > width ? piece.split(' ') : [piece]));
  for (const piece of pieces) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${piece}`.length <= width)
      lines[lines.length - 1] = `${last} ${piece}`;
    else lines.push(last === undefined ? piece : `  ${piece}`);
  }
  return lines;
}
