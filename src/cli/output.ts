import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { printableLines } from '../wire/printable.ts';
import { explain } from './explain.ts';
import { fail, failWith } from './fail.ts';
import { Interruption } from './interruption.ts';
import { FILE } from './errors.ts';

/** Standard output cannot be written, so the output of the command is incomplete. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
  readonly code = 'unwritable';

  constructor(cause: unknown) {
    super(FILE.outputGone(explain(cause)).message, { cause });
  }
}

/** Standard output, and its first error. */
export class Output {
  readonly #stream: Writable;
  /** Saved, because `sleigh run` replaces it for the modules of its users. */
  readonly #write: Writable['write'];
  #fault: OutputError | Interruption | undefined;
  #onFault: ((fault: OutputError | Interruption) => void) | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
    this.#write = stream.write.bind(stream);
    stream.on('error', (error) => this.#broke(error));
  }

  /**
   * @param listener called once, when writing fails. If the reader has closed its end, as `head` does, it is an
   *   Interruption.
   */
  onFault(listener: (fault: OutputError | Interruption) => void): void {
    this.#onFault = listener;
    if (this.#fault !== undefined) listener(this.#fault);
  }

  /**
   * Writes, and waits while the reader is slow.
   * @throws OutputError; Interruption if nobody reads any more
   */
  async print(text: string | Uint8Array): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault;
    if (!this.write(text)) await once(this.#stream, 'drain').catch(() => undefined);
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Whether it is a terminal. Control characters are escaped for a terminal. */
  get isTerminal(): boolean {
    return 'isTTY' in this.#stream && this.#stream.isTTY === true;
  }

  /**
   * As `print`, for callers that cannot wait. `flush` throws its errors.
   * @returns whether the reader keeps up
   */
  write(text: string | Uint8Array): boolean {
    const shown = typeof text === 'string' && this.isTerminal ? printableLines(text) : text;
    return this.#write(shown, (error) => {
      if (error) this.#broke(error);
    });
  }

  /**
   * Waits until everything is written.
   * @throws as `print` does
   */
  async flush(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#write('', () => resolve());
    });
    // The stream reports an error in the next turn of the event loop.
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

/** The standard output of this process. */
export const standardOutput = new Output(process.stdout);

/**
 * Writes to standard output.
 * @throws OutputError; Interruption if nobody reads any more
 */
export const print = (text: string | Uint8Array): Promise<void> => standardOutput.print(text);

/** Exits when everything is written; with status 1 and a line on standard error if that fails. */
export async function exit(status: number): Promise<never> {
  await standardOutput.flush().catch((fault: unknown) => exitFor(fault, status));
  process.exit(status);
}

/**
 * Exits because of an error whose message is sufficient.
 * @param status the exit status if only the reader has closed its end
 */
export function exitFor(error: unknown, status = 0): never {
  if (error instanceof Interruption) process.exit(Math.max(error.status, status));
  return error instanceof OutputError ? fail(error) : failWith(error, false);
}
