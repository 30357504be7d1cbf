import { CHARTS, type Chart } from '../charts/pages.ts';
import { clausesIn, movesOf, statesOf } from '../charts/moves.ts';
import type { About } from './about.ts';
import type { ChartsView, ChartView } from './types.ts';

export const chartsView = (about: Pick<About, 'drawing'>): ChartsView => ({
  charts: CHARTS.map((chart) => chartView(chart, about)),
});

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
