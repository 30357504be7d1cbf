/**
 * What a sentinel tells about its workers, as a JSON value of an ordinary variable of the job (S24.3). The page reads it.
 * Any client may have written it, so readers check it with `readSentinelReport`.
 */
import { count, countIfAny, isObject, parsed, text } from './json-fields.ts';

/** The name of the variable is this and the first rank that the sentinel was given. */
export const SENTINEL_REPORT = '#sentinel ';

export interface SentinelReport {
  readonly host: string;
  readonly workers: readonly WorkerReport[];
}

export interface WorkerReport {
  readonly rank: number;
  /** The processor time that its process uses, in processors: 1 is one that is busy all the time. */
  readonly processors: number | undefined;
  /** The memory of its process, in bytes. */
  readonly memory: number | undefined;
  /** A call that lasts, undefined if its calls are short. */
  readonly call: CallReport | undefined;
}

export interface CallReport {
  readonly batch: string;
  /** The place of its element in the task, from 0. */
  readonly place: number;
  /** Whether it still loads its module. */
  readonly isLoading: boolean;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** @returns undefined if the text is not a report */
export function readSentinelReport(json: string): SentinelReport | undefined {
  const report = parsed(json);
  if (!isObject(report) || !Array.isArray(report['workers'])) return undefined;
  const workers = report['workers'].filter(isObject).map((worker) => ({
    rank: count(worker['rank']),
    processors: countIfAny(worker['processors']),
    memory: countIfAny(worker['memory']),
    call: isObject(worker['call']) ? callIn(worker['call']) : undefined,
  }));
  return { host: text(report['host']), workers };
}

const callIn = (call: Readonly<Record<string, unknown>>): CallReport => ({
  batch: text(call['batch']),
  place: count(call['place']),
  isLoading: call['isLoading'] === true,
  since: count(call['since']),
});
