import type { AnyMachineSnapshot } from 'xstate';
import type { Actor } from '../actors/actor.ts';
import { storyOf } from '../actors/story.ts';
import type { StoryStep } from '../actors/chart-step.ts';
import { leafOf } from '../actors/xstate-internals.ts';
import { decidingIn } from '../sleigh/job-actors.ts';
import type { Sleigh } from '../sleigh/sleigh.ts';
import { stateText } from '../trace/step.ts';
import { moveNumber, nextMoves } from './moves.ts';
import { pageOf, type Range } from './paging.ts';
import { rankHistory } from './rank-history.ts';
import type { RankHistory } from './rank-types.ts';
import type { ActorSummary, ActorsView, ActorView, StoryEntry } from './types.ts';

/** A worker or a sentinel. */
interface Agent {
  readonly actor: Actor;
  /** The rank of a worker. */
  readonly rank?: number;
}

/** All actors of one machine. */
interface Group {
  readonly chart: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly agents: Iterable<Agent>;
  readonly size: number;
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

/** Keeps only numbers, texts and booleans of a context. The page does not show other values. */
export function plainFields(fields: unknown): Record<string, string | number | boolean> {
  const plain: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(typeof fields === 'object' && fields !== null ? fields : {}))
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      plain[name] = value;
  return plain;
}

/** The number of workers in each state, without those that were replaced (S19). */
export function workerCounts(sleigh: Sleigh): Readonly<Record<string, number>> {
  const counts = Object.entries(sleigh.countsOf('worker').all);
  return Object.fromEntries(
    counts
      .map(([state, n]): [string, number] => [state, n - sleigh.crew.past(state)])
      .filter(([, n]) => n > 0),
  );
}

/** As `actorView`, with the history of its rank for a worker (S19). */
export function actorOfSleighView(sleigh: Sleigh, actor: Actor): ActorView {
  const [, rank] = /^worker\.(\d+)$/.exec(actor.id) ?? [];
  return rank === undefined
    ? actorView(actor)
    : { ...actorView(actor), rankHistory: rankHistoryOf(sleigh, Number(rank)) };
}

function rankHistoryOf({ crew }: Sleigh, rank: number): RankHistory | undefined {
  const worker = crew.find(rank);
  return worker && rankHistory(worker);
}

/**
 * @param chart `worker` or `sentinel`, of which there are many
 * @param state only those in this state; sorted by rank or number
 */
export function actorsView(sleigh: Sleigh, chart: string, state: string | null, range: Range): ActorsView {
  const { crew, machines } = sleigh;
  const groups: readonly Group[] = [
    {
      chart: machines.worker.id,
      counts: workerCounts(sleigh),
      agents: crew.everyWorker,
      size: crew.size,
    },
    {
      chart: machines.sentinel.id,
      counts: sleigh.countsOf('sentinel').all,
      agents: crew.sentinels,
      size: crew.sentinels.length,
    },
  ];
  const group = groups.find((one) => one.chart === chart);
  const total = (state === null ? group?.size : group?.counts[state]) ?? 0;
  return {
    single: ['sleigh', 'joinPhase', 'work', 'shutdown', ...decidingIn(sleigh)].flatMap((id) => {
      const actor = sleigh.actor(id);
      return actor === undefined ? [] : [actorSummary(actor)];
    }),
    groups: groups.map(({ chart, counts }) => ({ chart, counts })),
    list: pageOf(total, range, among(group?.agents ?? [], state), ({ actor, rank }) => ({
      ...actorSummary(actor),
      rankHistory: rank === undefined ? undefined : rankHistoryOf(sleigh, rank),
    })),
  };
}

/** The workers or sentinels in a state; all without a state. */
export function* among<One extends Agent>(agents: Iterable<One>, state: string | null): Generator<One> {
  for (const agent of agents) if (state === null || stateOf(agent.actor) === state) yield agent;
}
