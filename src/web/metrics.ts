import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { Sleigh } from '../sleigh/sleigh.ts';
import { sleighCounts, type SleighCounts } from '../views/sleigh-counts.ts';
import { addLimitMetrics } from './limit-metrics.ts';
import { labelled, MetricsWriter, type MetricsPart } from './metrics-writer.ts';
import type { Whole } from '../core/whole.ts';
import type { WebServer } from './web-server.ts';

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

/**
 * @param parts what is measured: one server, or those of the partitions that this process owns
 * @param whole what is known of all partitions, if servers share the store
 * @returns a function that creates the text of `/metrics`; the names are in docs/web.md
 */
export function metricsOf(
  web: WebServer,
  parts: readonly MetricsPart[],
  whole?: Pick<Whole, 'stored'>,
): () => Promise<string> {
  let registry: Registry | undefined;
  return () => {
    registry ??= Registry.merge([serverMetrics(web, parts, whole), processMetrics()]);
    return registry.metrics();
  };
}

function serverMetrics(
  web: WebServer,
  parts: readonly MetricsPart[],
  whole: Pick<Whole, 'stored'> | undefined,
): Registry {
  const registry = new Registry();
  const writer = new MetricsWriter(registry, parts);
  const { gauge, counter, histogram } = writer;
  addLimitMetrics(writer);

  gauge('sleigh_connections', 'Open connections.', ({ server: { core } }) => core.counts.connections);
  gauge(
    'sleigh_blocked',
    'Connections whose request waits.',
    ({ server: { core } }) => core.blockedConnections,
  );
  counter('sleigh_requests_total', 'Requests by verb.', ['verb'], ({ server: { core } }) =>
    labelled('verb', core.figures.requests),
  );
  counter(
    'sleigh_verified_steps_total',
    'Steps of actors that were checked (`serve --verify`).',
    [],
    ({ server: { core } }) => [[{}, core.verifier?.steps ?? 0]],
  );
  counter(
    'sleigh_violations_total',
    'Steps that a machine does not allow, by machine.',
    ['machine'],
    ({ server: { core } }) => labelled('machine', core.figures.violations),
  );
  histogram(
    'sleigh_blocked_seconds',
    'How long requests that had to wait were blocked, by verb.',
    ({ server: { core } }) => labelled('verb', core.figures.blocked),
  );
  histogram('sleigh_handling_seconds', 'How long the server took for what came.', ({ server }) => [
    [{}, server.handling],
  ]);
  counter('sleigh_received_bytes_total', 'Bytes from clients.', [], ({ server: { core } }) => [
    [{}, core.figures.bytesIn],
  ]);
  counter('sleigh_sent_bytes_total', 'Bytes for clients.', [], ({ server: { core } }) => [
    [{}, core.figures.bytesOut],
  ]);
  gauge(
    'sleigh_held_bytes',
    'Bytes of all values that are held.',
    ({ server: { core } }) => core.accounting.bytes,
  );
  gauge('sleigh_workspaces', 'Workspaces.', ({ server: { core } }) => core.workspaces.count);
  gauge(
    'sleigh_variables',
    'Variables in all workspaces.',
    ({ server: { core } }) => core.workspaces.variableCount,
  );
  if (parts.some(({ server }) => server.durability !== undefined)) addStoreMetrics(writer);
  if (parts.some(({ cluster }) => cluster !== undefined)) addClusterMetrics(writer);
  if (whole !== undefined) addWholeMetrics(registry, whole);
  addJobMetrics(writer);
  addWebMetrics(registry, web);
  return registry;
}

type Durability = NonNullable<MetricsPart['server']['durability']>;

/** @returns a count of the store of a part; 0 if nothing survives it */
const ofStore =
  (count: (durability: Durability) => number) =>
  ({ server: { durability } }: MetricsPart): number =>
    durability === undefined ? 0 : count(durability);

function addStoreMetrics({ gauge, counter }: MetricsWriter): void {
  const total = (name: string, help: string, count: (durability: Durability) => number): void =>
    counter(name, help, [], (part) => [[{}, ofStore(count)(part)]]);
  total('sleigh_commits_total', 'Commits to the store.', ({ figures }) => figures.commits);
  total('sleigh_commit_seconds_total', 'How long they took.', ({ figures }) => figures.seconds);
  total('sleigh_committed_changes_total', 'Changes in them.', ({ figures }) => figures.changes);
  gauge(
    'sleigh_store_bytes',
    'Bytes of the store on the disk.',
    ofStore(({ bytes }) => bytes),
  );
  gauge(
    'sleigh_recovered_entities',
    'Entities that were taken up at the start.',
    ofStore(({ figures }) => figures.recovered),
  );
  gauge(
    'sleigh_commit_waiting',
    'Connections whose replies wait for a commit.',
    ofStore(({ waiting }) => waiting),
  );
}

function addClusterMetrics({ gauge, counter }: MetricsWriter): void {
  gauge(
    'sleigh_epoch',
    'The epoch under which this server owns the data.',
    ({ cluster }) => cluster?.epoch ?? 0,
  );
  gauge('sleigh_lease_left_seconds', 'Seconds for which its lease is valid at least.', ({ cluster }) =>
    Math.max(0, (cluster?.leaseLeftMs ?? 0) / 1_000),
  );
  counter('sleigh_takeovers_total', 'How often a server has claimed the data.', [], ({ cluster }) => [
    [{}, cluster?.stored.takeoverCount ?? 0],
  ]);
}

/** Each server has those of all partitions: one that nobody can use has no owner that could say so. */
function addWholeMetrics(registry: Registry, whole: Pick<Whole, 'stored'>): void {
  registry.registerMetric(
    new Gauge({
      name: 'sleigh_partition_failures',
      help: 'How often a server could not use the data of a partition that none has served since.',
      registers: [],
      labelNames: ['server', 'partition'],
      collect() {
        this.reset();
        for (const { partition, server, times } of whole.stored.failures)
          this.set({ server, partition: String(partition) }, times);
      },
    }),
  );
}

const sleighsOf = ({ server }: MetricsPart): SleighCounts[] =>
  Array.from(server.core.workspaces.occupied).flatMap(({ plugin }) =>
    plugin instanceof Sleigh ? [sleighCounts(plugin)] : [],
  );

const totalOf = (part: MetricsPart, count: (sleigh: SleighCounts) => number): number =>
  sleighsOf(part).reduce((sum, sleigh) => sum + count(sleigh), 0);

function addJobMetrics({ gauge, gauges }: MetricsWriter): void {
  gauges('sleigh_sleighs', 'Sleighs by the state of their supervisor.', 'state', (part) =>
    labelled('state', sumsOf(sleighsOf(part).map(({ state }) => ({ [state]: 1 })))),
  );
  gauges('sleigh_workers', 'Workers of all sleighs by state.', 'state', (part) =>
    labelled('state', sumsOf(sleighsOf(part).map(({ workers }) => workers))),
  );
  gauges('sleigh_tasks', 'Tasks of all sleighs by state.', 'state', (part) => [
    [{ state: 'queued' }, totalOf(part, ({ queued }) => queued)],
    [{ state: 'running' }, totalOf(part, ({ running }) => running)],
  ]);
  gauges(
    'sleigh_elements',
    'Elements of all sleighs with an outcome, or tasks if no master tells about its elements.',
    'outcome',
    (part) => [
      [{ outcome: 'done' }, totalOf(part, ({ progress }) => progress.done - progress.failed)],
      [{ outcome: 'failed' }, totalOf(part, ({ progress }) => progress.failed)],
    ],
  );
  gauges(
    'sleigh_jobs_in_trouble',
    'Jobs with each trouble that the page names, of the newest 100.',
    'trouble',
    ({ views }) => labelled('trouble', views.troubles()),
  );
  gauge('sleigh_results', 'Results that no master has taken.', (part) =>
    totalOf(part, ({ results }) => results),
  );
}

/** Those of the page, which is one for all parts. */
function addWebMetrics(registry: Registry, web: WebServer): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        collect() {
          this.set(read());
        },
      }),
    );
  gauge('sleigh_web_viewers', 'Open streams of views.', () => web.counts.viewers);
  gauge('sleigh_web_views', 'Different views that are streamed.', () => web.counts.views);
}

function sumsOf(records: readonly Readonly<Record<string, number>>[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const record of records)
    for (const [key, count] of Object.entries(record)) sums.set(key, (sums.get(key) ?? 0) + count);
  return sums;
}
