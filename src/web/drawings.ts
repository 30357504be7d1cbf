import { readFileSync } from 'node:fs';
import { fileOf } from '../charts/files.ts';
import { CHARTS } from '../charts/pages.ts';

/**
 * The drawings of the machines, as the build creates them.
 * @returns the SVG of a machine by its id; '' if there is none
 */
export const drawingsIn =
  (dist: string) =>
  (id: string): string => {
    const chart = CHARTS.find(({ machine }) => machine.id === id);
    if (chart === undefined) return '';
    try {
      return readFileSync(`${dist}/charts/${fileOf(chart.name, 'svg')}`, 'utf8');
    } catch {
      return '';
    }
  };
