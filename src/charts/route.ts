/** The routes of arrows: vertical and horizontal lines. */
export interface Point {
  readonly x: number;
  readonly y: number;
}
export type Route = readonly Point[];

/** In pixels. A smaller jog looks like a mistake, and lines that are closer together look like one. */
const JOG = 15;
const APART = 12;

/**
 * Removes small jogs. It moves an end along the side of its box, or else the line after the jog, unless another arrow
 * is in the way.
 * @param fixed routes that do not start at the side of a box
 * @param merged the ends that several routes share, by route; the last part of these stays as it is
 */
export function straightened(
  routes: ReadonlyMap<string, Route>,
  fixed: ReadonlySet<string>,
  merged: ReadonlyMap<string, string>,
): ReadonlyMap<string, Route> {
  const result = new Map(routes);
  for (const id of routes.keys()) {
    const isFreeOf =
      (lines: readonly Segment[]) =>
      (line: Segment): boolean =>
        !lines.some((other) => isBeside(line, other));
    const others = [...result].filter(([other]) => other !== id);
    const isFree = isFreeOf(others.flatMap(([, route]) => linesOf(route)));
    const end = merged.get(id);
    const apart = others.filter(([other]) => end === undefined || merged.get(other) !== end);
    const straighten = (route: Route, isFixed: boolean): Route =>
      withoutJog(route, isFixed).find(([start, end]) => start && end && isFree([start, end])) ?? route;
    const before = result.get(id) ?? [];
    const route =
      end === undefined
        ? straighten(before.toReversed(), false).toReversed()
        : unbent(before, isFreeOf(apart.flatMap(([, each]) => linesOf(each))));
    result.set(id, straighten(route, fixed.has(id)));
  }
  return result;
}

/** @returns the possible routes without the jog near the start */
function withoutJog(route: Route, isFixed: boolean): Route[] {
  const [start, a, b, c, ...rest] = route;
  if (start === undefined || a === undefined || b === undefined || c === undefined) return [];
  if (distance(a, b) >= JOG) return [];
  const alongSide = start.x === a.x ? { x: b.x, y: start.y } : { x: start.x, y: b.y };
  const straightOn = start.x === a.x ? { x: start.x, y: c.y } : { x: c.x, y: start.y };
  return [
    ...(isFixed ? [] : [[alongSide, c, ...rest]]),
    ...(rest.length === 0 ? [] : [[start, straightOn, ...rest]]),
  ];
}

/** @returns the route without small jogs between its first and its last line: the line before each is moved */
function unbent(route: Route, isFree: (line: Segment) => boolean): Route {
  for (let i = 1; i + 3 < route.length; i++) {
    const [before, a, b, after] = route.slice(i, i + 4);
    if (before === undefined || a === undefined || b === undefined || after === undefined) continue;
    if (distance(a, b) >= JOG || isUpright([before, a]) !== isUpright([b, after])) continue;
    const moved = before.x === a.x ? { x: b.x, y: before.y } : { x: before.x, y: b.y };
    if (!isFree([moved, a.x === b.x ? { x: a.x, y: b.y } : { x: b.x, y: a.y }])) continue;
    return unbent([...route.slice(0, i), moved, ...route.slice(i + 3)], isFree);
  }
  return route;
}

export const distance = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);

const linesOf = (route: Route): [Point, Point][] =>
  route.flatMap((to, i) => {
    const from = route[i - 1];
    return from === undefined ? [] : [[from, to]];
  });

const lengthOf = (route: Route): number =>
  linesOf(route).reduce((length, [from, to]) => length + distance(from, to), 0);

/** A measure of how hard the arrows are to follow. */
export function effortOf(routes: readonly Route[]): number {
  const lines = routes.map(linesOf);
  const crossings = lines.reduce(
    (count, mine, i) =>
      count +
      lines
        .slice(i + 1)
        .flat()
        .reduce((more, theirs) => more + mine.filter((line) => cross(line, theirs)).length, 0),
    0,
  );
  return routes.reduce((sum, route) => sum + lengthOf(route) + 40 * route.length, 500 * crossings);
}

type Segment = readonly [Point, Point];

function cross(one: Segment, other: Segment): boolean {
  if (isUpright(one) === isUpright(other)) return false;
  const [upright, level] = isUpright(one) ? [one, other] : [other, one];
  return isBetween(upright[0].x, level[0].x, level[1].x) && isBetween(level[0].y, upright[0].y, upright[1].y);
}

/** Whether two lines would touch or look like one. */
function isBeside(one: Segment, other: Segment): boolean {
  return (
    isUpright(one) === isUpright(other) &&
    isNear(one[0].x, one[1].x, other[0].x, other[1].x) &&
    isNear(one[0].y, one[1].y, other[0].y, other[1].y)
  );
}

const isUpright = ([from, to]: Segment): boolean => from.x === to.x;

const isBetween = (value: number, a: number, b: number): boolean =>
  value > Math.min(a, b) && value < Math.max(a, b);

/** Whether two intervals overlap, or nearly do. */
const isNear = (a: number, b: number, c: number, d: number): boolean =>
  Math.min(a, b) < Math.max(c, d) + APART && Math.min(c, d) < Math.max(a, b) + APART;
