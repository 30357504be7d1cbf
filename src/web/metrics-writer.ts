import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Histogram as Counted } from '../core/metrics.ts';
import type { TcpServer } from '../transport/server.ts';
import type { ClusterFigures } from '../core/whole.ts';
import type { Views } from '../views/views.ts';

/** A server whose state is measured: the only one, or that of one partition. */
export interface MetricsPart {
  /** Its partition; undefined if the data is not divided. */
  readonly partition: number | undefined;
  readonly server: TcpServer;
  readonly views: Views;
  /** Undefined if no other server shares its store. */
  readonly cluster: ClusterFigures | undefined;
}

export type Labels = Record<string, string>;
type Samples<T> = Iterable<readonly [Labels, T]>;
/** Reads the samples of one part. */
export type Read<T> = (part: MetricsPart) => Samples<T>;

/** A histogram that is counted elsewhere and read when it is scraped. The library calls `get` of a gauge. */
class ReadHistogram extends Gauge {
  readonly #read: () => Samples<Counted>;
  readonly #empty: Histogram;

  constructor(name: string, help: string, read: () => Samples<Counted>) {
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

/** Adds metrics to a registry. Each is read from all parts when it is scraped; the label `partition` tells them apart. */
export class MetricsWriter {
  readonly #registry: Registry;
  readonly #parts: readonly MetricsPart[];

  constructor(registry: Registry, parts: readonly MetricsPart[]) {
    this.#registry = registry;
    this.#parts = parts;
  }

  readonly gauge = (name: string, help: string, read: (part: MetricsPart) => number): void =>
    this.#gauge(name, help, [], (part) => [[{}, read(part)]]);

  readonly gauges = (name: string, help: string, label: string, read: Read<number>): void =>
    this.#gauge(name, help, [label], read);

  readonly counter = (name: string, help: string, labels: readonly string[], read: Read<number>): void =>
    this.#registry.registerMetric(
      new Counter({ name, help, registers: [], labelNames: this.#named(labels), collect: this.#into(read) }),
    );

  readonly histogram = (name: string, help: string, read: Read<Counted>): void =>
    this.#registry.registerMetric(new ReadHistogram(name, help, () => this.#samples(read)));

  #gauge(name: string, help: string, labels: readonly string[], read: Read<number>): void {
    this.#registry.registerMetric(
      new Gauge({ name, help, registers: [], labelNames: this.#named(labels), collect: this.#into(read) }),
    );
  }

  #named(labels: readonly string[]): string[] {
    const isDivided = this.#parts.some(({ partition }) => partition !== undefined);
    return isDivided ? [...labels, 'partition'] : [...labels];
  }

  *#samples<T>(read: Read<T>): Generator<readonly [Labels, T]> {
    for (const part of this.#parts) {
      const own = part.partition === undefined ? {} : { partition: String(part.partition) };
      for (const [labels, value] of read(part)) yield [{ ...labels, ...own }, value];
    }
  }

  /** @returns a `collect` function that copies what is counted elsewhere into a metric */
  #into(read: Read<number>) {
    const samples = () => this.#samples(read);
    return function collect(this: Gauge | Counter): void {
      this.reset();
      for (const [labels, value] of samples()) this.inc(labels, value);
    };
  }
}

export const labelled = <T>(label: string, map: Iterable<readonly [string, T]>): (readonly [Labels, T])[] =>
  Array.from(map, ([key, value]) => [{ [label]: key }, value]);
