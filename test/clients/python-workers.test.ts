import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pythonWorkers, Sleigh, ssh, TaskError, tasks } from '../../src/client/index.ts';
import { Folder } from '../support/run-process.ts';
import { isShort } from '../support/form.ts';
import { noSshd, startSshd } from '../support/sshd.ts';

const PYTHON = process.env['PYTHON'] ?? 'python3';
const isMissing = spawnSync(PYTHON, ['--version']).error !== undefined;

/** Functions of Python, which a file on its own has. */
const FUNCTIONS = `
import os, signal, sleigh, sys

def twice(value):
    return value + value

def same(value):
    return value

def refuse(value):
    raise ValueError(f"not {value}")

def plus(value, offset):
    return value + offset

def die_once(value):
    folder, number = value
    with open(os.path.join(folder, str(number)), "a+") as file:
        file.write("x")
        file.seek(0)
        attempts = len(file.read())
    if number % 10 == 3 and attempts == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number

def say(value):
    print(value, file=sys.stderr)

def length(value):
    return len(value)

def talk(value):
    context = sleigh.current_task()
    context.progress({"at": value})
    context.log("line", value)
    return context.index
`;

let folder: Folder;
let sleigh: Sleigh;
let file: string;
const output: string[] = [];

const python = <Element, Result, FixedArgs = unknown>(
  name: string,
): ReturnType<typeof tasks.python<Element, Result, FixedArgs>> =>
  tasks.python<Element, Result, FixedArgs>(`${file}:${name}`);

describe('a job in TypeScript with workers in Python', () => {
  beforeAll(async () => {
    folder = new Folder();
    folder.write('functions.py', FUNCTIONS);
    file = join(folder.path, 'functions.py');
    if (isMissing) return;
    const launch = pythonWorkers({ python: PYTHON });
    sleigh = await Sleigh.start({ workers: 2, launch, onOutput: (text) => output.push(text) });
  });
  afterAll(async () => {
    if (!isMissing) await sleigh.stop();
    folder[Symbol.dispose]();
  });
  beforeEach(({ skip }) => {
    if (isMissing) skip(`there is no ${PYTHON} here`);
  });

  it('calls functions of modules and of files', async () => {
    expect(await sleigh.eachElem(tasks.python<number, number>('math:factorial'), [1, 5, 10])).toEqual([
      1, 120, 3_628_800,
    ]);
    const numbers = Array.from({ length: 500 }, (_, n) => n);
    expect(await sleigh.eachElem(python<number, number>('twice'), numbers)).toEqual(
      numbers.map((n) => 2 * n),
    );
  });

  it('passes text, JSON and bytes both ways', async () => {
    const values = ['grüße', { a: [1, null, true, 'ö'] }, [0.5, 2 ** 53], Buffer.from([0, 255])];
    expect(await sleigh.eachElem(python<unknown, unknown>('same'), values)).toEqual(values);
    // Quick elements share tasks, and are the same there.
    expect(await sleigh.eachElem(python<unknown, unknown>('same'), values, { chunkSize: 4 })).toEqual(values);
  });

  it('passes fixed arguments', async () => {
    const plus = python<number, number, number>('plus');
    expect(await sleigh.eachElem(plus, [1, 2], { fixedArgs: 10 })).toEqual([11, 12]);
  });

  it('takes the value of another call from the server (S34.2)', async () => {
    const text = sleigh.submit(python<string, string>('twice'), 'x'.repeat(50_000));
    expect(await sleigh.submit(python<string, number>('length'), text)).toBe(100_000);
  });

  it('reports what a function raised, with its traceback', async () => {
    const refused = sleigh.eachElem(python<number, number>('refuse'), [7]);
    await expect(refused).rejects.toBeInstanceOf(TaskError);
    await expect(refused).rejects.toMatchObject({
      code: 'threw',
      reason: 'ValueError: not 7',
      remoteStack: expect.stringContaining('functions.py", line 11, in refuse'),
    });
  });

  it('calls every worker', async () => {
    expect(await sleigh.eachWorker(python<number, number>('twice'), 4)).toEqual([8, 8]);
  });

  it.skipIf(isShort)('calls every element once more whose worker is killed, and no other', async () => {
    const elements = Array.from({ length: 30 }, (_, n) => [folder.path, n]);
    expect(await sleigh.eachElem(python<unknown[], number>('die_once'), elements)).toEqual(
      elements.map(([, n]) => n),
    );
  });

  it.skipIf(isShort)('fails with the reason if no worker can import the function', async () => {
    const [error] = await sleigh.eachElem(python<number, number>('missing'), [1], { errors: 'collect' });
    expect(error).toMatchObject({ code: 'not-loaded' });
    expect(String(error)).toContain("has no function 'missing'");
  });

  it('hears what their calls say', async () => {
    const heard: unknown[] = [];
    const results = sleigh.eachElem(python<number, number>('talk'), [5, 6, 7], {
      onElementProgress: ({ index, value }) => heard.push([index, value]),
      onLog: ({ index, text }) => heard.push([index, text]),
    });
    const expected = [5, 6, 7].flatMap((n, index) => [
      [index, { at: n }],
      [index, `line ${n}`],
    ]);
    await expect.poll(() => heard).toEqual(expect.arrayContaining(expected));
    expect(await results).toEqual([0, 1, 2]);
  });

  it.skipIf(isShort)('shows what the workers print', async () => {
    await sleigh.eachElem(python<string, null>('say'), ['hello from Python']);
    await expect.poll(() => output.join('')).toContain('hello from Python\n');
  });
});

describe.skipIf(isShort || isMissing || noSshd !== undefined)(
  `workers in Python by ssh${noSshd === undefined ? '' : ` (${noSshd})`}`,
  () => {
    it('do a job of a master in TypeScript through a tunnel', { timeout: 60_000 }, async () => {
      await using sshd = await startSshd();
      const source = fileURLToPath(new URL('../../clients/python/src', import.meta.url));
      await using job = await Sleigh.start({
        hosts: ['127.0.0.1', 'localhost'],
        workers: 2,
        launch: ssh({
          options: sshd.options,
          remoteCommand: `env PYTHONPATH='${source}' ${PYTHON} -m sleigh`,
        }),
        onOutput: () => undefined,
      });
      const factorials = await job.eachElem(tasks.python<number, number>('math:factorial'), [1, 5, 10]);
      expect(factorials).toEqual([1, 120, 3_628_800]);
    });
  },
);

describe.skipIf(isShort)('a worker in JavaScript', () => {
  it('declines tasks of another language, and says so', async () => {
    await using job = await Sleigh.start({ workers: 1, onOutput: () => undefined });
    const [error] = await job.eachElem(tasks.python<number, number>('math:factorial'), [1], {
      errors: 'collect',
    });
    expect(error).toMatchObject({
      code: 'not-loaded',
      reason: 'cannot load math: it is a module of python, and this worker runs JavaScript',
    });
  });
});

describe('the name of a function of Python', () => {
  it('has a module and a function', () => {
    expect(tasks.python('a.b:C.d')).toEqual({ module: 'a.b', name: 'C.d', language: 'python' });
    for (const name of ['factorial', ':f', 'a:'])
      expect(() => tasks.python(name)).toThrow(
        `A function of Python is named as module:function, got ${name}.`,
      );
  });
});
