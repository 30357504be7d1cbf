import { closeSync, ftruncateSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { explain } from '../explain.ts';
import { FILE } from '../errors.ts';

/** A file of a run cannot be read or written. The message names it and the reason in one line. */
export class RunFileError extends Error {
  override readonly name = 'RunFileError';
  readonly code: 'unreadable' | 'unwritable';

  constructor(code: 'unreadable' | 'unwritable', path: string, cause: unknown) {
    super(FILE[code](path, explain(cause)).message, { cause });
    this.code = code;
  }
}

/** A file to which whole lines are appended. When `append` returns, the operating system has the line. */
export class AppendFile {
  readonly path: string;
  readonly #descriptor: number;
  #bytes = 0;

  /**
   * @param keep whether the existing content is kept; an incomplete last line is removed
   * @throws RunFileError
   */
  constructor(path: string, keep: boolean) {
    this.path = path;
    try {
      this.#descriptor = openSync(path, keep ? 'a' : 'w');
      if (!keep) return;
      const whole = wholeLines(readFileSync(path));
      ftruncateSync(this.#descriptor, whole.length);
      this.#bytes = whole.length;
    } catch (error) {
      throw new RunFileError('unwritable', path, error);
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws RunFileError */
  append(line: string): void {
    try {
      // A disk that is nearly full may accept only a part.
      for (let rest = Buffer.from(`${line}\n`); rest.length > 0;) {
        const written = writeSync(this.#descriptor, rest);
        this.#bytes += written;
        rest = rest.subarray(written);
      }
    } catch (error) {
      throw new RunFileError('unwritable', this.path, error);
    }
  }

  /** @throws RunFileError */
  empty(): void {
    try {
      ftruncateSync(this.#descriptor, 0);
      this.#bytes = 0;
    } catch (error) {
      throw new RunFileError('unwritable', this.path, error);
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  remove(): void {
    this.close();
    rmSync(this.path, { force: true });
  }
}

/**
 * @returns the lines of a file; none if there is no file
 * @throws RunFileError
 */
export function linesOfFile(path: string): string[] {
  try {
    return wholeLines(readFileSync(path)).toString('utf8').split('\n').slice(0, -1);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new RunFileError('unreadable', path, error);
  }
}

/** Removes an incomplete last line. */
const wholeLines = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.lastIndexOf('\n') + 1);
