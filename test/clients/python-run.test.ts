import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isShort } from '../support/form.ts';
import { Folder, RunProcess } from '../support/run-process.ts';

const PYTHON = 'python3';
const PACKAGE = join(import.meta.dirname, '../../clients/python/src');

let folder: Folder;
beforeEach(({ skip }) => {
  if (spawnSync(PYTHON, ['--version']).error !== undefined) skip(`there is no ${PYTHON} here`);
  folder = new Folder();
});
afterEach(() => folder[Symbol.dispose]());

describe.skipIf(isShort)('sleigh run with a function of Python', () => {
  it('calls it for each line', async () => {
    const run = new RunProcess(folder.path, ['math:factorial', '--workers', '1'], { input: '3\n5\n' });
    expect([await run.status(), run.output, run.errors]).toEqual([0, '6\n120\n', '']);
  });

  it('calls one of a file, on workers that a command starts', async () => {
    folder.write('tasks.py', 'def shout(text):\n    return text.upper() + "!"\n');
    const launch = ['--launch', `${PYTHON} -m sleigh worker`, '--workers', '1'];
    const run = new RunProcess(folder.path, ['tasks.py:shout', ...launch], {
      input: 'one\ntwo\n',
      env: { PYTHONPATH: PACKAGE },
    });
    expect([await run.status(), run.output]).toEqual([0, '"ONE!"\n"TWO!"\n']);
  });

  it('says why the file cannot be loaded', async () => {
    const run = new RunProcess(folder.path, ['none.py:shout', '--workers', '1', '--no-respawn'], {
      input: 'one\n',
    });
    expect(await run.status()).toBe(1);
    expect(run.errors).toContain('cannot import');
  });

  it('has no threads', async () => {
    const run = new RunProcess(folder.path, ['math:factorial', '--launch', 'threads'], { input: '3\n' });
    expect(await run.status()).toBe(1);
    expect(run.errors).toContain(
      'math:factorial is a function of Python, whose workers are processes, not threads',
    );
  });
});
