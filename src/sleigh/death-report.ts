import { BOUNDS } from '../wire/bounds.ts';
import type { TaskFate, WorkerEnd } from '../machines/worker-end.ts';
import { KEY } from '../wire/names.ts';
import { parseWhole } from '../wire/numbers.ts';
import type { Metadata } from '../wire/payload.ts';
import { isRefusal, notANumber, refusal, type Refusal } from '../workspace/refusal.ts';
import { JOB } from '../wire/refusals.ts';

/** The report of a sentinel in `worker_dead` (S19). */
export interface DeathReport {
  readonly session: string;
  readonly end: WorkerEnd;
  readonly task: TaskFate;
}

const FATES: readonly string[] = ['tried', 'untried', 'failed', 'declined'] satisfies TaskFate[];
const isFate = (text: string): text is TaskFate => FATES.includes(text);

const DIED = 'died';

/** The end of a worker that is replaced without a report (S19). */
export const UNREPORTED: WorkerEnd = { why: DIED, how: undefined, lastWords: undefined, at: undefined };

/** Metadata have one character for each byte, so a truncated text must not end, or begin, within a UTF-8 character. */
const beginning = (text: string, most: number): string =>
  text.length <= most ? text : text.slice(0, most).replace(/[\xc0-\xff][\x80-\xbf]*$/, '');
const ending = (text: string, most: number): string =>
  text.length <= most ? text : text.slice(-most).replace(/^[\x80-\xbf]+/, '');

/** The part that is kept with a worker. */
export const shortened = (end: WorkerEnd): WorkerEnd => ({
  ...end,
  lastWords: end.lastWords && ending(end.lastWords, BOUNDS.keptLastWordsBytes.value),
});

/** @returns undefined if the metadata have no session: then it is a report as in S13 */
export function readReport(metadata: Metadata): DeathReport | Refusal | undefined {
  const session = metadata.get(KEY.session);
  if (session === undefined) return undefined;
  const task = metadata.get(KEY.task) ?? 'tried';
  if (!isFate(task)) return refusal(JOB.badFate(task));
  const at = wholeOrNone(metadata, KEY.at);
  if (isRefusal(at)) return at;
  const how = metadata.get(KEY.how);
  const lastWords = metadata.get(KEY.lastWords);
  const end: WorkerEnd = {
    why: beginning(metadata.get(KEY.why) ?? DIED, BOUNDS.endReasonBytes.value),
    how: how && beginning(how, BOUNDS.endDescriptionBytes.value),
    lastWords: lastWords && ending(lastWords, BOUNDS.lastWordsBytes.value),
    at: at.number,
  };
  return { session, end, task };
}

function wholeOrNone(metadata: Metadata, name: string): { readonly number: number | undefined } | Refusal {
  const text = metadata.get(name);
  if (text === undefined) return { number: undefined };
  const number = parseWhole(text);
  return number === undefined ? notANumber(name, text) : { number };
}
