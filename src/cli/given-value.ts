import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { explain } from './explain.ts';
import { ToolError } from './shell-tool.ts';
import { TOOL } from './errors.ts';

/** A value whose size is known. */
export interface GivenValue extends AsyncDisposable {
  readonly size: number;
  readonly isUtf8: boolean;
  bytes(): AsyncIterable<Uint8Array>;
}

/** Bytes that are kept in memory before they go to a file, because the size must be known before a value is sent. */
const MAX_HELD = 8 * 2 ** 20;

/** Reads standard input to its end, into a file if it is large. */
export async function readInput(signal: AbortSignal): Promise<GivenValue> {
  const pieces: Buffer[] = [];
  let size = 0;
  const input: AsyncIterator<Buffer> = process.stdin[Symbol.asyncIterator]();
  signal.addEventListener('abort', () => process.stdin.destroy());
  while (size <= MAX_HELD) {
    const next = await input.next();
    signal.throwIfAborted();
    if (next.done === true) return inMemory(pieces);
    pieces.push(next.value);
    size += next.value.length;
  }
  return inFile(pieces, { [Symbol.asyncIterator]: () => input }, signal);
}

export function inMemory(pieces: readonly Buffer[]): GivenValue {
  const whole = Buffer.concat(pieces);
  const check = new Utf8Check();
  check.look(whole);
  return {
    size: whole.length,
    isUtf8: check.end(),
    async *bytes() {
      yield whole;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function inFile(
  pieces: readonly Buffer[],
  rest: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<GivenValue> {
  const folder = await mkdtemp(join(tmpdir(), 'sleigh-put-')).catch(noRoom);
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const file = join(folder, 'value');
  const check = new Utf8Check();
  let size = 0;
  async function* all(): AsyncGenerator<Buffer> {
    for await (const piece of chained(pieces, rest)) {
      size += piece.length;
      check.look(piece);
      yield piece;
    }
  }
  try {
    await pipeline(all, createWriteStream(file, { mode: 0o600 }), { signal });
  } catch (error) {
    await remove();
    signal.throwIfAborted();
    return noRoom(error);
  }
  return { size, isUtf8: check.end(), bytes: () => createReadStream(file), [Symbol.asyncDispose]: remove };
}

/** @throws ToolError */
function noRoom(cause: unknown): never {
  throw new ToolError(TOOL.noRoom(tmpdir(), explain(cause)), { cause });
}

async function* chained(pieces: readonly Buffer[], rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* pieces;
  yield* rest;
}

/** Checks piece by piece whether bytes are UTF-8. */
class Utf8Check {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #isUtf8 = true;

  look(piece: Uint8Array): void {
    this.#try(() => this.#decoder.decode(piece, { stream: true }));
  }

  end(): boolean {
    this.#try(() => this.#decoder.decode());
    return this.#isUtf8;
  }

  #try(decode: () => string): void {
    try {
      if (this.#isUtf8) decode();
    } catch {
      this.#isUtf8 = false;
    }
  }
}
