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
 * Writes results, or gives them to the module's own `output`.
 * @throws what the results throw, OutputError, RunFileError, what the module throws; the reason of the signal
 */
export async function deliver(
  results: AsyncIterable<LineResult>,
  { output }: UserModule,
  { status, journal, signal }: DeliverOptions,
): Promise<void> {
  const taken = output === undefined ? write(results, status, journal) : output(outcomesIn(results, journal));
  await Promise.race([taken, aborted(signal)]);
}

/** At the pace of whoever reads them. */
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

/** What a module has taken is done when it asks for the next. */
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
