import type { Fate, Weapon } from './killer.ts';

/** The outcomes of the mutants of one machine. */
export interface Result {
  readonly chart: string;
  readonly fates: readonly Fate[];
  readonly seconds: number;
}

const COLUMNS: readonly Weapon[] = ['table', 'story', 'job'];

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;

export const killedOf = (fates: readonly Fate[]): number =>
  fates.filter(({ killed }) => killed !== undefined).length;

/** One line for some mutants: how many, what detected them, and how many survive. */
function line(title: string, fates: readonly Fate[]): string[] {
  const by = COLUMNS.map((weapon) => String(fates.filter(({ killed }) => killed?.by === weapon).length));
  const killed = killedOf(fates);
  return [title, String(fates.length), ...by, String(fates.length - killed), percent(killed, fates.length)];
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const cell = (text: string, column: number): string =>
    column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}

/** A table of all mutants by machine, and by operator. */
export function report(results: readonly Result[]): string {
  const all = results.flatMap(({ fates }) => fates);
  const operators = [...new Set(all.map(({ mutant }) => mutant.operator))];
  return aligned([
    ['mutants of', 'made', 'by table', 'by story', 'by job', 'survive', 'killed', 'seconds'],
    ...results.map(({ chart, fates, seconds }) => [...line(chart, fates), seconds.toFixed(1)]),
    ...operators.map((operator) =>
      line(
        operator,
        all.filter(({ mutant }) => mutant.operator === operator),
      ),
    ),
    line('all', all),
  ]);
}
