import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { VERSION } from '../src/version.ts';

const ROOT = join(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');

/** What each folder of src may import besides itself: only lower layers. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  // The entities that survive the server, the record of their changes, and the port of the store.
  store: ['wire'],
  workspace: ['wire', 'store'],
  machines: ['wire', 'workspace', 'machines/rule.ts'],
  // The machines of the client, which import nothing.
  // The clause and the meaning of a transition.
  'machines/rule.ts': [],
  'machines/pool': ['machines/rule.ts'],
  // Runs machines, and does not depend on any of them.
  actors: ['workspace'],
  charts: ['machines', 'machines/pool', 'actors'],
  sleigh: ['wire', 'store', 'workspace', 'machines', 'actors'],
  // The steps of actors, one line for each.
  trace: ['workspace', 'machines', 'actors'],
  core: ['wire', 'store', 'workspace', 'machines', 'actors', 'sleigh', 'trace'],
  // The data of the web page: the state of the core as plain JSON.
  views: ['wire', 'workspace', 'machines', 'actors', 'charts', 'sleigh', 'trace', 'core'],
  transport: ['wire', 'store', 'workspace', 'machines', 'sleigh', 'trace', 'core'],
  web: ['wire', 'workspace', 'machines', 'charts', 'sleigh', 'trace', 'core', 'views', 'transport', 'client'],
  // The front end: it runs in a browser and imports only the types of the views and their paths.
  page: ['views'],
  // What programs import: the protocol and the machines of the client, and nothing of the server.
  client: ['wire', 'machines/pool'],
  // Checks a server from outside.
  verify: ['wire', 'workspace', 'machines', 'charts', 'client', 'verify/explore-job'],
  // Explores a job in this process, for the tests of plugins.
  'verify/explore-job': ['wire', 'store', 'workspace', 'machines', 'sleigh', 'verify'],
  cli: [
    'verify',
    'wire',
    'store',
    'workspace',
    'machines',
    'charts',
    'sleigh',
    'trace',
    'core',
    'views',
    'transport',
    'web',
    'client',
    'server.ts',
    'index.ts',
  ],
  // Servers that share a store: the store in PostgreSQL, and which server owns the data.
  cluster: ['wire', 'store', 'workspace', 'machines', 'actors', 'core', 'transport'],
  // A server together with its web page.
  'server.ts': ['wire', 'transport', 'cluster', 'web'],
  'index.ts': ['wire', 'workspace', 'machines', 'sleigh', 'core', 'transport', 'web', 'client', 'server.ts'],
  'version.ts': [],
};
/** The layers that may use sockets, files and processes. */
const OUTER = new Set(['transport', 'cluster', 'client', 'verify', 'web', 'cli', 'server.ts']);
/**
 * The files of the client that may: the platform and its parts, which a simulation replaces, the programs that run as
 * processes, and the launchers.
 */
const CLIENT_EDGE =
  /^client\/(platform|clock|options\/durations|connection\/channel|workspace\/spool-file|task\/module-function|sentinel\/(child|parent|worker-child)|worker\/(worker-link|watchdog)|master\/private-server|[a-z]+\/[a-z]+-program|launchers\/.*)\.ts$/;
/** The layer that runs in a browser, and may use its clocks and timers. */
const BROWSER = 'page';
const MAX_LINES = 350;

interface File {
  readonly path: string;
  /** The folder below src, or the file itself if it is in src. */
  readonly layer: string;
  readonly text: string;
  /** Its imports, including those of types: paths below src, and names of packages. */
  readonly imports: readonly string[];
}

const IMPORT =
  /^\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/gm;

const files: File[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => {
    const text = readFileSync(join(SRC, path), 'utf8');
    const imports = [...text.matchAll(IMPORT)].map(([, from, bare, dynamic]) => {
      const name = from ?? bare ?? dynamic ?? '';
      return name.startsWith('.') ? relative(SRC, join(SRC, path, '..', name)) : name;
    });
    return { path, layer: layerOf(path), text, imports };
  });

function layerOf(path: string): string {
  const nested = Object.keys(LAYERS).find(
    (layer) => layer.includes('/') && (path === layer || path.startsWith(`${layer}/`)),
  );
  if (nested !== undefined) return nested;
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : path;
}

describe('the source tree', () => {
  test('has a layer for every folder', () => {
    expect(files.filter(({ layer }) => LAYERS[layer] === undefined).map(({ path }) => path)).toEqual([]);
  });

  test('has no import from a lower layer to a higher one, and the client imports only wire and its own machines', () => {
    const wrong = files.flatMap(({ path, layer, imports }) => {
      const allowed = new Set([layer, 'version.ts', ...(LAYERS[layer] ?? [])]);
      const mine = imports.filter((name) => /\.tsx?$/.test(name));
      return mine.filter((name) => !allowed.has(layerOf(name))).map((name) => `${path} imports ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  test('has no import cycles, not even of types', () => {
    const importsOf = new Map(files.map(({ path, imports }) => [path, imports]));
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (path: string, way: readonly string[]): void => {
      if (way.includes(path)) return void circles.push([...way.slice(way.indexOf(path)), path].join(' → '));
      if (done.has(path)) return;
      for (const next of importsOf.get(path) ?? []) walk(next, [...way, path]);
      done.add(path);
    };
    for (const path of importsOf.keys()) walk(path, []);
    expect(circles).toEqual([]);
  });

  test('leaves every decision about an event to the machines: no part of a job reads a state before it sends one', () => {
    const ofJob = files.filter(({ layer }) => layer === 'sleigh');
    const reading =
      /getSnapshot\(|\b(isRegistered|isAwaited|rankStateOf|stateOfWorker|stateOfSentinel|hasEnded)\(|\.phase\b/;
    /** The files that show a state: texts of reports, fields of views, and the facts about agents that events carry. */
    const shown = new Set(['agents', 'joining', 'reports', 'sleigh'].map((name) => `sleigh/${name}.ts`));
    const readers = ofJob.filter(({ text }) => text.includes('getSnapshot(')).map(({ path }) => path);
    expect(readers.filter((path) => !shown.has(path))).toEqual([]);
    const conditions = ofJob.flatMap(({ path, text }) =>
      [...text.matchAll(/\bif \((?:[^{;\n]|\n(?!\n))*?\)\s*(?:\{|return|[\w.?]+\()/g)]
        .filter(([condition]) => reading.test(condition))
        .map(([condition]) => `${path}: ${condition}`),
    );
    const allowed = [
      // Counting actors does not decide whether an event is sent.
      'sleigh/crew.ts: if (isRegistered(each)) registeredWorkers',
      // An ended actor takes no events. The supervisor gets what is asked of it.
      'sleigh/crew.ts: if (sentinel === undefined || hasEnded(sentinel))',
      'sleigh/supervision.ts: if (hasEnded(sentinel)) supervisor.send(',
      // Actors of before a restart.
      'sleigh/crew.ts: if (hasEnded(sentinel)) this.endSentinel(',
      'sleigh/crew.ts: if (hasEnded(worker)) this.end(',
      'sleigh/agent-connections.ts: if (!hasEnded(agent) || agent.client.isSession === true) this.connectSentinel(',
    ];
    const wrong = conditions.filter((condition) => !allowed.some((start) => condition.startsWith(start)));
    expect(wrong).toEqual([]);
  });

  test('imports node: modules only in transport, client, web and cli', () => {
    const wrong = files
      .filter(({ layer }) => !OUTER.has(layer))
      .flatMap(({ path, imports }) =>
        imports.filter((name) => name.startsWith('node:')).map((name) => `${path} imports ${name}`),
      );
    expect(wrong).toEqual([]);
  });

  test('uses no clock, timer, random number or process below transport', () => {
    const world =
      /\b(Date\.now\(|new Date\(\)|setTimeout|setInterval|setImmediate|Math\.random|process\.(?!ts)|performance\.)/;
    const wrong = files.filter(
      ({ layer, text }) => !OUTER.has(layer) && layer !== BROWSER && world.test(text),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  test('reaches clocks, timers, random numbers, processes and sockets in the rules of the client only through the platform', () => {
    const world =
      /\b(Date\.now|new Date\(\)|setTimeout|setInterval|setImmediate|Math\.random|random(UUID|Bytes|Int)|performance\.|hostClock|node:(timers|child_process|worker_threads|net|tls|os|perf_hooks)|(?<![#.])process\.(kill|exit|pid|hrtime|memoryUsage))|import \{[^}]*\bstartTimer\b/;
    const wrong = files.filter(
      ({ path, layer, text }) => layer === 'client' && !CLIENT_EDGE.test(path) && world.test(text),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  test('names files with their extension in relative imports', () => {
    const wrong = files.flatMap(({ path, text }) =>
      [...text.matchAll(IMPORT)]
        .map(([, from]) => from ?? '')
        .filter((name) => name.startsWith('.') && !/\.(tsx?|css)$/.test(name))
        .map((name) => `${path} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test(`has no file longer than ${MAX_LINES} lines`, () => {
    const long = files.filter(({ text }) => text.trimEnd().split('\n').length > MAX_LINES);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test('exports as VERSION the version in package.json', () => {
    const manifest: { version: string } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(VERSION).toBe(manifest.version);
  });
});
