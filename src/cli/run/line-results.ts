import { reasonOf } from '../../wire/error-kind.ts';
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
import { USAGE } from '../errors.ts';

export interface LineResultsOptions {
  /** The path of the module, for the log. */
  readonly module: string;
  /** How often a line is attempted in all. */
  readonly attempts: number;
  readonly isOrdered: boolean;
  /** The number of results that may wait for an earlier one. */
  readonly window: number;
  readonly tally: Tally;
  readonly halt: Halt | undefined;
  readonly journal: Journal | undefined;
  /** Whether lines that failed in the resumed run are tried again. */
  readonly retriesFailed: boolean;
  /** Whether results are written as lines of JSON; otherwise the module receives the outcomes. */
  readonly isWritten: boolean;
}

/** One completed line. */
export interface LineResult {
  readonly line: number;
  /** Undefined for a line that the resumed run has called and not printed. */
  readonly outcome: LineOutcome | undefined;
  /** The text to print. */
  readonly text: string;
  /** The row of the log. */
  readonly row: string;
}

/** The run ended because of `--halt`. */
export class Halted extends Error {
  override readonly name = 'Halted';
}

/** Turns the lines of an input into work, and the outcomes into results in the order of the lines. */
export class LineResults {
  readonly work: WorkList;
  /** The host of a worker by its rank, for the log; undefined if unknown. */
  hostOf: (worker: number | undefined) => string | undefined = () => undefined;
  readonly #options: LineResultsOptions;
  readonly #ordering: Ordering<LineResult>;
  /** When each worker completed its last line. */
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

  /** Whether `--halt` ended it early. */
  get isHalting(): boolean {
    return this.#isHalting;
  }

  /** @throws TypeError if the log of the resumed run does not match this line */
  #isWanted(line: number, value: unknown): boolean {
    const { journal, tally, module, retriesFailed } = this.#options;
    const logged = journal?.logged.get(line);
    if (logged !== undefined && !(logged.hasFailed && retriesFailed)) {
      const { command } = logged;
      if (!command.endsWith(commandOf('', value)))
        throw new ResumeError(USAGE.otherCommand(line, command).message);
      tally.before++;
      return false;
    }
    this.#ordering.expect(line);
    const stored = journal?.stored(line);
    if (stored === undefined || (stored.hasFailed && retriesFailed)) return true;
    if (!stored.row.endsWith(commandOf('', value)))
      throw new ResumeError(USAGE.otherModule(line, module).message);
    const { text, row } = stored;
    tally.before++;
    this.#ordering.add(line, { line, outcome: undefined, text, row });
    return false;
  }

  /**
   * The results in order.
   * @throws Halted; SleighError if no worker is left; what the outcomes throw
   */
  async *of(outcomes: AsyncIterable<Outcome>): AsyncGenerator<LineResult, void, undefined> {
    const { halt, tally } = this.#options;
    for await (const outcome of outcomes) {
      // Lines that failed because no worker is left are not completed, so a resumed run processes them.
      if ('error' in outcome && outcome.error.code === 'no-workers')
        throw new SleighError({ code: 'no-workers', message: outcome.error.reason });
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
    const lineOutcome = outcomeOfLine(line, outcome);
    const { text, failure } = isWritten
      ? written(lineOutcome)
      : { text: '', failure: failureIn(lineOutcome) };
    const row = this.#rowOf(work, outcome, text, failure !== undefined);
    tally.count(failure);
    if (isWritten) journal?.store(line, { text, row, hasFailed: failure !== undefined });
    this.#ordering.add(line, { line, outcome: lineOutcome, text, row });
  }

  #rowOf(work: Work, outcome: Outcome, text: string, hasFailed: boolean): string {
    const { journal, module } = this.#options;
    if (journal === undefined) return '';
    const worker = 'error' in outcome ? outcome.error.worker : outcome.worker;
    const ended = Date.now();
    // The line may have waited for its worker, which processes one at a time.
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

/** How a line ended, for the log. A call may have ended its worker. */
function endOf(outcome: Outcome, hasFailed: boolean): Pick<LogRow, 'exitValue' | 'signal'> {
  if (!('error' in outcome)) return { exitValue: hasFailed ? 1 : 0, signal: 0 };
  const { code, exitStatus = 1, signal } = outcome.error;
  if (code === 'timed-out') return { exitValue: -1, signal: 0 };
  const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1] ?? 0;
  return { exitValue: exitStatus === 0 ? 1 : exitStatus, signal: number };
}

/** The run cannot be resumed. The message says why, in one line. */
export class ResumeError extends Error {
  override readonly name = 'ResumeError';
  readonly code = 'usage';
}

const failureIn = (outcome: LineOutcome): LineError | undefined => ('error' in outcome ? outcome : undefined);

/** The output line of a result. A result that JSON cannot express is an error. */
function written(outcome: LineOutcome): { readonly text: string; readonly failure: LineError | undefined } {
  const { line } = outcome;
  if ('error' in outcome) return { text: jsonLine({ line, error: outcome.error }), failure: outcome };
  try {
    return { text: jsonLine(outcome.value), failure: undefined };
  } catch (cause) {
    const [why = ''] = reasonOf(cause).split('\n');
    const error = `the result cannot be written as JSON: ${why}`;
    return { text: jsonLine({ line, error }), failure: { line, error, stack: error } };
  }
}
