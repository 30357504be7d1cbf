import { once } from 'node:events';
import type { LineOutcome } from '../line-outcome.ts';
import { print } from '../output.ts';
import type { StatusLine } from '../status-line.ts';
import type { UserModule } from '../user-module.ts';
import type { Journal } from './journal.ts';
import type { LineResult } from './line-results.ts';

export interface DeliverOptions {
  readonly status: StatusLine;
  readonly journal: Journal | undefined;
  readonly signal: AbortSignal;
}

/**
 * Writes results, or passes them to the module's own `output`.
 * @throws what the results or the module throw, OutputError, RunFileError; the reason of the signal
 */
export async function deliver(
  results: AsyncIterable<LineResult>,
  { output }: UserModule,
  { status, journal, signal }: DeliverOptions,
): Promise<void> {
  const taken = output === undefined ? write(results, status, journal) : output(outcomesIn(results, journal));
  await Promise.race([taken, aborted(signal)]);
}

/** Writes as fast as the reader takes the results. */
async function write(
  results: AsyncIterable<LineResult>,
  status: StatusLine,
  journal: Journal | undefined,
): Promise<void> {
  for await (const { line, text, row } of results) {
    if (process.stdout.isTTY) status.erase();
    await print(journal === undefined ? text : journal.begin(line, text));
    journal?.finish(line, row);
  }
}

/** A module is done with an outcome when it requests the next one. */
async function* outcomesIn(
  results: AsyncIterable<LineResult>,
  journal: Journal | undefined,
): AsyncGenerator<LineOutcome, void, undefined> {
  for await (const { line, outcome, row } of results) {
    if (outcome !== undefined) yield outcome;
    journal?.finish(line, row);
  }
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}
