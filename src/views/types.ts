import type { ClusterView } from './cluster-types.ts';
import type { Series } from './series-types.ts';
import type { StorageView } from './storage-types.ts';
import type { VerificationView } from './verification-types.ts';
import type { Named } from './named.ts';
import type { CapacityView, WaitingView } from './variable-types.ts';
import type { OldSleighSummary } from './old-sleigh-types.ts';
import type { Page } from './page.ts';
import type { BatchView, NoticeView, ProgressView, ReportedBatchView } from './progress-types.ts';
import type { ProcessView, RunningTaskView } from './running-types.ts';
import type { RankHistory } from './rank-types.ts';

/**
 * The views: the JSON under `/api` that the pages show. Every view has a path, which src/views/view-routes.ts lists.
 * `GET path` returns it once. The same request with `Accept: text/event-stream` sends it again whenever it has changed,
 * at most 10 times a second. `GET /api/stream?view=/overview&view=…` sends several on one stream: the first line of each
 * event is the number of its view.
 *
 * If an object does not exist, the reply is 404 with an ErrorView. If the object of a stream is deleted, the stream
 * sends an event `gone` with an ErrorView, and continues when the object is created again. If a view fails because of
 * a fault of the server, the reply is 500, and a stream sends an event `failed`. src/web/writes.ts lists the changes
 * that the page may make. Times are milliseconds since 1970, durations milliseconds.
 *
 * With several partitions (src/views/whole-types.ts) these views are below `/p/N/api`, and `/api` has those of the whole.
 */

export interface ErrorView {
  readonly error: string;
}

export interface OverviewView {
  readonly version: string;
  readonly host: string;
  readonly port: number;
  readonly startedAt: number;
  readonly now: number;
  /** Whether this page may delete and fetch, for which it needs a token. */
  readonly writable: boolean;
  /** Whether it shows a trace instead of a running server. */
  readonly replay: boolean;
  readonly connections: number;
  readonly blocked: number;
  readonly workspaces: number;
  readonly variables: number;
  readonly bytesHeld: number;
  /** What `serve --verify` found; null if the server does not verify its actors. */
  readonly verification: VerificationView | null;
  /** The store of a server with `--data`; null without. */
  readonly storage: StorageView | null;
  /** The servers of `--store`; null without. */
  readonly cluster: ClusterView | null;
  /** The number of requests of each verb since the start. */
  readonly requests: Readonly<Record<string, number>>;
  /** `requests`, `bytes in`, `bytes out`, each a second. */
  readonly rates: Series;
  /** Those in trouble first, then newest first; the newest 100. */
  readonly sleighs: readonly SleighSummary[];
  /** Old-style jobs in plain workspaces (W12): newest first, from the newest 100 workspaces. */
  readonly oldSleighs: readonly OldSleighSummary[];
}

export interface SleighSummary extends Named {
  readonly state: string;
  /** Whether one of its actors has failed, by a fault of the server. */
  readonly hasFailed: boolean;
  readonly joinPhase: string;
  readonly shutdown: string;
  /** The number of workers in each state. */
  readonly workers: Readonly<Record<string, number>>;
  readonly queued: number;
  readonly running: number;
  readonly results: number;
  readonly progress: ProgressView;
  /** Why it may be stuck, troubles first. */
  readonly notices: readonly NoticeView[];
}

export interface WorkspaceSummary extends Named {
  readonly owner: string;
  readonly persistent: boolean;
  readonly variables: number;
  readonly isSleigh: boolean;
  /** Whether it is a plain workspace with an old-style job. */
  readonly isOldSleigh: boolean;
}
export type WorkspacesView = Page<WorkspaceSummary>;

export interface WorkspaceView extends WorkspaceSummary {
  readonly metadata: Readonly<Record<string, string>>;
  readonly list: Page<VariableSummary>;
}

export interface VariableSummary extends Named, CapacityView {
  readonly mode: string;
  readonly values: number;
  readonly fetchers: number;
  readonly finders: number;
  /** The value that `find` would return, if there is one. */
  readonly preview: ValueView | undefined;
}

export interface VariableView extends VariableSummary {
  readonly workspace: Named;
  readonly list: Page<ValueView>;
  readonly waiting: Page<WaitingView>;
  /** Its values that clients have taken for a time (V13). */
  readonly leased: Page<LeaseView>;
}

/** The reply to a fetch by the page: the value, which has been removed from the variable (src/web/writes.ts). */
export interface FetchedView {
  readonly value: ValueView;
}

/** A value that a client has taken for a time. */
export interface LeaseView {
  readonly lease: number;
  /** HOST:PORT of the client that holds it. */
  readonly peer: string;
  /** When it was taken, and when it returns, in milliseconds since 1970. */
  readonly since: number;
  readonly until: number;
  readonly value: ValueView;
}

export interface ValueView {
  /** The recognized form of the value. */
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
  /** The size in bytes. */
  readonly size: number;
  /** A text for people: the value itself, indented JSON, or the reply of a babelfish. Truncated at 64 KiB. */
  readonly text: string | undefined;
  /** A hex dump with offsets and characters, for values that are not text. Truncated at 4 KiB. */
  readonly hex: string | undefined;
  readonly isCut: boolean;
  readonly babelfish: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ClientSummary {
  readonly id: number;
  readonly peer: string;
  /** The state of its connection, such as `open.blocked.silent`. */
  readonly state: string;
  readonly connectedAt: number;
  readonly requests: number;
  readonly last: RequestView | undefined;
}
export interface ClientsView extends Page<ClientSummary> {
  /** The number of clients in each state of their connection. A requested `state` may contain some of these. */
  readonly counts: Readonly<Record<string, number>>;
}

/** The last request of a client, or the one that is blocked. */
export interface RequestView {
  readonly verb: string;
  readonly workspace: Named | undefined;
  readonly variable: Named | undefined;
  readonly at: number;
  /** Whether it waits for its reply. */
  readonly waits: boolean;
}

export interface ClientView extends ClientSummary {
  readonly actor: ActorView;
  readonly owns: readonly Named[];
  /** Its roles, by sleigh. */
  readonly roles: readonly { readonly sleigh: Named; readonly actor: string }[];
}

export interface SleighView extends SleighSummary {
  /** The time at the server, to the second. */
  readonly now: number;
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
  /** The number of workers that replaced others (S19). */
  readonly replacements: number;
  readonly deaths: number;
  /** Failures, newest first, at most 100. */
  readonly failures: readonly FailureView[];
  readonly batches: readonly BatchView[];
  /** The batches that the master tells about, newest first (S24). */
  readonly reported: readonly ReportedBatchView[];
  /** `queued`, `running`, `results`, `busy`, `completed a second`. */
  readonly history: Series;
}

export interface FailureView {
  readonly time: number;
  readonly actor: string;
  /** The event, such as `connection.closed`. */
  readonly event: string;
  readonly clause: string;
  readonly what: string;
}

export interface WorkerView {
  readonly rank: number;
  readonly actor: string;
  readonly state: string;
  /** The host that it named in its registration. */
  readonly host: string;
  readonly client: number | undefined;
  /** Undefined if no sentinel supervises it. */
  readonly rankHistory: RankHistory | undefined;
  readonly completed: number;
  /** Milliseconds since its task began; undefined if it has none. */
  readonly onTask: number | undefined;
  readonly batch: Named | undefined;
  readonly attempts: number | undefined;
  /** What it does now; undefined if it has no task. */
  readonly running: RunningTaskView | undefined;
  /** What its process uses; undefined if no sentinel tells it (S24.3). */
  readonly process: ProcessView | undefined;
  /** The share of its time since its registration in which it was busy, 0 to 1. */
  readonly busyShare: number;
}

/** One worker, by its rank. */
export interface WorkerDetailsView extends WorkerView {
  readonly sleigh: Named;
  /** The time at the server, to the second. */
  readonly now: number;
}

export interface WorkersView extends Page<WorkerView> {
  readonly counts: Readonly<Record<string, number>>;
}

/** The actors of one sleigh: the supervisor, join phase and shutdown, and the number of the others in each state. */
export interface ActorsView {
  /** The actors of which there is one each. */
  readonly single: readonly ActorSummary[];
  /** The number of workers and sentinels in each state. */
  readonly groups: readonly {
    readonly chart: string;
    readonly counts: Readonly<Record<string, number>>;
  }[];
  /** The actors of the requested group and state. */
  readonly list: Page<ActorSummary>;
}

export interface ActorSummary {
  /** The id, such as `worker.3`, `joinPhase`, `sleigh`. */
  readonly actor: string;
  readonly chart: string;
  readonly state: string;
  readonly last: StoryEntry | undefined;
  /** For a worker whose sentinel supervises it (S19). */
  readonly rankHistory?: RankHistory | undefined;
}

export interface ActorView extends ActorSummary {
  readonly hasEnded: boolean;
  readonly context: Readonly<Record<string, string | number | boolean>>;
  /** Oldest first; the number of entries is limited. */
  readonly story: readonly StoryEntry[];
  /** The moves that are possible in this state, and the guards that prevent the others. */
  readonly next: readonly NextMove[];
}

export interface StoryEntry {
  readonly time: number;
  readonly event: string;
  /** The data of the event, such as `rank 3`; '' if it had none. */
  readonly detail: string;
  readonly before: string;
  readonly after: string;
  /** The move of the machine; undefined for a beginning and for an unexpected event. */
  readonly move: number | undefined;
  readonly clause: string;
  /** What the step means, in a sentence. */
  readonly description: string;
}

export interface NextMove {
  readonly move: number;
  /** Whether its guard holds, fails, or depends on the data of the event. */
  readonly verdict: 'open' | 'forbidden' | 'depends';
}

export interface ChartsView {
  readonly charts: readonly ChartView[];
}

/**
 * One machine. `svg` is the text of its drawing, with a `<g class="state" data-state="registered.busy">` for each
 * state ('' for the root), and an element with `class="move"` and `data-moves="3 7"` for each arrow, label and line
 * in a box.
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
  /** Its index in the list. */
  readonly move: number;
  readonly source: string;
  readonly event: string;
  readonly guard: string | undefined;
  /** Its place among the moves of this event in this state, from 1; undefined if it is the only one. */
  readonly order: number | undefined;
  /** Undefined if the move stays in the state. */
  readonly target: string | undefined;
  readonly actions: readonly string[];
  readonly clauses: readonly string[];
  readonly description: string;
}
