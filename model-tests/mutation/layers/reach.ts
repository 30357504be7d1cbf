import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceMutant } from './operators.ts';
import { bodyOf, child, isFunction, nodesOf, type Node } from './syntax.ts';
import { textOf } from './sample.ts';

/** What each file of tests costs, and which functions it calls, in this process and in those that it starts. */
export interface Reach {
  readonly file: string;
  /** Seconds of processor time of the test's own process, and of the time that passed. */
  readonly processor: number;
  readonly seconds: number;
  /** Functions as `src/core/core.ts#12`: the file, and the position among its functions. */
  readonly functions: readonly string[];
}

/** Notes the first call of each function since the last file of tests began. It works in any module, and in any process. */
const NOTE = `function $reached(id) {
  const seen = (globalThis.$seen ??= new Set());
  if (seen.has(id)) return;
  seen.add(id);
  const log = process.env.REACH_LOG;
  if (log) process.getBuiltinModule('node:fs').appendFileSync(log, id + '\\n');
}
`;

/** The setup of the run that finds out what is reached. */
export const REACH_SETUP = `import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, expect } from 'vitest';
const log = process.env.REACH_LOG;
writeFileSync(log, '');
globalThis.$seen?.clear();
const began = process.cpuUsage();
const since = performance.now();
afterAll(() => {
  const { user, system } = process.cpuUsage(began);
  const functions = [...new Set(readFileSync(log, 'utf8').split('\\n').filter((id) => id !== ''))];
  const file = expect.getState().testPath;
  const seconds = (performance.now() - since) / 1000;
  appendFileSync(process.env.REACH_FILE, JSON.stringify({ file, processor: (user + system) / 1e6, seconds, functions }) + '\\n');
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
  return `${NOTE}${noted}${text.slice(from)}`;
}

/** The innermost function around a place, as in `Reach`; undefined outside of all functions. */
function functionAround(file: string, { start, end }: SourceMutant): string | undefined {
  let count = 0;
  let found: { readonly node: Node; readonly n: number } | undefined;
  for (const [node] of nodesOf(textOf(file))) {
    if (!isFunction(node)) continue;
    const n = count++;
    const body = child(node, 'body');
    if (body !== undefined && body.start <= start && end <= body.end) found = { node, n };
  }
  return found && `${file}#${found.n}`;
}

/** Seconds of processor time that one mutant may cost, at most: what survives them counts as a survivor. */
const BUDGET_S = 20;

/** The tests of a layer have another name, or are in another folder. */
const OWN: Readonly<Record<string, RegExp>> = {
  transport: /\/transport\/|edge-simulation/,
  client: /\/client\/|client-simulation|pool-paths/,
  sleigh: /sleigh/,
};

/** The files of tests that can notice a mutant: those of its layer first, then the cheapest, within the budget. */
export function testsFor(mutant: SourceMutant, reach: readonly Reach[]): Reach[] {
  const { file } = mutant;
  const [, layer = ''] = file.split('/');
  const own = OWN[layer] ?? new RegExp(`/${layer}/`);
  const rank = (one: Reach): number => costOf(one) / (own.test(one.file) ? 4 : 1);
  const around = functionAround(file, mutant);
  const isOf = (id: string): boolean => (around === undefined ? id.startsWith(`${file}#`) : id === around);
  const reaching = reach.filter(({ functions }) => functions.some(isOf));
  // A file of constants calls nothing: whoever calls something that uses it can notice.
  const able = reaching.length > 0 || around !== undefined ? reaching : reach;
  let spent = 0;
  return [...able]
    .sort((a, b) => rank(a) - rank(b))
    .filter((one) => spent + costOf(one) < BUDGET_S && (spent += costOf(one)) > 0);
}

/** Waiting counts a little: it holds up the run, and takes no processor. */
const costOf = ({ processor, seconds }: Reach): number => processor + seconds / 10;

export function readReach(path: string, root: string): Reach[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line.replaceAll(`${root}/`, '')))
    .filter((one) => isReach(one));
}

const isReach = (one: unknown): one is Reach =>
  typeof one === 'object' && one !== null && 'functions' in one && 'processor' in one;

export const writeReach = (path: string, reach: readonly Reach[]): void =>
  writeFileSync(path, reach.map((one) => `${JSON.stringify(one)}\n`).join(''));

/** @returns the text of the built module of a source file, below `dist` */
export const builtFile = (file: string): string =>
  join('dist', file.replace(/^src\//, '').replace(/\.ts$/, '.js'));
