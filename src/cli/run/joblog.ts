import { printable } from '../../wire/printable.ts';

/** The log of a run, line by line, in the columns of GNU parallel's `--joblog`. */

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

/** What the log says of one line of the input. */
export interface LogRow {
  /** The number of the line, from 1. */
  readonly line: number;
  /** Where it was done; `-` where nobody knows. */
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly started: number;
  /** Milliseconds. */
  readonly took: number;
  /** Bytes of the line and of its result. */
  readonly sent: number;
  readonly received: number;
  /** 0, 1 for a call that failed, -1 for one that took too long, else the exit status of the worker that it ended. */
  readonly exitValue: number;
  /** The number of the signal that ended the worker, else 0. */
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

/** What a run that is resumed needs of a row. */
export interface LoggedLine {
  readonly hasFailed: boolean;
  readonly command: string;
}

/** @returns what the log has, by the number of the line; the last row of a line counts. @throws TypeError for what is none */
export function readRows(rows: readonly string[]): Map<number, LoggedLine> {
  const logged = new Map<number, LoggedLine>();
  if (rows.length === 0) return logged;
  if (rows[0] !== HEADER) throw new TypeError('its first line is not the head of a job log');
  for (const [at, row] of rows.slice(1).entries()) {
    const [line = '', , , , , , exitValue = '', signal = '', ...command] = row.split('\t');
    if (!/^[1-9]\d*$/.test(line) || command.length === 0)
      throw new TypeError(`line ${at + 2} is not a row of a job log`);
    logged.set(Number(line), { hasFailed: exitValue !== '0' || signal !== '0', command: command.join('\t') });
  }
  return logged;
}

/** Characters of a line that the log shows. */
const SHOWN = 200;

/** @returns the module and what it is called for, in one line without tabs */
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
