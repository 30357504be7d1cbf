import { fstatSync } from 'node:fs';
import { unsafeCast } from '../../client/unsafe-cast.ts';
import { AppendFile, linesOfFile, RunFileError } from './append-file.ts';
import { HEADER, readRows, type LoggedLine } from './joblog.ts';

/** A result that is there, and not known to be printed. */
export interface StoredResult {
  /** Its row of the log. */
  readonly row: string;
  /** What is to be printed. */
  readonly text: string;
  readonly hasFailed: boolean;
}

/** A line of the file beside the log: a result that has come; or that it is going to be printed at this offset of the output. */
type Entry = ({ readonly line: number } & StoredResult) | { readonly line: number; readonly at: number };

export interface JournalOptions {
  /** The path of the log. */
  readonly path: string;
  /** Whether a run that is in the log goes on. */
  readonly isResumed: boolean;
  /** The descriptor of the output. */
  readonly output: number;
}

/** Bytes of results that are printed, beside the log, before they are thrown away. */
const MOST_PRINTED = 2 ** 20;

/**
 * The log of a run, and beside it in `FILE.results` the results that are not printed yet, so that a run that is killed at
 * any moment goes on without calling anything again, and prints each result once. A result is stored before it is printed,
 * and its row is logged after that. Which of these was the last is seen when the run is resumed; how much of a result was
 * printed is seen by the size of the output, where that is a file.
 */
export class Journal {
  readonly #log: AppendFile;
  readonly #results: AppendFile;
  readonly #output: number;
  /** By the number of the line. */
  readonly #logged: Map<number, LoggedLine>;
  readonly #stored = new Map<number, StoredResult>();
  /** The last result that was going to be printed by the run that is resumed. */
  #begun: { readonly line: number; readonly at: number } | undefined;
  /** Lines whose result is in the file, and not printed. */
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

  /** What the run that is resumed has logged, by the number of the line. */
  get logged(): ReadonlyMap<number, LoggedLine> {
    return this.#logged;
  }

  /** Whether results of the run that is resumed are not in the output: a shell empties a file that it opens by `>`. */
  get isOutputEmptied(): boolean {
    return this.#logged.size > 0 && this.#outputSize() === 0;
  }

  /** @returns the result of the run that is resumed */
  stored(line: number): StoredResult | undefined {
    return this.#stored.get(line);
  }

  /** Keeps a result that has come. @throws RunFileError */
  store(line: number, result: StoredResult): void {
    this.#unprinted.add(line);
    this.#results.append(JSON.stringify({ line, ...result } satisfies Entry));
  }

  /** It is going to be printed. @returns what is still to be printed of it. @throws RunFileError */
  begin(line: number, text: string): string | Uint8Array {
    const size = this.#outputSize();
    if (size === undefined) return text;
    const begun = this.#begun;
    if (begun?.line === line && size >= begun.at) return Buffer.from(text).subarray(size - begun.at);
    this.#results.append(JSON.stringify({ line, at: size } satisfies Entry));
    return text;
  }

  /** It is printed. @throws RunFileError */
  finish(line: number, row: string): void {
    this.#log.append(row);
    this.#unprinted.delete(line);
    if (this.#unprinted.size === 0 && this.#results.bytes > MOST_PRINTED) this.#results.empty();
  }

  close(): void {
    this.#log.close();
    if (this.#unprinted.size === 0) this.#results.remove();
    else this.#results.close();
  }

  /** @returns undefined where the output is no file */
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
