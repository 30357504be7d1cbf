/**
 * The positions of everything in a picture. ELK computes them (elkjs, which only a build needs, so the caller passes
 * its function). This file contains the sizes and options for ELK, and reads its result.
 */
import type { ElkExtendedEdge, ElkNode } from 'elkjs';
import type { Arrow, Box, Drawing, Label } from './drawing.ts';
import type { Line } from './label.ts';
import { effortOf, straightened, type Point, type Route } from './route.ts';

/** `new ELK().layout` of elkjs. */
export type Engine = (graph: ElkNode) => Promise<ElkNode>;

export interface Rectangle extends Point {
  readonly width: number;
  readonly height: number;
}

/** The picture with all positions, in pixels. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: ReadonlyMap<string, Rectangle>;
  /** The dots of initial states, by the state that contains them. */
  readonly dots: ReadonlyMap<string, Rectangle>;
  /** By the id of the arrow, or of the state with the initial dot. */
  readonly routes: ReadonlyMap<string, Route>;
  /** The area of all labels of an arrow. */
  readonly labels: ReadonlyMap<string, Rectangle>;
}

/** Sizes in pixels. The character width is that of the widest common fixed-width font. */
export const TEXT = { size: 11, character: 6.65, line: 15, small: 9.5, smallCharacter: 5.75 };
export const NAME = { size: 13, character: 8.9, height: 30 };
export const PAD = { x: 12, bottom: 8, rows: 2, label: 5, between: 5, ends: 2 };
export const DOT = 10;

const BOX = 'box:';
const BEGINNING = 'dot:';
const boxId = (state: string): string => BOX + state;
export const dotId = (state: string): string => BEGINNING + state;

/** The width of the longest line. */
export const widthOf = (lines: readonly Line[]): number => Math.max(0, ...lines.map(widthOfLine));

const widthOfLine = (line: Line): number =>
  line.reduce(
    (width, { kind, text }) =>
      width + text.length * (kind === 'clause' ? TEXT.smallCharacter : TEXT.character),
    Math.max(0, line.length - 1) * TEXT.character,
  );

const widthOfLabels = (labels: readonly Label[]): number =>
  Math.max(0, ...labels.map(({ lines }) => widthOf(lines)));

export const heightOf = ({ lines }: Label): number => lines.length * TEXT.line;

/** The height of labels that are placed below each other. */
const heightOfLabels = (labels: readonly Label[], between: number): number =>
  labels.reduce((height, label) => height + heightOf(label) + between, -between);

/** The size of the name and the labels of a box. */
export function headOf({ name, labels }: Box): { width: number; height: number } {
  const height = NAME.height + (labels.length === 0 ? 0 : heightOfLabels(labels, PAD.rows) + PAD.bottom);
  const width = Math.max(name.length * NAME.character, widthOfLabels(labels)) + 2 * PAD.x;
  return { width: Math.ceil(width), height };
}

/** The options of every box, because ELK does not inherit them. */
const OPTIONS = {
  'elk.direction': 'DOWN',
  'elk.algorithm': 'layered',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.padding': '[top=16,left=16,bottom=16,right=16]',
  'elk.edgeLabels.placement': 'CENTER',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.spacing.nodeNodeBetweenLayers': '22',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '14',
  'elk.spacing.nodeNode': '28',
  'elk.spacing.edgeNode': '18',
  'elk.spacing.edgeEdge': '14',
  'elk.spacing.edgeLabel': '4',
  'elk.spacing.labelNode': '8',
  'elk.spacing.portPort': '16',
};

function nodeOf(box: Box, seed: number, shared: ReadonlySet<string>): ElkNode {
  const { width, height } = headOf(box);
  const ports = [false, true]
    .map((leadsBack) => entryId({ to: box.state, leadsBack }))
    .filter((id) => shared.has(id))
    .map((id) => ({ id, width: 0, height: 0 }));
  if (box.kind !== 'compound') return { id: boxId(box.state), width: Math.max(width, 84), height, ports };
  const begin: ElkNode[] =
    box.initial === undefined ? [] : [{ id: dotId(box.state), width: DOT, height: DOT }];
  // Arrows come from above. If they lead into the box, its text is placed beside its content, otherwise above it.
  const [left, top] = box.isEntered ? [width + 16, 24] : [20, height + 12];
  return {
    id: boxId(box.state),
    ports,
    children: [...begin, ...box.inner.map((inner) => nodeOf(inner, seed, shared))],
    layoutOptions: {
      ...OPTIONS,
      'elk.randomSeed': `${seed}`,
      'elk.padding': `[top=${top},left=${left},bottom=20,right=20]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      // ELK rotates everything for a layout from top to bottom, except this.
      'elk.nodeSize.minimum': `(${height},${width})`,
    },
  };
}

/** Where arrows from one side enter a state: those that lead back come from below. */
const entryId = ({ to, leadsBack }: Pick<Arrow, 'to' | 'leadsBack'>): string =>
  `${leadsBack ? 'below' : 'above'}:${to}`;

/** The entries that several arrows share. ELK leads them there on one line, instead of many beside each other. */
function sharedEntries(arrows: readonly Arrow[]): ReadonlySet<string> {
  const ids = arrows.map(entryId);
  return new Set(ids.filter((id, i) => ids.indexOf(id) !== i));
}

/** Cycles are broken here, because it is known which arrow leads back. ELK gets none. */
function edgeOf(arrow: Arrow, shared: ReadonlySet<string>): ElkExtendedEdge {
  const { id, from, to, leadsBack, labels } = arrow;
  const entry = shared.has(entryId(arrow)) ? entryId(arrow) : boxId(to);
  const [source, target] = leadsBack ? [entry, boxId(from)] : [boxId(from), entry];
  return {
    id,
    sources: [source],
    targets: [target],
    labels: [
      {
        id: `label:${id}`,
        text: id,
        width: Math.ceil(widthOfLabels(labels) + 2 * PAD.label),
        height: heightOfLabels(labels, PAD.between) + 2 * PAD.ends,
        layoutOptions: { 'elk.edgeLabels.inline': 'true' },
      },
    ],
  };
}

const beginningsIn = (box: Box): ElkExtendedEdge[] => [
  ...(box.initial === undefined
    ? []
    : [{ id: dotId(box.state), sources: [dotId(box.state)], targets: [boxId(box.initial)] }]),
  ...box.inner.flatMap(beginningsIn),
];

/** The number of attempts. ELK begins with a random order. */
const TRIES = 8;

/** @returns the best of several layouts; the same ones each time */
export async function layOut(drawing: Drawing, engine: Engine): Promise<Layout> {
  const layouts: Layout[] = [];
  for (let seed = 1; seed <= TRIES; seed++) layouts.push(await layOutOnce(drawing, engine, seed));
  return layouts.reduce((best, layout) => (costOf(layout) < costOf(best) ? layout : best));
}

const costOf = ({ routes, width, height }: Layout): number =>
  effortOf([...routes.values()]) + 3 * (width + height);

async function layOutOnce({ root, arrows }: Drawing, engine: Engine, seed: number): Promise<Layout> {
  const shared = sharedEntries(arrows);
  const graph = await engine({
    id: 'picture',
    layoutOptions: { ...OPTIONS, 'elk.randomSeed': `${seed}` },
    children: [nodeOf(root, seed, shared)],
    edges: [...beginningsIn(root), ...arrows.map((arrow) => edgeOf(arrow, shared))],
  });
  const boxes = new Map<string, Rectangle>();
  const dots = new Map<string, Rectangle>();
  const read = ({ id, x = 0, y = 0, width = 0, height = 0, children = [] }: ElkNode): void => {
    const [places, kind] = id.startsWith(BOX) ? [boxes, BOX] : [dots, BEGINNING];
    places.set(id.slice(kind.length), { x, y, width, height });
    children.forEach(read);
  };
  graph.children?.forEach(read);
  const back = new Set(arrows.filter(({ leadsBack }) => leadsBack).map(({ id }) => id));
  const merged = new Map(
    arrows
      .filter((arrow) => shared.has(entryId(arrow)))
      .map((arrow): [string, string] => [arrow.id, entryId(arrow)]),
  );
  const begins = new Set([...dots.keys()].map(dotId));
  const routes = new Map<string, Route>();
  const labels = new Map<string, Rectangle>();
  for (const { id, sections = [], labels: [label] = [] } of graph.edges ?? []) {
    const [section] = sections;
    if (section === undefined) throw new Error(`no way for ${id}`);
    const route = [section.startPoint, ...(section.bendPoints ?? []), section.endPoint];
    routes.set(id, back.has(id) ? route.toReversed() : route);
    if (label === undefined) continue;
    const { x = 0, y = 0, width = 0, height = 0 } = label;
    labels.set(id, { x, y, width, height });
  }
  return {
    width: graph.width ?? 0,
    height: graph.height ?? 0,
    boxes,
    dots,
    routes: straightened(routes, begins, merged),
    labels,
  };
}
