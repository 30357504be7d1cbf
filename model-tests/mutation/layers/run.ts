import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findReach, testFiles } from './find-reach.ts';
import { Laboratory } from './laboratory.ts';
import { mutated, type SourceMutant } from './operators.ts';
import { testsFor, type ChosenTests, type Reach } from './reach.ts';
import { mutantsOf, ROOT, sampleOf, textOf, type Subject } from './sample.ts';
import { EQUIVALENT } from './survivors.ts';
import { compilable } from './types.ts';

export interface Wanted {
  readonly layers: readonly Subject[];
  /** The number of mutants of each layer. */
  readonly sample: number;
  readonly seed: number;
  /** Whether mutants that have been tried are not tried again. */
  readonly resume: boolean;
  /** Only those that survived the last time. */
  readonly survivors: boolean;
  /** Whether it is found out again which tests call which functions. */
  readonly reach: boolean;
  /** Texts: only files whose path contains one of them. All files, if there is none. */
  readonly files: readonly string[];
}

/** What became of one mutant. */
export interface Fate {
  readonly name: string;
  readonly line: number;
  readonly by: string;
  /** The test that failed, and its message; null for a survivor. */
  readonly killed: string | null;
  /** How many files of tests were to be run. */
  readonly tests: number;
  readonly seconds: number;
}

const FOLDER = join(ROOT, 'build', 'mutants');
const REACH = join(FOLDER, 'reach.jsonl');

const isFate = (one: unknown): one is Fate => typeof one === 'object' && one !== null && 'killed' in one;

function fatesIn(path: string): Map<string, Fate> {
  if (!existsSync(path)) return new Map();
  const lines = readFileSync(path, 'utf8').split('\n');
  const fates = lines.filter((line) => line !== '').map((line): unknown => JSON.parse(line));
  return new Map(fates.filter((one) => isFate(one)).map((fate) => [fate.name, fate]));
}

/** Without a test that fails on the source as it is; without its file, if that is not one test. */
const without = (tests: readonly ChosenTests[], file: string, id: string | undefined): ChosenTests[] =>
  tests.flatMap((each) => {
    if (each.file !== file) return each;
    const ids = id === undefined ? [] : each.ids.filter((one) => one !== id);
    return ids.length === 0 ? [] : { ...each, ids };
  });

/**
 * A failure counts only if the same tests pass on the source as it is: what fails there as well depends on other tests or on
 * time, and is left out.
 */
async function fateOf(mutant: SourceMutant, reach: readonly Reach[], laboratory: Laboratory): Promise<Fate> {
  const since = performance.now();
  const { name, line, by, file } = mutant;
  let tests = testsFor(mutant, reach);
  for (;;) {
    const usual = Math.max(0, ...tests.map(({ processor }) => processor));
    await laboratory.write(file, mutated(textOf(file), mutant));
    const { failed } = await laboratory.run(tests, usual);
    await laboratory.restore(file);
    const failing = tests.filter((each) => each.file === failed?.file);
    const failsAnyway = failing.length > 0 ? (await laboratory.run(failing, usual)).failed : null;
    const [{ file: itsFile } = {}] = failing;
    if (failsAnyway !== null && itsFile !== undefined) {
      tests = without(tests, itsFile, failsAnyway.id);
      continue;
    }
    const seconds = Math.round((performance.now() - since) / 100) / 10;
    const killed = failed && `${failed.test}: ${failed.error?.split('\n')[0] ?? ''}`;
    return { name, line, by, killed, tests: tests.length, seconds };
  }
}

/** Tries a sample of the mutants of each layer, writes each fate to a file, and prints the scores. */
export async function run({
  layers,
  sample,
  seed,
  resume,
  survivors,
  reach: findsReach,
  files,
}: Wanted): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  if (findsReach) rmSync(REACH, { force: true });
  const reach = await findReach(REACH, testFiles(layers));
  const laboratory = new Laboratory();
  try {
    for (const layer of layers) {
      const path = join(FOLDER, `${layer}-${seed}.jsonl`);
      if (!resume && !survivors) rmSync(path, { force: true });
      const known = fatesIn(path);
      const all = mutantsOf(layer, files);
      const shuffled = sampleOf(all, all.length, seed);
      const drawn = await compilable(shuffled, sample, laboratory, ({ name }) => known.has(name));
      const isTried = (name: string): boolean =>
        known.has(name) && !(survivors && known.get(name)?.killed === null);
      for (const mutant of drawn) {
        if (isTried(mutant.name)) continue;
        const fate = await fateOf(mutant, reach, laboratory);
        appendFileSync(path, `${JSON.stringify(fate)}\n`);
        console.log(`${fate.killed === null ? 'SURVIVES' : 'killed'} ${fate.seconds} s, ${fate.name}`);
      }
      report(layer, all.length, drawn, fatesIn(path));
    }
  } finally {
    laboratory.remove();
  }
}

export const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(0)} %`;

function report(
  layer: Subject,
  total: number,
  drawn: readonly SourceMutant[],
  fates: Map<string, Fate>,
): void {
  const names = drawn.map(({ name }) => name);
  const alive = names.filter((name) => fates.get(name)?.killed === null);
  const equivalent = alive.filter((name) => EQUIVALENT.has(name));
  const killed = names.length - alive.length;
  console.log(
    `${layer}: ${names.length} of ${total} mutants, ${killed} killed (${percent(killed, names.length)}), ` +
      `${equivalent.length} make no difference, ${percent(killed, names.length - equivalent.length)} of the others killed`,
  );
  for (const name of alive) if (!EQUIVALENT.has(name)) console.log(`  survives: ${name}`);
}
