import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HandMade } from './hand-made.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What is run against a fault; one that hangs is found out as well. A slow machine must not pass for a fault. */
const TESTS = ['test/core', 'test/workspace'];
const MAX_MILLISECONDS = 300_000;

const CONFIG = `import { openFields } from './test/support/open-fields.ts';
export default { plugins: [openFields()], test: { include: ['test/**/*.test.ts'], testTimeout: 300_000, bail: 1 } };`;

export interface Outcome {
  readonly passed: number;
  /** The names of tests that failed; testing ends with the first. */
  readonly failed: readonly string[];
}

/**
 * The text of a file with the fault.
 * @throws if the place of the fault no longer exists
 */
export function withFault({ file, search, replace }: HandMade): string {
  const parts = readFileSync(join(ROOT, file), 'utf8').split(search);
  if (parts.length !== 2)
    throw new Error(`${file} has ${parts.length - 1} times, and not once: ${search}. Make the fault anew.`);
  return parts.join(replace);
}

/** A copy of the source and its tests, in which faults can be planted. */
export class SourceCopy {
  readonly #folder = mkdtempSync(join(tmpdir(), 'source-mutants-'));

  constructor() {
    for (const part of ['src', 'test', 'model-tests', 'docs', 'package.json', 'tsconfig.json'])
      cpSync(join(ROOT, part), join(this.#folder, part), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(this.#folder, 'node_modules'));
    writeFileSync(join(this.#folder, 'vitest.config.mjs'), CONFIG);
  }

  /** Runs the tests with or without a fault in the source. */
  async test(fault?: HandMade): Promise<Outcome> {
    if (fault === undefined) return this.#run();
    const file = join(this.#folder, fault.file);
    const right = readFileSync(file, 'utf8');
    writeFileSync(file, withFault(fault));
    try {
      return await this.#run();
    } finally {
      writeFileSync(file, right);
    }
  }

  #run(): Promise<Outcome> {
    const vitest = join('node_modules', 'vitest', 'vitest.mjs');
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST'));
    return new Promise((resolve, reject) => {
      execFile(
        process.execPath,
        [vitest, 'run', '--reporter=json', ...TESTS],
        {
          cwd: this.#folder,
          env: Object.fromEntries(others),
          timeout: MAX_MILLISECONDS,
          killSignal: 'SIGKILL',
          maxBuffer: 2 ** 28,
        },
        (error, stdout, stderr) => {
          if (error?.killed === true) return resolve({ passed: 0, failed: ['the tests did not end'] });
          try {
            resolve(outcomeOf(stdout));
          } catch (cause) {
            reject(new Error(`the tests did not run: ${stderr}`, { cause }));
          }
        },
      );
    });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

interface TestReport {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const isReport = (report: unknown): report is TestReport =>
  typeof report === 'object' && report !== null && 'numPassedTests' in report && 'testResults' in report;

function outcomeOf(text: string): Outcome {
  const report: unknown = JSON.parse(text.slice(text.indexOf('{"numTotal')));
  if (!isReport(report)) throw new Error('that is no report of tests');
  const failed = report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'failed');
  return { passed: report.numPassedTests, failed: failed.map(({ fullName }) => fullName) };
}
