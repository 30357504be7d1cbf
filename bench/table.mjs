// Formats figures as lines for a terminal, and as a table for docs/performance.md.
const round = (value) => {
  const size = Math.abs(value);
  return value.toLocaleString('en', {
    maximumFractionDigits: size >= 100 ? 0 : size >= 10 ? 1 : 2,
    useGrouping: true,
  });
};

const boundText = (bound) =>
  bound === undefined ? '' : bound.most === undefined ? `≥ ${round(bound.least)}` : `≤ ${round(bound.most)}`;

const verdict = (holds) => (holds === undefined ? '' : holds ? 'holds' : 'MISSED');

export const heading = (name, about) => `\n${name}: ${about}`;

/** A change from zero has no percentage. */
const change = (now, earlier) =>
  earlier === 0 ? '' : `${now >= earlier ? '+' : ''}${round((now / earlier - 1) * 100)} % `;

/** @param earlier the median of another run */
export function line({ name, unit, median, least, most, bound, holds }, earlier) {
  const columns = [
    `  ${name.padEnd(52)}`,
    `${round(median)} ${unit}`.padEnd(18),
    `(${round(least)}–${round(most)})`.padEnd(22),
    boundText(bound).padEnd(10),
    verdict(holds).padEnd(7),
  ];
  if (earlier !== undefined) columns.push(`${change(median, earlier)}since ${round(earlier)}`);
  return columns.join(' ').trimEnd();
}

const boundWords = (bound) =>
  bound === undefined
    ? ''
    : bound.most === undefined
      ? `at least ${round(bound.least)}`
      : `at most ${round(bound.most)}`;

const withUnit = (value, unit) => (unit === '×' ? `× ${round(value)}` : `${round(value)} ${unit}`);

/** All figures of a run as a Markdown table; a scenario is named once. */
export function markdown(figures) {
  const rows = figures.map(({ scenario, name, unit, median, least, most, bound, holds }, at) => [
    scenario === figures[at - 1]?.scenario ? '' : scenario,
    name,
    withUnit(median, unit),
    `${round(least)}–${round(most)}`,
    boundWords(bound),
    holds === false ? '**missed**' : verdict(holds),
  ]);
  const table = [['scenario', 'figure', 'median', 'range', 'bound', ''], Array(6).fill('---'), ...rows];
  return table.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}
