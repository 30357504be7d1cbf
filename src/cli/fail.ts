import { printableLines } from '../wire/printable.ts';
import { explain } from './explain.ts';
import { jsonLine } from './json-line.ts';

/**
 * What went wrong, for programs. Errors of the client library bring codes of their own.
 * - `usage`: a flag or an argument is none, or some contradict each other
 * - `unreadable`, `unwritable`: a file
 * - `not-listening`: the server, or the page, has no place to listen at
 * - `not-begun`: the server cannot begin, for another reason
 * - `unreachable`: the server that was to be verified
 * - `not-a-trace`: what was to be a trace
 * - `lines-failed`: of a run that went to its end
 * - `internal`: what nobody expected: a fault of ours, or of a module's own code
 */
export type FailureCode =
  | 'usage'
  | 'unreadable'
  | 'unwritable'
  | 'not-listening'
  | 'not-begun'
  | 'unreachable'
  | 'not-a-trace'
  | 'lines-failed'
  | 'internal';

const given = process.argv.slice(2);

/** Whether --json is given; looked for by hand, since what is wrong may be the flags. */
const isForPrograms = given
  .slice(0, given.includes('--') ? given.indexOf('--') : undefined)
  .includes('--json');

/** A line of standard error: for people, or with --json for programs. */
export const lineFor = (message: string, event: object): string =>
  isForPrograms ? jsonLine(event) : `sleigh: ${printableLines(message)}\n`;

/** A line that says what went wrong. */
export const failureLine = (message: string, code: string): string =>
  lineFor(message, { error: { code, message } });

/** Ends the command with one clear line. */
export function fail(message: string, code: FailureCode): never {
  process.stderr.write(failureLine(message, code));
  process.exit(1);
}

/** Ends it with what an error says: all that there is to say, or for one that nobody expects where it was thrown. */
export function failWith(error: unknown, isExpected = true): never {
  process.stderr.write(failureLine(textOf(error, isExpected), codeOf(error, isExpected)));
  process.exit(1);
}

export function textOf(error: unknown, isExpected: boolean): string {
  if (!(error instanceof Error)) return String(error);
  if (isShortage(error)) return `${explain(error)} (${error.message})`;
  return isExpected ? error.message : (error.stack ?? error.message);
}

/** What a system has too little of is no fault of a program: it says all that there is to say. */
const SHORTAGES = new Set(['EMFILE', 'ENFILE', 'ENOSPC', 'EDQUOT', 'EAGAIN', 'ENOMEM']);

const isShortage = (error: Error): boolean => 'code' in error && SHORTAGES.has(String(error.code));

const CODES: Readonly<Record<string, string>> = {
  LaunchError: 'not-launched',
  TypeError: 'usage' satisfies FailureCode,
};

export function codeOf(error: unknown, isExpected: boolean): string {
  if (!isExpected || !(error instanceof Error)) return 'internal' satisfies FailureCode;
  return 'code' in error && typeof error.code === 'string' ? error.code : (CODES[error.name] ?? 'internal');
}

/** What commander finds wrong with flags and arguments, told as everything else is. */
export const failUsage = (text: string): never =>
  fail(
    text
      .replace(/^error: /, '')
      .trim()
      .replaceAll(/\s*\n\s*/g, ' '),
    'usage',
  );
