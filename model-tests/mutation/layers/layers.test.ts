import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isShort } from '../../../test/support/form.ts';
import { Laboratory, type WantedTests } from './laboratory.ts';
import { mutated, mutantsIn, type SourceMutant } from './operators.ts';
import { builtFile, noting, testsFor, type Reach } from './reach.ts';
import { filesOf, isLayer, mutantsOf, RECORDING, RECORDS, sampleOf, textOf, type Subject } from './sample.ts';
import { EQUIVALENT } from './survivors.ts';

// npm run mutants tries samples of all layers. This file checks the tools, and tries a few mutants that unit tests notice.

const changesOf = (text: string): string[] =>
  mutantsIn('f.ts', text).map((mutant) => `${mutant.operator}: ${mutated(text, mutant)}`);

describe('the changes of a source', () => {
  test('are one for each place and operator, and types are left alone', () => {
    expect(changesOf('const f = (a: 1 | 2, b = true): boolean => a >= b && g(a, b);')).toEqual([
      'boolean flipped: const f = (a: 1 | 2, b = false): boolean => a >= b && g(a, b);',
      'and/or swapped: const f = (a: 1 | 2, b = true): boolean => a >= b || g(a, b);',
      'boundary changed: const f = (a: 1 | 2, b = true): boolean => a > b && g(a, b);',
      'argument dropped: const f = (a: 1 | 2, b = true): boolean => a >= b && g(a);',
    ]);
    expect(changesOf("if (!a) b();\nelse c ??= 'a' + 1;")).toEqual([
      "condition negated: if (!(!a)) b();\nelse c ??= 'a' + 1;",
      "statement removed: if (!a) ;\nelse c ??= 'a' + 1;",
      'statement removed: if (!a) b();\nelse ;',
      "number changed: if (!a) b();\nelse c ??= 'a' + 2;",
    ]);
  });

  test('of the whole wire can be parsed, and have names of their own', () => {
    const mutants = mutantsOf('wire');
    expect(mutants.length).toBeGreaterThan(500);
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
    for (const mutant of sampleOf(mutants, 40, 1))
      expect(() => mutantsIn(mutant.file, mutated(textOf(mutant.file), mutant)), mutant.name).not.toThrow();
  });

  test('are sampled by seed, and a larger sample contains the smaller', () => {
    const mutants = mutantsOf('wire');
    const ten = sampleOf(mutants, 10, 1);
    expect(sampleOf(mutants, 20, 1).slice(0, 10)).toEqual(ten);
    expect(sampleOf(mutants, 10, 2)).not.toEqual(ten);
  });

  test('that are known to make no difference exist', () => {
    const folders = new Set([...EQUIVALENT.keys()].map((name) => name.split('/')[1] ?? ''));
    const subjects: readonly Subject[] = [RECORDS, ...[...folders].filter(isLayer)];
    const names = new Set(subjects.flatMap((each) => mutantsOf(each).map(({ name }) => name)));
    expect([...EQUIVALENT.keys()].filter((name) => !names.has(name))).toEqual([]);
  });
});

test('each place in which a change of the state that survives the server is recorded has a mutant', () => {
  const mutants = mutantsOf(RECORDS);
  const places = new Set(mutants.map(({ file, line }) => `${file}:${line}`));
  const missing = RECORDING.flatMap(filesOf).flatMap((file) =>
    textOf(file)
      .split('\n')
      .flatMap((code, at) =>
        /(changes|[.#]records?)\.(put|touch|delete|clear|end)\(/.test(code) &&
        !places.has(`${file}:${at + 1}`)
          ? [`${file}:${at + 1}`]
          : [],
      ),
  );
  expect(missing).toEqual([]);
  expect(mutants.length).toBeGreaterThan(100);
});

test('a source notes each function that is called, once', () => {
  const text = noting('f.ts', 'export const a = (n) => n + 1; function b() { return a(1); } b();');
  expect(text).toContain("(n) => ($reached('f.ts#0'), n + 1);");
  expect(text).toContain("function b() {$reached('f.ts#1'); return a(1); }");
});

/** All functions of a source. */
const CALLED = Array.from({ length: 50 }, (_, n) => `src/wire/numbers.ts#${n}`);
const testOf = (
  id: string,
  processor: number,
  functions: readonly string[] = CALLED,
): Reach['tests'][number] => ({ id, processor, seconds: processor, functions });
function fileOf(file: string, tests: Reach['tests'], functions: readonly string[] = []): Reach {
  const processor = 1 + tests.reduce((sum, each) => sum + each.processor, 0);
  return { file, hash: '', processor, seconds: processor, functions, tests };
}

test('single tests are chosen: those that call the function, of its layer first, within the time', () => {
  const mutant = mutantsOf('wire').find(({ file, by }) => file === 'src/wire/numbers.ts' && by === ';');
  if (mutant === undefined) throw new Error('there is no such mutant');
  const reach = [
    fileOf('test/web/a.test.ts', [testOf('web', 2), testOf('web, long', 30)], ['src/web/other.ts#1']),
    fileOf('test/wire/b.test.ts', [testOf('wire', 6), testOf('other', 1, []), testOf('too long', 15)]),
    fileOf('test/web/c.test.ts', [testOf('outside', 1, [])], CALLED),
    fileOf('test/web/d.test.ts', [testOf('not at all', 1, ['src/wire/other.ts#1'])]),
  ];
  const chosen = testsFor(mutant, reach).map(({ file, ids }) => `${file}: ${ids.join(', ')}`);
  expect(chosen).toEqual([
    'test/wire/b.test.ts: wire',
    'test/web/c.test.ts: outside',
    'test/web/a.test.ts: web',
  ]);
});

/** @returns the mutants that the tests do not notice, without those that make no difference */
async function survivorsOf(
  mutants: readonly SourceMutant[],
  tests: readonly WantedTests[],
  laboratory: Laboratory,
): Promise<string[]> {
  const survivors: string[] = [];
  for (const mutant of mutants) {
    await laboratory.write(mutant.file, mutated(textOf(mutant.file), mutant));
    const { failed } = await laboratory.run(tests, 5);
    if (failed === null) survivors.push(mutant.name);
    laboratory.restore(mutant.file);
  }
  return survivors.filter((name) => !EQUIVALENT.has(name));
}

describe.skipIf(isShort)('a sample of the mutants', () => {
  let laboratory: Laboratory;
  beforeAll(() => {
    laboratory = new Laboratory();
  });
  afterAll(() => laboratory.remove());

  test('can be tried in built modules with `using`', async () => {
    const file = 'src/client/connection/waiting.ts';
    await laboratory.write(file, textOf(file));
    const built: unknown = await import(join(laboratory.folder, builtFile(file)));
    laboratory.restore(file);
    expect(built).toHaveProperty('waitOn');
  });

  test('of numbers is noticed, and the source itself passes', { timeout: 300_000 }, async () => {
    const file = 'src/wire/numbers.ts';
    const tests = [{ file: 'test/wire/numbers.test.ts' }, { file: 'test/wire/requests.test.ts' }];
    expect((await laboratory.run(tests, 5)).failed).toBeNull();
    const sample = sampleOf(mutantsIn(file, textOf(file)), 5, 2).filter(
      ({ operator }) => operator !== 'argument dropped',
    );
    expect(await survivorsOf(sample, tests, laboratory)).toEqual([]);
  });

  test('of the records is noticed by the projection and the recovery law', { timeout: 300_000 }, async () => {
    const tests = ['recorded-changes', 'sleigh-records', 'recovery', 'sessions', 'sleigh-elastic'].map(
      (name) => ({ file: `test/core/${name}.test.ts` }),
    );
    expect((await laboratory.run(tests, 5)).failed).toBeNull();
    const sample = sampleOf(mutantsOf(RECORDS), 4, 1);
    expect(await survivorsOf(sample, tests, laboratory)).toEqual([]);
  });
});
