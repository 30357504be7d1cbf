import { escaped } from '../../charts/svg.ts';
import type { Message, Note, SequenceDiagram, SequenceStep } from './sequence.ts';

/** In pixels. */
const COLUMN_WIDTH = 240;
const MARGIN = 24;
const TITLE_HEIGHT = 34;
const HEAD_HEIGHT = 32;
const HEAD_WIDTH = 200;
const LINE_HEIGHT = 16;
const STEP_GAP = 14;
const CHARACTER_WIDTH = 7;
/** Characters of a note in one line. */
const NOTE_CHARACTERS = 30;
const ARROW = 8;

const STYLE = `
.sequence { --paper: #ffffff; --ink: #1b2330; --muted: #768296; --note: #f2f5f9; --wrong: #c62828; background: var(--paper); font: 12px Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
@media (prefers-color-scheme: dark) { .sequence { --paper: #14181f; --ink: #e8ecf2; --note: #232a35; --wrong: #ff7b72; } }
.sequence text { fill: var(--ink); text-anchor: middle; }
.sequence .title { font-weight: 700; text-anchor: start; }
.sequence .party rect, .sequence .note rect { fill: var(--note); stroke: var(--muted); }
.sequence .lifeline { stroke: var(--muted); stroke-dasharray: 4 4; }
.sequence .message text { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
.sequence .message path { fill: none; stroke: var(--ink); }
.sequence .message .head { fill: var(--ink); stroke: none; }
.sequence .reply .shaft { stroke-dasharray: 5 3; }
.sequence .broken path, .sequence .broken rect { stroke: var(--wrong); stroke-width: 2; }
.sequence .broken .head { fill: var(--wrong); }
.sequence .broken text { fill: var(--wrong); font-weight: 700; }
`;

/** The diagram as an SVG picture: parties as lifelines, states as notes, the step that is wrong in red. */
export function sequenceSvg({ title, parties, steps }: SequenceDiagram): string {
  const titleLines = wrapped(title, Math.floor((parties.length * COLUMN_WIDTH) / CHARACTER_WIDTH));
  const top = MARGIN + titleLines.length * LINE_HEIGHT + TITLE_HEIGHT - LINE_HEIGHT;
  const xOf = (party: string): number => MARGIN + (Math.max(0, parties.indexOf(party)) + 0.5) * COLUMN_WIDTH;
  let y = top + HEAD_HEIGHT + STEP_GAP;
  const drawn: string[] = [];
  for (const step of steps) {
    const { svg, height } = 'on' in step ? noteOf(step, xOf, y) : messageOf(step, xOf, y);
    drawn.push(svg);
    y += height + STEP_GAP;
  }
  const width = 2 * MARGIN + parties.length * COLUMN_WIDTH;
  const height = y + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="sequence" role="img" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<title>${escaped(title)}</title><style>${STYLE}</style>`,
    `<rect width="${width}" height="${height}" style="fill: var(--paper)"/>`,
    ...titleLines.map(
      (line, n) =>
        `<text class="title" x="${MARGIN}" y="${MARGIN + n * LINE_HEIGHT}">${escaped(line)}</text>`,
    ),
    ...parties.map((party) => {
      const x = xOf(party);
      return [
        `<path class="lifeline" d="M${x} ${top + HEAD_HEIGHT}V${y}"/>`,
        `<g class="party"><rect x="${x - HEAD_WIDTH / 2}" y="${top}" width="${HEAD_WIDTH}" height="${HEAD_HEIGHT}" rx="6"/>`,
        `<text x="${x}" y="${top + 20}">${escaped(shortened(party, HEAD_WIDTH))}</text></g>`,
      ].join('');
    }),
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

interface Drawn {
  readonly svg: string;
  readonly height: number;
}

const classOf = (kind: string, step: SequenceStep): string =>
  [kind, 'isReply' in step && step.isReply ? 'reply' : '', step.isBroken === true ? 'broken' : '']
    .filter((name) => name !== '')
    .join(' ');

function messageOf(step: Message, xOf: (party: string) => number, y: number): Drawn {
  const [from, to] = [xOf(step.from), xOf(step.to)];
  if (from === to)
    return noteOf({ on: step.from, text: step.text, isBroken: step.isBroken === true }, xOf, y);
  const line = y + LINE_HEIGHT + 4;
  const tail = to > from ? to - ARROW : to + ARROW;
  const label = shortened(step.text, Math.abs(to - from));
  return {
    svg: [
      `<g class="${classOf('message', step)}"><title>${escaped(step.text)}</title>`,
      `<text x="${(from + to) / 2}" y="${y + LINE_HEIGHT - 3}">${escaped(label)}</text>`,
      `<path class="shaft" d="M${from} ${line}H${tail}"/>`,
      `<path class="head" d="M${to} ${line}L${tail} ${line - ARROW / 2}V${line + ARROW / 2}Z"/></g>`,
    ].join(''),
    height: LINE_HEIGHT + 4,
  };
}

function noteOf(step: Note, xOf: (party: string) => number, y: number): Drawn {
  const lines = wrapped(step.text, NOTE_CHARACTERS);
  const height = lines.length * LINE_HEIGHT + 8;
  const width = COLUMN_WIDTH - 12;
  const x = xOf(step.on);
  return {
    svg: [
      `<g class="${classOf('note', step)}"><rect x="${x - width / 2}" y="${y}" width="${width}" height="${height}" rx="3"/>`,
      ...lines.map((line, n) => `<text x="${x}" y="${y + (n + 1) * LINE_HEIGHT}">${escaped(line)}</text>`),
      '</g>',
    ].join(''),
    height,
  };
}

function shortened(text: string, width: number): string {
  const most = Math.floor(width / CHARACTER_WIDTH) - 1;
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** Broken between words, or within one that is too long. */
function wrapped(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text
    .split(/\s+/)
    .flatMap((whole) => whole.match(new RegExp(`.{1,${most}}`, 'gu')) ?? [])) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
