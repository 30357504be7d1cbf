import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InstalledPackage } from '../support/installed-package.ts';
import { isShort } from '../support/form.ts';

const PROGRAMS = fileURLToPath(new URL('programs', import.meta.url));
const TSC = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
/** Marks a line of a program that the compiler must reject. */
const WRONG = '// wrong';

let installed: InstalledPackage;
beforeAll(() => {
  installed = new InstalledPackage();
  installed.link('@types/node');
  for (const name of readdirSync(PROGRAMS)) installed.write(name, readFileSync(join(PROGRAMS, name), 'utf8'));
}, 180_000);
afterAll(() => installed[Symbol.dispose]());

/**
 * Compiles all programs with the strictest options.
 * @returns the errors, as FILE:LINE: TEXT
 */
function compile(include: readonly string[], options: Readonly<Record<string, unknown>>): string[] {
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2022'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    ...options,
  };
  installed.write('tsconfig.json', JSON.stringify({ compilerOptions, include }));
  const { stdout } = spawnSync(process.execPath, [TSC, '-p', '.'], { cwd: installed.path, encoding: 'utf8' });
  return [...stdout.matchAll(/^(\S+?)\((\d+),\d+\): (error .*)$/gm)].map(
    ([, file, line, text]) => `${file}:${line}: ${text}`,
  );
}

/** The marked lines, as FILE:LINE. */
function wrongLines(): string[] {
  return readdirSync(PROGRAMS).flatMap((name) =>
    readFileSync(join(PROGRAMS, name), 'utf8')
      .split('\n')
      .flatMap((line, i) => (line.includes(WRONG) ? [`${name}:${i + 1}`] : [])),
  );
}

describe.skipIf(isShort)('programs that use the package', () => {
  it.each([
    ['as Node resolves it', ['*.ts', '*.cts'], { module: 'NodeNext', moduleResolution: 'NodeNext' }],
    ['as bundlers resolve it', ['*.ts'], { module: 'ESNext', moduleResolution: 'Bundler' }],
  ])(
    'compile if they are correct, and are rejected at each incorrect line: %s',
    (_how, include, options) => {
      const errors = compile(include, options);
      const places = errors.map((error) => error.split(': ')[0] ?? '');
      const expected = wrongLines();
      expect(expected.length).toBeGreaterThan(10);
      expect(errors.filter((_, i) => !expected.includes(places[i] ?? ''))).toEqual([]);
      expect([...new Set(places)].sort()).toEqual(expected.sort());
    },
    60_000,
  );
});
