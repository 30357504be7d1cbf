import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { eventually } from '../support/eventually.ts';
import { CommandProcess, RunProcess } from '../support/run-process.ts';
import { isShort } from '../support/form.ts';
import { numbers, asInput, runFixture } from './run-fixture.ts';

const fixture = runFixture();

describe('sleigh run', () => {
  it('calls the default export for each line of standard input, and writes the results in order', async () => {
    const source = `export default async (n) => {
      await new Promise((resolve) => setTimeout(resolve, (n * 7) % 5));
      return { square: n * n };
    }`;
    const { child, lines, errors } = await fixture.run(source, asInput(numbers(100)), '--workers', '3');
    expect(lines).toEqual(numbers(100).map((n) => `{"square":${Number(n) ** 2}}`));
    expect([child.exitCode, errors]).toEqual([0, '']);
  });

  it.skipIf(isShort)(
    'writes an error line in place of a line that fails, continues, and exits with status 1',
    async () => {
      const source = `export default async (n) => {
      if (n === 2) throw new RangeError('too much');
      if (n === 3) return () => n;
      if (n === 4) return Promise.reject('odd');
      return n;
    }`;
      const { child, lines, errors } = await fixture.run(source, asInput(numbers(5)));
      expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
        1,
        { line: 2, error: 'RangeError: too much' },
        { line: 3, error: expect.stringContaining('cannot be sent') },
        { line: 4, error: "thrown: 'odd'" },
        5,
      ]);
      expect(child.exitCode).toBe(1);
      expect(errors).toMatch(
        /^sleigh: 3 of 5 lines failed; the first was line 2: RangeError: too much\n +at .*module\.mjs:2/,
      );
    },
  );

  it.skipIf(isShort)('keeps the output of the module out of the results', async () => {
    const source = `console.log('loaded'); export default (n) => { console.log('called'); return n; }`;
    const { lines, errors } = await fixture.run(source, '1\n', '--workers', '1');
    expect(lines).toEqual(['1']);
    expect(errors.match(/loaded|called/g)).toHaveLength(3);
  });
});

describe.skipIf(isShort)('sleigh run', () => {
  it('parses a line as JSON if it is valid JSON, and otherwise takes it as text', async () => {
    const input = 'plain\n{"a": [1]}\r\n\n"quoted"\nnull\n12 \ntrue\nlast';
    const { lines } = await fixture.run('export default (x) => [typeof x, x]', input);
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      ['string', 'plain'],
      ['object', { a: [1] }],
      ['string', ''],
      ['string', 'quoted'],
      ['object', null],
      ['number', 12],
      ['boolean', true],
      ['string', 'last'],
    ]);
  });

  it('takes lines unchanged with --text, and takes a number as text if it would not be printed with the same digits', async () => {
    const source = 'export default (x) => [typeof x, x]';
    const input = '12\n1.10\n12345678901234567891\n{"a":1}\nnull\n';
    const { lines } = await fixture.run(source, input);
    expect(lines).toEqual([
      '["number",12]',
      '["string","1.10"]',
      '["string","12345678901234567891"]',
      '["object",{"a":1}]',
      '["object",null]',
    ]);
    const asText = await fixture.run(source, input, '--text');
    expect(asText.lines).toEqual(
      ['12', '1.10', '12345678901234567891', '{"a":1}', 'null'].map((line) =>
        JSON.stringify(['string', line]),
      ),
    );
  });

  it('stops at a line that it cannot read, and reports the line and how to continue', async () => {
    const source = 'export default (x) => x';
    const latin1 = Buffer.from('a\ncaf\xe9\n', 'latin1');
    const refused = await fixture.run(source, latin1);
    expect([refused.child.exitCode, refused.lines]).toEqual([1, ['"a"']]);
    expect(refused.errors).toMatch(
      /^sleigh: cannot read standard input: line 2 is not UTF-8; --encoding .*latin1/,
    );
    const read = await fixture.run(source, latin1, '--encoding', 'latin1');
    expect([read.child.exitCode, read.lines]).toEqual([0, ['"a"', '"café"']]);
    const long = await fixture.run(source, '{"id":12345678901234567891}\n');
    expect([long.child.exitCode, long.errors]).toEqual([
      1,
      expect.stringContaining('line 1 has 12345678901234567891'),
    ]);
    const nul = await fixture.run(source, 'a\0b\n');
    expect([nul.child.exitCode, nul.errors]).toEqual([1, expect.stringContaining('line 1 has a NUL byte')]);
    expect((await fixture.run(source, 'a\0b\n', '--text')).lines).toEqual([String.raw`"a\u0000b"`]);
  }, 60_000);

  it('reads UTF-16 with a byte order mark', async () => {
    const { lines } = await fixture.run(
      'export default (x) => x',
      Buffer.from('\ufeffnaïve\r\n7\n', 'utf16le'),
    );
    expect(lines).toEqual(['"naïve"', '7']);
  });

  it('reads a file, loads a CommonJS module, and accepts the name of standard input', async () => {
    fixture.folder.write('input.txt', 'a\nb\n');
    fixture.folder.write('module.cjs', 'module.exports = (x) => x + x;');
    const file = new RunProcess(fixture.folder.path, ['module.cjs', 'input.txt']);
    expect([await file.status(), file.lines]).toEqual([0, ['"aa"', '"bb"']]);
    const standard = new RunProcess(fixture.folder.path, ['module.cjs', '-'], { input: 'c' });
    expect([await standard.status(), standard.lines]).toEqual([0, ['"cc"']]);
  });

  it('writes results in the order of completion with --unordered', async () => {
    const source = `
      import { existsSync, writeFileSync } from 'node:fs';
      export default async (n) => {
        if (n === 3) writeFileSync('third', '');
        while (n === 1 && !existsSync('third')) await new Promise((resolve) => setTimeout(resolve, 5));
        return n;
      }`;
    const { lines } = await fixture.run(source, '1\n2\n3\n', '--workers', '2', '--unordered');
    expect(lines.toSorted()).toEqual(['1', '2', '3']);
    // The first call cannot complete before the third one has begun, and so not before the second one has completed.
    expect(lines.indexOf('2')).toBeLessThan(lines.indexOf('1'));
  });

  it('writes an error line for a result that cannot be written as JSON', async () => {
    const source = `export default (n) => { const a = [n]; if (n === 2) a.push(a); return a; }`;
    const { child, lines } = await fixture.run(source, '1\n2\n');
    expect(lines[0]).toBe('[1]');
    expect(JSON.parse(lines[1] ?? '')).toEqual({
      line: 2,
      error: expect.stringContaining('cannot be written as JSON'),
    });
    expect(child.exitCode).toBe(1);
  });

  it('does nothing for an empty input, and exits with status 0', async () => {
    const { child, output, errors } = await fixture.run('export default (n) => n', '');
    expect([child.exitCode, output, errors]).toEqual([0, '', '']);
  });

  it('exits even if the module leaves timers or handles open', async () => {
    const { child, lines } = await fixture.run('setInterval(() => 1, 1000); export default (n) => n', '1\n');
    expect([child.exitCode, lines]).toEqual([0, ['1']]);
  });

  it('uses little memory for a long input', async () => {
    // No process could hold it in memory.
    const env = { NODE_OPTIONS: '--max-old-space-size=64' };
    const process = fixture.start('export default (text) => text.length', ['--workers', '2'], { env });
    const line = `${'long line '.repeat(4_000)}\n`;
    const count = 2_000;
    for (let i = 0; i < count; i++)
      if (!process.child.stdin.write(line)) await once(process.child.stdin, 'drain');
    process.child.stdin.end();
    expect([await process.status(), process.errors]).toEqual([0, '']);
    expect(process.lines).toEqual(Array.from({ length: count }, () => '40000'));
  }, 60_000);

  it('has at most as many unfinished lines as --window allows', async () => {
    const source = `
      import { existsSync } from 'node:fs';
      export default async (n) => {
        while (!existsSync('go on')) await new Promise((resolve) => setTimeout(resolve, 5));
        return n;
      }`;
    const args = ['--workers', '2', '--window', '7', ...fixture.onServer];
    const process = fixture.start(source, args, { input: asInput(numbers(50)) });
    const witness = await NwsConnection.open({ host: '127.0.0.1', port: fixture.port });
    const workspace = await workspaceOf(witness);
    const status = async (): Promise<string[]> => {
      const { metadata } = await witness.find(workspace, 'jobStatus', new Map([['all', '1']]));
      return [metadata.get('nwsPending') ?? '', metadata.get('nwsRunning') ?? ''];
    };
    await eventually(async () => (await status()).join() === '7,2', 'both workers are busy');
    for (let i = 0; i < 20; i++) expect(await status()).toEqual(['7', '2']);
    fixture.folder.write('go on', '');
    expect([await process.status(), process.lines]).toEqual([0, numbers(50)]);
  });
});

/** The name of the workspace of the job, when it exists. */
async function workspaceOf(witness: NwsConnection): Promise<string> {
  let name: string | undefined;
  await eventually(async () => {
    const listing = (await witness.request(['list wss'])).value?.payload.toString() ?? '';
    name = /^.(sleigh run [^\t]*)\t/m.exec(listing)?.[1];
    return name !== undefined;
  }, 'the workspace of the job');
  await witness.useWorkspace(name ?? '');
  return name ?? '';
}

describe.skipIf(isShort)('a module for sleigh run', () => {
  it('may provide its input and consume its output', async () => {
    const source = `
      export async function* input() { yield 2; yield new Map([[1, 3]]); yield 'bad'; }
      export default (x) => { if (x === 'bad') throw new TypeError('no'); return x; }
      export async function output(outcomes) {
        for await (const { line, value, worker, error } of outcomes) console.log(line, value, worker, error);
      }`;
    const process = fixture.start(source, ['--workers', '1']);
    expect(await process.status()).toBe(1);
    expect(process.lines).toEqual([
      '1 2 0 undefined',
      '2 Map(1) { 1 => 3 } 0 undefined',
      '3 undefined undefined TypeError: no',
    ]);
  });

  it('need not consume all of its output', async () => {
    const source = `
      export function* input() { for (let n = 1; ; n++) yield n; }
      export default (n) => n;
      export async function output(outcomes) {
        for await (const { value } of outcomes) if (value === 100) return;
      }`;
    const process = fixture.start(source);
    expect([await process.status(), process.errors]).toEqual([0, '']);
  });

  it('receives the error of its input or output', async () => {
    const failing = `
      export default (n) => n;
      export function* input() { yield 1; throw new Error('out of inputs'); }`;
    const input = fixture.start(failing);
    expect([await input.status(), input.lines]).toEqual([1, ['1']]);
    expect(input.errors).toMatch(/^sleigh: Error: out of inputs\n +at .*module\.mjs:3/);
    const output = fixture.start(`${failing} export function output() { throw new Error('no room'); }`);
    expect(await output.status()).toBe(1);
    expect(output.errors).toMatch(/^sleigh: Error: no room\n +at .*module\.mjs:3/);
  });
});

const example = (name: string): string => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

describe.skipIf(isShort)('the examples', () => {
  it('draw a picture', async () => {
    const process = new RunProcess(fixture.folder.path, [example('mandelbrot.mjs')]);
    expect([await process.status(), process.errors]).toEqual([0, '']);
    const file = join(fixture.folder.path, 'mandelbrot.png');
    expect(existsSync(file)).toBe(true);
    expect(process.output).toMatch(
      /^The picture is .*mandelbrot\.png\n1200 x 800 pixels.*seconds\.\n\nWhat to try next:\n/,
    );
    const { width, height, channels, data } = decode(readFileSync(file));
    const pixel = (x: number, y: number): number[] => [
      ...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3),
    ];
    expect([width, height, channels]).toEqual([1200, 800, 3]);
    // The inside of the set is dark, and the points far outside are not.
    expect(pixel(800, 400)).toEqual([8, 6, 20]);
    expect(pixel(0, 0)).not.toEqual([8, 6, 20]);
  }, 60_000);

  it('count words', async () => {
    const process = new RunProcess(fixture.folder.path, [example('words.mjs')], {
      input: 'one naïve three\n\n42\n',
    });
    expect(await process.status()).toBe(0);
    expect(process.lines).toEqual([
      '{"words":3,"longest":"naïve"}',
      '{"words":0,"longest":""}',
      '{"words":0,"longest":""}',
    ]);
  });
});

describe.skipIf(isShort)('sleigh run --join elastic', () => {
  it('prints the command that adds workers to the job, and those workers take part', async () => {
    const source = `
      import { existsSync, writeFileSync } from 'node:fs';
      export default async (n) => {
        writeFileSync('by ' + process.pid, '');
        while (!existsSync('go')) await new Promise((resolve) => setTimeout(resolve, 5));
        return n;
      }`;
    const flags = ['--workers', '1', '--join', 'elastic', '--reconnect-grace', '5'];
    const running = fixture.start(source, flags, { input: asInput(numbers(6)) });
    const [[workspace = '', address = '', tokenFile = ''] = []] = await running.said(
      /more workers: sleigh worker '(.*)' --server (\S+) --token-file (\S+)/g,
    );
    expect(statSync(tokenFile).mode & 0o077).toBe(0);
    const by = (): number => fixture.folder.files.filter((name) => name.startsWith('by')).length;
    await eventually(() => by() === 1, 'its own works');
    const helping = new CommandProcess(fixture.folder.path, [
      'worker',
      workspace,
      '--server',
      address,
      '--token-file',
      tokenFile,
      '--workers',
      '2',
    ]);
    await eventually(() => by() === 3, 'all work');
    fixture.folder.write('go', '');
    expect([await running.status(), running.lines]).toEqual([0, numbers(6)]);
    expect(await helping.status()).toBe(0);
    expect(existsSync(tokenFile)).toBe(false);
  });

  it('rejects an unknown value, and a grace period that is not a number', async () => {
    const odd = fixture.start('', ['--join', 'open']);
    expect([await odd.status(), odd.errors]).toEqual([1, expect.stringContaining('closing, elastic')]);
    const grace = fixture.start('', ['--reconnect-grace', 'x']);
    expect([await grace.status(), grace.errors]).toEqual([1, expect.stringContaining('number of seconds')]);
  });
});
