import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  processes,
  Sleigh,
  tasks,
  threads,
  type ElementProgress,
  type LogLine,
  type Progress,
  type SleighOptions,
} from '../../src/client/index.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { createServer, type Server } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { isShort } from '../support/form.ts';

const task = tasks<typeof import('./modules/inside.mjs')>(new URL('modules/inside.mjs', import.meta.url));

let server: Server;
let sleigh: Sleigh;
let output = '';
const start = (options: Partial<SleighOptions> = {}): Promise<Sleigh> =>
  Sleigh.start({
    workers: 2,
    server: { host: server.host, port: server.port },
    launch: threads(),
    onOutput: (text) => void (output += text),
    ...options,
  });
beforeAll(async () => {
  server = await createServer({ port: 0, logLevel: 'silent' });
  sleigh = await start();
});
afterAll(async () => {
  await sleigh.stop();
  await server.close();
});

function refuse(): never {
  throw new Error('not interested');
}

describe('a call', () => {
  it('says how far it is', async () => {
    const said: ElementProgress[] = [];
    const onElementProgress = (progress: ElementProgress): void => void said.push(progress);
    expect(await sleigh.eachElem(task.counting, [3, 2], { onElementProgress })).toEqual([3, 2]);
    await sleigh.submit(task.counting, 1, { onElementProgress });
    const of = (index: number): unknown[] =>
      said.filter((each) => each.index === index).map(({ value }) => value);
    // The call waits longer than the period, so no value is skipped, except that the last may come after the result.
    expect(of(0).slice(0, 2)).toEqual([{ step: 1 }, { step: 2 }]);
    expect(of(1).slice(0, 1)).toEqual([{ step: 1 }]);
    expect(said.every(({ worker }) => worker === 0 || worker === 1)).toBe(true);
  });

  it('sends the newest of values that follow each other quickly', async () => {
    const values: unknown[] = [];
    const onElementProgress = ({ value }: ElementProgress): void => void values.push(value);
    await sleigh.submit(task.busy, 500, { onElementProgress });
    expect(values[0]).toBe(0);
    expect(values.length).toBeLessThan(20);
  });

  it('writes no line in vain, also in the last call of a batch', async () => {
    const lines: LogLine[] = [];
    const onLog = (line: LogLine): void => void lines.push(line);
    for (let n = 0; n < 20; n++)
      await sleigh.eachElem(task.talking, ['a', 'b', 'c'], { onLog, chunkSize: 3 });
    await eventually(() => lines.length === 60, 'all lines have come');
  });

  it('writes lines to its master, or else to the output of its worker', async () => {
    const lines: LogLine[] = [];
    await sleigh.eachElem(task.talking, ['a', 'b'], { onLog: (line) => void lines.push(line), chunkSize: 1 });
    await eventually(() => lines.length === 2, 'both lines have come');
    expect(lines.toSorted((a, b) => a.index - b.index)).toMatchObject([
      { index: 0, text: 'at a { n: 1 }' },
      { index: 1, text: 'at b { n: 1 }' },
    ]);
    await sleigh.submit(task.talking, 'c');
    await eventually(() => output.includes('element 0: at c { n: 1 }\n'), 'the line is in the output');
  });

  it('fails if its progress cannot be sent, and is cancelled if a listener throws', async () => {
    await expect(sleigh.submit(task.unsendable, 1)).rejects.toThrow('`progress` cannot be sent');
    await expect(sleigh.submit(task.counting, 100, { onElementProgress: refuse })).rejects.toThrow(
      'not interested',
    );
  });
});

describe('the progress of a batch', () => {
  it('has its rate, and the time that is left', async () => {
    const seen: Progress[] = [];
    const elements = Array<number>(20).fill(20);
    await sleigh.eachElem(task.waiting, elements, { onProgress: (progress) => void seen.push(progress) });
    const last = seen.at(-1);
    expect(last).toMatchObject({ done: 20, total: 20, millisecondsLeft: 0 });
    expect(last?.ratePerSecond).toBeGreaterThan(10);
    expect(last?.ratePerSecond).toBeLessThan(105);
    const half = seen.find(({ done }) => done >= 10);
    expect(half?.millisecondsLeft).toBeGreaterThan(20);
    await sleigh.eachElem(task.waiting, elements.values(), { onProgress: (each) => void seen.push(each) });
    expect(seen.at(-1)?.millisecondsLeft).toBeUndefined();
  });
});

describe.each([['threads', threads()], ...(isShort ? [] : [['processes', processes()] as const])] as const)(
  'workers that are %s',
  (_kind, launch) => {
    it('get flags of Node', async () => {
      await using flagged = await start({ workers: 1, launch, execArgv: ['--conditions=sleigh-test'] });
      expect(await flagged.submit(task.flags, 0)).toContain('--conditions=sleigh-test');
    });

    it('end when they need more memory than their limit', async () => {
      await using limited = await start({
        workers: 1,
        launch,
        maxAttempts: 1,
        resourceLimits: { maxOldGenerationSizeMb: 24 },
      });
      await expect(limited.submit(task.hungry, 0)).rejects.toMatchObject({ code: 'worker-died' });
      expect(await limited.submit(task.waiting, 1)).toBe(1);
    }, 30_000);
  },
);

it('says which flags a thread does not accept', async () => {
  output = '';
  await using flagged = await start({ workers: 1, execArgv: ['--max-old-space-size=100'] });
  await expect(flagged.submit(task.flags, 0)).rejects.toMatchObject({ code: 'no-workers' });
  expect(output).toContain('--max-old-space-size=100');
});

it.each<[unknown, string]>([
  [{ execArgv: '--expose-gc' }, '`execArgv` must be an array of flags, got "--expose-gc".'],
  [{ resourceLimits: { maxOld: 3 } }, '`resourceLimits` has no option `maxOld`.'],
  [{ resourceLimits: { stackSizeMb: 0 } }, '`stackSizeMb` must be a number over 0, got 0.'],
])('rejects %j', async (options, message) => {
  await expect(start(unsafeCast(options))).rejects.toThrow(message);
});
