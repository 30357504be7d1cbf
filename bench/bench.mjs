// Measures the cost of the server and its growth, next to bare Node servers in the same run.
//   npm run bench -- [--only NAME…] [--rounds 5] [--smoke] [--json FILE] [--markdown FILE] [--compare FILE]
//                    [--strict] [--server PATH_OF_ANOTHER_BUILD/cli/main.js] [--store postgres://USER@HOST/DATABASE]
// See docs/performance.md. The speed of a shared machine drifts, so each ratio compares adjacent measurements, and the
// medians of the rounds are reported.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Bed, buildLoad } from './bed.mjs';
import { median, ticks } from './measure.mjs';
import { scenarios } from './scenarios/index.mjs';
import { heading, line, markdown } from './table.mjs';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string' },
    smoke: { type: 'boolean', default: false },
    json: { type: 'string' },
    markdown: { type: 'string' },
    compare: { type: 'string' },
    strict: { type: 'boolean', default: false },
    store: { type: 'string' },
    server: { type: 'string', default: fileURLToPath(new URL('../dist/cli/main.js', import.meta.url)) },
  },
});
const rounds = Number(flags.rounds ?? (flags.smoke ? 1 : 5));
if (!Number.isInteger(rounds) || rounds < 1) fail(`--rounds ${flags.rounds}: a whole number, at least 1`);
const wanted = [...flags.only, ...positionals];
const unknown = wanted.filter((name) => !scenarios.some((scenario) => scenario.name === name));
if (unknown.length > 0)
  fail(`no scenario ${unknown.join(', ')}; there are ${scenarios.map(({ name }) => name).join(', ')}`);

function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(2);
}

function earlierFigures() {
  if (flags.compare === undefined) return new Map();
  try {
    const { figures } = JSON.parse(readFileSync(flags.compare, 'utf8'));
    return new Map(figures.map((figure) => [`${figure.scenario}/${figure.name}`, figure.median]));
  } catch (error) {
    return fail(`--compare ${flags.compare}: ${error.message}`);
  }
}

function summary(scenario, { name, unit, bound, values }) {
  const middle = median(values);
  const holds = bound && (bound.most === undefined ? middle >= bound.least : middle <= bound.most);
  return {
    scenario,
    name,
    unit,
    median: middle,
    least: Math.min(...values),
    most: Math.max(...values),
    bound,
    holds,
    values,
  };
}

const earlier = earlierFigures();
const folder = mkdtempSync(join(tmpdir(), 'sleigh-bench-'));
const bed = new Bed({
  load: await buildLoad(folder),
  server: flags.server,
  store: flags.store,
  rounds,
  smoke: flags.smoke,
});
const figures = [];
/** By scenario, the share of processor time that the host of the machine took for other guests. */
const stolen = {};
const WORTH_SAYING = 0.02;
try {
  for (const scenario of scenarios) {
    const { name, about, needsStore = false } = scenario;
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.log(heading(name, about));
    if (needsStore && flags.store === undefined) {
      console.log(
        '  Left out: it needs --store with the address of a PostgreSQL in which it may create databases.',
      );
      continue;
    }
    const before = ticks();
    const measured = (await scenario.run(bed)).map((figure) => summary(name, figure));
    for (const figure of measured) console.log(line(figure, earlier.get(`${name}/${figure.name}`)));
    figures.push(...measured);
    const after = ticks();
    const share = (after.stolen - before.stolen) / (after.all - before.all);
    stolen[name] = share;
    if (share > WORTH_SAYING)
      console.log(
        `  Read with care: the host of this machine took ${(100 * share).toFixed(1)} % of the time.`,
      );
    await bed.close();
  }
} finally {
  await bed.close();
  rmSync(folder, { recursive: true });
}

if (flags.json !== undefined) {
  const machine = { node: process.version, processors: cpus().map(({ model }) => model) };
  const report = { at: new Date().toISOString(), machine, rounds, smoke: flags.smoke, stolen, figures };
  writeFileSync(flags.json, `${JSON.stringify(report, undefined, 2)}\n`);
}
if (flags.markdown !== undefined) writeFileSync(flags.markdown, markdown(figures));
const missed = figures.filter(({ holds }) => holds === false);
console.log(
  `\n${figures.filter(({ holds }) => holds).length} bounds hold, ${missed.length} do not; medians of ${rounds} round${rounds === 1 ? '' : 's'}.`,
);
if (flags.strict && missed.length > 0) process.exitCode = 1;
