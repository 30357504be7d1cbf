import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isShort } from '../../../test/support/form.ts';
import { Laboratory } from './laboratory.ts';
import { mutated, mutantsIn } from './operators.ts';
import { noting } from './reach.ts';
import { isLayer, mutantsOf, sampleOf, textOf } from './sample.ts';
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
    const names = new Set(
      [...folders].filter(isLayer).flatMap((layer) => mutantsOf(layer).map(({ name }) => name)),
    );
    expect([...EQUIVALENT.keys()].filter((name) => !names.has(name))).toEqual([]);
  });
});

test('a source notes each function that is called, once', () => {
  const text = noting('f.ts', 'export const a = (n) => n + 1; function b() { return a(1); } b();');
  expect(text).toContain("(n) => ($reached('f.ts#0'), n + 1);");
  expect(text).toContain("function b() {$reached('f.ts#1'); return a(1); }");
});

describe.skipIf(isShort)('a sample of the mutants of numbers', () => {
  const FILE = 'src/wire/numbers.ts';
  const TESTS = ['test/wire/numbers.test.ts', 'test/wire/requests.test.ts'];
  let laboratory: Laboratory;
  beforeAll(() => {
    laboratory = new Laboratory();
  });
  afterAll(() => laboratory.remove());

  test('is noticed, and the source itself passes', { timeout: 300_000 }, async () => {
    expect((await laboratory.run(TESTS, 5)).failed).toBeNull();
    const sample = sampleOf(mutantsIn(FILE, textOf(FILE)), 5, 2).filter(
      ({ operator }) => operator !== 'argument dropped',
    );
    const survivors: string[] = [];
    for (const mutant of sample) {
      await laboratory.write(FILE, mutated(textOf(FILE), mutant));
      const { failed } = await laboratory.run(TESTS, 5);
      if (failed === null) survivors.push(mutant.name);
      laboratory.restore(FILE);
    }
    expect(survivors.filter((name) => !EQUIVALENT.has(name))).toEqual([]);
  });
});
