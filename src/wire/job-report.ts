/**
 * What a master tells about its batches, as JSON values of ordinary variables of the job (S24). The page and
 * `sleigh status` read them. Any client may have written them, so readers check them with `readJobReport` and
 * `readFailure`.
 */

import { count, countIfAny, isObject, parsed, text, textIfAny } from './json-fields.ts';

export const JOB_REPORT = {
  /** A JobReport, of mode single. */
  progress: '#progress',
  /** A fifo of FailedElement and RetryAnswer: the newest 1,000. */
  failures: '#failures',
} as const;

export interface JobReport {
  /** The elements of all batches so far that have an outcome, and the failed ones among these. */
  readonly done: number;
  readonly failed: number;
  /** The newest 100 batches, oldest first. */
  readonly batches: readonly BatchProgress[];
}

export interface BatchProgress {
  readonly id: string;
  /** The function that is called (C4). */
  readonly module: string;
  readonly function: string;
  /** The number of elements, if the master knows it. */
  total: number | undefined;
  /** The number of elements that were read from the input. */
  read: number;
  /** Elements with an outcome. */
  done: number;
  /** The failed elements among these. */
  failed: number;
  /** Milliseconds since 1970. */
  readonly began: number;
  /** When nothing more of it was under way; undefined while it runs. */
  ended: number | undefined;
}

export interface FailedElement {
  readonly batch: string;
  readonly index: number;
  /** `threw`, `timed-out`, `worker-died` … */
  readonly code: string;
  readonly message: string;
  readonly stack: string;
  /** The element as text, as far as it can be shown. */
  readonly element: string | undefined;
  /** The rank of the worker, and its host. */
  readonly worker: number | undefined;
  readonly host: string | undefined;
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What the master did when it was asked to call a failed element again (S24.6). */
export interface RetryAnswer {
  readonly batch: string;
  readonly index: number;
  /** `begun`: what was told of the failure before does not hold any more. `too-late`: its outcome stays. */
  readonly retry: 'begun' | 'too-late';
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** @returns undefined if the text is not a report; a batch that is not one is left out */
export function readJobReport(json: string): JobReport | undefined {
  const report = parsed(json);
  if (!isObject(report) || !Array.isArray(report['batches'])) return undefined;
  const batches = report['batches'].filter(isObject).map((batch) => ({
    id: text(batch['id']),
    module: text(batch['module']),
    function: text(batch['function']),
    total: countIfAny(batch['total']),
    read: count(batch['read']),
    done: count(batch['done']),
    failed: count(batch['failed']),
    began: count(batch['began']),
    ended: countIfAny(batch['ended']),
  }));
  return { done: count(report['done']), failed: count(report['failed']), batches };
}

/** @returns undefined if the text is neither the report of a failed element nor what became of one */
export function readFailure(json: string): FailedElement | RetryAnswer | undefined {
  const failure = parsed(json);
  if (!isObject(failure)) return undefined;
  const [batch, index, at] = [text(failure['batch']), count(failure['index']), count(failure['at'])];
  const { retry } = failure;
  if (retry !== undefined) return { batch, index, retry: retry === 'begun' ? 'begun' : 'too-late', at };
  return {
    batch,
    index,
    code: text(failure['code']),
    message: text(failure['message']),
    stack: text(failure['stack']),
    element: textIfAny(failure['element']),
    worker: countIfAny(failure['worker']),
    host: textIfAny(failure['host']),
    attempts: count(failure['attempts']),
    at,
  };
}
