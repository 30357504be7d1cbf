import { isWhole, notANumber, type Entries, type Reply } from './told.ts';

/** How a worker ended, as its sentinel says (S19). */
export interface Report {
  readonly task: 'tried' | 'untried' | 'failed' | 'declined';
  /** What null results carry that are made in place of what it had. */
  readonly signs: Entries;
}

/** Where it died without a report, or by one that says nothing else. */
export const DIED: Report = { task: 'tried', signs: {} };

const FATES: readonly Report['task'][] = ['tried', 'untried', 'failed', 'declined'];

/** @returns undefined when the word for the task is none; at most so many bytes of each text are kept */
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

/** Why a report is refused for what it says. */
export function whyNotReport(metadata: Entries): Reply | undefined {
  const { at } = metadata;
  if (at !== undefined && !isWhole(at)) return notANumber('at', at);
  // What is said of another word is open.
  return readReport(metadata) === undefined ? { status: '0001' } : undefined;
}
