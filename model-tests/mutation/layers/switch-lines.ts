import { appendFileSync, readFileSync } from 'node:fs';

/** One line of the file of results of all mutants of a layer. */
export type Line =
  /** A hash of the names of all mutants: the numbers are those of these. */
  | { readonly of: string }
  /** The compiler refuses them. */
  | { readonly refused: readonly number[] }
  /** It is being tried in that run of a file of tests. */
  | { readonly begun: number; readonly run: string }
  /** The test that failed, and its message. */
  | { readonly killed: number; readonly by: string }
  /** Tests of that file reach it, and do not notice it. */
  | { readonly alive: number; readonly by: Round; readonly milliseconds: number }
  /** The file has been run. These are reached only while modules are loaded. */
  | { readonly done: Round; readonly loaded: readonly number[] };

/** A file of tests, and how many milliseconds of its tests one mutant may take. */
export interface Round {
  readonly file: string;
  readonly budget: number;
}

export const isSameRound = (a: Round, b: Round): boolean => a.file === b.file && a.budget === b.budget;

const isLine = (one: unknown): one is Line => typeof one === 'object' && one !== null;

export const linesIn = (path: string): Line[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line))
    .filter((one) => isLine(one));

export const noteLine = (path: string, line: Line): void => appendFileSync(path, `${JSON.stringify(line)}\n`);
