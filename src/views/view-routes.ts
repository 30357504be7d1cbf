/** The paths of the views. The server and the replay of a trace read this table, and docs/reference/routes.md is made from it. */
export interface ViewRoute<Name extends string = string> {
  readonly name: Name;
  /** Below `/api/`; `*` stands for one encoded name. */
  readonly path: string;
  /** The parameters of its query. */
  readonly query: readonly string[];
  /** Its type in src/views/types.ts. */
  readonly type: string;
}

const RANGE = ['from', 'count'] as const;
const LIST = ['search', 'sort', ...RANGE] as const;
const ACTORS = ['chart', 'state', ...RANGE] as const;

/** The views of a running server. */
export const LIVE_VIEWS = [
  { name: 'overview', path: 'overview', query: [], type: 'OverviewView' },
  { name: 'workspaces', path: 'workspaces', query: LIST, type: 'WorkspacesView' },
  { name: 'workspace', path: 'workspaces/*', query: LIST, type: 'WorkspaceView' },
  { name: 'variable', path: 'workspaces/*/variables/*', query: RANGE, type: 'VariableView' },
  { name: 'clients', path: 'clients', query: ['state', ...LIST], type: 'ClientsView' },
  { name: 'client', path: 'clients/*', query: [], type: 'ClientView' },
  { name: 'sleigh', path: 'sleighs/*', query: [], type: 'SleighView' },
  { name: 'workers', path: 'sleighs/*/workers', query: ['state', ...LIST], type: 'WorkersView' },
  { name: 'worker', path: 'sleighs/*/workers/*', query: [], type: 'WorkerDetailsView' },
  { name: 'output', path: 'sleighs/*/output', query: ['rank', 'search', 'count'], type: 'OutputView' },
  { name: 'timeline', path: 'sleighs/*/timeline', query: ['tasks', 'marks'], type: 'TimelineView' },
  { name: 'failures', path: 'sleighs/*/failures', query: RANGE, type: 'FailedElementsView' },
  { name: 'actors', path: 'sleighs/*/actors', query: ACTORS, type: 'ActorsView' },
  { name: 'actor', path: 'sleighs/*/actors/*', query: [], type: 'ActorView' },
  { name: 'endedJobs', path: 'ended', query: RANGE, type: 'EndedJobsView' },
  { name: 'endedJob', path: 'ended/*', query: [], type: 'EndedJobView' },
  { name: 'endedFailures', path: 'ended/*/failures', query: RANGE, type: 'FailedElementsView' },
  { name: 'endedTimeline', path: 'ended/*/timeline', query: ['tasks', 'marks'], type: 'TimelineView' },
  { name: 'charts', path: 'charts', query: [], type: 'ChartsView' },
] as const satisfies readonly ViewRoute[];

/** The views of a trace. */
export const REPLAY_VIEWS = [
  { name: 'overview', path: 'overview', query: [], type: 'OverviewView' },
  { name: 'charts', path: 'charts', query: [], type: 'ChartsView' },
  { name: 'replay', path: 'replay', query: [], type: 'ReplayView' },
  { name: 'step', path: 'replay/*', query: [], type: 'StepView' },
  { name: 'timeline', path: 'replay/*/timeline', query: ['scope', 'tasks', 'marks'], type: 'TimelineView' },
  { name: 'stepActors', path: 'replay/*/actors', query: ['scope', ...ACTORS], type: 'ActorsView' },
  { name: 'stepActor', path: 'replay/*/actors/*', query: ['scope'], type: 'ActorView' },
] as const satisfies readonly ViewRoute[];

/** The views of the whole, at the root of a server with several partitions. */
export const WHOLE_VIEWS = [
  { name: 'overview', path: 'overview', query: [], type: 'WholeView' },
  { name: 'workspaces', path: 'workspaces', query: LIST, type: 'WholeWorkspacesView' },
  { name: 'takeovers', path: 'takeovers', query: [], type: 'TakeoversView' },
  { name: 'charts', path: 'charts', query: [], type: 'ChartsView' },
] as const satisfies readonly ViewRoute[];

export type LiveView = (typeof LIVE_VIEWS)[number]['name'];
export type ReplayedView = (typeof REPLAY_VIEWS)[number]['name'];
export type WholesView = (typeof WHOLE_VIEWS)[number]['name'];
