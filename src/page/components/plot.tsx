import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Series } from '../../views/series-types.ts';
import { bytes, compact, count, timeOfDay } from '../lib/format.ts';
import { resolvedColour } from '../lib/colours.ts';
import { onTheme } from '../lib/theme.ts';

/** Lines differ in colour and in their dashes. */
const DASHES: readonly number[][] = [[], [7, 4], [2, 3], [10, 3, 2, 3]];
const HEIGHT = 170;
/** The tick steps of an axis of bytes. */
const BINARY = Array.from({ length: 40 }, (_, power) => 2 ** power);

interface PlotProps {
  readonly title: string;
  readonly series: Series;
  /** The columns to show, by name. */
  readonly names: readonly string[];
  readonly format?: (n: number) => string;
}

/** Metrics over time. The values are also available as text. */
export function Plot({ title, series, names, format = count }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [theme, setTheme] = useState(0);
  const [at, setAt] = useState<number | undefined>(undefined);
  const data = columnsOf(series, names);
  const times = data[0];
  const axis = format === count ? compact : format;

  useEffect(() => onTheme(() => setTheme((n) => n + 1)), []);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const colour = (name: string): string => resolvedColour(element, name);
    const line = colour('--line');
    const side: uPlot.Axis = {
      stroke: colour('--faint'),
      grid: { stroke: line, width: 1 },
      ticks: { stroke: line, width: 1, size: 4 },
      font: `11px ${getComputedStyle(element).fontFamily}`,
    };
    const made = new uPlot(
      {
        width: Math.max(120, element.clientWidth),
        height: HEIGHT,
        ms: 1,
        padding: [8, 26, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
        scales: { x: { time: true }, y: { range: (_, __, most) => [0, Math.max(1, (most ?? 0) * 1.1)] } },
        axes: [
          {
            ...side,
            space: 80,
            size: 30,
            values: (_, splits) => splits.map((time) => timeOfDay(time, false)),
          },
          {
            ...side,
            size: 58,
            ...(format === bytes && { incrs: BINARY }),
            values: (_, splits) => splits.map((n) => axis(n)),
          },
        ],
        series: [
          {},
          ...names.map((name, i) => ({
            label: name,
            stroke: colour(`--plot-${i + 1}`),
            dash: DASHES[i] ?? [],
            width: 1.75,
            points: { show: false },
          })),
        ],
        hooks: { setCursor: [({ cursor: { idx } }) => setAt(idx ?? undefined)] },
      },
      data,
      element,
    );
    plot.current = made;
    const watcher = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      made.destroy();
      plot.current = undefined;
    };
    // The lines of a plot are fixed; only its data changes.
  }, [theme]);
  useEffect(() => plot.current?.setData(data), [series]);

  const last = times.length - 1;
  const shown = at !== undefined && at <= last ? at : last;
  const valueAt = (line: number, i: number): string => {
    const value = data[line + 1]?.[i];
    return typeof value === 'number' ? format(value) : '–';
  };
  return (
    <figure class="plot">
      <figcaption>
        <span class="plot-title">{title}</span>
        <span class="plot-time">
          {at === undefined || at > last ? 'now' : timeOfDay(times[at] ?? 0, false)}
        </span>
        <ul class="legend">
          {names.map((name, i) => (
            <li key={name}>
              <svg class={`swatch plot-${i + 1}`} viewBox="0 0 22 4" aria-hidden="true">
                <line x1="0" x2="22" y1="2" y2="2" stroke-dasharray={DASHES[i]?.join(' ')} />
              </svg>
              {name} <b>{valueAt(i, shown)}</b>
            </li>
          ))}
        </ul>
      </figcaption>
      <div
        ref={place}
        class="plot-place"
        role="img"
        aria-label={`${title}: ${names.map((name, i) => `${name} ${valueAt(i, last)}, ${format(maxOf(data[i + 1]))} at most`).join('; ')}`}
      />
      {times.length < 2 && <p class="plot-empty">The first figures appear in a moment.</p>}
    </figure>
  );
}

function columnsOf({ names, columns }: Series, wanted: readonly string[]): uPlot.AlignedData {
  const column = (name: string): number[] => [
    ...(columns[names.indexOf(name) + (names.length < columns.length ? 1 : 0)] ?? []),
  ];
  return [[...(columns[0] ?? [])], ...wanted.map(column)];
}

const maxOf = (column: ArrayLike<number | null | undefined> | undefined): number =>
  Array.from(column ?? []).reduce<number>((most, n) => Math.max(most, n ?? 0), 0);
