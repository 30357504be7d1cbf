import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { HANDLING_BOUNDS, type Meter } from '../transport/meter.ts';
import type { TcpServer } from '../transport/server.ts';
import type { WebServer } from './web-server.ts';

/** A histogram as it is counted elsewhere: buckets without those below them, the last for what is over all bounds. */
interface Counts {
  readonly bounds: readonly number[];
  readonly buckets: readonly number[];
  readonly sum: number;
}

type Labelled<T> = Iterable<readonly [labels: Record<string, string>, counts: T]>;

/** Reads what is counted elsewhere, when it is scraped: nothing is counted twice. The library asks a gauge to `get`. */
class ReadHistogram extends Gauge {
  readonly #read: () => Labelled<Counts>;
  readonly #empty: Histogram;

  constructor(name: string, help: string, read: () => Labelled<Counts>) {
    super({ name, help, registers: [] });
    this.#empty = new Histogram({ name, help, registers: [] });
    this.#read = read;
  }

  override async get() {
    const histogram = await this.#empty.get();
    const { name } = histogram;
    const values: { metricName: string; labels: Record<string, string | number>; value: number }[] = [];
    for (const [labels, { bounds, buckets, sum }] of this.#read()) {
      let count = 0;
      for (const [i, more] of buckets.entries()) {
        count += more;
        const le = bounds[i] ?? '+Inf';
        values.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: count });
      }
      values.push({ metricName: `${name}_sum`, labels, value: sum });
      values.push({ metricName: `${name}_count`, labels, value: count });
    }
    return { ...histogram, values };
  }
}

/** What tells of the process, once for all servers in it; begun at the first scrape, since watching costs something. */
let ofProcess: Registry | undefined;

function processMetrics(): Registry {
  if (ofProcess !== undefined) return ofProcess;
  ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess });
  return ofProcess;
}

/** @returns what makes the text of `/metrics`; the names are in docs/web.md */
export function metricsOf(server: TcpServer, web: WebServer): () => Promise<string> {
  let registry: Registry | undefined;
  return () => {
    registry ??= Registry.merge([serverMetrics(server, web), processMetrics()]);
    return registry.metrics();
  };
}

function serverMetrics({ core, meter }: TcpServer, web: WebServer): Registry {
  const registry = new Registry();
  const gauge = (name: string, help: string, read: () => number): void => {
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
  };
  gauge('sleigh_connections', 'Open connections.', () => core.counts.connections);
  gauge('sleigh_timers', 'Timers that the core has running.', () => core.counts.timers);
  gauge('sleigh_held_bytes', 'Bytes of all values that are held.', () => core.holdings.bytes);
  gauge('sleigh_web_viewers', 'Open streams of views.', () => web.counts.viewers);
  gauge('sleigh_web_views', 'Different views that are streamed.', () => web.counts.views);
  registry.registerMetric(
    new ReadHistogram(
      'sleigh_handling_seconds',
      'How long the server took for what came: bytes of a client, a timer, an end.',
      () => [[{}, handlingOf(meter)]],
    ),
  );
  return registry;
}

const handlingOf = ({ buckets, seconds }: Meter): Counts => ({
  bounds: HANDLING_BOUNDS,
  buckets,
  sum: seconds,
});
