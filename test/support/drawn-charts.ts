import { readFileSync } from 'node:fs';
import Elk from 'elkjs';
import { chartFiles, fileOf } from '../../src/charts/files.ts';
import type { Engine } from '../../src/charts/layout.ts';

const elk = new Elk.default();

export const engine: Engine = (graph) => elk.layout(graph);

/** Drawn again from src/machines, by file name. */
export const drawnCharts = (): Promise<ReadonlyMap<string, string>> => chartFiles(engine);

/** The picture in docs/charts. `test/charts/pages.test.ts` checks that it is what the machine is drawn as. */
export const pictureOf = (name: string): string =>
  readFileSync(new URL(`../../docs/charts/${fileOf(name, 'svg')}`, import.meta.url), 'utf8');
