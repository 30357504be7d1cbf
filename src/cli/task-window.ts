import type { Found, NwsConnection } from '../client/connection.ts';
import { ConnectionLostError, NwsError } from '../client/errors.ts';
import type { TaskFailure } from '../client/worker.ts';
import { Notice } from './notice.ts';

/** What became of one line of the input. */
export type Outcome = LineValue | LineError;

export interface LineValue {
  /** From 1. */
  readonly line: number;
  /** The rank of the worker that did it. */
  readonly worker: number;
  readonly value: unknown;
}

export interface LineError {
  readonly line: number;
  /** `TypeError: …` */
  readonly error: string;
  /** Where it was thrown, when that is known. */
  readonly stack: string;
}

export interface WindowOptions {
  readonly storing: NwsConnection;
  /** Waits for results, so it is not the one that stores. */
  readonly fetching: NwsConnection;
  readonly workspace: string;
  /** How many lines may be read and not given back, at most. */
  readonly window: number;
  /** Outcomes come in the order of the lines, not as they come. */
  readonly isOrdered: boolean;
  /** How often a task is tried (S13). */
  readonly maxAttempts: number;
}

const BATCH = new Map([['batchId', 'lines']]);

/**
 * The master (S7): stores lines as tasks and gives their results, with so many out at once and no more. A line counts
 * until its outcome is given, so that results that wait for an earlier one take no more memory than that either.
 */
export class TaskWindow {
  readonly #options: WindowOptions;
  readonly #changed = new Notice();
  /** Outcomes of lines that never became tasks. */
  readonly #refused: LineError[] = [];
  readonly #fetched: Outcome[] = [];
  /** How many results may be there to take at once. */
  #hoped = 1;
  #read = 0;
  #given = 0;
  /** Tasks on their way to the server, and those that it has taken; a result may be here before word of that. */
  #storing = 0;
  #stored = 0;
  #answered = 0;
  readonly #out = new Set<number>();
  #isFed = false;
  #isStopped = false;
  /** What ended the input before its end. */
  #fault: unknown;

  constructor(options: WindowOptions) {
    this.#options = options;
  }

  /** The lines that are out, the oldest first. */
  get linesOut(): number[] {
    return [...this.#out];
  }

  /**
   * @throws whatever the inputs threw, when all that came before is answered; NwsError and ConnectionLostError when the
   *   job ends before its time
   */
  async *run(inputs: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<Outcome> {
    void this.#feed(inputs);
    const early = new Map<number, Outcome>();
    try {
      for (let outcome = await this.#next(); outcome !== undefined; outcome = await this.#next()) {
        if (!this.#options.isOrdered) {
          this.#give();
          yield outcome;
          continue;
        }
        early.set(outcome.line, outcome);
        for (let due = early.get(this.#given + 1); due !== undefined; due = early.get(this.#given + 1)) {
          early.delete(due.line);
          this.#give();
          yield due;
        }
      }
    } finally {
      this.#isStopped = true;
      this.#changed.give();
    }
    if (this.#fault !== undefined) throw this.#fault;
  }

  #give(): void {
    this.#given++;
    this.#changed.give();
  }

  /** Stores lines as the window lets it, without waiting for one to be taken before the next; rejects never. */
  async #feed(inputs: AsyncIterable<unknown> | Iterable<unknown>): Promise<void> {
    try {
      const values =
        Symbol.asyncIterator in inputs ? inputs[Symbol.asyncIterator]() : inputs[Symbol.iterator]();
      while (await this.#hasRoom()) {
        const { done, value } = await values.next();
        if (done === true) break;
        void this.#store(++this.#read, value);
      }
      if (this.#isStopped) await values.return?.();
    } catch (error) {
      this.#fault ??= error;
    }
    this.#isFed = true;
    this.#changed.give();
  }

  /** @returns when one more may go out; false when no more is wanted */
  async #hasRoom(): Promise<boolean> {
    while (!this.#isStopped && this.#read - this.#given >= this.#options.window) await this.#changed.wait();
    return !this.#isStopped;
  }

  async #store(line: number, value: unknown): Promise<void> {
    const { storing, workspace } = this.#options;
    this.#out.add(line);
    this.#storing++;
    try {
      await storing.store(workspace, 'task', value, new Map(BATCH).set('line', String(line)));
      this.#stored++;
    } catch (error) {
      this.#out.delete(line);
      this.#refuse(line, error);
    }
    this.#storing--;
    this.#changed.give();
  }

  #refuse(line: number, error: unknown): void {
    if (error instanceof ConnectionLostError || (error instanceof NwsError && error.code !== 'failed')) {
      this.#fault ??= error;
      this.#isStopped = true;
    } else {
      // It is this line that cannot be sent, or is not taken; others can.
      this.#refused.push(lineError(line, String(error)));
    }
  }

  /** @returns undefined when all is answered */
  async #next(): Promise<Outcome | undefined> {
    for (;;) {
      const here = this.#refused.shift() ?? this.#fetched.shift();
      if (here !== undefined) return here;
      if (this.#stored > this.#answered) await this.#fetch();
      else if (this.#isFed && this.#storing === 0) return undefined;
      else await this.#changed.wait();
    }
  }

  /** Takes the results that are there, or waits for one. Where there were many it asks for more at a time. */
  async #fetch(): Promise<void> {
    const { fetching, workspace } = this.#options;
    const hoped = Math.min(this.#hoped, this.#stored - this.#answered);
    const tried = await Promise.all(
      Array.from({ length: hoped }, () => fetching.fetchTry(workspace, 'result', BATCH)),
    );
    const found = tried.filter((result) => result !== undefined);
    this.#hoped = found.length === hoped ? 2 * hoped : Math.max(found.length, 1);
    if (found.length === 0) found.push(await fetching.fetch(workspace, 'result', BATCH));
    for (const result of found) {
      const outcome = this.#outcomeOf(result);
      this.#answered++;
      this.#out.delete(outcome.line);
      this.#fetched.push(outcome);
    }
  }

  #outcomeOf({ metadata, value }: Found): Outcome {
    const line = Number(metadata.get('line'));
    if (metadata.get('nwsNull') === '1')
      return lineError(
        line,
        `given up after ${this.#options.maxAttempts} attempts: the worker died each time`,
      );
    if (metadata.get('error') !== '1') return { line, worker: Number(metadata.get('nwsWorkerRank')), value };
    return isFailure(value) ? lineError(line, value.message, value.stack) : lineError(line, String(value));
  }
}

const lineError = (line: number, error: string, stack = error): LineError => ({ line, error, stack });

const isFailure = (value: unknown): value is TaskFailure =>
  typeof value === 'object' && value !== null && 'message' in value && 'stack' in value;
