import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Histogram as Counted } from '../core/metrics.ts';
import { Sleigh } from '../sleigh/sleigh.ts';
import type { TcpServer } from '../transport/server.ts';
import type { Cluster } from '../views/cluster.ts';
import { sleighCounts, type SleighCounts } from '../views/sleigh-counts.ts';
import type { Views } from '../views/views.ts';
import { addLimitMetrics } from './limit-metrics.ts';
import type { WebServer } from './web-server.ts';

type Labels = Record<string, string>;
type Read<T> = () => Iterable<readonly [Labels, T]>;

/** A histogram that is counted elsewhere and read when it is scraped. The library calls `get` of a gauge. */
class ReadHistogram extends Gauge {
  readonly #read: Read<Counted>;
  readonly #empty: Histogram;

  constructor(name: string, help: string, read: Read<Counted>) {
    super({ name, help, registers: [] });
    this.#empty = new Histogram({ name, help, registers: [] });
    this.#read = read;
  }

  override async get() {
    const histogram = await this.#empty.get();
    const { name } = histogram;
    const values: { metricName: string; labels: Record<string, string | number>; value: number }[] = [];
    for (const [labels, { ends, counts, sum, count }] of this.#read()) {
      let below = 0;
      for (const [i, more] of counts.entries()) {
        below += more;
        const le = ends[i] ?? '+Inf';
        values.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: below });
      }
      values.push({ metricName: `${name}_sum`, labels, value: sum });
      values.push({ metricName: `${name}_count`, labels, value: count });
    }
    return { ...histogram, values };
  }
}

/**
 * The metrics of the process, once for all servers in it; started at the first scrape, because collecting them has a
 * cost.
 */
let ofProcess: Registry | undefined;

function processMetrics(): Registry {
  if (ofProcess !== undefined) return ofProcess;
  ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess });
  return ofProcess;
}

/** What the metrics are read from. */
interface MetricsSource {
  readonly server: TcpServer;
  readonly web: WebServer;
  readonly views: Views;
  /** Undefined if no other server shares its store. */
  readonly cluster: Cluster | undefined;
}

/** @returns a function that creates the text of `/metrics`; the names are in docs/web.md */
export function metricsOf(source: MetricsSource): () => Promise<string> {
  let registry: Registry | undefined;
  return () => {
    registry ??= Registry.merge([serverMetrics(source), processMetrics()]);
    return registry.metrics();
  };
}

function serverMetrics({ server, web, views, cluster }: MetricsSource): Registry {
  const { core, handling } = server;
  const registry = new Registry();
  addLimitMetrics(registry, server);
  const { figures, workspaces } = core;
  const gauge = (name: string, help: string, read: () => number): void => {
    registry.registerMetric(
      new Gauge({ name, help, registers: [], collect: readInto(() => [[{}, read()]]) }),
    );
  };
  const gauges = (name: string, help: string, label: string, read: Read<number>): void => {
    registry.registerMetric(
      new Gauge({ name, help, registers: [], labelNames: [label], collect: readInto(read) }),
    );
  };
  const counter = (name: string, help: string, labelNames: string[], read: Read<number>): void => {
    registry.registerMetric(new Counter({ name, help, registers: [], labelNames, collect: readInto(read) }));
  };
  const histogram = (name: string, help: string, read: Read<Counted>): void => {
    registry.registerMetric(new ReadHistogram(name, help, read));
  };

  gauge('sleigh_connections', 'Open connections.', () => core.counts.connections);
  gauge('sleigh_blocked', 'Connections whose request waits.', () => core.blockedConnections);
  counter('sleigh_requests_total', 'Requests by verb.', ['verb'], () => labelled('verb', figures.requests));
  counter('sleigh_verified_steps_total', 'Steps of actors that were checked (`serve --verify`).', [], () => [
    [{}, core.verifier?.steps ?? 0],
  ]);
  counter('sleigh_violations_total', 'Steps that a machine does not allow, by machine.', ['machine'], () =>
    labelled('machine', figures.violations),
  );
  histogram('sleigh_blocked_seconds', 'How long requests that had to wait were blocked, by verb.', () =>
    labelled('verb', figures.blocked),
  );
  histogram('sleigh_handling_seconds', 'How long the server took for what came.', () => [[{}, handling]]);
  counter('sleigh_received_bytes_total', 'Bytes from clients.', [], () => [[{}, figures.bytesIn]]);
  counter('sleigh_sent_bytes_total', 'Bytes for clients.', [], () => [[{}, figures.bytesOut]]);
  gauge('sleigh_held_bytes', 'Bytes of all values that are held.', () => core.accounting.bytes);
  gauge('sleigh_workspaces', 'Workspaces.', () => workspaces.count);
  gauge('sleigh_variables', 'Variables in all workspaces.', () => workspaces.variableCount);

  const { durability } = server;
  if (durability !== undefined) {
    const committed = durability.figures;
    counter('sleigh_commits_total', 'Commits to the store.', [], () => [[{}, committed.commits]]);
    counter('sleigh_commit_seconds_total', 'How long they took.', [], () => [[{}, committed.seconds]]);
    counter('sleigh_committed_changes_total', 'Changes in them.', [], () => [[{}, committed.changes]]);
    gauge('sleigh_store_bytes', 'Bytes of the store on the disk.', () => durability.bytes);
    gauge(
      'sleigh_recovered_entities',
      'Entities that were taken up at the start.',
      () => committed.recovered,
    );
    gauge('sleigh_commit_waiting', 'Connections whose replies wait for a commit.', () => durability.waiting);
  }
  if (cluster !== undefined) {
    gauge('sleigh_epoch', 'The epoch under which this server owns the data.', () => cluster.epoch);
    gauge('sleigh_lease_left_seconds', 'Seconds for which its lease is valid at least.', () =>
      Math.max(0, cluster.leaseLeftMs / 1_000),
    );
    counter('sleigh_takeovers_total', 'How often a server has claimed the data.', [], () => [
      [{}, cluster.stored.takeoverCount],
    ]);
  }

  const sleighs = (): SleighCounts[] =>
    Array.from(workspaces.occupied).flatMap(({ plugin }) =>
      plugin instanceof Sleigh ? [sleighCounts(plugin)] : [],
    );
  const total = (count: (sleigh: SleighCounts) => number): number =>
    sleighs().reduce((sum, sleigh) => sum + count(sleigh), 0);
  gauges('sleigh_sleighs', 'Sleighs by the state of their supervisor.', 'state', () =>
    labelled('state', sumsOf(sleighs().map(({ state }) => ({ [state]: 1 })))),
  );
  gauges('sleigh_workers', 'Workers of all sleighs by state.', 'state', () =>
    labelled('state', sumsOf(sleighs().map(({ workers }) => workers))),
  );
  gauges('sleigh_tasks', 'Tasks of all sleighs by state.', 'state', () => [
    [{ state: 'queued' }, total(({ queued }) => queued)],
    [{ state: 'running' }, total(({ running }) => running)],
  ]);
  gauges(
    'sleigh_elements',
    'Elements of all sleighs with an outcome, or tasks if no master tells about its elements.',
    'outcome',
    () => [
      [{ outcome: 'done' }, total(({ progress }) => progress.done - progress.failed)],
      [{ outcome: 'failed' }, total(({ progress }) => progress.failed)],
    ],
  );
  gauges(
    'sleigh_jobs_in_trouble',
    'Jobs with each trouble that the page names, of the newest 100.',
    'trouble',
    () => labelled('trouble', views.troubles()),
  );
  gauge('sleigh_results', 'Results that no master has taken.', () => total(({ results }) => results));

  gauge('sleigh_web_viewers', 'Open streams of views.', () => web.counts.viewers);
  gauge('sleigh_web_views', 'Different views that are streamed.', () => web.counts.views);
  return registry;
}

/** @returns a `collect` function that copies a count into a metric */
const readInto = (read: Read<number>) =>
  function collect(this: Gauge | Counter): void {
    this.reset();
    for (const [labels, value] of read()) this.inc(labels, value);
  };

const labelled = <T>(label: string, map: Iterable<readonly [string, T]>): (readonly [Labels, T])[] =>
  Array.from(map, ([key, value]) => [{ [label]: key }, value]);

function sumsOf(records: readonly Readonly<Record<string, number>>[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const record of records)
    for (const [key, count] of Object.entries(record)) sums.set(key, (sums.get(key) ?? 0) + count);
  return sums;
}
