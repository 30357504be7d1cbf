import Elk from 'elkjs';
import { chartFiles } from '../../src/charts/files.ts';
import type { Engine } from '../../src/charts/layout.ts';

const elk = new Elk.default();

export const engine: Engine = (graph) => elk.layout(graph);

/** Drawn again from src/machines, by file name. */
export const drawnCharts = (): Promise<ReadonlyMap<string, string>> => chartFiles(engine);
