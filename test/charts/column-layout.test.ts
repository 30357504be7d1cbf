import { createMachine } from 'xstate';
import { describe, expect, test } from 'vitest';
import { columnLayout } from '../../src/charts/column-layout.ts';
import { drawingOf, type Box } from '../../src/charts/drawing.ts';
import { dotId, type Rectangle } from '../../src/charts/layout.ts';
import { CHARTS } from '../../src/charts/pages.ts';
import { chartsView } from '../../src/views/charts.ts';
import { Views } from '../../src/views/views.ts';
import type { ChartsView } from '../../src/views/types.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { aboutOf, viewOf } from '../support/views.ts';

const overlap = (a: Rectangle, b: Rectangle): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const contains = (a: Rectangle, b: Rectangle): boolean =>
  a.x < b.x && a.y < b.y && a.x + a.width > b.x + b.width && a.y + a.height > b.y + b.height;

const pairs = <T>(all: readonly T[]): [T, T][] =>
  all.flatMap((one, n) => all.slice(n + 1).map((other): [T, T] => [one, other]));

function* boxesIn(box: Box): Generator<Box> {
  yield box;
  for (const inner of box.inner) yield* boxesIn(inner);
}

describe('the drawing of a machine that is only known when the server runs', () => {
  test.each(CHARTS.map(({ name, machine }) => [name, machine] as const))('%s', (_name, machine) => {
    const drawing = drawingOf(machine);
    const { boxes, labels, routes, dots, width, height } = columnLayout(drawing);
    const rectangleOf = (state: string): Rectangle => {
      const rectangle = boxes.get(state);
      if (rectangle === undefined) throw new Error(`${state} has no box`);
      return rectangle;
    };
    for (const box of boxesIn(drawing.root)) {
      for (const { state } of box.inner)
        expect(contains(rectangleOf(box.state), rectangleOf(state))).toBe(true);
      for (const [a, b] of pairs(box.inner.map(({ state }) => rectangleOf(state))))
        expect(overlap(a, b)).toBe(false);
      expect([...dots.keys()].includes(box.state)).toBe(box.initial !== undefined);
      expect(routes.has(dotId(box.state))).toBe(box.initial !== undefined);
    }
    for (const [a, b] of pairs([...labels.values()])) expect(overlap(a, b)).toBe(false);
    for (const label of labels.values()) expect(overlap(label, rectangleOf(''))).toBe(false);
    for (const { id, from, to } of drawing.arrows) {
      const route = routes.get(id) ?? [];
      const [source, target] = [rectangleOf(from), rectangleOf(to)];
      expect(route.at(0)?.x).toBe(source.x + source.width);
      expect(route.at(-1)?.x).toBe(target.x + target.width);
      for (const { x, y } of route) expect(x > 0 && x < width && y > 0 && y < height).toBe(true);
    }
  });
});

describe('the machine of a plugin', () => {
  const stragglers = createMachine({
    id: 'of a user',
    initial: 'deciding',
    states: {
      deciding: {
        on: { 'task.running': [{ guard: () => false, target: 'decided', actions: 'copy' }, 'decided'] },
      },
      decided: { type: 'final' },
    },
  });

  test('is drawn in the page, with its states and moves (S30.3, S31)', () => {
    const server = new SimulatedServer({ policy: { stragglers } });
    const { charts } = viewOf<ChartsView>(new Views(server.core, aboutOf(server)), '/api/charts');
    const chart = charts.find(({ title }) => title === 'of a user');
    expect(chart?.states.map(({ state }) => state)).toEqual(['', 'deciding', 'decided']);
    expect(chart?.moves.map(({ event, target }) => [event, target])).toContainEqual([
      'task.running',
      'decided',
    ]);
    for (const part of ['<svg ', 'data-state="deciding"', 'data-state="decided"', 'data-moves="0 1"'])
      expect(chart?.svg).toContain(part);
    expect(charts.slice(0, -1).map(({ title }) => title)).toEqual(CHARTS.map(({ title }) => title));
    server.end();
  });

  test('is not drawn twice if it is one of the package', () => {
    const of = CHARTS.map(({ machine }) => machine);
    expect(chartsView({ drawing: () => '' }, of).charts).toHaveLength(CHARTS.length);
  });
});
