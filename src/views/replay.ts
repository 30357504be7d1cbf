import type { AnyStateMachine } from 'xstate';
import { statesOf } from '../charts/moves.ts';
import { STORY_LENGTH } from '../actors/story.ts';
import type { TraceStep } from '../trace/step.ts';
import type { About } from './about.ts';
import { plainFields } from './actors.ts';
import { chartsView } from './charts.ts';
import { nextMoves } from './moves.ts';
import { NO_PROGRESS } from './progress.ts';
import { titleOf } from './names.ts';
import { pageOf, rangeOf, type Range } from './paging.ts';
import { Recording, type Moment, type RecordedActor, type Scope } from './recording.ts';
import { timelineOf } from './recorded-timeline.ts';
import { recordedTimeline, timelineQuery, type RecordedTimeline } from './timeline.ts';
import { route, type ViewMakers } from './router.ts';
import type {
  ActorsView,
  ActorSummary,
  ActorView,
  ChartsView,
  OverviewView,
  SleighSummary,
} from './types.ts';
import type { ReplayView, StepView } from './replay-types.ts';
import { REPLAY_VIEWS, type ReplayedView } from './view-routes.ts';

const MAX_SLEIGHS = 100;

/** The machines of which a sleigh has many actors. */
const GROUPS = ['worker', 'sentinel'];

/** The ids of the actors of policies. */
const POLICY_ACTOR = /^(?:recovery|stragglers|placement)\./;

/** The views of a trace. Steps are numbered from 1: at position n the first n steps have been taken. */
export class Replay {
  readonly #file: string;
  readonly #about: Pick<About, 'version'>;
  readonly #recording: Recording;
  readonly #timelines = new WeakMap<Scope, RecordedTimeline>();
  readonly #charts: ChartsView;

  /**
   * @param file its name, for people
   * @param policies the machines of the plugins of the server that wrote it
   */
  constructor(
    file: string,
    about: Pick<About, 'version' | 'drawing'>,
    policies: readonly AnyStateMachine[] = [],
  ) {
    this.#file = file;
    this.#about = about;
    this.#recording = new Recording(policies);
    this.#charts = chartsView(about, policies);
  }

  /** Adds the next step of the trace. Checking it against its machine takes some microseconds. */
  add(step: TraceStep): void {
    this.#recording.add(step);
  }

  /**
   * @returns undefined if there is no such view or object
   * @throws URIError if a name in the path is not encoded correctly
   */
  get(path: string, query: URLSearchParams): object | undefined {
    return route(REPLAY_VIEWS, this.#makers, path, query);
  }

  /** A trace does not change with time. */
  sample(): void {}

  readonly #makers: ViewMakers<ReplayedView> = {
    overview: () => this.#overview(),
    charts: () => this.#charts,
    replay: () => this.#replay(),
    step: ([at]) => this.#step(at),
    timeline: ([at], query) => this.#timeline(at, query),
    stepActors: ([at], query) => this.#actors(at, query),
    stepActor: ([at, id], query) => this.#actor(at, id, query.get('scope')),
  };

  #replay(): ReplayView {
    const { scopes, violation, length } = this.#recording;
    return {
      file: this.#file,
      steps: length,
      from: this.#recording.time(1),
      to: this.#recording.time(length),
      scopes: Array.from(scopes.values(), ({ name, first, last }) => ({ scope: name, first, last })),
      violation,
    };
  }

  /** The state of the server at the end of the trace. */
  #overview(): OverviewView {
    const { length } = this.#recording;
    const scopes = [...this.#recording.scopes.values()];
    const sleighs = scopes.filter(({ actors }) => actors.has('sleigh'));
    const connections = scopes.flatMap(({ actors }) => actors.get('connection') ?? []);
    const states = this.#countStates(connections, length);
    return {
      version: this.#about.version,
      host: '',
      port: 0,
      startedAt: this.#recording.time(1),
      now: this.#recording.time(length),
      writable: false,
      replay: true,
      connections: connections.length - (states['closed'] ?? 0),
      blocked: (states['open.blocked.silent'] ?? 0) + (states['open.blocked.receiving'] ?? 0),
      workspaces: sleighs.length,
      variables: 0,
      bytesHeld: 0,
      requests: {},
      rates: { names: ['requests', 'bytes in', 'bytes out'], columns: [[], [], [], []] },
      sleighs: sleighs
        .slice(-MAX_SLEIGHS)
        .toReversed()
        .map((scope) => this.#sleigh(scope, length)),
      // A trace contains the steps of actors, and old-style jobs have none.
      oldSleighs: [],
      verification: null,
      storage: null,
      cluster: null,
    };
  }

  #sleigh({ name, actors }: Scope, at: number): SleighSummary {
    const stateOf = (id: string): string => {
      const actor = actors.get(id);
      return (actor && this.#recording.stateAt(actor, at)?.state) ?? '';
    };
    const workers = this.#countStates(this.#ofChart(actors.values(), 'worker'), at);
    return {
      name,
      title: titleOf(name),
      state: stateOf('sleigh'),
      hasFailed: false,
      joinPhase: stateOf('joinPhase'),
      shutdown: stateOf('shutdown'),
      workers,
      queued: 0,
      running: workers['registered.busy'] ?? 0,
      results: 0,
      progress: NO_PROGRESS,
      notices: [],
    };
  }

  #place(at: string, scopeName: string | null): { step: number; scope: Scope } | undefined {
    const { scopes, length } = this.#recording;
    const [first] = scopes.values();
    const scope = scopeName === null ? first : scopes.get(scopeName);
    const step = /^\d{1,15}$/.test(at) ? Number(at) : Infinity;
    return scope === undefined || step > length ? undefined : { step, scope };
  }

  #step(at: string): StepView | undefined {
    const step = /^\d{1,15}$/.test(at) ? Number(at) : 0;
    return step < 1 || step > this.#recording.length ? undefined : { time: this.#recording.time(step) };
  }

  /** Of the whole trace, at every step. */
  #timeline(at: string, query: URLSearchParams) {
    const scope = this.#place(at, query.get('scope'))?.scope;
    if (scope === undefined) return undefined;
    const known = this.#timelines.get(scope) ?? timelineOf(this.#recording, scope);
    this.#timelines.set(scope, known);
    return recordedTimeline(scope.name, known, timelineQuery(query));
  }

  #actors(at: string, query: URLSearchParams): ActorsView | undefined {
    const place = this.#place(at, query.get('scope'));
    if (place === undefined) return undefined;
    const { step, scope } = place;
    const all = [...scope.actors.values()];
    const single = all.filter(({ chart }) => !GROUPS.includes(chart));
    const groups = GROUPS.map((chart) => [...this.#ofChart(all, chart)]);
    const chart = query.get('chart') ?? 'worker';
    return {
      single: single
        .flatMap((actor) => this.#summary(actor, step) ?? [])
        .filter((actor) => !this.#isDealtWith(actor)),
      groups: GROUPS.map((name, i) => ({
        chart: name,
        counts: this.#countStates(groups[i] ?? [], step),
      })),
      list: this.#list(groups[GROUPS.indexOf(chart)] ?? [], query.get('state'), rangeOf(query), step),
    };
  }

  /** Whether it is the actor of a task that has been dealt with. The live page does not show such actors either. */
  #isDealtWith({ actor, chart, state }: ActorSummary): boolean {
    return POLICY_ACTOR.test(actor) && this.#recording.machineOf(chart)?.root.states[state]?.type === 'final';
  }

  /** In the order in which they began. */
  #list(
    actors: readonly RecordedActor[],
    state: string | null,
    range: Range,
    at: number,
  ): ActorsView['list'] {
    const there: [RecordedActor, Moment][] = [];
    for (const actor of actors) {
      const moment = this.#recording.stateAt(actor, at);
      if (moment !== undefined && (state === null || moment.state === state)) there.push([actor, moment]);
    }
    return pageOf(there.length, range, there, ([actor, moment]) => this.#summaryAt(actor, moment));
  }

  *#ofChart(actors: Iterable<RecordedActor>, chart: string): Generator<RecordedActor> {
    for (const actor of actors) if (actor.chart === chart) yield actor;
  }

  #countStates(actors: Iterable<RecordedActor>, at: number): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const actor of actors) {
      const state = this.#recording.stateAt(actor, at)?.state;
      if (state !== undefined) counts[state] = (counts[state] ?? 0) + 1;
    }
    return counts;
  }

  #summary(actor: RecordedActor, at: number): ActorSummary | undefined {
    const moment = this.#recording.stateAt(actor, at);
    return moment && this.#summaryAt(actor, moment);
  }

  #summaryAt({ id, chart }: RecordedActor, { state, step }: Moment): ActorSummary {
    return { actor: id, chart, state, last: this.#recording.entry(step) };
  }

  #actor(at: string, id: string, scopeName: string | null): ActorView | undefined {
    const place = this.#place(at, scopeName);
    const actor = place?.scope.actors.get(id);
    const moment = place && actor && this.#recording.stateAt(actor, place.step);
    if (place === undefined || actor === undefined || moment === undefined) return undefined;
    const machine = this.#recording.machineOf(actor.chart);
    const leaf = machine && statesOf(machine.root).find(({ path }) => path.join('.') === moment.state);
    const hasEnded = moment.hasStopped || leaf?.type === 'final';
    const taken = this.#recording.taken(actor, place.step);
    return {
      ...this.#summaryAt(actor, moment),
      hasEnded,
      context: plainFields(moment.context),
      story: actor.steps
        .slice(Math.max(taken - STORY_LENGTH, 0), taken)
        .map((step) => this.#recording.entry(step)),
      next:
        machine === undefined || leaf === undefined || hasEnded
          ? []
          : nextMoves(machine, leaf, moment.context),
    };
  }
}
