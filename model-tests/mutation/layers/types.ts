import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Laboratory } from './laboratory.ts';
import type { SourceMutant } from './operators.ts';
import { textOf } from './sample.ts';
import { isFunction, nodesOf, type Node } from './syntax.ts';

const CONFIG = {
  extends: './tsconfig.json',
  compilerOptions: { incremental: true, tsBuildInfoFile: 'mutants.tsbuildinfo' },
  include: ['src'],
  exclude: ['src/page', 'src/verify', 'src/cli'],
};

/** Where the compiler finds an error: the number of the line, from 1. */
interface Complaint {
  readonly file: string;
  readonly line: number;
}

function complaintsIn(folder: string): Promise<Complaint[]> {
  writeFileSync(join(folder, 'tsconfig.mutants.json'), JSON.stringify(CONFIG));
  const compiler = join('node_modules', 'typescript', 'bin', 'tsc');
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [compiler, '--noEmit', '--pretty', 'false', '-p', 'tsconfig.mutants.json'],
      { cwd: folder, maxBuffer: 2 ** 26 },
      (_error, stdout) =>
        resolve(
          [...stdout.matchAll(/^(src\/[^(]+)\((\d+),/gm)].map(([, file = '', line]) => ({
            file,
            line: Number(line),
          })),
        ),
    );
  });
}

/** The functions of each file that are in no other one. */
const outerFunctions = new Map<string, readonly Node[]>();

function outerFunctionsIn(file: string): readonly Node[] {
  const known = outerFunctions.get(file);
  if (known !== undefined) return known;
  const found = [...nodesOf(textOf(file))].flatMap(([node, around]) =>
    isFunction(node) && !around.some((outer) => isFunction(outer)) ? node : [],
  );
  outerFunctions.set(file, found);
  return found;
}

/** The function around a mutant that is in no other one. */
const functionAround = ({ file, start, end }: SourceMutant): Node | undefined =>
  outerFunctionsIn(file).find((node) => node.start <= start && end <= node.end);

/** Several mutants in one text. @returns it, and the first and last line of the function of each */
function together(file: string, mutants: readonly SourceMutant[]) {
  let text = textOf(file);
  const ordered = mutants.toSorted((a, b) => b.start - a.start);
  // From the last to the first, so that the places of the others stay.
  for (const { start, end, by } of ordered) text = text.slice(0, start) + by + text.slice(end);
  let shift = 0;
  const lineAt = (at: number): number => text.slice(0, at).split('\n').length;
  const lines = new Map<SourceMutant, readonly [number, number]>();
  for (const mutant of ordered.toReversed()) {
    const around = functionAround(mutant);
    const begin = (around?.start ?? 0) + shift;
    shift += mutant.by.length - (mutant.end - mutant.start);
    lines.set(mutant, [lineAt(begin), lineAt((around?.end ?? text.length) + shift)]);
  }
  return { text, lines };
}

/** The mutants of one round: one of each function, or one of a file if its errors cannot be told from those of others. */
function roundOf(
  wanted: readonly SourceMutant[],
  mustBeAlone: ReadonlySet<SourceMutant>,
): ReadonlyMap<string, readonly SourceMutant[]> {
  const round = new Map<string, SourceMutant[]>();
  const isAlone = (mutant: SourceMutant): boolean =>
    mustBeAlone.has(mutant) || functionAround(mutant) === undefined;
  for (const mutant of wanted) {
    const [first, ...others] = round.get(mutant.file) ?? [];
    if (first === undefined) round.set(mutant.file, [mutant]);
    else if (!isAlone(mutant) && !isAlone(first)) {
      const all = [first, ...others];
      const around = functionAround(mutant);
      if (all.every((other) => functionAround(other) !== around)) round.set(mutant.file, [...all, mutant]);
    }
  }
  return round;
}

/**
 * The first mutants that the compiler accepts: the others never reach a test. It looks at one mutant of each function at a time.
 * @param size how many are wanted
 * @param isAccepted whether a mutant was accepted before
 */
export async function compilable(
  mutants: readonly SourceMutant[],
  size: number,
  laboratory: Laboratory,
  isAccepted: (mutant: SourceMutant) => boolean,
): Promise<SourceMutant[]> {
  const refused = new Set<SourceMutant>();
  const mustBeAlone = new Set<SourceMutant>();
  const looked = new Set(mutants.filter(isAccepted));
  const wanted = (): SourceMutant[] => mutants.filter((mutant) => !refused.has(mutant)).slice(0, size);
  for (;;) {
    const round = roundOf(
      wanted().filter((mutant) => !looked.has(mutant)),
      mustBeAlone,
    );
    if (round.size === 0) return wanted();
    const made = new Map([...round].map(([file, some]) => [file, together(file, some)]));
    for (const [file, { text }] of made) writeFileSync(join(laboratory.folder, file), text);
    const complaints = await complaintsIn(laboratory.folder);
    for (const [file, some] of round) {
      writeFileSync(join(laboratory.folder, file), textOf(file));
      const own = complaints.filter((each) => each.file === file);
      const isIn = (mutant: SourceMutant, { line }: Complaint): boolean => {
        const [first = 0, last = 0] = made.get(file)?.lines.get(mutant) ?? [];
        return first <= line && line <= last;
      };
      const isUnclear = some.length > 1 && own.some((each) => !some.some((mutant) => isIn(mutant, each)));
      for (const mutant of some) {
        if (isUnclear) mustBeAlone.add(mutant);
        else looked.add(mutant);
        if (!isUnclear && own.some((each) => some.length === 1 || isIn(mutant, each))) refused.add(mutant);
      }
    }
  }
}
