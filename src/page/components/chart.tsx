import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ChartView } from '../../views/types.ts';
import { mark, drawing, movesIn, stateIn, writeCounts } from '../lib/drawing.ts';
import type { Lighting, Verdict } from '../lib/lighting.ts';

const NO_LIGHT: Lighting = { active: new Set(), taken: undefined, next: new Map() };
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
  const [isWhole, setIsWhole] = useState(true);

  // Updates before the browser paints, so that the drawing and the text beside it always show the same state.
  useLayoutEffect(() => place.current?.replaceChildren(...(svg === undefined ? [] : [svg])), [svg]);
  useLayoutEffect(() => {
    if (svg === undefined) return;
    svg.classList.toggle('is-live', light !== NO_LIGHT);
    mark(svg, 'is-active', (element) => light.active.has(stateIn(element) ?? '-'));
    mark(svg, 'was-taken', (element) => light.taken !== undefined && movesIn(element).includes(light.taken));
    for (const [className, verdict] of VERDICTS)
      mark(svg, className, (element) => movesIn(element).some((move) => light.next.get(move) === verdict));
  }, [svg, light]);
  useLayoutEffect(() => {
    if (svg !== undefined && counts !== undefined) writeCounts(svg, counts);
  }, [svg, counts]);

  return (
    <figure class="chart-figure">
      <div class="chart-tools">
        <button type="button" aria-pressed={!isWhole} onClick={() => setIsWhole(!isWhole)}>
          Actual size
        </button>
      </div>
      {svg === undefined && (
        <p class="nothing">The server has no drawing of this chart; what it does is in words here.</p>
      )}
      <div class="chart-place" role="group" aria-label={`Chart ${chart.chart}`} tabIndex={0}>
        <div
          ref={place}
          role="img"
          aria-label={label}
          class={`chart-drawing ${isWhole ? 'is-whole' : ''} ${onState === undefined ? '' : 'opens'}`}
          onClick={({ target }) => {
            const state = target instanceof Element ? target.closest<SVGElement>('.state') : null;
            if (state !== null && onState !== undefined) onState(stateIn(state) ?? '');
          }}
        />
      </div>
    </figure>
  );
}
