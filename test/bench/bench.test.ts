import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Folder } from '../support/run-process.ts';
import { isLong, isShort } from '../support/form.ts';

const BENCH = join(import.meta.dirname, '../../bench');
/** It reads /proc and builds its load generator with a C compiler. */
const canRun = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0;

/** Two of the scenarios: they start one server, and measure it with and without the load generator. */
const FEW = ['pairs', 'charts', 'latency'];

interface Figure {
  readonly scenario: string;
  readonly name: string;
  readonly values: readonly number[];
  readonly median: number;
  readonly bound?: { readonly most?: number; readonly least?: number };
  readonly holds?: boolean;
}

function bench(...flags: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(BENCH, 'bench.mjs'), ...flags], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  return { status, output: stdout, errors: stderr };
}

function figuresIn(path: string): Figure[] {
  const report: { figures: Figure[] } = JSON.parse(readFileSync(path, 'utf8'));
  return report.figures;
}

describe.runIf(canRun && !isShort)('the benchmark', { timeout: 150_000 }, () => {
  it('reports figures for every scenario and the result for every bound, and exits with status 0 whatever they are', () => {
    using folder = new Folder();
    const json = join(folder.path, 'figures.json');
    const table = join(folder.path, 'figures.md');
    const files = readdirSync(join(BENCH, 'scenarios')).map((file) => file.replace('.mjs', ''));
    // `front` needs a PostgreSQL.
    const scenarios = isLong ? files.filter((name) => !['index', 'front'].includes(name)) : FEW;
    const { status, output, errors } = bench(...scenarios, '--smoke', '--json', json, '--markdown', table);
    expect(errors).toBe('');
    expect(status).toBe(0);
    const figures = figuresIn(json);
    expect([...new Set(figures.map(({ scenario }) => scenario))].sort()).toEqual(scenarios.toSorted());
    for (const { scenario, name, values, bound, holds } of figures) {
      expect(values, `${scenario}, ${name}`).toEqual([expect.any(Number)]);
      expect(values[0], `${scenario}, ${name}`).toBeGreaterThanOrEqual(0);
      expect(holds === undefined, `${scenario}, ${name}`).toBe(bound === undefined);
      expect(output).toContain(name);
    }
    const rows = readFileSync(table, 'utf8').split('\n').slice(2, -1);
    expect(rows.map((row) => row.split('|')[2]?.trim())).toEqual(figures.map(({ name }) => name));
    expect(figures.filter(({ bound }) => bound !== undefined).length).toBeGreaterThan(isLong ? 10 : 0);
  });

  it('reports the change against an earlier run', () => {
    using folder = new Folder();
    const earlier = folder.write(
      'earlier.json',
      JSON.stringify({ figures: [{ scenario: 'charts', name: 'worker', median: 1 }] }),
    );
    const { status, output } = bench('--smoke', '--only', 'charts', '--compare', earlier);
    expect(status).toBe(0);
    expect(output).toMatch(/ worker .* \+[\d,]+ % since 1\n/);
    expect(output).toMatch(/ connection (?!.*since)/);
    expect(output).not.toContain('pairs:');
  });

  it('rejects an unknown scenario and a file that it cannot compare with', () => {
    expect(bench('--only', 'charts', 'nothing')).toMatchObject({
      status: 2,
      errors: expect.stringContaining('no scenario nothing; there are pairs, '),
    });
    expect(bench('--compare', '/nowhere.json')).toMatchObject({
      status: 2,
      errors: expect.stringContaining('--compare /nowhere.json'),
    });
  });
});
