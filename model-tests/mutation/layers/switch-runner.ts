import { relative } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';
import { startTests, type File, type Suite, type Task, type Test } from '@vitest/runner';
import type { EvaluatedModules } from 'vite/module-runner';
import type { SerializedConfig } from 'vitest';
import { getFn } from 'vitest/suite';
import { VitestTestRunner } from 'vitest/runners';
import { isSameRound, linesIn, noteLine, type Line, type Round } from './switch-lines.ts';

// A runner for one file of tests. It runs the file as usual and notes which mutants each test reaches (`switched.ts`). Then it switches
// one mutant after the other on, and repeats the tests that reach it, in the same process, until one fails. For mutants that are reached
// only while modules are loaded, all modules are loaded again, with the mutant switched on.

/** How often the code of one mutant may be reached in one trial: beyond that it never ends. */
const MOST_HITS = 300_000;
/** Milliseconds of tests for one mutant, in all rounds. */
const MOST_MS = 8_000;
/** After so many survivors a file is left to the next round if it takes so many times as long as it should. */
const ENOUGH = 20;
const SLOWEST = 2;
/** How long a test may take: this, and many times the usual. */
const PATIENCE_MS = 1_500;
const SLOWER = 20;

const RESULTS = process.env['MUTANTS_RESULTS'] ?? '';
const BUDGET_MS = Number(process.env['MUTANTS_BUDGET'] ?? 0);
const COUNT = Number(process.env['MUTANTS_COUNT'] ?? 0);
/** Which run of the file this is. */
const RUN = process.env['MUTANTS_RUN'] ?? '';
/** The numbers of the mutants that are tried; all if it is not there. */
const WANTED = process.env['MUTANTS_WANTED']?.split(',').map(Number);
const wanted = new Set(WANTED);
const isWanted = (number: number): boolean => WANTED === undefined || wanted.has(number);
const NONE = -1;

let active = NONE;
let hits = 0;
let reached = new Uint8Array(COUNT);
/** An error that no test has caught. */
let stray: unknown;

Reflect.set(globalThis, '$mutant', (number: number): boolean => {
  if (number !== active) {
    reached[number] = 1;
    return false;
  }
  if (++hits > MOST_HITS) throw new Error('it never ends');
  return true;
});
for (const event of ['uncaughtException', 'unhandledRejection'])
  process.on(event, (error: unknown) => (stray ??= error));

/** What was reached since the last time. */
function takeReached(): Set<number> {
  const taken = new Set<number>();
  for (let number = reached.indexOf(1); number >= 0; number = reached.indexOf(1, number + 1))
    taken.add(number);
  reached = new Uint8Array(COUNT);
  return taken;
}

const note = (line: Line): void => noteLine(RESULTS, line);

interface Usual {
  readonly id: string;
  readonly milliseconds: number;
  readonly reached: ReadonlySet<number>;
}

export default class SwitchRunner extends VitestTestRunner {
  readonly #usual: Usual[] = [];
  /** What is reached outside of single tests, such as in hooks. */
  readonly #shared = new Set<number>();
  #loaded: ReadonlySet<number> = new Set();
  #since = 0;

  onBeforeRunFiles(): void {
    this.#loaded = takeReached();
  }

  override async onBeforeRunTask(test: Test): Promise<void> {
    await super.onBeforeRunTask(test);
    for (const number of takeReached()) this.#shared.add(number);
    this.#since = performance.now();
  }

  override onAfterRunTask(test: Test): void {
    super.onAfterRunTask(test);
    const milliseconds = performance.now() - this.#since;
    // A test that fails on the source as it is says nothing of a mutant.
    if (test.result?.state === 'pass')
      this.#usual.push({ id: test.id, milliseconds, reached: takeReached() });
  }

  override async onAfterRunSuite(suite: Suite): Promise<void> {
    await super.onAfterRunSuite(suite);
    if (!isFile(suite)) return;
    for (const number of takeReached()) this.#shared.add(number);
    await this.#tryAll(suite.filepath);
  }

  async #tryAll(path: string): Promise<void> {
    const round = { file: relative(this.config.root, path), budget: BUDGET_MS };
    const numbers = new Set([...this.#shared, ...this.#usual.flatMap((test) => [...test.reached])]);
    const loaded = [...this.#loaded].filter((number) => !numbers.has(number));
    await this.#tryEach([...numbers], { path, round, isLoading: false });
    await this.#tryEach(loaded, { path, round, isLoading: true });
    note({ done: round, loaded });
  }

  /** Tries mutants, as long as that is quick. */
  async #tryEach(numbers: readonly number[], { path, round, isLoading }: Way): Promise<void> {
    const isOver = overIn(round);
    const open = numbers.filter((number) => isWanted(number) && !isOver.has(number)).sort((a, b) => a - b);
    const [quickest] = this.#usual.toSorted((a, b) => a.milliseconds - b.milliseconds);
    if (open.length === 0 || quickest === undefined) return;
    const began = performance.now();
    await this.#failureOf(NONE, [quickest], { path, isLoading });
    let isQuick = performance.now() - began < BUDGET_MS;
    let spent = 0;
    let survivors = 0;
    for (const number of open) {
      if (!isQuick) return;
      const tests = this.#testsFor(number, isLoading);
      if (tests.length === 0) continue;
      const since = performance.now();
      note({ begun: number, run: RUN });
      const failure = await this.#failureOf(number, tests, { path, isLoading });
      const milliseconds = Math.round(performance.now() - since);
      if (failure === undefined) {
        note({ alive: number, by: round, milliseconds });
        spent += milliseconds;
        // What such tests wait for does not count as their own time.
        isQuick = ++survivors < ENOUGH || spent / survivors < SLOWEST * BUDGET_MS;
      } else if ((await this.#failureOf(NONE, tests, { path, isLoading })) === undefined)
        note({ killed: number, by: `${round.file}: ${failure}` });
      // Something is left of an earlier mutant. Another process goes on.
      else process.kill(process.pid, 'SIGKILL');
    }
  }

  /** Quick tests that reach a mutant, and few others, because they are about this one. What is loaded is for all of them. */
  #testsFor(number: number, isLoading: boolean): readonly Usual[] {
    const isForAll = isLoading || this.#shared.has(number);
    const able = this.#usual.filter((test) => isForAll || test.reached.has(number));
    let left = BUDGET_MS;
    return able
      .sort((a, b) => a.milliseconds * a.reached.size - b.milliseconds * b.reached.size)
      .filter(({ milliseconds }) => (left -= milliseconds) > 0);
  }

  /** @returns why one of the tests fails */
  async #failureOf(
    number: number,
    tests: readonly Usual[],
    { path, isLoading }: Omit<Way, 'round'>,
  ): Promise<string | undefined> {
    const trial = new Trial(this.config, this);
    trial.isLoading = isLoading;
    trial.limits = new Map(tests.map(({ id, milliseconds }) => [id, PATIENCE_MS + SLOWER * milliseconds]));
    [active, hits, stray] = [number, 0, undefined];
    const wanted = { filepath: path, testIds: tests.map(({ id }) => id) };
    const [file] = await startTests([wanted], trial);
    await new Promise<void>((resolve) => void setImmediate(resolve));
    active = NONE;
    const failed = file === undefined ? 'no file' : failureIn(file);
    if (failed !== undefined || stray === undefined) return failed;
    return `an error that nobody caught: ${stray instanceof Error ? stray.message : typeof stray}`;
  }
}

/** How the mutants that a file reaches are tried. */
interface Way {
  readonly path: string;
  readonly round: Round;
  /** Whether all modules are loaded again. */
  readonly isLoading: boolean;
}

const isFile = (suite: Suite): suite is File => 'filepath' in suite;

const isOwn = (id: string, root: string): boolean => id.startsWith(root) && !id.includes('/node_modules/');

/** Repeats some tests of a file, and reports nothing. */
class Trial extends VitestTestRunner {
  limits: ReadonlyMap<string, number> = new Map();
  /** Whether the modules of the project are loaded again. */
  isLoading = false;
  #hasFailed = false;

  /** @param usual what has loaded the modules: not part of the interface of vitest */
  constructor(config: SerializedConfig, usual: SwitchRunner) {
    super(config);
    for (const name of ['moduleRunner', '_otel']) Reflect.set(this, name, Reflect.get(usual, name));
  }

  /** The file of tests is loaded again, and nothing else unless wanted. */
  override importFile(path: string, source: 'collect' | 'setup'): unknown {
    const { evaluatedModules } = Reflect.get(this, 'workerState') as { evaluatedModules: EvaluatedModules };
    for (const module of evaluatedModules.idToModuleMap.values())
      if (module.id === path || (this.isLoading && isOwn(module.id, this.config.root)))
        evaluatedModules.invalidateModule(module);
    return super.importFile(path, source);
  }

  override async onBeforeRunTask(test: Test): Promise<void> {
    if (this.#hasFailed) test.mode = 'skip';
    await super.onBeforeRunTask(test);
  }

  /** The timer is one that the fake timers of a test do not replace. */
  async runTask(test: Test): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      const late = (): void => reject(new Error('it takes many times as long'));
      timer = setTimeout(late, this.limits.get(test.id) ?? PATIENCE_MS);
    });
    try {
      await Promise.race([getFn(test)(), limit]);
    } finally {
      clearTimeout(timer);
    }
  }

  override onAfterRunTask(test: Test): void {
    super.onAfterRunTask(test);
    if (test.result?.state === 'fail') this.#hasFailed = true;
  }
}

/** @returns the name of the first test that has failed, or of the suite whose hook has, and its message */
function failureIn(task: Task): string | undefined {
  const inner =
    task.type === 'suite'
      ? task.tasks.map((each) => failureIn(each)).find((one) => one !== undefined)
      : undefined;
  if (inner !== undefined || task.result?.state !== 'fail') return inner;
  return `${task.name}: ${task.result.errors?.[0]?.message.split('\n')[0] ?? ''}`;
}

/** The mutants that need not be tried: those that the compiler refuses, those that are killed, those that were tried in this round, and those that have cost enough. */
function overIn(round: Round): ReadonlySet<number> {
  const over = new Set<number>();
  const spent = new Map<number, number>();
  for (const line of linesIn(RESULTS)) {
    if ('killed' in line) over.add(line.killed);
    if ('refused' in line) for (const number of line.refused) over.add(number);
    if (!('alive' in line)) continue;
    const sum = (spent.get(line.alive) ?? 0) + line.milliseconds;
    spent.set(line.alive, sum);
    if (sum > MOST_MS || isSameRound(line.by, round)) over.add(line.alive);
  }
  return over;
}
