/** Which worker had which task when: a row for each worker, and a bar for each task. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { count, duration, plural, timeOfDay } from '../lib/format.ts';
import type { Query } from '../lib/paths.ts';
import { saveFile } from '../lib/save-file.ts';
import { onTheme } from '../lib/theme.ts';
import { resolvedColour } from '../lib/colours.ts';
import { moved, zoomed, type Span, type Task, type TimelineData } from '../lib/timeline-data.ts';
import { AXIS_HEIGHT, drawTimeline, GUTTER, timeAt, type TimelineColours } from '../lib/timeline-drawing.ts';
import { useTimeline } from '../lib/use-timeline.ts';
import { Nothing } from './parts.tsx';

/** Pixels of the rows together, beyond which they scroll, and of one row. */
const TALLEST = 440;
const ROW_HEIGHTS = { least: 5, most: 22 };
const ZOOM = 1.5;
/** Pixels within which a task counts as meant. */
const NEAR = 3;

interface TimelineProps {
  readonly path: string;
  readonly query?: Query;
  readonly isLive: boolean;
  /** For the file of the picture. */
  readonly name: string;
  /** The milliseconds that are shown at first; undefined for all. */
  readonly length?: number;
}

/** What is shown: a fixed span, or the last milliseconds up to now (all of them if undefined). */
type Shown = Span | { readonly last: number | undefined };

export function Timeline({ path, query = {}, isLive, name, length }: TimelineProps) {
  const { data, status, version } = useTimeline(path, query, isLive);
  const [shown, setShown] = useState<Shown>({ last: length });
  const [near, setNear] = useState<Task | undefined>(undefined);
  const [theme, setTheme] = useState(0);
  const [width, setWidth] = useState(0);
  const [top, setTop] = useState(0);
  const [clock, setClock] = useState(0);
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const pointers = useRef(new Map<number, { x: number }>());

  const isFollowing = isLive && 'last' in shown;
  const rowHeight = Math.min(
    ROW_HEIGHTS.most,
    Math.max(ROW_HEIGHTS.least, Math.floor(TALLEST / Math.max(data.rows.length, 1))),
  );
  const rowsHeight = data.rows.length * rowHeight;
  const height = AXIS_HEIGHT + Math.min(rowsHeight, TALLEST) + 4;
  const now = data.now + (isLive ? performance.now() - data.at : 0);
  const span = spanOf(shown, now);

  useEffect(() => onTheme(() => setTheme((n) => n + 1)), []);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, [data.rows.length === 0]);
  // What runs grows.
  useEffect(() => {
    if (!isFollowing) return undefined;
    const timer = setInterval(() => setClock((n) => n + 1), 250);
    return () => clearInterval(timer);
  }, [isFollowing]);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (element === null || context === null || context === undefined || width === 0) return;
    const scale = devicePixelRatio;
    element.width = Math.round(width * scale);
    element.height = Math.round(height * scale);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    drawTimeline(context, data, { span, now, width, height, rowHeight, top, colours: coloursOf(element) });
  }, [version, shown, theme, width, height, top, clock]);

  if (status === 'missing') return <Nothing>This server keeps no timelines.</Nothing>;
  if (data.rows.length === 0) return <Nothing>No worker has had a task yet.</Nothing>;

  const zoom = (factor: number, at?: number): void =>
    setShown((before) => {
      if ('last' in before && isLive && at === undefined)
        return { last: Math.max((before.last ?? now) * factor, 1_000) };
      const current = spanOf(before, now);
      return zoomed(current, factor, at ?? (current.from + current.to) / 2);
    });
  const pan = (by: number): void => setShown((before) => moved(spanOf(before, now), by));
  const xIn = (event: MouseEvent): number =>
    event.clientX - (canvas.current?.getBoundingClientRect().left ?? 0);
  const perPixel = (span.to - span.from) / Math.max(width - GUTTER, 1);

  const onPointerMove = (event: PointerEvent): void => {
    const pointer = pointers.current.get(event.pointerId);
    const x = xIn(event);
    if (pointer === undefined) return setNear(taskNear(event));
    const other = [...pointers.current].find(([id]) => id !== event.pointerId);
    if (other === undefined) pan((pointer.x - x) * perPixel);
    else {
      const middle = other[1].x;
      const before = Math.abs(pointer.x - middle);
      const after = Math.abs(x - middle);
      if (before > 0 && after > 0) zoom(before / after, timeAt(middle, span, width));
    }
    pointer.x = x;
  };
  const taskNear = (event: MouseEvent): Task | undefined => {
    const y = event.clientY - (canvas.current?.getBoundingClientRect().top ?? 0) - AXIS_HEIGHT;
    const row = y < 0 ? undefined : data.rows[Math.floor((y + top) / rowHeight)];
    return row && data.taskAt(row, timeAt(xIn(event), span, width), NEAR * perPixel);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = (span.to - span.from) / 5;
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => pan(-step),
      ArrowRight: () => pan(step),
      '+': () => zoom(1 / ZOOM),
      '=': () => zoom(1 / ZOOM),
      '-': () => zoom(ZOOM),
      Home: () => setShown({ last: undefined }),
      End: () => setShown({ last: span.to - span.from }),
    };
    const action = actions[event.key];
    if (action === undefined || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    action();
  };
  return (
    <div class="timeline">
      <div class="timeline-tools">
        <Legend />
        <span class="timeline-buttons">
          <button type="button" onClick={() => zoom(1 / ZOOM)} aria-label="Zoom in">
            +
          </button>
          <button type="button" onClick={() => zoom(ZOOM)} aria-label="Zoom out">
            −
          </button>
          <button type="button" onClick={() => setShown({ last: undefined })}>
            All
          </button>
          {isLive && (
            <button
              type="button"
              aria-pressed={isFollowing}
              onClick={() => setShown({ last: Math.min(span.to - span.from, now) })}
            >
              Follow
            </button>
          )}
          <button type="button" onClick={() => save(canvas.current, name)}>
            Save as PNG
          </button>
        </span>
      </div>
      <div
        class="timeline-place"
        ref={place}
        style={{ height: `${height}px` }}
        onScroll={({ currentTarget }) => setTop(currentTarget.scrollTop)}
      >
        <canvas
          ref={canvas}
          tabIndex={0}
          role="img"
          aria-label={summaryOf(data)}
          style={{ width: '100%', height: `${height}px` }}
          onKeyDown={onKeyDown}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            pointers.current.set(event.pointerId, { x: xIn(event) });
          }}
          onPointerUp={({ pointerId }) => void pointers.current.delete(pointerId)}
          onPointerCancel={({ pointerId }) => void pointers.current.delete(pointerId)}
          onPointerMove={onPointerMove}
          onPointerLeave={() => setNear(undefined)}
          onDblClick={(event) => zoom(1 / ZOOM, timeAt(xIn(event), span, width))}
          onWheel={(event) => {
            if (event.ctrlKey || event.metaKey) {
              event.preventDefault();
              zoom(event.deltaY > 0 ? ZOOM : 1 / ZOOM, timeAt(xIn(event), span, width));
            } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
              event.preventDefault();
              pan(event.deltaX * perPixel);
            }
          }}
        />
        <div style={{ height: `${Math.max(rowsHeight - TALLEST, 0)}px` }} />
      </div>
      <p class="timeline-near">
        {near === undefined ? (
          <span class="faint">{summaryOf(data)} Drag to move, Ctrl and the wheel or + and − to zoom.</span>
        ) : (
          describe(near, data.base, now)
        )}
      </p>
    </div>
  );
}

function spanOf(shown: Shown, now: number): Span {
  if ('from' in shown) return shown;
  const end = Math.max(now, 100);
  return {
    from: shown.last === undefined ? 0 : Math.max(end - shown.last, Math.min(0, end - shown.last)),
    to: end,
  };
}

const summaryOf = ({ rows, total }: TimelineData): string =>
  `Timeline of ${plural(total, 'task')} on ${plural(rows.length, 'worker')}.`;

function describe({ rank, began, ended, end, index }: Task, base: number, now: number): string {
  const what = index >= 0 ? `element ${count(index)}` : 'a task';
  const took = duration((ended ?? now) - began);
  return `Worker ${rank}: ${what}, ${end} ${ended === undefined ? 'for' : 'after'} ${took}, from ${timeOfDay(base + began)}`;
}

const ENDS: readonly (readonly [name: string, text: string])[] = [
  ['running', 'runs'],
  ['done', 'done'],
  ['failed', 'failed'],
  ['lost', 'lost with its worker'],
  ['returned', 'returned'],
];

function Legend() {
  return (
    <ul class="timeline-legend">
      {ENDS.map(([name, text]) => (
        <li key={name}>
          <svg class={`bar-of ${name}`} viewBox="0 0 14 10" aria-hidden="true">
            <rect width="14" height="10" rx="2" />
          </svg>
          {text}
        </li>
      ))}
      <li>
        <svg class="mark-died" viewBox="0 0 12 12" aria-hidden="true">
          <path d="M2 2l8 8m0-8l-8 8" />
        </svg>
        died
      </li>
      <li>
        <svg class="mark-replaced" viewBox="0 0 12 12" aria-hidden="true">
          <path d="M2 1l8 5-8 5Z" />
        </svg>
        replaced
      </li>
    </ul>
  );
}

function coloursOf(element: HTMLElement): TimelineColours {
  const colour = (name: string): string => resolvedColour(element, name);
  return {
    ground: colour('--paper'),
    ink: colour('--ink'),
    faint: colour('--faint'),
    line: colour('--line'),
    running: colour('--busy'),
    done: colour('--bar-done'),
    failed: colour('--dead'),
    lost: colour('--lost'),
    returned: colour('--left'),
    font: `12px ${getComputedStyle(element).fontFamily}`,
  };
}

function save(canvas: HTMLCanvasElement | null, name: string): void {
  canvas?.toBlob((blob) => {
    if (blob !== null) saveFile(`${name}-timeline.png`, blob.type, [blob]);
  });
}
