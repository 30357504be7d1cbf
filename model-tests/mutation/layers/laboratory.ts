import { fork, type ChildProcess } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtFile, builtModule, writeModules } from '../../../test/support/single-modules.ts';
import { ROOT } from './sample.ts';

/** What is copied: all that the tests need. */
const PARTS = [
  'src',
  'test',
  'model-tests',
  'docs',
  'dist/charts',
  'dist/page',
  'examples',
  'scripts',
  'package.json',
  'tsconfig.json',
];
const LABORATORY = fileURLToPath(new URL('laboratory-process.mjs', import.meta.url));

/** Milliseconds between two looks at how much time the tests have used. */
const LOOK_MS = 1_000;
/** How long tests may wait without using the processor, and how much of it a file may use: this, and many times the usual. */
const MAX_WAIT_S = 120;
const START_S = 20;
const SLOWER = 6;
const INTERRUPTIONS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** A tick of the system's accounting of processor time. */
const TICK_S = 0.01;

const config = (
  setup: readonly string[],
): string => `import { openFields } from './test/support/open-fields.ts';
export default {
  plugins: [openFields()],
  test: {
    include: ['test/**/*.test.ts', 'model-tests/**/*.test.ts'],
    isolate: false,
    maxWorkers: 1,
    execArgv: ['--max-old-space-size=1500'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    setupFiles: ${JSON.stringify(setup)},
    onConsoleLog: () => false,
  },
};`;

export interface Outcome {
  /** The first test that failed, its file, its id (none for a hook) and its message; null if all passed. */
  readonly failed: {
    readonly test: string;
    readonly file?: string;
    readonly id?: string;
    readonly error?: string;
  } | null;
}

/** Tests of one file: all of them, or those with these ids. */
export interface WantedTests {
  readonly file: string;
  readonly ids?: readonly string[];
}

/** Tests of these need processes, which the short form leaves out. The short form of the others repeats less. */
const WITH_PROCESSES = /^test\/(client|transport)\//;

const isOutcome = (message: unknown): message is Outcome =>
  typeof message === 'object' && message !== null && 'failed' in message;

/** A copy of the sources in which one file at a time is changed, and a process that runs tests in it. */
export class Laboratory {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'layer-mutants-')));
  readonly #env: Readonly<Record<string, string>>;
  /** The modules that are built from all sources. */
  #built: Promise<void> | undefined;
  #process: ChildProcess | undefined;
  readonly #changed = new Set<string>();
  /** What a program that is interrupted leaves behind otherwise. */
  readonly #interrupted = (signal: NodeJS.Signals): void => {
    this.remove();
    process.kill(process.pid, signal);
  };
  /** The number of failures after which testing ends; 0 for none. */
  readonly #bail: number;

  /**
   * @param setup a module that runs before each file of tests
   * @param env further variables of the environment of the tests
   */
  constructor({ setup, env = {} }: { setup?: string; env?: Readonly<Record<string, string>> } = {}) {
    this.#env = env;
    this.#bail = setup === undefined ? 1 : 0;
    for (const signal of INTERRUPTIONS) process.once(signal, this.#interrupted);
    for (const part of PARTS) cpSync(join(ROOT, part), join(this.folder, part), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(this.folder, 'node_modules'));
    if (setup !== undefined) writeFileSync(join(this.folder, 'setup.mjs'), setup);
    writeFileSync(join(this.folder, 'vitest.config.mjs'), config(setup === undefined ? [] : ['./setup.mjs']));
  }

  /** Changes a file, and the module that is built from it. */
  async write(file: string, text: string): Promise<void> {
    await (this.#built ??= writeModules(this.folder));
    this.#put(file, text);
    this.#put(builtFile(file), await builtModule(file, text));
  }

  /** Changes one file only. */
  #put(file: string, text: string): void {
    const path = join(this.folder, file);
    writeFileSync(path, text);
    this.#changed.add(path);
  }

  /** Puts back what the source has. */
  async restore(file: string): Promise<void> {
    await this.write(file, readFileSync(join(ROOT, file), 'utf8'));
  }

  /**
   * Runs tests in this order of their files, until one fails.
   * @param usual seconds of processor time that the longest of them takes; one that takes many times as long never ends
   */
  async run(tests: readonly WantedTests[], usual: number): Promise<Outcome> {
    const process = (this.#process ??= await this.#begin());
    const changed = [...this.#changed];
    this.#changed.clear();
    const maxProcessor = START_S + SLOWER * usual;
    let before = processorTime(process.pid);
    let since = performance.now();
    const wanted = tests.map(({ file, ids }) => {
      const form = WITH_PROCESSES.test(file) ? 'ci' : '';
      return { path: join(this.folder, file), ids, form };
    });
    process.send({ changed, wanted });
    return new Promise((resolve) => {
      const end = (outcome: Outcome): void => {
        clearInterval(look);
        process.removeAllListeners();
        resolve(outcome);
      };
      const look = setInterval(() => {
        const used = processorTime(process.pid) - before;
        const waited = (performance.now() - since) / 1000;
        if (used < maxProcessor && waited < MAX_WAIT_S + SLOWER * maxProcessor) return;
        this.#kill();
        end({ failed: { test: 'the tests did not end' } });
      }, LOOK_MS);
      process.on('message', (message) => {
        if (isOutcome(message)) return end(message);
        before = processorTime(process.pid);
        since = performance.now();
      });
      process.once('exit', () => {
        this.#kill();
        end({ failed: { test: 'the process of the tests ended' } });
      });
    });
  }

  async #begin(): Promise<ChildProcess> {
    await (this.#built ??= writeModules(this.folder));
    const others = Object.entries(process.env).filter(([name]) => !/^VITEST|^VERIFY/.test(name));
    const child = fork(LABORATORY, [this.folder, String(this.#bail)], {
      detached: true,
      env: { ...Object.fromEntries(others), ...this.#env },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      cwd: this.folder,
    });
    await new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', () => reject(new Error('vitest does not start')));
    });
    child.removeAllListeners();
    return child;
  }

  /** Ends the process and all that it has started. */
  #kill(): void {
    const pid = this.#process?.pid;
    this.#process = undefined;
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }

  remove(): void {
    for (const signal of INTERRUPTIONS) process.off(signal, this.#interrupted);
    this.#kill();
    // Processes that end may still write there.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** Seconds of processor time that the processes of a group have used, where the system tells. */
function processorTime(group: number | undefined): number {
  let ticks = 0;
  try {
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        // The name of the program, in parentheses, may contain anything.
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (Number(fields[2]) === group)
          ticks += fields.slice(11, 15).reduce((sum, one) => sum + Number(one), 0);
      } catch {
        // This process has ended meanwhile.
      }
    }
  } catch {
    // The system has no such folder: then only the wait counts.
  }
  return ticks * TICK_S;
}
