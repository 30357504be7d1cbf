import Denque from 'denque';
import { Condition } from '../../client/condition.ts';
import type { Outcome } from '../../client/task/outcome.ts';
import type { TaskErrorCode } from '../../client/task/task-metadata.ts';
import type { Inputs } from '../user-module.ts';

/** One line to process. */
export interface Work {
  /** From 1. */
  readonly line: number;
  readonly value: unknown;
  /** How often it has been submitted. */
  attempts: number;
  /** When it was last submitted, by the clock of the system, in milliseconds. */
  handedOut: number;
}

export interface WorkListOptions {
  /** How often a line is attempted in all. */
  readonly attempts: number;
  /** Called for each line before it is first submitted. Lines that are not wanted are skipped. */
  readonly isWanted: (line: number, value: unknown) => boolean;
  /** Whether a further line may be read now; checked again after each `settle` and `look`. */
  readonly hasRoom: () => boolean;
}

/** Failures that may not occur at another time or on another worker. */
const WORTH_A_RETRY: ReadonlySet<TaskErrorCode> = new Set(['threw', 'timed-out', 'worker-died']);

/** The lines of a run, and which of them are under way. Each is submitted until it succeeds or has no attempts left. */
export class WorkList {
  readonly #options: WorkListOptions;
  readonly #inputs: Inputs;
  readonly #again = new Denque<Work>();
  /** By the index of the element as which it was submitted. */
  readonly #out = new Map<number, Work>();
  readonly #changed = new Condition();
  #handedOut = 0;
  #isStopped = false;

  constructor(inputs: Inputs, options: WorkListOptions) {
    this.#inputs = inputs;
    this.#options = options;
  }

  /** The lines under way, in the order in which they were submitted. */
  get unfinished(): number[] {
    return Array.from(this.#out.values(), ({ line }) => line);
  }

  /** Submits no further line, and repeats none. */
  stop(): void {
    this.#isStopped = true;
    this.#changed.give();
  }

  /** Called when there may be room for a further line. */
  look(): void {
    this.#changed.give();
  }

  /**
   * The work, in the order of the lines.
   * @throws what the inputs throw
   */
  async *elements(): AsyncGenerator<unknown, void, undefined> {
    const lines = numbered(this.#inputs);
    let reading: Promise<IteratorResult<NumberedLine, void>> | undefined;
    let isAtEnd = false;
    try {
      while (!this.#isStopped) {
        const again = this.#again.shift();
        if (again !== undefined) yield this.#handOut(again);
        else if (isAtEnd) {
          if (this.#out.size === 0 || this.#options.attempts === 1) return;
          await this.#changed.wait();
        } else if (reading === undefined && !this.#options.hasRoom()) await this.#changed.wait();
        else {
          if (reading === undefined) {
            reading = lines.next();
            // An error is reported to the caller that waits for it, if there is one.
            reading.catch(() => undefined);
          }
          const next = await Promise.race([reading, this.#changed.wait()]);
          if (next === undefined) continue;
          reading = undefined;
          isAtEnd = next.done === true;
          if (next.done !== true && this.#options.isWanted(next.value.line, next.value.value))
            yield this.#handOut({ ...next.value, attempts: 0, handedOut: 0 });
        }
      }
    } finally {
      // A pending line may never arrive.
      void lines.return().catch(() => undefined);
    }
  }

  #handOut(work: Work): unknown {
    work.attempts++;
    work.handedOut = Date.now();
    this.#out.set(this.#handedOut++, work);
    return work.value;
  }

  /** @returns the work of the outcome; undefined if it is tried again */
  settle(outcome: Outcome): Work | undefined {
    const work = this.#out.get(outcome.index);
    if (work === undefined) return undefined;
    this.#out.delete(outcome.index);
    const isTriedAgain =
      'error' in outcome &&
      WORTH_A_RETRY.has(outcome.error.code) &&
      work.attempts < this.#options.attempts &&
      !this.#isStopped;
    if (isTriedAgain) this.#again.push(work);
    this.#changed.give();
    return isTriedAgain ? undefined : work;
  }
}

interface NumberedLine {
  readonly line: number;
  readonly value: unknown;
}

async function* numbered(inputs: Inputs): AsyncGenerator<NumberedLine, void, undefined> {
  let line = 0;
  for await (const value of inputs) yield { line: ++line, value };
}
