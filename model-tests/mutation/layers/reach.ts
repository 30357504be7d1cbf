import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { SourceMutant } from './operators.ts';
import { bodyOf, child, isFunction, nodesOf, type Node } from './syntax.ts';
import { filesOf, LAYERS, textOf } from './sample.ts';

/** What a test costs, and which functions it calls, in its process and in those that it starts. */
interface TestReach {
  /** The id that vitest gives it, which depends on its place in the file. */
  readonly id: string;
  /** Seconds of processor time of the process of the tests, and of the time that passed. */
  readonly processor: number;
  readonly seconds: number;
  /** Functions as `src/core/core.ts#12`: the file, and the position among its functions. */
  readonly functions: readonly string[];
}

/** What a file of tests costs, which functions it calls outside of its tests, and its tests. */
export interface Reach extends Omit<TestReach, 'id'> {
  readonly file: string;
  /** A hash of its text: if it has changed, all of this is found out again. */
  readonly hash: string;
  readonly tests: readonly TestReach[];
}

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/**
 * Notes the first call of each function in a test. It works in any module, and in any process. Other processes and threads
 * than that of the tests do not know when the next test begins: they note a call again after a while.
 */
const NOTE = `function $reached(id) {
  const now = globalThis.$inTests ? 0 : process.hrtime()[0];
  if (globalThis.$since !== now) globalThis.$seen?.clear();
  globalThis.$since = now;
  const seen = (globalThis.$seen ??= new Set());
  if (seen.has(id)) return;
  seen.add(id);
  const log = process.env.REACH_LOG;
  if (log) process.getBuiltinModule('node:fs').appendFileSync(log, id + '\\n');
}
`;

/** The setup of the run that finds out what is reached. */
export const REACH_SETUP = `import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeEach, expect } from 'vitest';
const log = process.env.REACH_LOG;
globalThis.$inTests = true;
const outside = new Set();
const tests = [];
/** What was called since the last time. */
function takeCalled() {
  const called = new Set(readFileSync(log, 'utf8').split('\\n').filter((id) => id !== ''));
  writeFileSync(log, '');
  globalThis.$seen?.clear();
  return called;
}
function clock() {
  const began = process.cpuUsage();
  const since = performance.now();
  return () => {
    const { user, system } = process.cpuUsage(began);
    return { processor: (user + system) / 1e6, seconds: (performance.now() - since) / 1000 };
  };
}
writeFileSync(log, '');
globalThis.$seen?.clear();
const ofFile = clock();
let ofTest;
beforeEach(() => {
  for (const each of takeCalled()) outside.add(each);
  ofTest = clock();
});
afterEach(({ task }) => {
  // A test that fails on the source as it is says nothing of a mutant.
  if (task.result?.state === 'fail') return;
  tests.push({ id: task.id, ...ofTest(), functions: [...takeCalled()] });
});
afterAll(() => {
  const file = expect.getState().testPath;
  const functions = [...new Set([...outside, ...takeCalled()])];
  appendFileSync(process.env.REACH_FILE, JSON.stringify({ file, ...ofFile(), functions, tests }) + '\\n');
});
`;

/**
 * A module whose functions note that they were called.
 * @param file the name of its source, from the root
 */
export function noting(file: string, text: string): string {
  const inserted: [at: number, text: string][] = [];
  let count = 0;
  for (const [node] of nodesOf(text)) {
    if (!isFunction(node)) continue;
    const call = `$reached('${file}#${count++}')`;
    const block = bodyOf(node);
    const expression = child(node, 'body');
    if (block !== undefined) inserted.push([block.start + 1, `${call};`]);
    else if (expression !== undefined) inserted.push([expression.start, `(${call}, `], [expression.end, ')']);
  }
  let noted = '';
  let from = 0;
  for (const [at, piece] of inserted.sort((a, b) => a[0] - b[0])) {
    noted += text.slice(from, at) + piece;
    from = at;
  }
  return `${NOTE}${noted}${text.slice(from)}\nif (!globalThis.$inTests) $reached('${moduleId(file)}');\n`;
}

/** What a process notes that loads a module. The process of the tests does not: it loads nearly all of them. */
const moduleId = (file: string): string => `${file}#`;

/** The innermost function around a place, as in `Reach`; undefined outside of all functions. */
function functionAround(file: string, { start, end }: SourceMutant): string | undefined {
  const around = functionsIn(file).filter(({ body }) => body.start <= start && end <= body.end);
  return around.at(-1)?.id;
}

interface SourceFunction {
  readonly id: string;
  readonly text: string;
  readonly body: Node;
}

/** The functions of a file in their order, so an inner one follows those around it. */
function functionsIn(file: string): SourceFunction[] {
  const text = textOf(file);
  return [...nodesOf(text)]
    .filter(([node]) => isFunction(node))
    .map(([node], n) => ({
      id: `${file}#${n}`,
      text: text.slice(node.start, node.end),
      body: child(node, 'body') ?? node,
    }));
}

/** The names of what is declared around a place outside of all functions: `BOUNDS`, `sessionBytes` and `value`. */
function namesAround(file: string, { start, end }: SourceMutant): string[] {
  const text = textOf(file);
  const names: string[] = [];
  for (const [node] of nodesOf(text)) {
    if (node.start > start || end > node.end) continue;
    const name =
      node.type === 'VariableDeclarator'
        ? child(node, 'id')
        : node.type.endsWith('Property') || node.type === 'PropertyDefinition'
          ? child(node, 'key')
          : undefined;
    if (name !== undefined) names.push(text.slice(name.start, name.end).replace(/:.*/s, ''));
  }
  return names;
}

let allFunctions: readonly SourceFunction[] | undefined;

/**
 * The functions that use what is declared outside of all functions: those that have the first two of its names, or else the
 * first; of its file if there are any, or else of all.
 */
function usersOf(file: string, mutant: SourceMutant): string[] {
  const own = functionsIn(file);
  allFunctions ??= LAYERS.flatMap(filesOf).flatMap(functionsIn);
  const words = namesAround(file, mutant)
    .slice(0, 2)
    .map((name) => new RegExp(`(?<![\\w$])${name.replaceAll(/\W/g, String.raw`\$&`)}(?![\\w$])`));
  for (let count = words.length; count > 0; count--)
    for (const functions of [own, allFunctions]) {
      const users = functions.filter(({ text }) => words.slice(0, count).every((word) => word.test(text)));
      if (users.length > 0) return users.map(({ id }) => id);
    }
  return own.map(({ id }) => id);
}

/** Seconds of processor time that one mutant may cost, at most: what survives them counts as a survivor. */
const BUDGET_S = 40;

/** The tests of a layer have another name, or are in another folder. */
const OWN: Readonly<Record<string, RegExp>> = {
  transport: /\/transport\/|edge-simulation/,
  client: /\/client\/|client-simulation|pool-paths/,
  sleigh: /sleigh|\/core\//,
};

/** Tests of one file that can notice a mutant. */
export interface ChosenTests {
  readonly file: string;
  readonly ids: readonly string[];
  /** Seconds of processor time that they take. */
  readonly processor: number;
}

/**
 * The tests that can notice a mutant, within the budget: those of its layer first, of each of its files, and those that cost
 * little and call few other functions, because they are about this one.
 */
export function testsFor(mutant: SourceMutant, reach: readonly Reach[]): ChosenTests[] {
  const { file } = mutant;
  const [, layer = ''] = file.split('/');
  const own = OWN[layer] ?? new RegExp(`/${layer}/`);
  const around = functionAround(file, mutant);
  const noticing = new Set(around === undefined ? [moduleId(file), ...usersOf(file, mutant)] : [around]);
  const calls = (functions: readonly string[]): boolean => functions.some((id) => noticing.has(id));
  const able = new Set(
    reach.flatMap((one) => {
      // What is called outside of the tests can be noticed by each of them.
      const tests = calls(one.functions) ? one.tests : one.tests.filter(({ functions }) => calls(functions));
      const factor = own.test(one.file) ? 4 : 1;
      return tests.map((each) => ({ one, each, weight: weightOf(one, each) / factor }));
    }),
  );
  const chosen = new Map<Reach, TestReach[]>();
  const costIn = ({ one, each }: { one: Reach; each: TestReach }): number =>
    costOf(each) + (chosen.has(one) ? 0 : startOf(one));
  // Tests of one file resemble each other, so those of a file from which there are many come later.
  const order = (test: { one: Reach; each: TestReach; weight: number }): number =>
    costIn(test) * test.weight * (1 + (chosen.get(test.one)?.length ?? 0));
  let spent = 0;
  while (able.size > 0) {
    const next = [...able].reduce((a, b) => (order(b) < order(a) ? b : a));
    able.delete(next);
    const cost = costIn(next);
    if (spent + cost >= BUDGET_S) continue;
    spent += cost;
    chosen.set(next.one, [...(chosen.get(next.one) ?? []), next.each]);
  }
  return [...chosen].map(([one, tests]) => ({
    file: one.file,
    ids: tests.map(({ id }) => id),
    processor: sum(tests.map(({ processor }) => processor)) + startOf(one),
  }));
}

/** The number of functions that a test calls. */
const weightOf = (one: Reach, each: TestReach): number => one.functions.length + each.functions.length;

/** Waiting counts a little: it holds up the run, and takes no processor. */
const costOf = ({ processor, seconds }: Omit<TestReach, 'id'>): number => processor + seconds / 10;

/** What a file costs apart from its tests: its modules, and what is done once for all of them. */
const startOf = (one: Reach): number => Math.max(0, costOf(one) - sum(one.tests.map(costOf)));

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

export function readReach(path: string, root: string): Reach[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line.replaceAll(`${root}/`, '')))
    .filter((one) => isReach(one));
}

const isReach = (one: unknown): one is Reach =>
  typeof one === 'object' && one !== null && 'tests' in one && 'processor' in one;

export const linesOf = (reach: readonly Reach[]): string =>
  reach.map((one) => `${JSON.stringify(one)}\n`).join('');

export const writeReach = (path: string, reach: readonly Reach[]): void =>
  writeFileSync(path, linesOf(reach));
