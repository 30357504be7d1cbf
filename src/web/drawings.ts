import { readFileSync } from 'node:fs';

/**
 * The drawings of the charts, as the build makes them.
 * @returns the SVG of a chart by the id of its machine; '' where there is none
 */
export const drawingsIn =
  (dist: string) =>
  (chart: string): string => {
    const name = chart.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    try {
      return readFileSync(`${dist}/charts/${name}.svg`, 'utf8');
    } catch {
      return '';
    }
  };
