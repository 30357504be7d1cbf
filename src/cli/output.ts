import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { printableLines } from '../wire/printable.ts';
import { explain } from './explain.ts';
import { fail, failWith } from './fail.ts';
import { Interruption } from './interruption.ts';

/** Standard output cannot be written to, so what the command had to say is not all there. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
  readonly code = 'unwritable';

  constructor(cause: unknown) {
    super(`cannot write to standard output: ${explain(cause)}`, { cause });
  }
}

/** Standard output, and what went wrong with it first. */
export class Output {
  readonly #stream: Writable;
  /** Kept, because `sleigh run` gives the modules of its users another one. */
  readonly #write: Writable['write'];
  #fault: OutputError | Interruption | undefined;
  #onFault: ((fault: OutputError | Interruption) => void) | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
    this.#write = stream.write.bind(stream);
    stream.on('error', (error) => this.#broke(error));
  }

  /** @param listener called once, when writing fails; the reader having gone, as `head` does, is an Interruption */
  onFault(listener: (fault: OutputError | Interruption) => void): void {
    this.#onFault = listener;
    if (this.#fault !== undefined) listener(this.#fault);
  }

  /**
   * Writes, and waits while the reader is behind.
   * @throws OutputError; Interruption where nobody reads any more
   */
  async print(text: string | Uint8Array): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault;
    if (!this.write(text)) await once(this.#stream, 'drain').catch(() => undefined);
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** What a terminal shows it does not obey: control characters go to it as escapes. */
  get isTerminal(): boolean {
    return 'isTTY' in this.#stream && this.#stream.isTTY === true;
  }

  /** As `print`, for who cannot wait: what goes wrong is thrown by `flush`. @returns whether the reader keeps up */
  write(text: string | Uint8Array): boolean {
    const shown = typeof text === 'string' && this.isTerminal ? printableLines(text) : text;
    return this.#write(shown, (error) => {
      if (error) this.#broke(error);
    });
  }

  /** @returns when all is written. @throws as `print` does */
  async flush(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#write('', () => resolve());
    });
    // The stream tells of an error in the next turn of the loop.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#fault !== undefined) throw this.#fault;
  }

  #broke(error: Error): void {
    if (this.#fault !== undefined) return;
    const isUnread = 'code' in error && error.code === 'EPIPE';
    this.#fault = isUnread ? new Interruption('nobody reads', 0) : new OutputError(error);
    this.#onFault?.(this.#fault);
  }
}

/** That of this process. */
export const standardOutput = new Output(process.stdout);

/** Writes on standard output. @throws OutputError; Interruption where nobody reads any more */
export const print = (text: string | Uint8Array): Promise<void> => standardOutput.print(text);

/** Ends the process when all is written; with status 1 and a line on standard error when that fails. */
export async function exit(status: number): Promise<never> {
  await standardOutput.flush().catch((fault: unknown) => exitFor(fault, status));
  process.exit(status);
}

/** Ends the process for an error that says it all. @param status that of the command where only its reader has gone */
export function exitFor(error: unknown, status = 0): never {
  if (error instanceof Interruption) process.exit(Math.max(error.status, status));
  return error instanceof OutputError ? fail(error.message, error.code) : failWith(error, false);
}
