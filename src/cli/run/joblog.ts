import { printable } from '../../wire/printable.ts';
import { LINE } from '../errors.ts';
import { typeError } from '../../wire/error-kind.ts';

/** The log of a run, in the columns of GNU parallel's `--joblog`. */

export const HEADER = [
  'Seq',
  'Host',
  'Starttime',
  'JobRuntime',
  'Send',
  'Receive',
  'Exitval',
  'Signal',
  'Command',
].join('\t');

/** The log entry of one line of the input. */
export interface LogRow {
  /** The number of the line, from 1. */
  readonly line: number;
  /** The host that processed it; `-` if unknown. */
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly started: number;
  /** The duration in milliseconds. */
  readonly took: number;
  /** Bytes of the line and of its result. */
  readonly sent: number;
  readonly received: number;
  /**
   * 0, or 1 for a call that failed, -1 for one that timed out, otherwise the exit status of the worker that the call
   * ended.
   */
  readonly exitValue: number;
  /** The number of the signal that ended the worker, otherwise 0. */
  readonly signal: number;
  /** The module and the line. */
  readonly command: string;
}

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(3);

export function rowText(row: LogRow): string {
  const { line, host, started, took, sent, received, exitValue, signal, command } = row;
  const times = [seconds(started), seconds(took).padStart(10)];
  return [line, printable(host), ...times, sent, received, exitValue, signal, command].join('\t');
}

/** The part of a row that a resumed run needs. */
export interface LoggedLine {
  readonly hasFailed: boolean;
  readonly command: string;
}

/**
 * @returns the entries of the log by line number; the last row of a line counts
 * @throws TypeError for a row that is invalid
 */
export function readRows(rows: readonly string[]): Map<number, LoggedLine> {
  const logged = new Map<number, LoggedLine>();
  if (rows.length === 0) return logged;
  if (rows[0] !== HEADER) throw typeError(LINE.noLog());
  for (const [at, row] of rows.slice(1).entries()) {
    const [line = '', , , , , , exitValue = '', signal = '', ...command] = row.split('\t');
    if (!/^[1-9]\d*$/.test(line) || command.length === 0) throw typeError(LINE.noLogRow(at + 2));
    logged.set(Number(line), { hasFailed: exitValue !== '0' || signal !== '0', command: command.join('\t') });
  }
  return logged;
}

/** The number of characters of a line that the log shows. */
const SHOWN = 200;

/** @returns the module and its argument, in one line without tabs */
export function commandOf(module: string, value: unknown): string {
  const text = typeof value === 'string' ? value : (safeJson(value) ?? typeof value);
  return `${module} ${printable(text.slice(0, SHOWN))}`;
}

function safeJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
