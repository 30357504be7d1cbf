import { printable } from '../wire/printable.ts';

/** @returns aligned columns, with numbers on the right and control characters escaped; nothing if there are no rows */
export function table(head: readonly string[], raw: readonly (readonly (string | number)[])[]): string {
  if (raw.length === 0) return '';
  const rows = raw.map((row) => row.map((cell) => (typeof cell === 'string' ? printable(cell) : cell)));
  const widths = head.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => String(row[at]).length)),
  );
  const line = (row: readonly (string | number)[]): string =>
    row
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        return typeof rows[0]?.[at] === 'number' ? String(cell).padStart(width) : String(cell).padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return `${[head, ...rows].map(line).join('\n')}\n`;
}

/** A name in a list. Characters that would break its line are escaped. */
export const shown = (name: string): string => {
  const quoted = JSON.stringify(name);
  return quoted.slice(1, -1) === name ? name : quoted;
};
