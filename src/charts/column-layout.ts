/**
 * The positions of everything in a picture, without ELK: the states are in one column, each arrow leaves its state at the
 * right, beside its text, and runs in a lane of its own. For machines that are only known when the server runs: those
 * that plugins bring.
 */
import type { Arrow, Box, Drawing } from './drawing.ts';
import { DOT, dotId, headOf, heightOf, PAD, widthOf, type Layout, type Rectangle } from './layout.ts';
import type { Route } from './route.ts';

/** In pixels. */
const GAP = 18;
const MARGIN = 16;
const INDENT = 36;
const LANE = 12;
/** Where arrows enter a box, from its upper edge. */
const ENTRY = 15;

const heightOfLabels = ({ labels }: Arrow): number =>
  labels.reduce((height, label) => height + heightOf(label) + PAD.between, -PAD.between) + 2 * PAD.ends;

const widthOfLabels = ({ labels }: Arrow): number =>
  Math.ceil(Math.max(0, ...labels.map(({ lines }) => widthOf(lines)))) + 2 * PAD.label;

const widestOf = (box: Box): number =>
  Math.max(headOf(box).width, ...box.inner.map((inner) => widestOf(inner) + 2 * INDENT));

/** Collects the positions, from top to bottom. */
class Column {
  readonly boxes = new Map<string, Rectangle>();
  readonly dots = new Map<string, Rectangle>();
  readonly labels = new Map<string, Rectangle>();
  readonly #drawing: Drawing;
  /** The left edge of the texts of arrows. */
  readonly #beside: number;

  constructor(drawing: Drawing, beside: number) {
    this.#drawing = drawing;
    this.#beside = beside;
  }

  /** Places a box and what is in it. @returns its lower edge */
  place(box: Box, { x, y, width }: Omit<Rectangle, 'height'>): number {
    let beside = y + 2 * ENTRY;
    for (const arrow of this.#drawing.arrows.filter(({ from }) => from === box.state)) {
      const height = heightOfLabels(arrow);
      this.labels.set(arrow.id, { x: this.#beside, y: beside, width: widthOfLabels(arrow), height });
      beside += height + PAD.between;
    }
    let bottom = Math.max(y + headOf(box).height, beside);
    for (const inner of box.inner)
      bottom = this.place(inner, { x: x + INDENT, y: bottom + GAP, width: width - 2 * INDENT });
    if (box.inner.length > 0) bottom += GAP;
    this.boxes.set(box.state, { x, y, width, height: bottom - y });
    const first = box.initial === undefined ? undefined : this.boxes.get(box.initial);
    if (first !== undefined)
      this.dots.set(box.state, { x: x + DOT / 2, y: first.y + ENTRY - DOT / 2, width: DOT, height: DOT });
    return bottom;
  }
}

/** @returns the positions in a picture of any machine */
export function columnLayout(drawing: Drawing): Layout {
  const { root, arrows } = drawing;
  const width = widestOf(root);
  const beside = MARGIN + width + 2 * LANE;
  const column = new Column(drawing, beside);
  const bottom = column.place(root, { x: MARGIN, y: MARGIN, width });
  const { boxes, dots, labels } = column;
  const lanes = beside + Math.max(0, ...arrows.map(widthOfLabels)) + LANE;
  const routes = new Map<string, Route>();
  for (const [state, dot] of dots) {
    const initial = initialIn(root, state);
    const first = initial === undefined ? undefined : boxes.get(initial);
    const y = dot.y + DOT / 2;
    if (first !== undefined)
      routes.set(dotId(state), [
        { x: dot.x + DOT, y },
        { x: first.x, y },
      ]);
  }
  for (const [n, { id, from, to }] of arrows.entries()) {
    const [source, target, label] = [boxes.get(from), boxes.get(to), labels.get(id)];
    if (source === undefined || target === undefined || label === undefined) continue;
    const lane = lanes + n * LANE;
    const [leaves, enters] = [label.y + label.height / 2, target.y + ENTRY];
    routes.set(id, [
      { x: source.x + source.width, y: leaves },
      { x: lane, y: leaves },
      { x: lane, y: enters },
      { x: target.x + target.width, y: enters },
    ]);
  }
  return {
    width: lanes + arrows.length * LANE + MARGIN,
    height: bottom + MARGIN,
    boxes,
    dots,
    routes,
    labels,
  };
}

function initialIn(box: Box, state: string): string | undefined {
  if (box.state === state) return box.initial;
  for (const inner of box.inner) {
    const found = initialIn(inner, state);
    if (found !== undefined) return found;
  }
  return undefined;
}
