/** The content of a picture of a machine: nested boxes, and arrows between them. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { childrenOf, isInside, isShown, leads, movesOf, type LeadingMove } from './moves.ts';
import { labelOf, type Line } from './label.ts';

/** The text of one move. Its number is the index of the move in `movesOf`. */
export interface Label {
  readonly move: number;
  readonly lines: readonly Line[];
  /** The description of the transition: its clauses and its reason. */
  readonly description: string;
}

/** A state. */
export interface Box {
  /** The path of the state, such as `registered.busy`; empty for the root. */
  readonly state: string;
  readonly name: string;
  readonly kind: 'leaf' | 'compound' | 'final';
  /** Its transitions that stay in the state. */
  readonly labels: readonly Label[];
  readonly inner: readonly Box[];
  /** Its initial state. */
  readonly initial: string | undefined;
  /** Whether arrows lead from outside, or from itself, to states in it. */
  readonly isEntered: boolean;
}

/** An arrow from one state to another; it may stand for several moves. */
export interface Arrow {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** Whether its target precedes its source in the machine. */
  readonly leadsBack: boolean;
  readonly labels: readonly Label[];
}

export interface Drawing {
  readonly root: Box;
  readonly arrows: readonly Arrow[];
}

/** Widths in characters. There is more space above the content of a box than beside it. */
const WIDTH = { arrow: 27, leaf: 34, beside: 37, above: 56 };

export function drawingOf(machine: AnyStateMachine): Drawing {
  const moves = movesOf(machine);
  const shown = [...moves.entries()].filter(([, move]) => isShown(move));

  const boxOf = (node: AnyStateNode): Box => {
    const inner = childrenOf(node).map(boxOf);
    const isEntered = shown.some(
      ([, move]) => leads(move) && isInside(move.target, node) && !isInside(move.source, node),
    );
    const kind = node.type === 'final' ? 'final' : inner.length === 0 ? 'leaf' : 'compound';
    const width = kind !== 'compound' ? WIDTH.leaf : isEntered ? WIDTH.beside : WIDTH.above;
    const labels = shown
      .filter(([, move]) => move.source === node && !leads(move))
      .map(([n, move]) => ({ move: n, lines: labelOf(move, width), description: move.description }));
    const [initial] = node.type === 'compound' ? (node.initial.target ?? []) : [];
    return {
      state: nameOf(node),
      name: node.key,
      kind,
      labels,
      inner,
      initial: initial && nameOf(initial),
      isEntered,
    };
  };

  const arrows = new Map<string, Arrow & { readonly labels: Label[] }>();
  for (const [n, move] of shown) {
    if (!leads(move)) continue;
    const from = nameOf(move.source);
    const to = nameOf(move.target);
    const id = `${from} → ${to}`;
    const arrow = arrows.get(id) ?? { id, from, to, leadsBack: leadsBack(move), labels: [] };
    arrow.labels.push({ move: n, lines: labelOf(move, WIDTH.arrow), description: move.description });
    arrows.set(id, arrow);
  }
  return { root: boxOf(machine.root), arrows: [...arrows.values()] };
}

const leadsBack = ({ source, target }: LeadingMove): boolean =>
  target.order < source.order && !isInside(source, target);

const nameOf = (node: AnyStateNode): string => node.path.join('.');
