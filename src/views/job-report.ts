import { BOUNDS } from '../wire/bounds.ts';
import type { Sleigh } from '../sleigh/sleigh.ts';
import {
  JOB_REPORT,
  readFailure,
  readJobReport,
  type FailedElement,
  type JobReport,
  type RetryAnswer,
} from '../wire/job-report.ts';
import { onceFor } from './json-values.ts';
import { pageOf, type Range } from './paging.ts';
import type { FailedElementsView, FailedElementView } from './progress-types.ts';

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
export const failedElements = (sleigh: Sleigh, range: Range): FailedElementsView =>
  failuresView(failuresOf(sleigh), range);

/** The failed elements of a job that its master tells about, oldest first. */
export function failuresOf(sleigh: Sleigh): readonly FailedElementView[] {
  const values = sleigh.workspace.find(JOB_REPORT.failures)?.values(0, BOUNDS.reportedFailures.value) ?? [];
  return failuresAmong(values.flatMap((value) => failureIn(value) ?? []));
}

/** @returns the failures that hold: without those of elements that have been called again since (S24.6) */
export function failuresAmong(entries: readonly (FailedElement | RetryAnswer)[]): FailedElementView[] {
  const failures = new Map<string, FailedElementView>();
  for (const entry of entries) {
    const key = `${entry.index} ${entry.batch}`;
    const before = failures.get(key);
    if (!('retry' in entry)) {
      failures.delete(key);
      failures.set(key, { ...entry, isTooLate: false });
    } else if (entry.retry === 'begun') failures.delete(key);
    else if (before !== undefined) failures.set(key, { ...before, isTooLate: true });
  }
  return [...failures.values()];
}

type Message = Pick<FailedElement, 'code' | 'message'>;

/** What the failures of a group have in common. */
const commonOf = ({ code, message }: Message): string => `${code} ${patternOf(message)}`;

/** @returns `groupOf` for many failures of few groups */
export function groupsOf(): typeof groupOf {
  const known = new Map<string, string>();
  return (failure) => {
    const common = commonOf(failure);
    const group = known.get(common) ?? hashOf(common);
    known.set(common, group);
    return group;
  };
}

/** The group of the failures with that message: a hash, short enough for a path. */
export const groupOf = (failure: Message): string => hashOf(commonOf(failure));

/** FNV-1a of 64 bits. */
function hashOf(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const letter of text)
    hash = BigInt.asUintN(64, (hash ^ BigInt(letter.codePointAt(0) ?? 0)) * 0x100000001b3n);
  return hash.toString(16);
}

/** @param oldestFirst all that are kept */
export function failuresView(oldestFirst: readonly FailedElementView[], range: Range): FailedElementsView {
  const all = oldestFirst.toReversed();
  const groups = new Map<string, { id: string; code: string; message: string; count: number }>();
  for (const { code, message } of all) {
    const key = commonOf({ code, message });
    const group = groups.get(key) ?? { id: hashOf(key), code, message, count: 0 };
    if (group.message !== message) group.message = patternOf(message);
    group.count++;
    groups.set(key, group);
  }
  const shown = [...groups.values()].sort((a, b) => b.count - a.count).slice(0, MAX_GROUPS);
  return {
    ...pageOf(all.length, range, all, (failure) => failure),
    groups: shown,
  };
}
