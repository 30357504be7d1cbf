import { BOUNDS } from '../wire/bounds.ts';
import type { Sleigh } from '../sleigh/sleigh.ts';
import {
  JOB_REPORT,
  readFailure,
  readJobReport,
  type FailedElement,
  type JobReport,
} from '../wire/job-report.ts';
import { onceFor } from './json-values.ts';
import { pageOf, type Range } from './paging.ts';
import type { FailedElementsView } from './progress-types.ts';

/** The number of groups of equal failures that are shown. */
const MAX_GROUPS = 20;

/** Messages that differ only in numbers are one group. */
const patternOf = (message: string): string => message.replaceAll(/\d+/g, '…');

const readReport = onceFor(readJobReport);
const failureIn = onceFor(readFailure);

/** @returns what the master tells about its batches; undefined if it tells nothing (S24) */
export function jobReport(sleigh: Sleigh): JobReport | undefined {
  const [value] = sleigh.workspace.find(JOB_REPORT.progress)?.values(0, 1) ?? [];
  return value && readReport(value);
}

/** The failed elements of a job that its master tells about, newest first, and grouped by their messages. */
export function failedElements(sleigh: Sleigh, range: Range): FailedElementsView {
  const values = sleigh.workspace.find(JOB_REPORT.failures)?.values(0, BOUNDS.reportedFailures.value) ?? [];
  return failuresView(
    values.flatMap((value) => failureIn(value) ?? []),
    range,
  );
}

/** @param oldestFirst all that are kept */
export function failuresView(oldestFirst: readonly FailedElement[], range: Range): FailedElementsView {
  const all = oldestFirst.toReversed();
  const counts = new Map<string, { code: string; message: string; count: number }>();
  for (const { code, message } of all) {
    const key = `${code} ${patternOf(message)}`;
    const group = counts.get(key) ?? { code, message, count: 0 };
    if (group.message !== message) group.message = patternOf(message);
    group.count++;
    counts.set(key, group);
  }
  const groups = [...counts.values()].sort((a, b) => b.count - a.count).slice(0, MAX_GROUPS);
  return { ...pageOf(all.length, range, all, (failure) => failure), groups };
}
