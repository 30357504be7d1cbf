/**
 * Every machine in every format. The build writes the files next to this module, and `npm run charts` into
 * docs/charts.
 */
import { drawingOf } from './drawing.ts';
import { layOut, type Engine } from './layout.ts';
import { mermaid } from './mermaid.ts';
import { CHARTS } from './pages.ts';
import { statelyJson } from './stately.ts';
import { STYLE } from './style.ts';
import { svg } from './svg.ts';

/** The formats of a diagram, each with its file extension. */
export const FORMATS = { svg: 'svg', mermaid: 'mmd', json: 'json' } as const;
export type Format = keyof typeof FORMATS;

export const fileOf = (chart: string, format: Format): string => `${chart}.${FORMATS[format]}`;

/** The style sheet of the pictures, as a file, for pages whose policy forbids inline styles. */
export const STYLE_FILE = 'chart.css';

/** @returns the texts by file name */
export async function chartFiles(engine: Engine): Promise<ReadonlyMap<string, string>> {
  const files = new Map([[STYLE_FILE, STYLE]]);
  for (const { name, title, about, machine } of CHARTS) {
    const drawing = drawingOf(machine);
    files.set(fileOf(name, 'svg'), svg({ title, about }, drawing, await layOut(drawing, engine)));
    files.set(fileOf(name, 'mermaid'), `${mermaid(machine)}\n`);
    files.set(fileOf(name, 'json'), statelyJson(machine));
  }
  return files;
}
