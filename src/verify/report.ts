import type { ClauseReport } from './clauses.ts';
import type { ConversationReport } from './conversations.ts';
import type { ChartReport } from './coverage.ts';
import type { HistoryReport } from './history/check.ts';
import { historyText } from './history/recording.ts';

/** The maximum number of failures that are shown for one machine. */
const MAX_FAILURES = 5;

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

/** One line for each machine, then the details. */
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
  const more = failures.length - MAX_FAILURES;
  const lines = [
    ...bounds.map((bound) => `  bound: ${bound}`),
    ...[...states.missing, ...transitions.missing].map((name) => `  never visited: ${name}`),
    ...failures.slice(0, MAX_FAILURES).map((failure) => `  differs: ${failure}`),
    ...(more > 0 ? [`  … and ${more} paths more`] : []),
    ...named('not counted, as no client causes it:', unreachable),
    ...named('not tried:', untried),
  ];
  return [`${chart}:`, ...lines].join('\n');
}

const named = (what: string, entries: Readonly<Record<string, string>>): string[] =>
  Object.entries(entries).map(([name, why]) => `  ${what} ${name}: ${why}`);

/** How many clauses were tried, and those that are violated. */
export function clauseSummary(reports: readonly ClauseReport[]): string {
  const violated = reports.filter(({ failure }) => failure !== undefined);
  const lines = violated.map(({ clause, what, failure }) => `  violates ${clause}: ${what} But ${failure}`);
  return [
    `clauses tried by a few requests: ${reports.length - violated.length}/${reports.length}`,
    ...lines,
  ].join('\n');
}

/** What concurrent clients saw. */
export function historySummary({
  operations,
  variables,
  judged,
  undecided,
  violations,
}: HistoryReport): string {
  const modes = Object.entries(judged).map(([mode, count]) => `${mode} ${count}`);
  return [
    `history: ${operations} operations on ${variables} variables (${modes.join(', ')})`,
    ...undecided.map((reason) => `  not decided: ${reason}`),
    ...violations.flatMap(({ workspace, variable, mode, clauses, what, operations: shown }) => [
      `  violates ${clauses.join(', ')}: "${variable}" of "${workspace}", a ${mode}: ${what}`,
      ...shown.map((operation) => `    ${historyText([operation]).trimEnd()}`),
    ]),
  ].join('\n');
}

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
