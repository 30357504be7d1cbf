import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { VERSION } from '../src/version.ts';

const ROOT = join(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');

/** What each folder of src may import besides itself: lower layers alone. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  workspace: ['wire'],
  machines: ['wire', 'workspace'],
  // The machines of the client: they know nothing at all.
  'machines/pool': [],
  // How machines are run; they know nothing of it.
  actors: ['workspace'],
  charts: ['machines', 'machines/pool', 'actors'],
  sleigh: ['wire', 'workspace', 'machines', 'actors'],
  // What happened in the charts, step by step, for whoever follows them.
  trace: ['workspace', 'machines', 'actors'],
  core: ['wire', 'workspace', 'machines', 'actors', 'sleigh', 'trace'],
  // What the web page shows: the core's state as plain JSON.
  views: ['wire', 'workspace', 'machines', 'actors', 'charts', 'sleigh', 'trace', 'core'],
  transport: ['wire', 'workspace', 'machines', 'sleigh', 'trace', 'core'],
  web: ['wire', 'workspace', 'machines', 'charts', 'sleigh', 'trace', 'core', 'views', 'transport', 'client'],
  // The front end: it runs in a browser and knows the types of the views and their paths alone.
  page: ['views'],
  // What programs import: it knows the bytes and its own machines, and nothing of the server.
  client: ['wire', 'machines/pool'],
  // What looks at a server from outside, chart by chart.
  verify: ['wire', 'workspace', 'machines', 'charts', 'client'],
  cli: [
    'verify',
    'wire',
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
  // A server and its web page, put together.
  'server.ts': ['wire', 'transport', 'web'],
  'index.ts': ['wire', 'workspace', 'machines', 'sleigh', 'core', 'transport', 'web', 'client', 'server.ts'],
  'version.ts': [],
  // What a transition means: for the machines of the server and of the client.
  'rule.ts': [],
};
/** Who may look at the world outside: sockets, files, processes. */
const OUTER = new Set(['transport', 'client', 'verify', 'web', 'cli', 'server.ts']);
/**
 * What of the client is that world, so that a simulation has another in its place: the platform and what it is made of, the
 * programs that are processes, and the launchers.
 */
const CLIENT_EDGE =
  /^client\/(platform|clock|options\/durations|connection\/channel|task\/module-function|sentinel\/(child|parent|worker-child)|worker\/(worker-link|watchdog)|master\/private-server|[a-z]+\/[a-z]+-program|launchers\/.*)\.ts$/;
/** Who runs in a browser, whose clocks and timers it may use. */
const BROWSER = 'page';
const MOST_LINES = 350;

interface File {
  readonly path: string;
  /** The folder below src, or the file itself if it lies in src. */
  readonly layer: string;
  readonly text: string;
  /** What it imports, types too: paths below src, and names of packages. */
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
  const nested = Object.keys(LAYERS).find((layer) => layer.includes('/') && path.startsWith(`${layer}/`));
  if (nested !== undefined) return nested;
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : path;
}

describe('the source tree', () => {
  test('has a layer for every folder', () => {
    expect(files.filter(({ layer }) => LAYERS[layer] === undefined).map(({ path }) => path)).toEqual([]);
  });

  test('has no import from a lower layer to a higher one, and the client imports only wire and its own machines', () => {
    const wrong = files.flatMap(({ path, layer, imports }) => {
      const allowed = new Set([layer, 'version.ts', 'rule.ts', ...(LAYERS[layer] ?? [])]);
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

  test('a part of a job leaves it to the machines what an event comes to: it looks at no state before it sends one', () => {
    const ofJob = files.filter(({ layer }) => layer === 'sleigh');
    const reading =
      /getSnapshot\(|\b(isRegistered|isAwaited|rankStateOf|stateOfWorker|stateOfSentinel)\(|\.phase\b/;
    /** What shows a state: the texts of reports, the fields of views, and the facts of agents that events carry. */
    const shown = new Set(['agents', 'joining', 'reports', 'sleigh'].map((name) => `sleigh/${name}.ts`));
    const readers = ofJob.filter(({ text }) => text.includes('getSnapshot(')).map(({ path }) => path);
    expect(readers.filter((path) => !shown.has(path))).toEqual([]);
    const conditions = ofJob.flatMap(({ path, text }) =>
      [...text.matchAll(/\bif \((?:[^{;\n]|\n(?!\n))*?\)\s*(?:\{|return|[\w.?]+\()/g)]
        .filter(([condition]) => reading.test(condition))
        .map(([condition]) => `${path}: ${condition}`),
    );
    // Who is counted is no matter of whether an event is sent.
    const counting = 'sleigh/crew.ts: if (isRegistered(each)) registeredWorkers';
    expect(conditions.filter((condition) => !condition.startsWith(counting))).toEqual([]);
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

  test(`has no file longer than ${MOST_LINES} lines`, () => {
    const long = files.filter(({ text }) => text.trimEnd().split('\n').length > MOST_LINES);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test('exports as VERSION the version in package.json', () => {
    const manifest: { version: string } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(VERSION).toBe(manifest.version);
  });
});
