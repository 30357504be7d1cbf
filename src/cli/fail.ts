import { printableLines } from '../wire/printable.ts';
import { explain } from './explain.ts';
import { jsonLine } from './json-line.ts';
import type { ErrorText } from '../wire/error-kind.ts';

/**
 * The codes of errors, for programs. Errors of the client library have their own codes.
 * - `usage`: a flag or an argument is invalid, or some contradict each other
 * - `unreadable`, `unwritable`: a file
 * - `not-listening`: the server or the page cannot listen
 * - `not-begun`: the server cannot start, for another reason
 * - `unreachable`: the server that was to be verified
 * - `not-a-trace`: the file is not a trace
 * - `not-a-history`: the file is not a history
 * - `lines-failed`: a run completed, but some lines failed
 * - `internal`: an unexpected error, in this package or in a module of the user
 */
export type FailureCode =
  | 'not-durable'
  | 'usage'
  | 'unreadable'
  | 'unwritable'
  | 'not-listening'
  | 'not-begun'
  | 'unreachable'
  | 'not-a-trace'
  | 'not-a-history'
  | 'lines-failed'
  | 'internal';

const given = process.argv.slice(2);

/** Whether --json is given. The arguments are searched directly, because the flags may be invalid. */
const isForPrograms = given
  .slice(0, given.includes('--') ? given.indexOf('--') : undefined)
  .includes('--json');

/** A line for standard error: for people, or with --json for programs. */
export const lineFor = (message: string, event: object): string =>
  isForPrograms ? jsonLine(event) : `sleigh: ${printableLines(message)}\n`;

/** The line of an error. */
export const failureLine = (message: string, code: string): string =>
  lineFor(message, { error: { code, message } });

/** Ends the command with one line. */
export function fail({ message, code }: ErrorText<FailureCode>): never {
  process.stderr.write(failureLine(message, code));
  process.exit(1);
}

/** Ends the command with the message of an error, and with its stack if it is unexpected. */
export function failWith(error: unknown, isExpected = true): never {
  process.stderr.write(failureLine(textOf(error, isExpected), codeOf(error, isExpected)));
  process.exit(1);
}

export function textOf(error: unknown, isExpected: boolean): string {
  if (!(error instanceof Error)) return String(error);
  if (isShortage(error)) return `${explain(error)} (${error.message})`;
  return isExpected ? error.message : (error.stack ?? error.message);
}

/** Shortages of the system are not faults of a program, so their message is enough. */
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

/** Reports an error of commander in flags and arguments in the same form as other errors. */
export const failUsage = (text: string): never =>
  fail({
    code: 'usage',
    message: text
      .replace(/^error: /, '')
      .trim()
      .replaceAll(/\s*\n\s*/g, ' '),
  });
