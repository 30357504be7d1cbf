import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = new URL('..', import.meta.url).pathname;

/** A test file that imports this does more with VERIFY=ci or VERIFY=long. */
const FORM = "/support/form.ts'";

const hasForms = (path) => readFileSync(join(ROOT, path), 'utf8').includes(FORM);

/**
 * All test files, by their path below the root of the project.
 * @returns {{ inFull: string[], withForms: string[] }} those that `npm test` runs in full, and those of which it runs
 * the short form
 */
export function testFiles() {
  const all = ['model-tests', 'test'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => join(folder, name)),
  );
  return { inFull: all.filter((path) => !hasForms(path)), withForms: all.filter(hasForms) };
}
