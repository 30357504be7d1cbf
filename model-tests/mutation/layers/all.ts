import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testFiles } from './find-reach.ts';
import { Laboratory } from './laboratory.ts';
import type { SourceMutant } from './operators.ts';
import { hashOf } from './reach.ts';
import { percent } from './run.ts';
import { mutantsOf, ROOT, textOf, type Layer } from './sample.ts';
import { EQUIVALENT } from './survivors.ts';
import { isSameRound, linesIn, noteLine, type Line, type Round } from './switch-lines.ts';
import { compilable } from './types.ts';

const FOLDER = join(ROOT, 'build', 'mutants');
const CONFIG = 'model-tests/mutation/layers/switch.config.ts';
/** Milliseconds of the tests of one file for one mutant: the quick tests of all files come first. */
const BUDGETS_MS = [100, 600];
/** In the files of tests of the layer itself, at the end. */
const LAST_BUDGET_MS = 4_000;
/** Files of tests that run at a time. */
const WORKERS = 2;
/** Without a new line for so long, a mutant never ends, and the process of the tests cannot notice it. */
const MAX_WAIT_MS = 60_000;
/** How long the tests of a file may take without a mutant. */
const MAX_USUAL_MS = 240_000;
const LOOK_MS = 1_000;

interface Trial {
  readonly layer: Layer;
  /** The file of results. */
  readonly results: string;
  /** The number of mutants. */
  readonly count: number;
  /** The numbers of those that are tried; all if it is undefined. */
  readonly wanted?: readonly number[] | undefined;
}

interface Wanted {
  readonly resume: boolean;
  readonly tests: readonly string[];
  readonly file: readonly string[];
}

/**
 * Tries all mutants of a layer: they are in one source, and are switched on one by one in the process of the tests. What is
 * noticed only in other processes is not seen. Results are in `build/mutants/LAYER-all.jsonl`.
 * @param resume whether files of tests that were run are not run again
 * @param tests texts: only files of tests whose path contains one of them are run, again if they were run, unless with `resume`; what was
 *   found out stays
 * @param file texts: only mutants of files whose path contains one of them are tried
 */
export async function tryAll(layer: Layer, { resume, tests, file: texts }: Wanted): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const results = join(FOLDER, `${layer}-all.jsonl`);
  const mutants = mutantsOf(layer);
  const of = hashOf(mutants.map(({ name }) => name).join('\n'));
  const isWanted = (file: string): boolean => tests.length === 0 || tests.some((text) => file.includes(text));
  const goesOn = resume || tests.length > 0 || texts.length > 0;
  const isThere = existsSync(results);
  const isSame = isThere && linesIn(results).some((line) => 'of' in line && line.of === of);
  if (goesOn && !isSame)
    console.log(`${layer}: the source has changed, so what was found out before is not used`);
  if (!goesOn || !isSame) writeFileSync(results, `${JSON.stringify({ of })}\n`);
  else if (!resume) forget(results, isWanted);
  const accepted = await acceptedOf(mutants);
  const refused = mutants.flatMap((mutant, number) => (accepted.has(mutant) ? [] : number));
  noteLine(results, { refused });
  const isInFile = ({ file }: SourceMutant): boolean => texts.some((text) => file.includes(text));
  const wanted =
    texts.length === 0 ? undefined : mutants.flatMap((mutant, number) => (isInFile(mutant) ? number : []));
  const trial = { layer, results, count: mutants.length, wanted };
  // Most of those of jobs are in `test/core`.
  const own = new RegExp(layer === 'sleigh' ? '/(core|sleigh)/' : `/${layer}/`);
  const files = testFiles([layer]).filter((file) => isWanted(file));
  const inLayer = files.filter((file) => own.test(file));
  const ordered = [...inLayer, ...files.filter((file) => !own.test(file))];
  const rounds = [
    ...BUDGETS_MS.flatMap((budget) => ordered.map((file) => ({ file, budget }))),
    ...inLayer.map((file) => ({ file, budget: LAST_BUDGET_MS })),
  ];
  const waiting = rounds.filter((round) => !isDone(round, results));
  const work = async (): Promise<void> => {
    for (let round = waiting.shift(); round !== undefined; round = waiting.shift()) {
      await runFile(round, trial);
      console.log(`${round.file}, ${round.budget} ms: ${killedIn(results).size} of ${accepted.size} killed`);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  await report(trial);
  // These files of tests were not run for the other mutants.
  if (wanted !== undefined) dropLines(results, (line) => 'done' in line && isWanted(line.done.file));
}

/** Drops lines of a file of results. */
function dropLines(results: string, isDropped: (line: Line) => boolean): void {
  const lines = linesIn(results);
  writeFileSync(results, '');
  for (const line of lines) if (!isDropped(line)) noteLine(results, line);
}

/** Forgets which mutants files of tests have not noticed, and what was spent on them, so that new tests are tried with all of them. */
function forget(results: string, isForgotten: (file: string) => boolean): void {
  const lines = existsSync(results) ? linesIn(results) : [];
  writeFileSync(results, '');
  for (const line of lines) {
    const isOld =
      ('alive' in line && isForgotten(line.by.file)) || ('done' in line && isForgotten(line.done.file));
    if (!isOld && !('begun' in line))
      noteLine(results, 'alive' in line ? { ...line, milliseconds: 0 } : line);
  }
}

const isDone = (round: Round, results: string): boolean =>
  linesIn(results).some((line) => 'done' in line && isSameRound(line.done, round));

/** Runs one file of tests, again while its process is ended by a mutant. */
export async function runFile(round: Round, trial: Trial): Promise<void> {
  const { results } = trial;
  const { file, budget } = round;
  const tries = new Map<number, number>();
  for (let run = 1; ; run++) {
    const name = `${file} ${budget} ${process.pid} ${run}`;
    const isLate = await runOnce(round, name, trial);
    if (isDone(round, results)) return;
    const last = linesIn(results).findLast((line) => 'begun' in line && line.run === name);
    if (last === undefined || !('begun' in last)) {
      console.log(`${file}: its tests do not run`);
      return noteLine(results, { done: round, loaded: [] });
    }
    const { begun } = last;
    const times = (tries.get(begun) ?? 0) + 1;
    tries.set(begun, times);
    if (isLate) noteLine(results, { killed: begun, by: `${file}: it never ends` });
    // The process has ended, or its tests fail without the mutant as well.
    else if (times > 1) noteLine(results, { alive: begun, by: round, milliseconds: 0 });
  }
}

/** @returns whether it has not ended by itself */
async function runOnce(
  { file, budget }: Round,
  run: string,
  { layer, results, count, wanted }: Trial,
): Promise<boolean> {
  const others = Object.entries(process.env).filter(([name]) => !/^VITEST|^VERIFY/.test(name));
  const temporary = mkdtempSync(join(tmpdir(), 'sleigh-mutants-'));
  const env = {
    MUTANTS_LAYER: layer,
    MUTANTS_RESULTS: results,
    MUTANTS_COUNT: String(count),
    MUTANTS_RUN: run,
    ...(wanted === undefined ? {} : { MUTANTS_WANTED: wanted.join(',') }),
    MUTANTS_BUDGET: String(budget),
    // A mutant may delete what it does not own.
    TMPDIR: temporary,
  };
  const tests = spawn('npx', ['vitest', 'run', '--config', CONFIG, file], {
    cwd: ROOT,
    detached: true,
    stdio: 'ignore',
    env: { ...Object.fromEntries(others), ...env },
  });
  const { pid } = tests;
  const kill = (): void => {
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  };
  let isLate = false;
  let size = 0;
  let since = performance.now();
  const began = since;
  let hasBegun = false;
  const look = setInterval(() => {
    const now = performance.now();
    const lines = linesIn(results);
    const own = lines.filter((line) => 'begun' in line && line.run === run).length;
    hasBegun ||= own > 0;
    if (own !== size) [size, since] = [own, now];
    if (hasBegun ? now - since < MAX_WAIT_MS : now - began < MAX_USUAL_MS) return;
    isLate = true;
    kill();
  }, LOOK_MS);
  await new Promise((resolve) => tests.once('close', resolve));
  clearInterval(look);
  kill();
  rmSync(temporary, { recursive: true, force: true });
  return isLate;
}

const killedIn = (results: string): ReadonlySet<number> =>
  new Set(linesIn(results).flatMap((line) => ('killed' in line ? line.killed : [])));

async function report({ layer, results, wanted }: Trial): Promise<void> {
  const mutants = mutantsOf(layer);
  const lines = linesIn(results);
  const killed = killedIn(results);
  const reached = new Set(lines.flatMap((line) => ('alive' in line ? line.alive : [])));
  const loaded = new Set(lines.flatMap((line) => ('done' in line ? line.loaded : [])));
  const isTried = new Set(wanted ?? mutants.keys());
  const accepted = await acceptedOf(mutants.filter((_, number) => isTried.has(number)));
  const alive = mutants.flatMap((mutant, number) =>
    accepted.has(mutant) && !killed.has(number) ? { mutant, number } : [],
  );
  const real = alive.filter(({ mutant }) => !EQUIVALENT.has(mutant.name));
  for (const { mutant, number } of real) {
    const why = reached.has(number) ? 'survives' : loaded.has(number) ? 'only loaded' : 'not reached';
    console.log(`  ${why}: ${mutant.line}: ${mutant.name} → ${mutant.by}`);
  }
  const others = accepted.size - (alive.length - real.length);
  console.log(
    `${layer}: ${accepted.size} mutants that compile, ${alive.length - real.length} make no difference, ` +
      `${others - real.length} of the others killed (${percent(others - real.length, others)})`,
  );
}

/** What the compiler has said before. */
const COMPILED = join(FOLDER, 'compiled.json');

const isVerdicts = (one: unknown): one is Record<string, boolean> => typeof one === 'object' && one !== null;

const knownVerdicts = (): Map<string, boolean> => {
  const read: unknown = existsSync(COMPILED) ? JSON.parse(readFileSync(COMPILED, 'utf8')) : {};
  return new Map(Object.entries(isVerdicts(read) ? read : {}));
};

/** The mutants that the compiler accepts. It is asked once about each. */
async function acceptedOf(mutants: readonly SourceMutant[]): Promise<ReadonlySet<SourceMutant>> {
  const known = knownVerdicts();
  const keys = new Map(mutants.map((mutant) => [mutant, `${mutant.name} ${hashOf(textOf(mutant.file))}`]));
  const verdictOn = (mutant: SourceMutant): boolean | undefined => known.get(keys.get(mutant) ?? '');
  const open = mutants.filter((mutant) => verdictOn(mutant) === undefined);
  if (open.length > 0) {
    const laboratory = new Laboratory();
    const accepted = new Set(await compilable(open, open.length, laboratory, () => false));
    laboratory.remove();
    for (const mutant of open) known.set(keys.get(mutant) ?? '', accepted.has(mutant));
    // The mutants of another layer may have been looked at meanwhile.
    writeFileSync(COMPILED, JSON.stringify(Object.fromEntries([...knownVerdicts(), ...known])));
  }
  return new Set(mutants.filter((mutant) => verdictOn(mutant) === true));
}
