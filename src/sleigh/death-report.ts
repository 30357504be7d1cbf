import type { TaskFate, WorkerEnd } from '../machines/worker-end.ts';
import { KEY } from '../wire/names.ts';
import { parseWhole } from '../wire/numbers.ts';
import type { Metadata } from '../wire/payload.ts';
import { isRefusal, notANumber, refusal, type Refusal } from '../workspace/refusal.ts';
import { JOB } from '../wire/refusals.ts';

/** What a sentinel reports to `worker_dead` (S19). */
export interface DeathReport {
  readonly session: string;
  readonly end: WorkerEnd;
  readonly task: TaskFate;
}

/** Bytes that are kept of each text; more would be of no use, and would grow without bound. */
const MOST_WHY = 64;
const MOST_HOW = 255;
const MOST_LAST_WORDS = 4_096;
/** Of the last words of each worker that has ended, which are kept as long as it is known. */
const MOST_REMEMBERED = 500;

const FATES: readonly string[] = ['tried', 'untried', 'failed', 'declined'] satisfies TaskFate[];
const isFate = (text: string): text is TaskFate => FATES.includes(text);

const DIED = 'died';

/** How a worker ended that is replaced without a report, as if it had been reported as one that says nothing (S19). */
export const UNREPORTED: WorkerEnd = { why: DIED, how: undefined, lastWords: undefined, at: undefined };

/** Metadata is text of one character a byte: what is cut must not end, or begin, in the middle of a UTF-8 character. */
const beginning = (text: string, most: number): string =>
  text.length <= most ? text : text.slice(0, most).replace(/[\xc0-\xff][\x80-\xbf]*$/, '');
const ending = (text: string, most: number): string =>
  text.length <= most ? text : text.slice(-most).replace(/^[\x80-\xbf]+/, '');

/** What is remembered of it. */
export const shortened = (end: WorkerEnd): WorkerEnd => ({
  ...end,
  lastWords: end.lastWords && ending(end.lastWords, MOST_REMEMBERED),
});

/** @returns undefined when the metadata has no session: then it is a report as in S13 */
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
    why: beginning(metadata.get(KEY.why) ?? DIED, MOST_WHY),
    how: how && beginning(how, MOST_HOW),
    lastWords: lastWords && ending(lastWords, MOST_LAST_WORDS),
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
