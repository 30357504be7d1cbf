/** Draws the tasks of a job onto a canvas. */
import { firstEndedFrom, ticks, type Span, type TimelineData, type TimelineRow } from './timeline-data.ts';
import { timeOfDay } from './format.ts';

/** Pixels for the axis above the rows, and for the names beside them. */
export const AXIS_HEIGHT = 24;
export const GUTTER = 46;
/** Pixels between two times of the axis. */
const TICK_SPACE = 110;
/** From this width on, two tasks are told apart by a gap. */
const GAP_WIDTH = 3;
const FONT_HEIGHT = 12;

export interface TimelineColours {
  readonly ground: string;
  readonly ink: string;
  readonly faint: string;
  readonly line: string;
  readonly running: string;
  readonly done: string;
  readonly failed: string;
  readonly lost: string;
  readonly returned: string;
  readonly font: string;
}

export interface TimelineFrame {
  readonly span: Span;
  readonly now: number;
  readonly width: number;
  readonly height: number;
  readonly rowHeight: number;
  /** Pixels by which the rows are scrolled. */
  readonly top: number;
  readonly colours: TimelineColours;
}

/** @returns the pixel of a time */
export const xOf = (time: number, { from, to }: Span, width: number): number =>
  GUTTER + ((time - from) / (to - from)) * (width - GUTTER);
/** @returns the time of a pixel */
export const timeAt = (x: number, { from, to }: Span, width: number): number =>
  from + ((x - GUTTER) / (width - GUTTER)) * (to - from);

export function drawTimeline(
  context: CanvasRenderingContext2D,
  data: TimelineData,
  frame: TimelineFrame,
): void {
  const { width, height, rowHeight, top, colours } = frame;
  context.fillStyle = colours.ground;
  context.fillRect(0, 0, width, height);
  drawAxis(context, data.base, frame);
  context.save();
  context.beginPath();
  context.rect(0, AXIS_HEIGHT, width, height - AXIS_HEIGHT);
  context.clip();
  const first = Math.max(0, Math.floor(top / rowHeight));
  const last = Math.min(data.rows.length, Math.ceil((top + height) / rowHeight));
  const every = Math.ceil(FONT_HEIGHT / rowHeight);
  for (let i = first; i < last; i++) {
    const row = data.rows[i];
    if (row === undefined) continue;
    const y = AXIS_HEIGHT + i * rowHeight - top;
    if (i % every === 0) {
      context.fillStyle = colours.faint;
      context.textAlign = 'right';
      context.fillText(String(row.rank), GUTTER - 8, y + Math.max(rowHeight / 2, FONT_HEIGHT / 2));
    }
    drawRow(context, row, data.ends, y, frame);
  }
  context.restore();
}

function drawAxis(context: CanvasRenderingContext2D, base: number, frame: TimelineFrame): void {
  const { span, width, height, colours } = frame;
  const { times, step } = ticks(span, base, Math.max(1, (width - GUTTER) / TICK_SPACE));
  context.font = colours.font;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  for (const time of times) {
    const x = Math.round(xOf(time, span, width));
    context.fillStyle = colours.line;
    context.fillRect(x, 0, 1, height);
    context.fillStyle = colours.faint;
    context.fillText(timeOfDay(base + time, step < 1_000), x + 5, AXIS_HEIGHT / 2);
  }
}

/** The more urgent of the tasks in one pixel is drawn. */
const URGENCY = ['done', 'returned', 'lost', 'failed'];

function drawRow(
  context: CanvasRenderingContext2D,
  row: TimelineRow,
  ends: readonly string[],
  y: number,
  frame: TimelineFrame,
): void {
  const { span, now, width, rowHeight, colours } = frame;
  const height = Math.max(rowHeight - (rowHeight > 8 ? 3 : 1), 2);
  const clamp = (x: number): number => Math.min(Math.max(x, GUTTER), width);
  const fill = (from: number, to: number, colour: string): void => {
    context.fillStyle = colour;
    context.fillRect(from, y + 1, to - from, height);
  };
  // Tasks that are less than a pixel apart are drawn as one.
  let pending: { from: number; to: number; end: string } | undefined;
  const flush = (): void => {
    if (pending !== undefined) fill(pending.from, pending.to, colourOf(pending.end, colours));
    pending = undefined;
  };
  for (let i = firstEndedFrom(row, span.from); i < row.began.length; i++) {
    const began = row.began[i] ?? 0;
    if (began > span.to) break;
    const from = clamp(xOf(began, span, width));
    const to = clamp(xOf(row.ended[i] ?? 0, span, width));
    const end = ends[row.end[i] ?? 0] ?? 'done';
    if (to - from >= GAP_WIDTH) {
      flush();
      fill(from, to - 1, colourOf(end, colours));
      continue;
    }
    const pixel = Math.floor(from);
    const edge = Math.max(Math.ceil(to), pixel + 1);
    if (pending !== undefined && pixel < pending.to && pending.end !== end) {
      // In the same pixel.
      if (URGENCY.indexOf(end) <= URGENCY.indexOf(pending.end)) continue;
      pending.to = pixel;
      if (pending.to <= pending.from) pending = undefined;
      flush();
      pending = { from: pixel, to: edge, end };
    } else if (pending !== undefined && pixel <= pending.to && pending.end === end)
      pending.to = Math.max(edge, pending.to);
    else {
      flush();
      pending = { from: pixel, to: edge, end };
    }
  }
  flush();
  if (row.runningSince !== undefined && row.runningSince < span.to)
    fill(
      clamp(xOf(row.runningSince, span, width)),
      Math.max(clamp(xOf(now, span, width)), clamp(xOf(row.runningSince, span, width)) + 1),
      colours.running,
    );
  for (const { time, mark } of row.marks)
    if (time >= span.from && time <= span.to) drawMark(context, mark, xOf(time, span, width), y, frame);
}

function colourOf(end: string, { done, failed, lost, returned }: TimelineColours): string {
  if (end === 'failed') return failed;
  if (end === 'lost') return lost;
  return end === 'returned' ? returned : done;
}

/** A cross for a worker that died, a triangle for its replacement, a thin line for one that joined or left. */
function drawMark(
  context: CanvasRenderingContext2D,
  mark: string,
  x: number,
  y: number,
  { rowHeight, colours }: TimelineFrame,
): void {
  const size = Math.min(Math.max(rowHeight / 2 - 2, 3), 6);
  const middle = y + rowHeight / 2;
  if (mark === 'died') {
    context.lineWidth = 4;
    context.strokeStyle = colours.ground;
    cross(context, x, middle, size);
    context.lineWidth = 2;
    context.strokeStyle = colours.failed;
    cross(context, x, middle, size);
  } else if (mark === 'replaced') {
    context.fillStyle = colours.ink;
    context.beginPath();
    context.moveTo(x - 1, middle - size);
    context.lineTo(x + size, middle);
    context.lineTo(x - 1, middle + size);
    context.fill();
  } else {
    context.fillStyle = colours.faint;
    context.fillRect(Math.round(x), y, 1, rowHeight);
  }
}

function cross(context: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  context.beginPath();
  context.moveTo(x - size, y - size);
  context.lineTo(x + size, y + size);
  context.moveTo(x - size, y + size);
  context.lineTo(x + size, y - size);
  context.stroke();
}
