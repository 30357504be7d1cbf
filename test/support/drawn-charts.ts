import { readFileSync } from 'node:fs';
import Elk from 'elkjs';
import { chartFiles, fileOf } from '../../src/charts/files.ts';
import type { Engine } from '../../src/charts/layout.ts';
import { CHARTS } from '../../src/charts/pages.ts';

const elk = new Elk.default();

export const engine: Engine = (graph) => elk.layout(graph);

/** Drawn again from src/machines, by file name. */
export const drawnCharts = (): Promise<ReadonlyMap<string, string>> => chartFiles(engine);

/** As the build has drawn them, by file name. */
export const builtCharts = (): ReadonlyMap<string, string> => {
  const folder = new URL('../../dist/charts/', import.meta.url);
  const names = CHARTS.flatMap(({ name }) => [fileOf(name, 'svg'), fileOf(name, 'json')]);
  return new Map(names.map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]));
};

/** The picture in docs/charts. `test/charts/pages.test.ts` checks that it is what the machine is drawn as. */
export const pictureOf = (name: string): string =>
  readFileSync(new URL(`../../docs/charts/${fileOf(name, 'svg')}`, import.meta.url), 'utf8');
