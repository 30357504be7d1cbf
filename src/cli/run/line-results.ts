import { constants } from 'node:os';
import type { Outcome } from '../../client/task/outcome.ts';
import { SleighError } from '../../client/master/sleigh-error.ts';
import { jsonLine } from '../json-line.ts';
import { outcomeOfLine, type LineError, type LineOutcome } from '../line-outcome.ts';
import type { Tally } from '../tally.ts';
import type { Inputs } from '../user-module.ts';
import { isReached, type Halt } from './halt.ts';
import type { Journal } from './journal.ts';
import { commandOf, rowText, type LogRow } from './joblog.ts';
import { Ordering } from './ordering.ts';
import { WorkList, type Work } from './work-list.ts';

export interface LineResultsOptions {
  /** The path of the module, for the log. */
  readonly module: string;
  /** How often a line is tried, in all. */
  readonly attempts: number;
  readonly isOrdered: boolean;
  /** Results that may wait for an earlier one. */
  readonly window: number;
  readonly tally: Tally;
  readonly halt: Halt | undefined;
  readonly journal: Journal | undefined;
  /** Whether lines that failed in the run that is resumed are tried again. */
  readonly retriesFailed: boolean;
  /** Whether results are written as lines of JSON; else the module takes the outcomes. */
  readonly isWritten: boolean;
}

/** One line that is done. */
export interface LineResult {
  readonly line: number;
  /** Undefined for one that the run that is resumed has called, and not printed. */
  readonly outcome: LineOutcome | undefined;
  /** What is printed. */
  readonly text: string;
  /** Of the log. */
  readonly row: string;
}

/** The run ended as `--halt` has it. */
export class Halted extends Error {
  override readonly name = 'Halted';
}

/** Makes work of the lines of an input, and of what becomes of it the results, in their order. */
export class LineResults {
  readonly work: WorkList;
  /** The host of a worker, by its rank, for the log; undefined where nobody knows. */
  hostOf: (worker: number | undefined) => string | undefined = () => undefined;
  readonly #options: LineResultsOptions;
  readonly #ordering: Ordering<LineResult>;
  /** When each worker has ended what it did last. */
  readonly #free = new Map<number, number>();
  #isHalting = false;

  constructor(inputs: Inputs, options: LineResultsOptions) {
    this.#options = options;
    this.#ordering = new Ordering(options.isOrdered);
    this.work = new WorkList(inputs, {
      attempts: options.attempts,
      isWanted: (line, value) => this.#isWanted(line, value),
      hasRoom: () => this.#ordering.waiting < options.window,
    });
  }

  /** Whether `--halt` ended it before its time. */
  get isHalting(): boolean {
    return this.#isHalting;
  }

  /** @throws TypeError when the log of the run that is resumed is not about this line */
  #isWanted(line: number, value: unknown): boolean {
    const { journal, tally, module, retriesFailed } = this.#options;
    const logged = journal?.logged.get(line);
    if (logged !== undefined && !(logged.hasFailed && retriesFailed)) {
      const { command } = logged;
      if (!command.endsWith(commandOf('', value)))
        throw new ResumeError(`line ${line} of the input is not the one of the log: "${command}"`);
      tally.before++;
      return false;
    }
    this.#ordering.expect(line);
    const stored = journal?.stored(line);
    if (stored === undefined || (stored.hasFailed && retriesFailed)) return true;
    if (!stored.row.endsWith(commandOf('', value)))
      throw new ResumeError(`line ${line} of the input is not the one of the log of ${module}`);
    const { text, row } = stored;
    tally.before++;
    this.#ordering.add(line, { line, outcome: undefined, text, row });
    return false;
  }

  /** The results, in their order. @throws Halted; SleighError when no worker is left; what the outcomes throw */
  async *of(outcomes: AsyncIterable<Outcome>): AsyncGenerator<LineResult, void, undefined> {
    const { halt, tally } = this.#options;
    for await (const outcome of outcomes) {
      // Lines that nobody is left to do are not done: a run that is resumed does them.
      if ('error' in outcome && outcome.error.code === 'no-workers')
        throw new SleighError('no-workers', outcome.error.reason);
      const work = this.work.settle(outcome);
      if (work !== undefined) this.#arrive(work, outcome);
      yield* this.#ordering.due();
      if (halt !== undefined && work !== undefined && isReached(halt, tally)) {
        this.#isHalting = true;
        if (halt.when === 'now') throw new Halted();
        this.work.stop();
      }
      this.work.look();
    }
    yield* this.#ordering.due();
  }

  #arrive(work: Work, outcome: Outcome): void {
    const { tally, journal, isWritten } = this.#options;
    const { line } = work;
    const told = outcomeOfLine(line, outcome);
    const { text, failure } = isWritten ? written(told) : { text: '', failure: failureIn(told) };
    const row = this.#rowOf(work, outcome, text, failure !== undefined);
    tally.count(failure);
    if (isWritten) journal?.store(line, { text, row, hasFailed: failure !== undefined });
    this.#ordering.add(line, { line, outcome: told, text, row });
  }

  #rowOf(work: Work, outcome: Outcome, text: string, hasFailed: boolean): string {
    const { journal, module } = this.#options;
    if (journal === undefined) return '';
    const worker = 'error' in outcome ? outcome.error.worker : outcome.worker;
    const ended = Date.now();
    // It may have waited for its worker, which does one at a time.
    const started = Math.max(
      work.handedOut,
      (worker === undefined ? undefined : this.#free.get(worker)) ?? 0,
    );
    if (worker !== undefined) this.#free.set(worker, ended);
    return rowText({
      line: work.line,
      host: this.hostOf(worker) ?? '-',
      ...endOf(outcome, hasFailed),
      started,
      took: ended - started,
      sent: Buffer.byteLength(
        typeof work.value === 'string' ? work.value : (JSON.stringify(work.value) ?? ''),
      ),
      received: Buffer.byteLength(text),
      command: commandOf(module, work.value),
    });
  }
}

/** How a line ended, as the log has it. A call may have ended its worker. */
function endOf(outcome: Outcome, hasFailed: boolean): Pick<LogRow, 'exitValue' | 'signal'> {
  if (!('error' in outcome)) return { exitValue: hasFailed ? 1 : 0, signal: 0 };
  const { code, exitStatus = 1, signal } = outcome.error;
  if (code === 'timed-out') return { exitValue: -1, signal: 0 };
  const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1] ?? 0;
  return { exitValue: exitStatus === 0 ? 1 : exitStatus, signal: number };
}

/** What is to be resumed is another run. The message says why, in one line. */
export class ResumeError extends Error {
  override readonly name = 'ResumeError';
  readonly code = 'usage';
}

const failureIn = (outcome: LineOutcome): LineError | undefined => ('error' in outcome ? outcome : undefined);

/** The line that stands for it; a result that JSON cannot say is an error. */
function written(outcome: LineOutcome): { readonly text: string; readonly failure: LineError | undefined } {
  const { line } = outcome;
  if ('error' in outcome) return { text: jsonLine({ line, error: outcome.error }), failure: outcome };
  try {
    return { text: jsonLine(outcome.value), failure: undefined };
  } catch (cause) {
    const [why = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    const error = `the result has no form in JSON: ${why}`;
    return { text: jsonLine({ line, error }), failure: { line, error, stack: error } };
  }
}
