import type { AnyStateMachine } from 'xstate';
import { columnLayout } from '../charts/column-layout.ts';
import { drawingOf } from '../charts/drawing.ts';
import { svg } from '../charts/svg.ts';
import { CHARTS, type Chart } from '../charts/pages.ts';
import { clausesIn, movesOf, statesOf } from '../charts/moves.ts';
import type { About } from './about.ts';
import type { ChartsView, ChartView } from './types.ts';

/** @param policies machines that plugins bring; those of the package are drawn already */
export function chartsView(
  about: Pick<About, 'drawing'>,
  policies: readonly AnyStateMachine[] = [],
): ChartsView {
  const brought = policies.filter(({ id }) => !CHARTS.some(({ machine }) => machine.id === id));
  return {
    charts: [
      ...CHARTS.map((chart) => chartView(chart, about)),
      ...brought.map((machine) => chartView(pageOf(machine), { drawing: () => drawnInColumn(machine) })),
    ],
  };
}

const pageOf = (machine: AnyStateMachine): Chart => ({
  name: machine.id,
  title: machine.id,
  machine,
  about: 'a policy that a plugin brings',
});

/** A picture of a machine that is not known before the server runs. */
function drawnInColumn(machine: AnyStateMachine): string {
  const drawing = drawingOf(machine);
  return svg(pageOf(machine), drawing, columnLayout(drawing));
}

const chartView = ({ machine, title, about }: Chart, { drawing }: Pick<About, 'drawing'>): ChartView => ({
  chart: machine.id,
  title,
  about,
  svg: drawing(machine.id),
  states: statesOf(machine.root).map((node) => ({
    state: node.path.join('.'),
    isFinal: node.type === 'final',
    isLeaf: Object.keys(node.states).length === 0,
  })),
  moves: movesOf(machine).map((move, i) => ({
    move: i,
    source: move.source.path.join('.'),
    event: move.event,
    guard: move.guard,
    order: move.order,
    target: move.target?.path.join('.'),
    actions: move.actions,
    clauses: clausesIn(move.clause),
    description: move.description,
  })),
});
