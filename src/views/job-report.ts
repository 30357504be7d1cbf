import type { Sleigh } from '../sleigh/sleigh.ts';
import {
  JOB_REPORT,
  readFailure,
  readJobReport,
  type FailedElement,
  type JobReport,
} from '../wire/job-report.ts';
import { isFile } from '../wire/payload.ts';
import type { Value } from '../workspace/value.ts';
import { decode } from './names.ts';
import { pageOf, type Range } from './paging.ts';
import type { FailedElementsView } from './progress-types.ts';

/** The number of failed elements that a master keeps (S24). */
const MAX_FAILURES = 1_000;
/** The number of groups of equal failures that are shown. */
const MAX_GROUPS = 20;

/** Parsed values, so that several views of one report parse it once. */
const reports = new WeakMap<Value, JobReport>();
const failures = new WeakMap<Value, FailedElement>();

/** @returns what the master tells about its batches; undefined if it tells nothing (S24) */
export function jobReport(sleigh: Sleigh): JobReport | undefined {
  const [value] = sleigh.workspace.find(JOB_REPORT.progress)?.values(0, 1) ?? [];
  return value && once(reports, value, readJobReport);
}

/** The failed elements of a job that its master tells about, newest first, and grouped by their messages. */
export function failedElements(sleigh: Sleigh, range: Range): FailedElementsView {
  const values = sleigh.workspace.find(JOB_REPORT.failures)?.values(0, MAX_FAILURES) ?? [];
  const all = values.flatMap((value) => once(failures, value, readFailure) ?? []).toReversed();
  const counts = new Map<string, { code: string; message: string; count: number }>();
  for (const { code, message } of all) {
    const group = counts.get(`${code} ${message}`) ?? { code, message, count: 0 };
    group.count++;
    counts.set(`${code} ${message}`, group);
  }
  const groups = [...counts.values()].sort((a, b) => b.count - a.count).slice(0, MAX_GROUPS);
  return { ...pageOf(all.length, range, all, (failure) => failure), groups };
}

function once<Parsed extends object>(
  known: WeakMap<Value, Parsed>,
  value: Value,
  read: (json: string) => Parsed | undefined,
): Parsed | undefined {
  const before = known.get(value);
  if (before !== undefined || isFile(value.payload)) return before;
  const { payload } = value;
  const parsed = read(decode(typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload));
  if (parsed !== undefined) known.set(value, parsed);
  return parsed;
}
