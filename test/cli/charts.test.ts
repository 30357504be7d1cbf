import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sleigh, startSleigh } from '../support/serve-process.ts';
import type { ChartsView } from '../../src/views/types.ts';
import { isShort } from '../support/form.ts';

const docs = (file: string): string =>
  readFileSync(new URL(`../../docs/charts/${file}`, import.meta.url), 'utf8');

describe('sleigh charts', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sleigh-charts-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('lists the machines', async () => {
    const { code, output } = await sleigh(['charts']);
    expect(code).toBe(0);
    const names = output
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[0]);
    expect(names.join(' ')).toBe(
      'connection session value-lease sleigh join-phase work worker sentinel shutdown claim forwarded-client forwarding lease commit recovery backoff speculation locality batch retry call-value left-value sleigh-pool client-session owner-search client-lease pool worker-process call-turns',
    );
    expect(output).toContain('worker       one rank, from its assignment to its end\n');
  });

  it.skipIf(isShort)('prints a chart as a picture, as JSON and for Mermaid', async () => {
    expect((await sleigh(['charts', 'worker'])).output).toBe(docs('worker.svg'));
    expect((await sleigh(['charts', 'worker', '--format', 'svg'])).output).toBe(docs('worker.svg'));
    expect((await sleigh(['charts', 'worker', '--format', 'json'])).output).toBe(docs('worker.json'));
    const { output } = await sleigh(['charts', 'worker', '--format', 'mermaid']);
    expect(output).toMatch(/^stateDiagram-v2\n/);
    expect(docs('worker.md')).toContain(output);
  });

  it('writes all diagrams in all forms to a folder, which it creates', async () => {
    const out = join(folder, 'new', 'charts');
    const { code, output } = await sleigh(['charts', '--out', out]);
    const files = readdirSync(new URL('../../docs/charts', import.meta.url));
    const expected = files.filter((file) => file !== 'README.md');
    expect([code, output]).toEqual([0, `wrote ${expected.length} files to ${out}\n`]);
    expect(readdirSync(out)).toHaveLength(expected.length);
    expect(readFileSync(join(out, 'join-phase.svg'), 'utf8')).toBe(docs('join-phase.svg'));
  });

  it.skipIf(isShort)('writes only the requested forms', async () => {
    const out = join(folder, 'one');
    await sleigh(['charts', 'sleigh', '--out', out, '--format', 'json']);
    expect(readdirSync(out)).toEqual(['sleigh.json']);
    await sleigh(['charts', '--out', out, '--format', 'mermaid']);
    // That of before, and one of each machine.
    const machines = readdirSync(new URL('../../docs/charts', import.meta.url)).filter((file) =>
      file.endsWith('.json'),
    );
    expect(readdirSync(out)).toHaveLength(1 + machines.length);
  });

  it.skipIf(isShort)('reports an error and writes nothing', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'mine');
    const cases: [string[], string][] = [
      [
        ['x'],
        "command-argument value 'x' is invalid for argument 'name'. Allowed choices are connection, session, value-lease, sleigh, join-phase,",
      ],
      [['--format', 'svg'], '--format needs the name of a chart, or --out FOLDER'],
      [['--out', file], `cannot write to ${file}: `],
      [['x', '--out', join(folder, 'none')], "command-argument value 'x'"],
    ];
    for (const [args, message] of cases) {
      const { code, output, errors } = await sleigh(['charts', ...args]);
      expect([code, output]).toEqual([1, '']);
      expect(errors).toContain(`sleigh: ${message}`);
    }
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  it.skipIf(isShort)('replays a trace in the page until it is stopped', async () => {
    const trace = join(folder, 'trace.jsonl');
    const step = { time: 1, scope: 'connection 1', actor: 'connection', chart: 'connection' };
    const states = { before: '', after: 'open.handshaking.greeting', clause: '' };
    writeFileSync(
      trace,
      `${JSON.stringify({ ...step, event: { type: 'xstate.init', input: { id: 1 } }, ...states })}\n`,
    );
    await using replay = await startSleigh(['charts', '--trace', trace, '--web-port', '0']);
    const url = replay.line.replace('replay at ', '');
    expect(await (await fetch(`${url}api/replay`)).json()).toMatchObject({
      file: 'trace.jsonl',
      steps: 1,
      scopes: [{ scope: 'connection 1' }],
    });
    replay.kill('SIGINT');
    expect((await replay.outcome).code).toBe(0);
  });

  it.skipIf(isShort)('draws the machines of plugins with a trace (S30.3)', async () => {
    const trace = join(folder, 'policy.jsonl');
    const step = {
      time: 1,
      scope: 'sleigh job',
      actor: 'recovery.0',
      chart: 'poison',
      before: '',
      clause: '',
    };
    writeFileSync(
      trace,
      `${JSON.stringify({ ...step, event: { type: 'xstate.init' }, after: 'deciding' })}\n`,
    );
    const plugin = fileURLToPath(new URL('../../examples/policies/poison.mjs', import.meta.url));
    const args = ['charts', '--trace', trace, '--plugin', plugin, '--web-port', '0'];
    await using replay = await startSleigh(args);
    const page = await fetch(`${replay.line.replace('replay at ', '')}api/charts`);
    const view: ChartsView = JSON.parse(await page.text());
    expect(view.charts.map(({ chart }) => chart)).toContain('poison');
  });

  it.skipIf(isShort)('rejects a file that is not a trace', async () => {
    const path = join(folder, 'no-trace');
    writeFileSync(path, 'hello\n');
    const { code, errors } = await sleigh(['charts', '--trace', path]);
    expect([code, errors]).toEqual([1, `sleigh: line 1 of ${path} is no step of a trace\n`]);
    expect((await sleigh(['charts', 'worker', '--trace', path])).errors).toContain(
      '--trace shows all charts',
    );
  });
});
