import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ChartView } from '../../views/types.ts';
import { scaleOf, showActive, sizeOf, useDrag, type Size, type Zoom } from '../lib/chart-window.ts';
import { mark, drawing, movesIn, raise, stateIn, writeCounts } from '../lib/drawing.ts';
import type { Lighting, Verdict } from '../lib/lighting.ts';

const NO_LIGHT: Lighting = { active: new Set(), taken: undefined, next: new Map() };
const ZOOM = 1.25;
const VERDICTS: readonly (readonly [className: string, verdict: Verdict])[] = [
  ['is-next', 'open'],
  ['is-forbidden', 'forbidden'],
  ['depends', 'depends'],
];

interface ChartProps {
  readonly chart: ChartView;
  /** A text that describes what the drawing shows. */
  readonly label: string;
  readonly light?: Lighting;
  /** A text with the number of actors for each state. */
  readonly counts?: Readonly<Record<string, string>>;
  readonly onState?: (state: string) => void;
}

/** The drawing of a machine, with the current state and moves highlighted. */
export function Chart({ chart, label, light = NO_LIGHT, counts, onState }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const svg = useMemo(() => drawing(chart.svg), [chart.svg]);
  const viewport = useRef<HTMLDivElement>(null);
  const [zoom, setZoom] = useState<Zoom>('legible');
  const [size, setSize] = useState<Size | undefined>(undefined);
  const scale = size === undefined ? 1 : scaleOf(zoom, size);
  const zoomBy = (factor: number): void => setZoom(Math.min(Math.max(scale * factor, 0.1), 6));
  const pointers = useDrag(viewport, zoomBy);

  // Updates before the browser paints, so that the drawing and the text beside it always show the same state.
  useLayoutEffect(() => {
    place.current?.replaceChildren(...(svg === undefined ? [] : [svg]));
    const element = viewport.current;
    if (svg === undefined || element === null) return undefined;
    const measure = (): void => setSize({ ...sizeOf(svg), room: element.clientWidth });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [svg]);
  useLayoutEffect(() => {
    if (svg === undefined || size === undefined) return;
    svg.style.width = `${size.width * scale}px`;
    svg.style.height = `${size.height * scale}px`;
  }, [svg, size, scale]);
  useLayoutEffect(() => {
    if (svg === undefined) return;
    svg.classList.toggle('is-live', light !== NO_LIGHT);
    mark(svg, 'is-active', (element) => light.active.has(stateIn(element) ?? '-'));
    mark(svg, 'was-taken', (element) => light.taken !== undefined && movesIn(element).includes(light.taken));
    for (const [className, verdict] of VERDICTS)
      mark(svg, className, (element) => movesIn(element).some((move) => light.next.get(move) === verdict));
    for (const className of ['depends', 'is-next', 'was-taken']) raise(svg, className);
  }, [svg, light]);
  useLayoutEffect(() => {
    if (svg !== undefined && counts !== undefined) writeCounts(svg, counts);
  }, [svg, counts]);

  // In the size in which the active state is, after all that changes both.
  useLayoutEffect(() => {
    if (svg !== undefined && viewport.current !== null) showActive(viewport.current, svg);
  }, [svg, light, scale]);

  return (
    <figure class="chart-figure">
      <div class="chart-tools">
        <button type="button" onClick={() => zoomBy(1 / ZOOM)} aria-label="Smaller">
          −
        </button>
        <button type="button" onClick={() => zoomBy(ZOOM)} aria-label="Larger">
          +
        </button>
        <button type="button" onClick={() => setZoom('whole')} aria-pressed={zoom === 'whole'}>
          Whole
        </button>
        <button type="button" onClick={() => setZoom('legible')} aria-pressed={zoom === 'legible'}>
          Legible
        </button>
      </div>
      {svg === undefined && (
        <p class="nothing">The server has no drawing of this chart; what it does is in words here.</p>
      )}
      <div
        ref={viewport}
        class="chart-place"
        role="group"
        aria-label={`Chart ${chart.chart}`}
        tabIndex={0}
        onKeyDown={(event) => {
          if (event.ctrlKey || event.metaKey || event.altKey) return;
          if (event.key === '+' || event.key === '=') zoomBy(ZOOM);
          else if (event.key === '-') zoomBy(1 / ZOOM);
          else if (event.key === '0') setZoom('legible');
          else return;
          event.preventDefault();
        }}
        onWheel={(event) => {
          if (!event.ctrlKey && !event.metaKey) return;
          event.preventDefault();
          zoomBy(event.deltaY > 0 ? 1 / ZOOM : ZOOM);
        }}
        {...pointers}
      >
        <div
          ref={place}
          role="img"
          aria-label={label}
          class={`chart-drawing ${onState === undefined ? '' : 'opens'}`}
          onClick={({ target }) => {
            const state = target instanceof Element ? target.closest<SVGElement>('.state') : null;
            if (state !== null && onState !== undefined) onState(stateIn(state) ?? '');
          }}
        />
      </div>
      {light !== NO_LIGHT && <ChartLegend />}
    </figure>
  );
}

const LEGEND: readonly (readonly [className: string, text: string])[] = [
  ['active', 'the state now'],
  ['last', 'the last move'],
  ['next', 'may come next'],
  ['depends', 'depends on its event'],
  ['forbidden', 'its guard does not hold'],
];

function ChartLegend() {
  return (
    <ul class="chart-legend" aria-label="Legend">
      {LEGEND.map(([className, text]) => (
        <li key={className}>
          <svg class={className} viewBox="0 0 22 10" aria-hidden="true">
            {className === 'active' ? (
              <rect x="1" y="1" width="20" height="8" rx="2" />
            ) : (
              <path d="M0 5h22" />
            )}
          </svg>
          {text}
        </li>
      ))}
    </ul>
  );
}
