import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { readStep } from '../trace/check.ts';
import type { TraceStep } from '../trace/step.ts';
import { explain } from './explain.ts';
import { fail } from './fail.ts';

/**
 * The steps of a file that `sleigh serve --trace` wrote, with their line numbers. It reports a line that is not a
 * step, and ends.
 */
export async function* readTrace(path: string): AsyncGenerator<[line: number, step: TraceStep]> {
  let line = 0;
  const input = createReadStream(path).on('error', (error) =>
    fail(`cannot read ${path}: ${explain(error)}`, 'unreadable'),
  );
  for await (const text of createInterface({ input })) {
    line++;
    const step = readStep(text);
    if (step === undefined) fail(`line ${line} of ${path} is no step of a trace`, 'not-a-trace');
    yield [line, step];
  }
  if (line === 0) fail(`${path} is empty: a trace has a line for each step of an actor`, 'not-a-trace');
}
