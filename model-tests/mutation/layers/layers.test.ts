import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isShort } from '../../../test/support/form.ts';
import { Folder } from '../../../test/support/run-process.ts';
import { runFile } from './all.ts';
import { linesIn } from './switch-lines.ts';
import { Laboratory, type WantedTests } from './laboratory.ts';
import { mutated, mutantsIn, type SourceMutant } from './operators.ts';
import { nodesOf } from './syntax.ts';
import { withSwitches } from './switched.ts';
import { builtFile } from '../../../test/support/single-modules.ts';
import { noting, testsFor, type Reach } from './reach.ts';
import {
  filesOf,
  firstNumbers,
  isLayer,
  mutantsOf,
  RECORDING,
  RECORDS,
  sampleOf,
  textOf,
  type Subject,
} from './sample.ts';
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

  test('are those of the files whose paths contain one of the texts, if texts are given', () => {
    const files = mutantsOf('wire', ['wire/numbers', 'wire/dict']).map(({ file }) => file);
    expect([...new Set(files)]).toEqual(['src/wire/dictionary.ts', 'src/wire/numbers.ts']);
    expect(mutantsOf('wire', ['no such file'])).toEqual([]);
    const recorded = mutantsOf(RECORDS, ['src/sleigh/crew']);
    expect(recorded).toEqual(mutantsOf(RECORDS).filter(({ file }) => file.includes('src/sleigh/crew')));
    expect(recorded.length).toBeGreaterThan(0);
  });

  test('that are known to make no difference exist', () => {
    const known = [...EQUIVALENT.keys()];
    const folders = new Set(known.map((name) => name.split('/')[1] ?? ''));
    const files = [...folders]
      .filter(isLayer)
      .flatMap(filesOf)
      .filter((file) => known.some((name) => name.startsWith(file)));
    const subjects: readonly Subject[] = [RECORDS, ...[...folders].filter(isLayer)];
    const names = new Set(subjects.flatMap((each) => mutantsOf(each, files).map(({ name }) => name)));
    expect(known.filter((name) => !names.has(name))).toEqual([]);
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

/** @returns the function of a text, in which that mutant is switched on */
const evaluated = (code: string, on = -1): unknown => {
  let asked = 0;
  const mutant = (number: number): boolean => number === on && ++asked < 100;
  // oxlint-disable-next-line typescript/no-implied-eval, no-new-func
  const f: unknown = new Function('$mutant', 'g', `${code}; return f;`)(mutant, (n: number, m: number) =>
    n > m ? n - m : undefined,
  );
  return f;
};

const resultOf = (f: unknown): unknown => {
  if (typeof f !== 'function') throw new Error('this is not a function');
  return [
    [1, 2],
    [3, 1],
    [0, 0],
    [5, 3],
  ].map(([a, b]): unknown => {
    try {
      return f(a, b);
    } catch (error) {
      return String(error);
    }
  });
};

describe('a source with all of its mutants', () => {
  const text = `function f(a, b) {
    let sum = 0;
    for (let n = 0; n < 3; n++) { if (a > n && b !== 1) sum += n * 2; else sum--; }
    const list = [a, b].map((each) => g(each, sum) ?? 7);
    if (!list.includes(sum)) list.push(list?.at(0)?.toFixed(1));
    return list.join(sum ? '-' : '+',);
  }`;
  const mutants = mutantsIn('f.ts', text);
  const all = withSwitches('f.ts', text, 100);

  test('is as it was while none is switched on', () => {
    expect(resultOf(evaluated(all))).toEqual(resultOf(evaluated(text)));
  });

  test.each(
    mutants.filter(({ name }) => !/\[(\+\+|<)\]/.test(name)).map((mutant) => [mutant.name, mutant] as const),
  )('is the mutant that is switched on: %s', (_, mutant) => {
    const number = 100 + mutants.indexOf(mutant);
    expect(resultOf(evaluated(all, number))).toEqual(resultOf(evaluated(mutated(text, mutant))));
  });

  test('has one switch for each mutant of the whole wire, and can be parsed', () => {
    for (const [file, first] of firstNumbers('wire')) {
      const made = mutantsIn(file, textOf(file));
      const text = withSwitches(file, textOf(file), first);
      const numbers = new Set([...text.matchAll(/\$mutant\((\d+)\)/g)].map(([, number]) => Number(number)));
      expect(numbers, file).toEqual(new Set(made.map((__, at) => first + at)));
      expect(() => [...nodesOf(text)], file).not.toThrow();
    }
  });
});

test('a source notes each function that is called, once', () => {
  const text = noting('f.ts', 'export const a = (n) => n + 1; function b() { return a(1); } b();');
  expect(text).toContain("(n) => ($reached('f.ts#0'), n + 1);");
  expect(text).toContain("function b() {$reached('f.ts#1'); return a(1); }");
});

/** All functions of a source. */
const functionsOf = (file: string): string[] => Array.from({ length: 50 }, (_, n) => `${file}#${n}`);
const CALLED = functionsOf('src/wire/numbers.ts');
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
    fileOf('test/wire/b.test.ts', [testOf('wire', 6), testOf('other', 1, []), testOf('too long', 35)]),
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

test('a value outside of all functions is noticed by tests of those that name it, and by programs that load its module', () => {
  const mutant = mutantsOf('wire').find(
    ({ file, line, operator }) =>
      operator === 'number changed' && textOf(file).split('\n')[line - 2]?.trim() === 'sessionBytes: {',
  );
  if (mutant === undefined) throw new Error('there is no such mutant');
  const reach = [
    fileOf('test/core/a.test.ts', [testOf('names it', 2, functionsOf('src/sleigh/registrations.ts'))]),
    fileOf('test/core/b.test.ts', [testOf('does not', 2, functionsOf('src/sleigh/fair-queue.ts'))]),
    fileOf('test/client/reference.test.ts', [testOf('loads it', 2, ['src/wire/bounds.ts#'])]),
  ];
  const chosen = testsFor(mutant, reach).flatMap(({ ids }) => ids);
  expect(chosen.toSorted()).toEqual(['loads it', 'names it']);
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
    await laboratory.restore(mutant.file);
  }
  return survivors.filter((name) => !EQUIVALENT.has(name));
}

test.skipIf(isShort)(
  'all mutants of a file are tried in the process of its tests',
  { timeout: 300_000 },
  async () => {
    using folder = new Folder();
    const results = join(folder.path, 'wire-all.jsonl');
    writeFileSync(results, '');
    const mutants = mutantsOf('wire');
    await runFile(
      { file: 'test/wire/numbers.test.ts', budget: 600 },
      { layer: 'wire', results, count: mutants.length },
    );
    const lines = linesIn(results);
    const killed = new Set(lines.flatMap((line) => ('killed' in line ? line.killed : [])));
    const alive = new Set(lines.flatMap((line) => ('alive' in line ? line.alive : [])));
    expect(lines.at(-1)).toHaveProperty('done.file', 'test/wire/numbers.test.ts');
    expect([...killed].filter((number) => alive.has(number))).toEqual([]);
    const constant = mutants.findIndex(
      ({ name }) => name === 'src/wire/numbers.ts: number changed [0x39]: const NINE = 0x39;',
    );
    expect(constant).toBeGreaterThan(0);
    expect(killed.has(constant), 'it is read while the module is loaded').toBe(true);
    // The compiler would refuse many calls without an argument.
    const own = mutants.flatMap(({ file, operator, name }, number) =>
      file === 'src/wire/numbers.ts' && operator !== 'argument dropped' && !EQUIVALENT.has(name)
        ? number
        : [],
    );
    expect(own.filter((number) => killed.has(number)).length).toBeGreaterThan(30);
    expect(own.filter((number) => alive.has(number)).length).toBeLessThan(4);
  },
);

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
    await laboratory.restore(file);
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
