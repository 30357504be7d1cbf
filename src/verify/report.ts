import type { ConversationReport } from './conversations.ts';
import type { ChartReport } from './coverage.ts';

/** Failures of one chart that are shown. */
const MOST_FAILURES = 5;

const HEADER = [
  'chart',
  'states',
  'transitions',
  'paths run',
  'shortest',
  'simple',
  'edges swept',
  'refused',
  'impossible',
];

/** One line a chart, then what is behind the numbers. */
export function chartTable(reports: readonly ChartReport[]): string {
  const rows = reports.map((report) => [
    report.chart,
    `${report.states.visited}/${report.states.total}`,
    `${report.transitions.visited}/${report.transitions.total}`,
    report.pathsRun,
    report.shortestPaths,
    report.simplePaths,
    report.edges,
    report.refused,
    Object.keys(report.impossible).length,
  ]);
  return [inColumns([HEADER, ...rows]), ...reports.map(remarks)].join('\n');
}

function remarks({
  chart,
  bounds,
  states,
  transitions,
  failures,
  untried,
  unreachable,
}: ChartReport): string {
  const more = failures.length - MOST_FAILURES;
  const lines = [
    ...bounds.map((bound) => `  bound: ${bound}`),
    ...[...states.missing, ...transitions.missing].map((name) => `  never visited: ${name}`),
    ...failures.slice(0, MOST_FAILURES).map((failure) => `  differs: ${failure}`),
    ...(more > 0 ? [`  … and ${more} paths more`] : []),
    ...named('not counted, as no client causes it:', unreachable),
    ...named('not tried:', untried),
  ];
  return [`${chart}:`, ...lines].join('\n');
}

const named = (what: string, entries: Readonly<Record<string, string>>): string[] =>
  Object.entries(entries).map(([name, why]) => `  ${what} ${name}: ${why}`);

/** One line a file. */
export function conversationTable(reports: readonly ConversationReport[]): string {
  const rows = reports.map(({ file, conversations, replies, failures }) => [
    file,
    `${conversations - failures.length}/${conversations}`,
    replies,
  ]);
  const differing = reports.flatMap(({ file, failures }) =>
    failures.map((failure) => `  differs: ${file}: ${failure}`),
  );
  return [inColumns([['conversations', 'as recorded', 'replies'], ...rows]), ...differing].join('\n');
}

function inColumns(rows: readonly (readonly (string | number)[])[]): string {
  const widths =
    rows[0]?.map((_, column) => Math.max(...rows.map((row) => String(row[column]).length))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column === 0 ? String(cell).padEnd(width) : String(cell).padStart(width);
        })
        .join('  '),
    )
    .join('\n');
}
