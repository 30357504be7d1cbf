import { fstatSync } from 'node:fs';
import { unsafeCast } from '../../client/unsafe-cast.ts';
import { AppendFile, linesOfFile, RunFileError } from './append-file.ts';
import { HEADER, readRows, type LoggedLine } from './joblog.ts';

/** A result that has arrived and may not have been printed. */
export interface StoredResult {
  /** Its row of the log. */
  readonly row: string;
  /** The text to print. */
  readonly text: string;
  readonly hasFailed: boolean;
}

/**
 * A line of the results file: a result that has arrived, or the offset of the output at which a result is about to be
 * printed.
 */
type Entry = ({ readonly line: number } & StoredResult) | { readonly line: number; readonly at: number };

export interface JournalOptions {
  /** The path of the log. */
  readonly path: string;
  /** Whether the logged run is resumed. */
  readonly isResumed: boolean;
  /** The file descriptor of the output. */
  readonly output: number;
}

/** Bytes of printed results that the results file may contain before it is emptied. */
const MAX_PRINTED = 2 ** 20;

/**
 * The log of a run, and in `FILE.results` the results that are not printed yet. A run that is killed at any moment
 * can be resumed without repeating a call, and prints each result once. A result is stored before it is printed, and
 * its row is logged after that. When the run is resumed, the files show which of these steps was the last one. If the
 * output is a file, its size shows how much of a result was printed.
 */
export class Journal {
  readonly #log: AppendFile;
  readonly #results: AppendFile;
  readonly #output: number;
  /** The logged lines by line number. */
  readonly #logged: Map<number, LoggedLine>;
  readonly #stored = new Map<number, StoredResult>();
  /** The last result that the resumed run was about to print. */
  #begun: { readonly line: number; readonly at: number } | undefined;
  /** Lines whose result is in the file and not printed. */
  readonly #unprinted = new Set<number>();

  /** @throws RunFileError */
  constructor({ path, isResumed, output }: JournalOptions) {
    const resultsPath = `${path}.results`;
    this.#output = output;
    this.#logged = isResumed ? loggedIn(path) : new Map();
    if (isResumed) this.#readAll(resultsPath);
    this.#log = new AppendFile(path, isResumed);
    this.#results = new AppendFile(resultsPath, isResumed);
    if (this.#log.bytes === 0) this.#log.append(HEADER);
  }

  #readAll(path: string): void {
    const entries = linesOfFile(path);
    try {
      for (const entry of entries) this.#read(unsafeCast<Entry>(JSON.parse(entry)));
    } catch (error) {
      throw new RunFileError('unreadable', path, error);
    }
  }

  #read(entry: Entry): void {
    const { line } = entry;
    if (this.#logged.has(line)) return;
    if ('at' in entry) this.#begun = entry;
    else {
      this.#stored.set(line, entry);
      this.#unprinted.add(line);
    }
  }

  /** The logged lines of the resumed run, by line number. */
  get logged(): ReadonlyMap<number, LoggedLine> {
    return this.#logged;
  }

  /** Whether results of the resumed run are missing in the output, because the shell emptied the file (`>`). */
  get isOutputEmptied(): boolean {
    return this.#logged.size > 0 && this.#outputSize() === 0;
  }

  /** @returns the stored result of the resumed run */
  stored(line: number): StoredResult | undefined {
    return this.#stored.get(line);
  }

  /**
   * Stores a result that has arrived.
   * @throws RunFileError
   */
  store(line: number, result: StoredResult): void {
    this.#unprinted.add(line);
    this.#results.append(JSON.stringify({ line, ...result } satisfies Entry));
  }

  /**
   * Records that a result is about to be printed.
   * @returns the part of it that remains to be printed
   * @throws RunFileError
   */
  begin(line: number, text: string): string | Uint8Array {
    const size = this.#outputSize();
    if (size === undefined) return text;
    const begun = this.#begun;
    if (begun?.line === line && size >= begun.at) return Buffer.from(text).subarray(size - begun.at);
    this.#results.append(JSON.stringify({ line, at: size } satisfies Entry));
    return text;
  }

  /**
   * Records that it is printed.
   * @throws RunFileError
   */
  finish(line: number, row: string): void {
    this.#log.append(row);
    this.#unprinted.delete(line);
    if (this.#unprinted.size === 0 && this.#results.bytes > MAX_PRINTED) this.#results.empty();
  }

  close(): void {
    this.#log.close();
    if (this.#unprinted.size === 0) this.#results.remove();
    else this.#results.close();
  }

  /** @returns undefined if the output is not a file */
  #outputSize(): number | undefined {
    const stats = fstatSync(this.#output);
    return stats.isFile() ? stats.size : undefined;
  }
}

function loggedIn(path: string): Map<number, LoggedLine> {
  try {
    return readRows(linesOfFile(path));
  } catch (error) {
    throw error instanceof TypeError ? new RunFileError('unreadable', path, error) : error;
  }
}
