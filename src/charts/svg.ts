/** A laid-out chart as an SVG picture. */
import type { Arrow, Box, Drawing, Label } from './drawing.ts';
import type { Part } from './label.ts';
import {
  DOT,
  dotId,
  headOf,
  heightOf,
  NAME,
  PAD,
  TEXT,
  widthOf,
  type Layout,
  type Rectangle,
} from './layout.ts';
import { distance, type Point } from './route.ts';
import { STYLE } from './style.ts';

const RADIUS = { box: 7, label: 3, bend: 6 };
const HEAD = { length: 8, half: 3.6 };

export interface Caption {
  readonly title: string;
  readonly about: string;
}

export function svg({ title, about }: Caption, { root, arrows }: Drawing, layout: Layout): string {
  const width = n(layout.width);
  const height = n(layout.height);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<title>${escaped(title)}</title>`,
    `<desc>${escaped(about)}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    ...boxes(root, layout),
    ...beginnings(root, layout),
    ...arrows.map((arrow) => arrowOf(arrow, layout)),
    ...arrows.flatMap((arrow) => labelsOf(arrow, layout)),
    '</svg>',
    '',
  ].join('\n');
}

function boxes(box: Box, layout: Layout): string[] {
  const place = found(layout.boxes, box.state);
  const { x, y } = place;
  const rows: string[] = [];
  let top = y + NAME.height;
  for (const label of box.labels) {
    rows.push(moveOf(label, 'row', { x: x + PAD.x, y: top + 2 }));
    top += heightOf(label) + PAD.rows;
  }
  const rule = x + (box.isEntered ? headOf(box).width : place.width);
  const isNameAlone = box.kind !== 'compound' && rows.length === 0;
  const name = isNameAlone ? `x="${n(x + place.width / 2)}" text-anchor="middle"` : `x="${n(x + PAD.x)}"`;
  return [
    `<g class="state ${box.kind}" data-state="${escaped(box.state)}">`,
    rect(place, RADIUS.box),
    ...(box.kind === 'final' ? [rect(inset(place, 3), RADIUS.box - 3, 'inner')] : []),
    `<text class="name" ${name} y="${n(y + 20)}">${escaped(box.name)}</text>`,
    ...(rows.length === 0
      ? []
      : [`<path class="rule" d="M${n(x)} ${n(y + NAME.height - 2)}H${n(rule)}"/>`, ...rows]),
    '</g>',
    ...box.inner.flatMap((inner) => boxes(inner, layout)),
  ];
}

function beginnings(box: Box, layout: Layout): string[] {
  const dot = layout.dots.get(box.state);
  const inner = box.inner.flatMap((child) => beginnings(child, layout));
  if (dot === undefined) return inner;
  const route = found(layout.routes, dotId(box.state));
  return [
    '<g class="initial">',
    `<circle class="dot" cx="${n(dot.x + DOT / 2)}" cy="${n(dot.y + DOT / 2)}" r="${DOT / 2}"/>`,
    ...lineOf(route),
    '</g>',
    ...inner,
  ];
}

const arrowOf = ({ id, labels }: Arrow, layout: Layout): string =>
  [
    `<g class="move arrow" data-moves="${labels.map(({ move }) => move).join(' ')}">`,
    ...lineOf(found(layout.routes, id)),
    '</g>',
  ].join('\n');

/** Labels below each other, centred on the arrow. */
function labelsOf({ id, labels }: Arrow, layout: Layout): string[] {
  const { x, y, width } = found(layout.labels, id);
  let top = y + PAD.ends;
  return labels.map((label) => {
    const text = moveOf(label, 'label', { x: x + (width - widthOf(label.lines)) / 2, y: top });
    top += heightOf(label) + PAD.between;
    return text;
  });
}

/**
 * The text of one move.
 * @param kind `row` in a box, `label` on an arrow
 */
function moveOf({ move, lines, description }: Label, kind: 'row' | 'label', { x, y }: Point): string {
  const ground = {
    x: x - PAD.label,
    y,
    width: widthOf(lines) + 2 * PAD.label,
    height: lines.length * TEXT.line,
  };
  return [
    `<g class="move ${kind}" data-moves="${move}">`,
    ...(description === '' ? [] : [`<title>${escaped(description)}</title>`]),
    rect(ground, RADIUS.label),
    ...lines.map(
      (line, i) => `<text x="${n(x)}" y="${n(y + i * TEXT.line + 11)}">${line.map(partOf).join(' ')}</text>`,
    ),
    '</g>',
  ].join('\n');
}

const partOf = ({ kind, text }: Part): string => `<tspan class="${kind}">${escaped(text)}</tspan>`;

/** A line with round corners and an arrow head. */
function lineOf(route: readonly Point[]): string[] {
  const tip = at(route, -1);
  const before = at(route, -2);
  const { x, y } = towards(tip, before, 1);
  const [dx, dy] = [x - tip.x, y - tip.y];
  const neck = { x: tip.x + dx * HEAD.length, y: tip.y + dy * HEAD.length };
  const side = (sign: number): string =>
    `${n(neck.x - dy * HEAD.half * sign)} ${n(neck.y + dx * HEAD.half * sign)}`;
  return [
    `<path class="line" d="${rounded([...route.slice(0, -1), neck])}"/>`,
    `<path class="head" d="M${n(tip.x)} ${n(tip.y)}L${side(1)}L${side(-1)}Z"/>`,
  ];
}

function rounded(route: readonly Point[]): string {
  const [first, ...rest] = route;
  if (first === undefined) return '';
  const parts = rest.map((point, i) => {
    const next = rest[i + 1];
    const previous = route[i] ?? point;
    if (next === undefined) return `L${n(point.x)} ${n(point.y)}`;
    const radius = Math.min(RADIUS.bend, distance(previous, point) / 2, distance(point, next) / 2);
    const from = towards(point, previous, radius);
    const to = towards(point, next, radius);
    return `L${n(from.x)} ${n(from.y)}Q${n(point.x)} ${n(point.y)} ${n(to.x)} ${n(to.y)}`;
  });
  return `M${n(first.x)} ${n(first.y)}${parts.join('')}`;
}

function towards(from: Point, to: Point, length: number): Point {
  const whole = distance(from, to) || 1;
  return { x: from.x + ((to.x - from.x) * length) / whole, y: from.y + ((to.y - from.y) * length) / whole };
}

const inset = ({ x, y, width, height }: Rectangle, by: number): Rectangle => ({
  x: x + by,
  y: y + by,
  width: width - 2 * by,
  height: height - 2 * by,
});

const rect = ({ x, y, width, height }: Rectangle, radius: number, name?: string): string =>
  `<rect${name === undefined ? '' : ` class="${name}"`} x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" rx="${radius}"/>`;

/** Rounds to tenths of pixels, which gives the same output on every machine. */
const n = (value: number): string => String(Math.round(value * 10) / 10);

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** Text as it is written between tags of XML, or in an attribute. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character);

function found<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): Value {
  const value = map.get(key);
  if (value === undefined) throw new Error(`the layout has no ${String(key)}`);
  return value;
}

function at(route: readonly Point[], index: number): Point {
  const point = route.at(index);
  if (point === undefined) throw new Error('a line has two ends');
  return point;
}
