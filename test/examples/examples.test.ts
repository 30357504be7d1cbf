import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { decode } from 'fast-png';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Folder } from '../support/run-process.ts';
import { isShort } from '../support/form.ts';

const EXAMPLES = join(import.meta.dirname, '../../examples');

let folder: Folder;
beforeEach(() => (folder = new Folder()));
afterEach(() => folder[Symbol.dispose]());

interface Outcome {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

async function run(example: string, ...args: string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [join(EXAMPLES, example), ...args], {
    cwd: folder.path,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await ended, output, errors };
}

const well = (output: string): Outcome => ({ status: 0, output, errors: '' });

describe('the examples of the client library', () => {
  it('report that a language is not installed', async () => {
    expect(await run('two-languages/main.mjs', 'no-such-python')).toEqual(
      well('skipped: there is no no-such-python here\n'),
    );
  });
});

describe.skipIf(isShort)('the examples of the client library', () => {
  it('draw a picture', async () => {
    expect(await run('picture.mjs', 'set.png')).toEqual(well('set.png: 1200 x 800 pixels\n'));
    const { width, height, channels, data } = decode(readFileSync(join(folder.path, 'set.png')));
    expect([width, height, channels]).toEqual([1200, 800, 3]);
    const pixel = (x: number, y: number): number[] => [
      ...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3),
    ];
    // The inside of the set is dark, and the points far outside are not.
    expect(pixel(800, 400)).toEqual([8, 6, 20]);
    expect(pixel(0, 0)).not.toEqual([8, 6, 20]);
  }, 60_000);

  it('sweep a parameter and plot the results', async () => {
    // 79.7 %: the textbook solution of z = 1 - exp(-2 z).
    expect(await run('sweep/main.mjs', 'plot.svg')).toEqual(
      well('plot.svg: 71 simulations; at 2.0 79.7 % fall ill\n'),
    );
    const svg = readFileSync(join(folder.path, 'plot.svg'), 'utf8');
    const points = /points="([^"]+)"/.exec(svg)?.[1]?.split(' ') ?? [];
    const heights = points.map((point) => Number(point.split(',')[1]));
    expect(heights).toHaveLength(71);
    expect(heights).toEqual(heights.toSorted((a, b) => b - a));
  });

  it('make many requests at once with few workers', async () => {
    const { status, output, errors } = await run('requests/main.mjs');
    expect([status, errors]).toEqual([0, '']);
    const [, seconds, most] = /^80 answers in (\S+) s, (\d+) at the same time\n$/.exec(output) ?? [];
    // Two rounds of 40; one after the other they would take 8 seconds, and with two workers 4.
    expect(Number(seconds)).toBeLessThan(2);
    expect(Number(most)).toBeGreaterThan(20);
  });

  it('share memory, move it, and pass values on', async () => {
    expect(await run('memory/main.mjs')).toEqual(
      well(
        [
          'shared: 127.5 is the mean',
          'moved: the sum is 2097152 and the bytes that are left here 0',
          'passed on: the sum is 4194304',
          '',
        ].join('\n'),
      ),
    );
  });

  it('take jobs for a time, and elect who leads', async () => {
    expect(await run('leader/main.mjs')).toEqual(
      well(
        `${['first takes cover', ...['cover', 'pages', 'index'].map((job) => `second does ${job}`)].join('\n')}\nfirst leads, then second leads\n`,
      ),
    );
  });

  it('search the files of a folder', async () => {
    folder.write('a.txt', 'one\na needle\n');
    folder.write('b.txt', 'no such thing\n');
    folder.write('c.txt', 'needles\n');
    const { status, output, errors } = await run('search/main.mjs', 'needles?$', '.');
    expect([status, errors]).toEqual([0, '']);
    const lines = output.trimEnd().split('\n');
    expect(lines.pop()).toBe('2 lines in 3 files');
    expect(lines.toSorted()).toEqual(['a.txt:2: a needle', 'c.txt:1: needles']);
  });

  it('share tasks through a bag, from which workers take them', async () => {
    // 1 + 8 + 42 + 140 placements of up to three queens, and the 92 known solutions.
    expect(await run('tree/main.mjs', '8')).toEqual(well('92 ways for 8 queens, found by 191 tasks\n'));
    // If no queen can follow, the bag is empty, too.
    expect((await run('tree/main.mjs', '2')).output).toBe('0 ways for 2 queens, found by 3 tasks\n');
  });

  it('let two languages share one workspace if both are installed', async ({ skip }) => {
    const outcome = await run('two-languages/main.mjs');
    if (outcome.output.startsWith('skipped: ')) skip(outcome.output.trim());
    expect(outcome).toEqual(
      well('5! = 120\n30! = 265252859812191058636308480000000\nπ is no whole number\n'),
    );
  });

  it('train a model with workers in Python if that is installed', async ({ skip }) => {
    const outcome = await run('gradient/main.mjs');
    if (outcome.output.startsWith('skipped: ')) skip(outcome.output.trim());
    expect([outcome.status, outcome.errors]).toEqual([0, '']);
    expect(outcome.output).toMatch(/^y = [23]\.\d\d x \+ [01]\.\d\d, loss 0\.01\d\n$/);
  }, 120_000);
});
