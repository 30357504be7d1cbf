import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { testFiles } from '../scripts/test-files.mjs';
import { isShort } from './support/form.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const { inFull, withForms } = testFiles();

describe('every test', () => {
  it('is in a file that npm test runs in full, or that npm run verify -- --ci runs in full', () => {
    const onDisk = ['model-tests', 'test'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        join(folder, name),
      ),
    );
    const tests = onDisk.filter((path) => path.endsWith('.test.ts'));
    expect([...inFull, ...withForms].sort()).toEqual(tests.sort());
    // Only the form says what is left out, so a file that leaves something out is one with forms.
    const sources = onDisk.filter((path) => path.endsWith('.ts') && path !== 'test/commands.test.ts');
    expect(sources.filter((path) => read(path).includes("env['VERIFY']"))).toEqual(['test/support/form.ts']);
  });

  it('runs in CI', () => {
    const commands = read('.ci/run').split('\n');
    expect(commands).toContain('npm test');
    expect(commands).toContain('npm run verify -- --ci');
    const workflow = read('.github/workflows/test.yml');
    expect(workflow).toContain('run: bash .ci/run');
  });

  it.skipIf(isShort)('is in exactly one project of vitest.config.ts', () => {
    const listed: { file: string }[] = JSON.parse(
      execFileSync('npx', ['vitest', 'list', '--filesOnly', '--json'], { cwd: ROOT, encoding: 'utf8' }),
    );
    const files = listed.map(({ file }) => relative(ROOT, file));
    expect(files.sort()).toEqual([...inFull, ...withForms].sort());
  });
});
