import { chmodSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAIN, Folder, RunProcess } from '../support/run-process.ts';
import { isShort } from '../support/form.ts';

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
  folder.write(
    'module.mjs',
    'export default () => [process.cwd(), process.env.KEY ?? null, process.env.MODE ?? null];',
  );
  mkdirSync(join(folder.path, 'data'));
});
afterEach(() => folder[Symbol.dispose]());

/** Another working directory and almost no environment. */
const SSH = `#!/bin/sh
for last; do :; done
while [ $# -gt 0 ]; do [ "$1" = -R ] && forward=$2; shift; done
echo "Allocated port \${forward##*:} for remote forward to \${forward#0:}" >&2
cd / && exec env -i PATH="$PATH" HOME=/ sh -c "$last"
`;

const start = (args: readonly string[]): RunProcess =>
  new RunProcess(folder.path, ['module.mjs', '--workers', '1', ...args], {
    input: '1\n',
    env: { KEY: 'secret', PATH: `${folder.path}:${process.env['PATH'] ?? ''}` },
  });

async function placeOf(...args: string[]): Promise<unknown> {
  const running = start(args);
  expect([await running.status(), running.errors]).toEqual([0, '']);
  return JSON.parse(running.output);
}

describe('the working directory and the environment of workers', () => {
  it.each([
    ['a folder that is not there', ['--cwd', 'none'], /cannot enter the folder .*none: .*no such file/],
    [
      'a variable that is not there',
      ['--env', 'NO_SUCH_VARIABLE'],
      /There is no such variable in the environment/,
    ],
    ['what is no name', ['--env', '=x'], /It must be a name, or NAME=VALUE/],
  ])('are rejected with one line: %s', async (_what, args, message) => {
    const running = start(args);
    expect([await running.status(), running.output]).toEqual([1, '']);
    expect(running.errors).toMatch(message);
    expect(running.errors.match(/\n/g)).toHaveLength(1);
  });
});

describe.skipIf(isShort)('the working directory and the environment of workers', () => {
  it('are set by --cwd and --env for workers on other hosts, which inherit nothing else', async () => {
    chmodSync(folder.write('ssh', SSH), 0o755);
    const there = ['--host', 'ada', '--remote-command', `${process.execPath} ${MAIN}`];
    expect(await placeOf(...there)).toEqual(['/', null, null]);
    const data = realpathSync(join(folder.path, 'data'));
    expect(await placeOf(...there, '--cwd', 'data', '--env', 'KEY', '--env', 'MODE=a=b')).toEqual([
      data,
      'secret',
      'a=b',
    ]);
  });

  it('are set for local workers, too', async () => {
    const data = realpathSync(join(folder.path, 'data'));
    expect(await placeOf('--cwd', 'data', '--env', 'MODE=fast')).toEqual([data, 'secret', 'fast']);
    const threads = ['--launch', 'threads'];
    expect(await placeOf(...threads, '--cwd', 'data', '--env', 'MODE=fast')).toEqual([
      data,
      'secret',
      'fast',
    ]);
  });
});
