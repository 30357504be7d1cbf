import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printable } from '../../src/wire/printable.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { sleigh, startServe } from '../support/serve-process.ts';
import { isShort } from '../support/form.ts';

let folder: string;
let trace: string;

/** A server with a trace runs a job of one task, and is then stopped. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sleigh-trace-'));
  trace = join(folder, 'trace.jsonl');
  await using serve = await startServe('--trace', trace, '--log-level', 'error');
  const master = await ProtocolClient.ready(serve, { MetadataToServer: '1' });
  await master.ask(['open ws', 's', 'm', 'no'], { wstype: 'sleigh' });
  const [sentinel, worker] = [await ProtocolClient.ready(serve, {}), await ProtocolClient.ready(serve, {})];
  for (const client of [sentinel, worker]) await client.ask(['use ws', 's', 'x', 'no']);
  await sentinel.ask(['fetch', 's', 'worker_ids']);
  await worker.ask(['store', 's', 'worker_ids', '1', '0']);
  await master.ask(['store', 's', 'task', '1', 'work']);
  await worker.ask(['fetch', 's', 'task']);
  await worker.ask(['store', 's', 'result', '1', 'done']);
  serve.kill('SIGTERM');
  await serve.outcome;
});
afterAll(() => rmSync(folder, { recursive: true }));

const altered = (name: string, from: string | RegExp, to: string): string => {
  const path = join(folder, name);
  const before = readFileSync(trace, 'utf8');
  const after = before.replace(from, to);
  expect(after, 'the trace has something to alter').not.toBe(before);
  writeFileSync(path, after);
  return path;
};

describe('sleigh verify TRACE', () => {
  it.skipIf(isShort)(
    'reports for each machine how many steps it took, if all steps are allowed',
    async () => {
      const { code, output } = await sleigh(['verify', trace]);
      expect(code).toBe(0);
      for (const chart of ['connection', 'joinPhase', 'sentinel', 'shutdown', 'sleigh', 'work', 'worker'])
        expect(output).toMatch(new RegExp(`^${chart} +\\d+ steps, all of them allowed$`, 'm'));
    },
  );

  it('reports the first step that no machine allows, with the story of its actor', async () => {
    const path = altered('wrong.jsonl', '"after":"registered.busy"', '"after":"registered.waiting"');
    const { code, output } = await sleigh(['verify', path]);
    expect(code).toBe(1);
    expect(output).toMatch(
      /^line \d+: worker\.0 of sleigh s \(chart worker\): the chart goes from "registered\.idle" to/,
    );
    expect(output).toMatch(/its story:\n.*xstate\.init.*\n.*registration\.asked/);
    expect(output).toMatch(/\n! .*task\.asked/);
    const diagram = join(folder, 'wrong.mmd');
    await sleigh(['verify', path, '--diagram', diagram]);
    expect(readFileSync(diagram, 'utf8')).toMatch(
      /^sequenceDiagram\n[^]*registration\.asked[^]*rect[^]*task\.asked[^]*rect[^]*Note over p\d: registered\.waiting/,
    );
  });

  it('detects a missing step', async () => {
    const path = altered('gap.jsonl', /^.*"type":"task\.asked".*\n/m, '');
    const { code, output } = await sleigh(['verify', path]);
    expect(code).toBe(1);
    expect(output).toMatch(/begins in "registered\.busy", and the chart is in "registered\.idle"/);
  });

  it.skipIf(isShort)('detects an event that the state does not expect', async () => {
    const path = altered('place.jsonl', '"type":"task.asked"', '"type":"task.offered"');
    const { code, output } = await sleigh(['verify', path]);
    expect(code).toBe(1);
    expect(output).toMatch(/"task\.offered" has no place in "registered\.idle"/);
  });

  it.skipIf(isShort)('reports in one line a file that is missing or is not a trace', async () => {
    expect(await sleigh(['verify', join(folder, 'none')])).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/^sleigh: cannot read .*: there is no such file\n$/),
    });
    const path = join(folder, 'text');
    writeFileSync(path, 'hello\n');
    expect(await sleigh(['verify', path])).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/^sleigh: line 1 of .* is no step of a trace\n$/),
    });
  });

  const step = { time: 1, scope: 's', actor: 'a', chart: 'none', before: '', after: '', clause: '' };
  const line = (changes: object): string =>
    `${JSON.stringify({ ...step, event: { type: 'x' }, ...changes })}\n`;

  it.skipIf(isShort).each([
    ['is empty', '', / is empty: a trace has a line for each step of an actor\n$/],
    ['has an empty line', '\n', /line 1 of .* is no step of a trace\n$/],
    ['ends in the middle of a line', line({}).slice(0, 50), /line 1 of .* is no step of a trace\n$/],
    ['contains an invalid time', line({ time: 1e300 }), /line 1 of .* is no step of a trace\n$/],
    ['has a time that is a text', line({ time: 'now' }), /line 1 of .* is no step of a trace\n$/],
  ])('reports in one line, also before it shows the page, that the file %s', async (_, text, expected) => {
    const path = join(folder, 'malformed');
    writeFileSync(path, text);
    for (const command of [['verify'], ['charts', '--trace']]) {
      const { code, errors } = await sleigh([...command, path]);
      expect({ code, lines: errors.split('\n').length }).toEqual({ code: 1, lines: 2 });
      expect(errors).toMatch(expected);
    }
  });

  it.skipIf(isShort)('escapes all control characters of the trace in its output', async () => {
    const path = join(folder, 'escapes');
    writeFileSync(path, line({ scope: 'red \u001b[31m', actor: 'the same \u009b31m' }));
    const { code, output } = await sleigh(['verify', path]);
    expect(code).toBe(1);
    expect(output).toContain('the same \\u009b31m of red \\u001b[31m');
    expect(printable(output)).toBe(output.replaceAll('\n', '\\u000a'));
  });
});

const line = (operation: object): string =>
  `${JSON.stringify({ workspace: 'w', variable: 'v', ...operation })}\n`;
const stored = (value: string, invoked: number): string =>
  line({ who: 'a', verb: 'store', value, invoked, replied: invoked + 1, reply: { status: '0000' } });
const fetched = (value: string, invoked: number): string =>
  line({ who: 'b', verb: 'fetch', invoked, replied: invoked + 1, reply: { status: '0000', value } });
const file = (text: string): string => {
  const path = join(folder, 'history.jsonl');
  writeFileSync(path, text);
  return path;
};

describe('sleigh verify --history', () => {
  it('reports that a history is correct', async () => {
    const path = file(stored('1', 0) + stored('2', 2) + fetched('1', 4) + fetched('2', 6));
    expect(await sleigh(['verify', '--history', path])).toMatchObject({
      code: 0,
      output: 'history: 4 operations on 1 variables (fifo 1)\nEverything is as the protocol has it.\n',
    });
  });
});

describe.skipIf(isShort)('sleigh verify --history', () => {
  it('reports the violated clause, and the operations that show it', async () => {
    const path = file(stored('1', 0) + stored('2', 2) + stored('3', 3.5) + fetched('2', 4) + fetched('1', 6));
    const { code, output } = await sleigh(['verify', '--history', path]);
    expect(code).toBe(1);
    expect(output).toContain(
      'violates V3, V4: "v" of "w", a fifo: "1", "2" came in an order that no fifo allows\n',
    );
    expect(output.match(/^ {4}\{"who"/gm)).toHaveLength(4);
    const picture = join(folder, 'history.svg');
    const { errors } = await sleigh(['verify', '--history', path, '--diagram', picture]);
    expect(errors).toBe(`sleigh: the violation is drawn in ${picture}\n`);
    expect(readFileSync(picture, 'utf8')).toMatch(/^<svg .*class="message reply broken"/s);
    const json = await sleigh(['verify', '--history', path, '--json']);
    expect(JSON.parse(json.output)).toMatchObject({ right: false, violations: [{ clauses: ['V3', 'V4'] }] });
  });

  it.each([
    [[], '', '--history needs a file, or --server HOST:PORT, or both'],
    [['FILE'], '{}\n', 'line 1 of FILE is no operation: "invoked" is missing: the time of the request'],
    [['FILE'], 'x\n', 'line 1 of FILE is no operation: it is no JSON'],
    [['FILE'], '', 'FILE is empty: a history has a line for each operation'],
    [
      ['FILE'],
      '{"who":"a","verb":"store","invoked":"soon"}\n',
      'line 1 of FILE is no operation: "invoked" must be a number of milliseconds, not "soon"',
    ],
  ])('rejects %j with %j in one clear line', async (args, text, message) => {
    const path = file(text);
    const { code, errors } = await sleigh(['verify', '--history', ...args.map(() => path)]);
    expect({ code, errors }).toEqual({ code: 1, errors: `sleigh: ${message.replace('FILE', path)}\n` });
  });

  it('generates load on a server, records its history, and checks it', async () => {
    await using serve = await startServe('--log-level', 'silent');
    const path = join(folder, 'load.jsonl');
    const { code, output } = await sleigh([
      'verify',
      '--history',
      path,
      '--server',
      `127.0.0.1:${serve.port}`,
    ]);
    expect(output).toMatch(/^history: \d+ operations on 4 variables \(.*barrier 1.*\)\nEverything/);
    expect(code).toBe(0);
    expect(await sleigh(['verify', '--history', path])).toMatchObject({ code: 0, output });
  });
});
