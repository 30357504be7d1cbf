import type { AnyMachineSnapshot } from 'xstate';
import type { Actor } from '../actors/actor.ts';
import { leafOf, storyOf } from '../actors/story.ts';
import { tellerOf, type StoryStep, type Tally } from '../actors/teller.ts';
import type { Sleigh } from '../sleigh/sleigh.ts';
import { stateText } from '../trace/step.ts';
import { moveNumber, nextMoves } from './moves.ts';
import { pageOf, type Range } from './paging.ts';
import type { ActorSummary, ActorsView, ActorView, StoryEntry } from './types.ts';

/** A worker or a sentinel. */
interface Agent {
  readonly actor: Actor;
}

export const snapshotOf = (actor: Actor): AnyMachineSnapshot => actor.getSnapshot();

export const stateOf = (actor: Actor): string => stateText(snapshotOf(actor).value);

const chartOf = (actor: Actor): string => snapshotOf(actor).machine.id;

export function actorSummary(actor: Actor): ActorSummary {
  const chart = chartOf(actor);
  const last = storyOf(actor)?.last;
  return { actor: actor.id, chart, state: stateOf(actor), last: last && entryOf(chart, last) };
}

export function actorView(actor: Actor): ActorView {
  const snapshot = snapshotOf(actor);
  const summary = actorSummary(actor);
  const hasEnded = snapshot.status !== 'active';
  const leaf = leafOf(snapshot);
  return {
    ...summary,
    hasEnded,
    context: plainFields(snapshot.context),
    story: (storyOf(actor)?.steps ?? []).map((step) => entryOf(summary.chart, step)),
    next: leaf === undefined || hasEnded ? [] : nextMoves(snapshot.machine, leaf, snapshot.context),
  };
}

const entryOf = (chart: string, { transition, ...step }: StoryStep): StoryEntry => ({
  ...step,
  move: moveNumber(chart, transition),
});

/** Numbers, texts, yes or no; what else a context holds is no matter of the page. */
export function plainFields(fields: unknown): Record<string, string | number | boolean> {
  const plain: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(typeof fields === 'object' && fields !== null ? fields : {}))
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      plain[name] = value;
  return plain;
}

/** @param chart `worker` or `sentinel`, of which there are many. @param state those in it alone; by rank or number */
export function actorsView(sleigh: Sleigh, chart: string, state: string | null, range: Range): ActorsView {
  const { crew, workerChart, sentinelChart } = sleigh;
  const groups: { chart: string; tally: Tally | undefined; agents: Iterable<Agent>; size: number }[] = [
    { chart: workerChart.id, tally: tellerOf(workerChart), agents: crew.everyWorker, size: crew.size },
    {
      chart: sentinelChart.id,
      tally: tellerOf(sentinelChart),
      agents: crew.sentinels,
      size: crew.sentinels.length,
    },
  ];
  const group = groups.find((one) => one.chart === chart);
  const total = state === null ? group?.size : group?.tally?.in(state);
  return {
    single: ['sleigh', 'joinPhase', 'shutdown'].flatMap((id) => {
      const actor = sleigh.actor(id);
      return actor === undefined ? [] : [actorSummary(actor)];
    }),
    groups: groups.map((one) => ({ chart: one.chart, counts: one.tally?.all ?? {} })),
    list: pageOf(total ?? 0, range, among(group?.agents ?? [], state), ({ actor }) => actorSummary(actor)),
  };
}

/** Those of workers or sentinels that are in a state; all, without one. */
export function* among<One extends Agent>(agents: Iterable<One>, state: string | null): Generator<One> {
  for (const agent of agents) if (state === null || stateOf(agent.actor) === state) yield agent;
}
