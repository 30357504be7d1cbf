import type { Core } from '../core/core.ts';
import type { EndedJob } from '../sleigh/ended-job.ts';
import { Sleigh } from '../sleigh/sleigh.ts';
import type { About } from './about.ts';
import { actorOfSleighView, actorsView } from './actors.ts';
import { chartsView } from './charts.ts';
import { clientsView, clientView } from './clients.ts';
import { History } from './history.ts';
import { endedJobFailures, endedJobsView, endedJobTimeline, endedJobView } from './ended.ts';
import { failedElements } from './job-report.ts';
import { outputQuery, outputView } from './output.ts';
import { oldSleighSummaries, overview, overviewCounts, sleighSummaries } from './overview.ts';
import { listQuery, newest, rangeOf, type ListQuery } from './paging.ts';
import { route, type ViewMakers } from './router.ts';
import { DEFAULT_WORKSPACE } from '../wire/names.ts';
import { TROUBLES, type Trouble } from './notices.ts';
import { sleighCounts } from './sleigh-counts.ts';
import { sleighView } from './sleigh.ts';
import { timelineQuery, timelineView } from './timeline.ts';
import { workerDetails, workersView } from './workers.ts';
import { SleighFigures } from './sleigh-figures.ts';
import { StorageFigures } from './storage.ts';
import type { ChartsView, WorkspacesView } from './types.ts';
import { LIVE_VIEWS, type LiveView } from './view-routes.ts';
import { ownPartition } from './whole.ts';
import type { OwnPartitionView } from './whole-types.ts';
import { variableView, workspacesView, workspaceView } from './workspaces.ts';

/** The number of sleighs whose metrics are kept over time. */
const MAX_SAMPLED = 100;

/** The views of a running server. They read the core and change nothing. */
export class Views {
  readonly #core: Core;
  readonly #about: About;
  readonly #rates = new History(['requests', 'bytes in', 'bytes out']);
  readonly #figures = new WeakMap<Sleigh, SleighFigures>();
  readonly #storage: StorageFigures | undefined;
  readonly #charts: ChartsView;
  #last: { readonly time: number; readonly totals: readonly number[] } | undefined;

  constructor(core: Core, about: About) {
    this.#core = core;
    this.#about = about;
    this.#storage = about.storage && new StorageFigures(about.storage);
    this.#charts = chartsView(about, core.policyMachines);
  }

  /**
   * @returns undefined if there is no such view or object
   * @throws URIError if a name in the path is not encoded correctly
   */
  get(path: string, query: URLSearchParams): object | undefined {
    return route(LIVE_VIEWS, this.#makers, path, query);
  }

  readonly #makers: ViewMakers<LiveView> = {
    overview: () =>
      overview(this.#core, this.#about, {
        rates: this.#rates,
        storage: this.#storage,
        figuresOf: (sleigh) => this.#figuresOf(sleigh),
      }),
    workspaces: (_names, query) => this.workspaces(listQuery(query)),
    workspace: ([name], query) => this.#workspace(name, query),
    variable: ([name, variable], query) => this.#variable(name, variable, query),
    clients: (_names, query) => clientsView(this.#core, query.get('state'), listQuery(query)),
    client: ([id]) => this.#client(id),
    sleigh: ([name]) =>
      this.#withSleigh(name, (sleigh) => sleighView(sleigh, this.#figuresOf(sleigh), this.#about.now())),
    workers: ([name], query) =>
      this.#withSleigh(name, (sleigh) =>
        workersView(sleigh, query.get('state'), listQuery(query), this.#about),
      ),
    worker: ([name, rank]) => this.#withSleigh(name, (sleigh) => this.#worker(sleigh, rank)),
    output: ([name], query) => this.#withSleigh(name, (sleigh) => outputView(sleigh, outputQuery(query))),
    timeline: ([name], query) =>
      this.#withSleigh(name, (sleigh) => timelineView(sleigh, timelineQuery(query), this.#about.now())),
    endedJobs: (_names, query) => endedJobsView(this.#about.endedJobs, rangeOf(query)),
    endedJob: ([id]) => this.#withEnded(id, (job) => endedJobView(id, job)),
    endedFailures: ([id], query) => this.#withEnded(id, (job) => endedJobFailures(job, rangeOf(query))),
    endedTimeline: ([id], query) => this.#withEnded(id, (job) => endedJobTimeline(job, timelineQuery(query))),
    failures: ([name], query) => this.#withSleigh(name, (sleigh) => failedElements(sleigh, rangeOf(query))),
    actors: ([name], query) =>
      this.#withSleigh(name, (sleigh) =>
        actorsView(sleigh, query.get('chart') ?? 'worker', query.get('state'), rangeOf(query)),
      ),
    actor: ([name, id]) => this.#withSleigh(name, (sleigh) => this.#actor(sleigh, id)),
    charts: () => this.#charts,
  };

  /** @param hasDefault whether the workspace `__default` is that of the whole, and not only there because every core has one */
  workspaces(query: ListQuery, hasDefault = true): WorkspacesView {
    return workspacesView(this.#core.workspaces, query, hasDefault ? undefined : DEFAULT_WORKSPACE);
  }

  #workspace(name: string, query: URLSearchParams) {
    const workspace = this.#core.workspaces.find(name);
    return workspace && workspaceView(workspace, listQuery(query), this.#about);
  }

  #variable(name: string, variableName: string, query: URLSearchParams) {
    const workspace = this.#core.workspaces.find(name);
    const variable = workspace?.find(variableName);
    return workspace && variable && variableView(workspace, variable, rangeOf(query), this.#about);
  }

  #client(id: string) {
    const connection = /^\d{1,15}$/.test(id) ? this.#core.findConnection(Number(id)) : undefined;
    return connection && clientView(connection);
  }

  #withEnded<View>(id: string, view: (job: EndedJob) => View): View | undefined {
    const job = this.#about.endedJobs.find(id);
    return job && view(job);
  }

  #withSleigh(name: string, view: (sleigh: Sleigh) => object | undefined): object | undefined {
    const plugin = this.#core.workspaces.find(name)?.plugin;
    return plugin instanceof Sleigh ? view(plugin) : undefined;
  }

  #worker(sleigh: Sleigh, rank: string) {
    const worker = /^\d{1,9}$/.test(rank) ? sleigh.crew.find(Number(rank)) : undefined;
    return worker && workerDetails(sleigh, worker, this.#about);
  }

  #actor(sleigh: Sleigh, id: string) {
    const actor = sleigh.actor(id);
    return actor && actorOfSleighView(sleigh, actor);
  }

  #figuresOf(sleigh: Sleigh): SleighFigures {
    let figures = this.#figures.get(sleigh);
    if (figures === undefined) this.#figures.set(sleigh, (figures = new SleighFigures()));
    return figures;
  }

  /**
   * What the server says of this partition to other servers.
   * @param hasDefault as of `workspaces`
   */
  own(partition: number, hasDefault = true): OwnPartitionView {
    const counts = overviewCounts(this.#core);
    return ownPartition(partition, {
      counts: { ...counts, workspaces: counts.workspaces - Number(!hasDefault) },
      sleighs: sleighSummaries(this.#core, this.#about.now(), (sleigh) => this.#figuresOf(sleigh)),
      oldSleighs: oldSleighSummaries(this.#core),
    });
  }

  /** The number of jobs with each trouble, of the newest jobs. */
  troubles(): ReadonlyMap<Trouble, number> {
    const now = this.#about.now();
    const counts = new Map<Trouble, number>(TROUBLES.map((trouble) => [trouble, 0]));
    for (const { plugin } of newest(this.#core.workspaces.occupied, MAX_SAMPLED)) {
      if (!(plugin instanceof Sleigh)) continue;
      const { watch, rate } = this.#figuresOf(plugin);
      for (const trouble of watch.troubles(plugin, sleighCounts(plugin, rate), now))
        counts.set(trouble, (counts.get(trouble) ?? 0) + 1);
    }
    return counts;
  }

  /** Takes a sample of the metrics; called once a second. */
  sample(): void {
    const time = this.#about.now();
    const { requestCount, bytesIn, bytesOut } = this.#core.figures;
    const totals = [requestCount, bytesIn, bytesOut];
    const last = this.#last;
    if (last !== undefined && time > last.time)
      this.#rates.add(
        time,
        totals.map((total, i) => ((total - (last.totals[i] ?? 0)) * 1000) / (time - last.time)),
      );
    this.#last = { time, totals };
    this.#storage?.sample(time);
    for (const { plugin } of newest(this.#core.workspaces.occupied, MAX_SAMPLED))
      if (plugin instanceof Sleigh) this.#figuresOf(plugin).sample(plugin, time);
  }
}
