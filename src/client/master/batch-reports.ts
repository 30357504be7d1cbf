import { BOUNDS } from '../../wire/bounds.ts';
import { inspect } from 'node:util';
import {
  JOB_REPORT,
  type BatchProgress,
  type FailedElement,
  type JobReport,
  type RetryAnswer,
} from '../../wire/job-report.ts';
import { plain } from '../../wire/json-fields.ts';
import type { Clock, Timer } from '../clock.ts';
import type { ConnectionPool } from '../connection/connection-pool.ts';
import type { BatchReport } from '../options/batch-options.ts';
import type { OutcomeError } from '../task/outcome.ts';
import type { ChunkPart } from '../values/chunk.ts';
import { decodeBody } from '../values/bodies.ts';
import type { FunctionName } from './fixed-arguments.ts';

/** Milliseconds between two stores of the progress. */
const PERIOD_MS = 1_000;
/** The number of characters of an element, of a message and of a stack that are kept. */
const ELEMENT_LENGTH = 500;
const MESSAGE_LENGTH = 1_000;
const STACK_LENGTH = 4_000;

export interface BatchReportsOptions {
  readonly lines: ConnectionPool;
  readonly workspace: string;
  readonly clock: Clock;
  /** The hosts of workers by rank, and how often a task is attempted (S13). */
  readonly sender: { readonly hosts: ReadonlyMap<number, string>; readonly maxAttempts: number };
}

/** Tells the server how the batches of this master progress, for the page and for `sleigh status` (S24). */
export class BatchReports {
  readonly #options: BatchReportsOptions;
  /** By id, oldest first. */
  readonly #batches = new Map<string, BatchProgress>();
  #timer: Timer | undefined;
  #hasChanged = false;
  #isOver = false;
  /** The elements of all batches with an outcome, and the failed ones among these. */
  #done = 0;
  #failures = 0;
  /** The number of values that were stored to the variable of failures. */
  #stored = 0;

  constructor(options: BatchReportsOptions) {
    this.#options = options;
  }

  /** Reports a new batch. */
  begin(id: string, { module, name }: FunctionName): BatchReport {
    const { clock } = this.#options;
    const progress: BatchProgress = {
      id,
      module,
      function: name,
      total: undefined,
      read: 0,
      done: 0,
      failed: 0,
      began: clock.date().getTime(),
      ended: undefined,
    };
    this.#batches.set(id, progress);
    this.#change();
    return {
      progress: (latest) => {
        this.#done += latest.done - progress.done;
        Object.assign(progress, latest);
        this.#change();
      },
      failed: (outcome, element) => this.#failed(id, outcome, element),
      retried: (index) => {
        this.#failures--;
        this.#storeFailure({ batch: id, index, retry: 'begun', at: clock.date().getTime() });
      },
      ended: () => {
        progress.ended = clock.date().getTime();
        this.#change();
      },
    };
  }

  /** A failed element was to be called again, and it is too late for that (S24.6). */
  tooLate(batch: string, index: number): void {
    // The order was meant for another master of this workspace.
    if (!this.#batches.has(batch)) return;
    this.#storeFailure({ batch, index, retry: 'too-late', at: this.#options.clock.date().getTime() });
  }

  /** Stores what has changed since the last time, and nothing more. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.stop();
    if (this.#hasChanged) this.#store();
    this.#timer?.stop();
  }

  #change(): void {
    this.#hasChanged = true;
    if (this.#timer === undefined && !this.#isOver) this.#store();
  }

  /** Stores at once, and what changes within the period after it together at its end. */
  #store(): void {
    this.#hasChanged = false;
    this.#timer = this.#options.clock.startTimer(PERIOD_MS, () => {
      this.#timer = undefined;
      if (this.#hasChanged) this.#store();
    });
    this.#forgetEnded();
    const { lines, workspace } = this.#options;
    const batches = [...this.#batches.values()].slice(-BOUNDS.reportedBatches.value);
    // If it cannot be stored, the batches fail as well, and the program learns it there.
    const report: JobReport = { done: this.#done, failed: this.#failures, batches };
    lines.main.store(workspace, JOB_REPORT.progress, plain(report)).catch(() => undefined);
  }

  /** Once a second at most, because thousands of batches may run at once. */
  #forgetEnded(): void {
    for (const [oldest, { ended }] of this.#batches) {
      if (this.#batches.size <= BOUNDS.reportedBatches.value) return;
      if (ended !== undefined) this.#batches.delete(oldest);
    }
  }

  #failed(batch: string, { index, error }: OutcomeError, element: ChunkPart | undefined): void {
    const {
      clock,
      sender: { hosts, maxAttempts },
    } = this.#options;
    this.#failures++;
    const failure: FailedElement = {
      batch,
      index,
      code: error.code,
      message: error.reason.slice(0, MESSAGE_LENGTH),
      stack: error.remoteStack.slice(0, STACK_LENGTH),
      element: element && shown(element),
      worker: error.worker,
      host: error.worker === undefined ? undefined : hosts.get(error.worker),
      attempts: error.code === 'worker-died' ? maxAttempts : error.attempt,
      at: clock.date().getTime(),
    };
    this.#storeFailure(failure);
  }

  #storeFailure(failure: FailedElement | RetryAnswer): void {
    if (this.#isOver) return;
    const { lines, workspace } = this.#options;
    if (++this.#stored > BOUNDS.reportedFailures.value)
      lines.main.fetchTry(workspace, JOB_REPORT.failures).catch(() => undefined);
    lines.main.store(workspace, JOB_REPORT.failures, plain(failure)).catch(() => undefined);
  }
}

/** An element as a text for people, as far as it can be shown. */
function shown({ body: { type, body } }: ChunkPart): string {
  if (type === 'bytes' || type === 'uint8array') return `(${body.length} bytes)`;
  if (typeof body === 'string') return body.slice(0, ELEMENT_LENGTH);
  try {
    return inspect(decodeBody(type, Buffer.from(body)), {
      depth: 3,
      maxArrayLength: 20,
      maxStringLength: ELEMENT_LENGTH,
      breakLength: Infinity,
    }).slice(0, ELEMENT_LENGTH);
  } catch {
    return `(${body.length} bytes)`;
  }
}
