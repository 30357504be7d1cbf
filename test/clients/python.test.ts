import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { isShort } from '../support/form.ts';

const CLIENT = join(import.meta.dirname, '../../clients/python');
const PYTHON = process.env['PYTHON'] ?? 'python3';
/** The reason why the tests cannot run here, if there is one. */
const missing =
  spawnSync(PYTHON, ['--version']).error === undefined ? undefined : `there is no ${PYTHON} here`;
const modules = readdirSync(join(CLIENT, 'tests'))
  .filter((name) => /^test_.*\.py$/.test(name))
  .map((name) => name.replace(/\.py$/, ''));
/** Modules that start many processes; the short form leaves them out. */
const LONG = new Set([
  'test_batches',
  'test_durable',
  'test_executor',
  'test_job',
  'test_languages',
  'test_launchers',
  'test_leases',
  'test_named',
  'test_page',
  'test_session',
  'test_workspace',
]);

describe('the client for Python', () => {
  for (const module of modules)
    it.skipIf(isShort && LONG.has(module))(
      `passes ${module} of its own tests`,
      async ({ skip }) => {
        if (missing !== undefined) skip(missing);
        const child = spawn(PYTHON, ['-m', 'unittest', `tests.${module}`], {
          cwd: CLIENT,
          env: { ...process.env, PYTHONPATH: join(CLIENT, 'src'), PYTHONDONTWRITEBYTECODE: '1' },
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
        const report = await text(child.stderr);
        expect(await ended, report).toBe(0);
      },
      300_000,
    );

  const checks = [
    ['mypy', []],
    ['ruff', ['check']],
    ['ruff', ['format', '--check']],
  ] as const;
  it.each(checks)(
    'passes %s %j if that is installed',
    (tool, args) => {
      if (spawnSync(PYTHON, ['-m', tool, '--version']).status !== 0)
        return console.log(`${tool} is not installed`);
      const { status, stdout } = spawnSync(PYTHON, ['-m', tool, ...args], { cwd: CLIENT, encoding: 'utf8' });
      expect(status, stdout).toBe(0);
    },
    300_000,
  );
});
