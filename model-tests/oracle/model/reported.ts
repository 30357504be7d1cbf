import { isWhole, notANumber, type Entries, type Reply } from './replies.ts';

/** How a worker ended, as its sentinel reports (S19). */
export interface Report {
  readonly task: 'tried' | 'untried' | 'failed' | 'declined';
  /** The fields of null results for its work. */
  readonly signs: Entries;
}

/** It died without a report, or with one that gives no details. */
export const DIED: Report = { task: 'tried', signs: {} };

const FATES: readonly Report['task'][] = ['tried', 'untried', 'failed', 'declined'];

/** @returns undefined if the word for the task is unknown; each text is limited in bytes */
export function readReport({
  task = 'tried',
  why = 'died',
  how,
  lastWords,
  at,
}: Entries): Report | undefined {
  const fate = FATES.find((each) => each === task);
  if (fate === undefined) return undefined;
  const signs = {
    nwsWhy: why.slice(0, 64),
    ...(how !== undefined && { nwsHow: how.slice(0, 255) }),
    ...(lastWords !== undefined && { nwsLastWords: lastWords.slice(-4_096) }),
    ...(at !== undefined && { nwsAt: String(Number(at)) }),
  };
  return { task: fate, signs };
}

/** The reason why the content of a report is refused. */
export function whyNotReport(metadata: Entries): Reply | undefined {
  const { at } = metadata;
  if (at !== undefined && !isWhole(at)) return notANumber('at', at);
  // The reply to any other word is open.
  return readReport(metadata) === undefined ? { status: '0001' } : undefined;
}
