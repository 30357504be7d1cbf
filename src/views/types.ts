import type { Named } from './named.ts';
import type { OldSleighSummary } from './old-sleigh-types.ts';
import type { RankHistory } from './rank-types.ts';

/**
 * What the pages are made of: the JSON under `/api`. Every view has a path. `GET path` answers it once; the same request
 * with `Accept: text/event-stream` sends it again whenever it has changed, at most 10 times a second.
 *
 * | path                                             | view             |
 * | ------------------------------------------------ | ---------------- |
 * | `/api/overview`                                  | OverviewView     |
 * | `/api/workspaces?from&count`                     | WorkspacesView   |
 * | `/api/workspaces/NAME?from&count`                | WorkspaceView    |
 * | `/api/workspaces/NAME/variables/VAR?from&count`  | VariableView     |
 * | `/api/clients?state&from&count`                  | ClientsView      |
 * | `/api/clients/ID`                                | ClientView       |
 * | `/api/sleighs/NAME`                              | SleighView       |
 * | `/api/sleighs/NAME/workers?state&from&count`     | WorkersView      |
 * | `/api/sleighs/NAME/actors?chart&state&from&count`| ActorsView       |
 * | `/api/sleighs/NAME/actors/ACTOR`                 | ActorView        |
 * | `/api/charts`                                    | ChartsView       |
 * | `/api/replay`                                    | ReplayView       |
 * | `/api/replay/STEP/actors?scope&chart&state&from&count` | ActorsView |
 * | `/api/replay/STEP/actors/ACTOR?scope`            | ActorView        |
 *
 * What is not there is answered 404 with an ErrorView; a stream whose view goes away says so by an event `gone` with an
 * ErrorView, and goes on when it comes back. What cannot be made, by a fault of the server, is answered 500, or told by an
 * event `failed`. What the page may change stands in src/web/writes.ts. Times are milliseconds since 1970, durations
 * milliseconds.
 */

export interface ErrorView {
  readonly error: string;
}

/** A part of a longer list. */
export interface Page<T> {
  readonly total: number;
  readonly from: number;
  readonly items: readonly T[];
}

/** Figures over time, one column each: `columns[0]` are the times. */
export interface Series {
  readonly names: readonly string[];
  readonly columns: readonly (readonly number[])[];
}

export interface OverviewView {
  readonly version: string;
  readonly host: string;
  readonly port: number;
  readonly startedAt: number;
  readonly now: number;
  /** Whether this page may delete and fetch; a token is asked for then. */
  readonly writable: boolean;
  /** A trace is shown, and no running server. */
  readonly replay: boolean;
  readonly connections: number;
  readonly blocked: number;
  readonly workspaces: number;
  readonly variables: number;
  readonly bytesHeld: number;
  /** Requests of each verb since the start. */
  readonly requests: Readonly<Record<string, number>>;
  /** `requests`, `bytes in`, `bytes out`: a second. */
  readonly rates: Series;
  /** The newest first, 100 at most. */
  readonly sleighs: readonly SleighSummary[];
  /** Jobs that older clients make in ordinary workspaces (W12): the newest first, of the newest 100 workspaces. */
  readonly oldSleighs: readonly OldSleighSummary[];
}

export interface SleighSummary extends Named {
  readonly state: string;
  /** One of its charts has failed, by a fault of the server. */
  readonly hasFailed: boolean;
  readonly joinPhase: string;
  readonly shutdown: string;
  /** Workers by state. */
  readonly workers: Readonly<Record<string, number>>;
  readonly queued: number;
  readonly running: number;
  readonly results: number;
}

export interface WorkspaceSummary extends Named {
  readonly owner: string;
  readonly persistent: boolean;
  readonly variables: number;
  readonly isSleigh: boolean;
  /** A job in an ordinary workspace, as older clients make it. */
  readonly isOldSleigh: boolean;
}
export type WorkspacesView = Page<WorkspaceSummary>;

export interface WorkspaceView extends WorkspaceSummary {
  readonly metadata: Readonly<Record<string, string>>;
  readonly list: Page<VariableSummary>;
}

export interface VariableSummary extends Named {
  readonly mode: string;
  readonly values: number;
  readonly fetchers: number;
  readonly finders: number;
  /** The value that would be found next, where there is one. */
  readonly preview: ValueView | undefined;
}

export interface VariableView extends VariableSummary {
  readonly workspace: Named;
  readonly list: Page<ValueView>;
  readonly waiting: Page<WaitingView>;
}

/** The answer to a fetch by the page: the value, which is not in the variable any more (src/web/writes.ts). */
export interface FetchedView {
  readonly value: ValueView;
}

export interface WaitingView {
  readonly client: number;
  readonly peer: string;
  readonly verb: string;
}

export interface ValueView {
  /** What it was taken for. */
  readonly kind:
    | 'text'
    | 'json'
    | 'number'
    | 'bytes'
    | 'python pickle'
    | 'r serialization'
    | 'java serialization'
    | 'graph'
    | 'chunk'
    | 'foreign';
  readonly maker: string;
  readonly descriptor: number;
  /** Bytes. */
  readonly size: number;
  /** For people: the text, indented JSON, what a babelfish told. Cut at 64 KiB. */
  readonly text: string | undefined;
  /** A hex dump with offsets and characters, of what is no text. Cut at 4 KiB. */
  readonly hex: string | undefined;
  readonly isCut: boolean;
  readonly babelfish: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ClientSummary {
  readonly id: number;
  readonly peer: string;
  /** State of its connection's chart, such as `open.blocked.silent`. */
  readonly state: string;
  readonly connectedAt: number;
  readonly requests: number;
  readonly last: RequestView | undefined;
}
export interface ClientsView extends Page<ClientSummary> {
  /** Clients in each state of their connection; a `state` that is asked for may be one around some of them. */
  readonly counts: Readonly<Record<string, number>>;
}

/** A request that a client made last, or waits in. */
export interface RequestView {
  readonly verb: string;
  readonly workspace: Named | undefined;
  readonly variable: Named | undefined;
  readonly at: number;
  /** It is not answered yet. */
  readonly waits: boolean;
}

export interface ClientView extends ClientSummary {
  readonly actor: ActorView;
  readonly owns: readonly Named[];
  /** Whom it is, by sleigh. */
  readonly roles: readonly { readonly sleigh: Named; readonly actor: string }[];
}

export interface SleighView extends SleighSummary {
  readonly policy: string;
  readonly startedAt: number;
  readonly join: {
    readonly state: string;
    readonly maximum: number;
    readonly ranksGiven: number;
    readonly registered: number;
    readonly expected: number;
    readonly isFrozen: boolean;
  };
  readonly sentinels: Readonly<Record<string, number>>;
  readonly completed: number;
  /** Workers that replaced others (S19). */
  readonly replacements: number;
  readonly deaths: number;
  /** What went wrong, the newest first, 100 at most. */
  readonly failures: readonly FailureView[];
  readonly batches: readonly BatchView[];
  /** `queued`, `running`, `results`, `busy`, `completed a second`. */
  readonly history: Series;
}

export interface FailureView {
  readonly time: number;
  readonly actor: string;
  /** Such as `connection.closed` with the clause S13. */
  readonly event: string;
  readonly clause: string;
  readonly what: string;
}

export interface BatchView {
  /** Undefined for tasks without a batch. */
  readonly batch: Named | undefined;
  readonly accepted: number;
  readonly answered: number;
  readonly queued: number;
  readonly running: number;
  readonly results: number;
  /** Milliseconds until all that is pending is answered, by the pace of the last half minute; undefined while unknown. */
  readonly remaining: number | undefined;
}

export interface WorkerView {
  readonly rank: number;
  readonly actor: string;
  readonly state: string;
  /** Where it runs, by what it told at its registration. */
  readonly host: string;
  readonly client: number | undefined;
  /** Undefined where no sentinel supervises. */
  readonly rankHistory: RankHistory | undefined;
  readonly completed: number;
  /** Milliseconds on its task; undefined when it has none. */
  readonly onTask: number | undefined;
  readonly batch: Named | undefined;
  readonly attempts: number | undefined;
  /** Share of its time since it registered that it was busy, 0 to 1. */
  readonly busyShare: number;
}

export interface WorkersView extends Page<WorkerView> {
  readonly counts: Readonly<Record<string, number>>;
}

/** The actors of one sleigh: a supervisor, its join phase and shutdown, and how many of the others are in each state. */
export interface ActorsView {
  /** Those there is one of. */
  readonly single: readonly ActorSummary[];
  /** Of workers and sentinels: how many are in each state of their chart. */
  readonly groups: readonly {
    readonly chart: string;
    readonly counts: Readonly<Record<string, number>>;
  }[];
  /** Of the group and the state that were asked for. */
  readonly list: Page<ActorSummary>;
}

export interface ActorSummary {
  /** Such as `worker.3`, `joinPhase`, `sleigh`. */
  readonly actor: string;
  readonly chart: string;
  readonly state: string;
  readonly last: StoryEntry | undefined;
  /** Of a worker whose sentinel supervises (S19). */
  readonly rankHistory?: RankHistory | undefined;
}

export interface ActorView extends ActorSummary {
  readonly hasEnded: boolean;
  readonly context: Readonly<Record<string, string | number | boolean>>;
  /** The oldest first; a bounded number is kept. */
  readonly story: readonly StoryEntry[];
  /** What may come next in this state, and what is in its way. */
  readonly next: readonly NextMove[];
}

export interface StoryEntry {
  readonly time: number;
  readonly event: string;
  /** What came with the event, such as `rank 3`; '' when nothing did. */
  readonly detail: string;
  readonly before: string;
  readonly after: string;
  /** The move of the chart that it was; undefined for a beginning and for what the chart has no place for. */
  readonly move: number | undefined;
  readonly clause: string;
}

export interface NextMove {
  readonly move: number;
  /** Its guard holds, does not, or depends on what comes with the event. */
  readonly verdict: 'open' | 'forbidden' | 'depends';
}

export interface ChartsView {
  readonly charts: readonly ChartView[];
}

/**
 * One chart. `svg` is the text of its drawing, with a `<g class="state" data-state="registered.busy">` for each state (the root's is
 * ''), and an element with `class="move"` and `data-moves="3 7"` for each arrow, label and line in a box.
 */
export interface ChartView {
  /** The machine's id, such as `joinPhase`. */
  readonly chart: string;
  readonly title: string;
  readonly about: string;
  readonly svg: string;
  readonly states: readonly { readonly state: string; readonly isFinal: boolean; readonly isLeaf: boolean }[];
  readonly moves: readonly MoveView[];
}

export interface MoveView {
  /** Its place in the list. */
  readonly move: number;
  readonly source: string;
  readonly event: string;
  readonly guard: string | undefined;
  /** Undefined when the state stays. */
  readonly target: string | undefined;
  readonly actions: readonly string[];
  readonly clauses: readonly string[];
  readonly description: string;
}

export interface ReplayView {
  readonly file: string;
  readonly steps: number;
  readonly from: number;
  readonly to: number;
  /** Sleighs and connections in the trace, in the order in which they begin. */
  readonly scopes: readonly { readonly scope: string; readonly first: number; readonly last: number }[];
  /** The first step that no chart allows. */
  readonly violation: { readonly step: number; readonly reason: string } | undefined;
}
