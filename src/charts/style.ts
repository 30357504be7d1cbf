/**
 * The style of a diagram. A page that shows one may set `--chart-paper`, `--chart-ink`, `--chart-muted`,
 * `--chart-line`, `--chart-box`, `--chart-active`, `--chart-next`, `--chart-depends` and `--chart-forbidden`, and add
 * these classes:
 *
 * - `is-active` to the active states;
 * - `was-taken`, `is-next`, `is-forbidden`, `depends` to moves: the one that led here, those that are possible, those
 *   that are not, and those that depend on a guard.
 *
 * All styles use classes, so a page whose policy forbids inline styles can use `chart.css` instead.
 */
import { NAME, TEXT } from './layout.ts';

const MONO = `Menlo, Monaco, 'DejaVu Sans Mono', 'Liberation Mono', Consolas, 'Roboto Mono', monospace`;
const SANS = `'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'Open Sans', 'DejaVu Sans', sans-serif`;

/** The custom properties that a page may set, with their values in light and dark. */
const COLOURS = {
  paper: ['#ffffff', '#14181f'],
  ink: ['#1b2330', '#e8ecf2'],
  muted: ['#5f6b80', '#a0acbf'],
  line: ['#768296', '#8894a9'],
  box: ['#3d6a9e', '#6f9fd4'],
  active: ['#c2410c', '#ff9457'],
  next: ['#1565c0', '#74b3ff'],
  depends: ['#8a5a00', '#e0b155'],
  forbidden: ['#748093', '#778396'],
} as const;

const colours = (scheme: 0 | 1): string =>
  Object.entries(COLOURS)
    .map(([name, values]) => `--${name}: var(--chart-${name}, ${values[scheme]});`)
    .join(' ');

/** A move in one colour: its arrow, the frame of its label, and its event. */
const moves = (name: string, colour: string, more = ''): string => `
.chart .move.${name} .line { stroke: var(--${colour}); ${more} }
.chart .move.${name} .head { fill: var(--${colour}); }
.chart .move.${name} > rect { stroke: var(--${colour}); ${more} }
.chart .move.${name} .event { fill: var(--${colour}); }`;

export const STYLE = `
.chart { ${colours(0)} background: var(--paper); font-family: ${MONO}; font-size: ${TEXT.size}px; }
@media (prefers-color-scheme: dark) { .chart { ${colours(1)} } }
.chart text { fill: var(--ink); white-space: pre; }
.chart .paper { fill: var(--paper); }
.chart .state > rect { fill: var(--paper); stroke: var(--box); stroke-width: 1.25; }
.chart .state.compound > rect { fill: var(--box); fill-opacity: 0.05; }
.chart .state > rect.inner { fill: none; stroke-width: 1; }
.chart .state > .rule { stroke: var(--box); stroke-width: 1; opacity: 0.4; }
.chart .state > .name { font-family: ${SANS}; font-size: ${NAME.size}px; font-weight: 700; }
.chart .line { fill: none; stroke: var(--line); stroke-width: 1.25; }
.chart .head, .chart .dot { fill: var(--line); }
.chart .move > rect { fill: none; stroke: none; }
.chart .label > rect { fill: var(--paper); stroke: var(--line); stroke-width: 0.75; }
.chart .event { font-weight: 700; }
.chart .action { font-style: italic; }
.chart .clause { fill: var(--muted); font-size: ${TEXT.small}px; }
.chart .state.is-active > rect { fill: color-mix(in srgb, var(--active) 20%, var(--paper)); stroke: var(--active); stroke-width: 2; }
.chart .state.compound.is-active > rect { fill: var(--active); fill-opacity: 0.035; stroke-width: 1.5; }
.chart .state.is-active > rect.inner { fill: none; stroke-width: 1; }
.chart .state.is-active > .name { fill: var(--active); }
.chart .state.is-active > .rule { stroke: var(--active); }
${moves('is-forbidden', 'forbidden', 'stroke-dasharray: 2 3;')}
.chart .move.is-forbidden text, .chart .move.is-forbidden tspan { fill: var(--forbidden); }
${moves('depends', 'depends', 'stroke-width: 1.75; stroke-dasharray: 6 3;')}
${moves('is-next', 'next', 'stroke-width: 1.75; stroke-dasharray: none;')}
${moves('was-taken', 'active', 'stroke-width: 2.5; stroke-dasharray: none;')}
`;
