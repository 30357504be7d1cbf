import { Views } from '../../src/views/views.ts';
import { expect } from 'vitest';
import type { About } from '../../src/views/about.ts';
import type { SimulatedServer } from './simulated-server.ts';

/** What a simulated server reports about itself to its views. */
export const aboutOf = (server: SimulatedServer): About => ({
  host: '127.0.0.1',
  port: 8765,
  version: '1',
  startedAt: 0,
  writable: false,
  peek: (file, bytes) => Buffer.from(server.files.read(file)).subarray(0, bytes),
  now: () => server.now,
  endedJobs: { summaries: [], find: () => undefined },
  storage: undefined,
  cluster: undefined,
  drawing: (chart) => `<svg id="${chart}"/>`,
});

interface Source {
  get(path: string, query: URLSearchParams): object | undefined;
}

/** The view as the page receives it; it must exist. The caller states its type, as the page does. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export function viewOf<View>(views: Source, path: string, query = ''): View {
  const view = views.get(path, new URLSearchParams(query));
  expect(view, path).toBeDefined();
  // JSON omits undefined fields, so they are undefined on the other side as well.
  return JSON.parse(JSON.stringify(view));
}

export const viewsOf = (server: SimulatedServer): Views => new Views(server.core, aboutOf(server));
