import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { readStep } from '../trace/check.ts';
import type { TraceStep } from '../trace/step.ts';
import { explain } from './explain.ts';
import { fail } from './fail.ts';
import { FILE } from './errors.ts';

/**
 * The steps of a file that `sleigh serve --trace` wrote, with their line numbers. It reports a line that is not a
 * step, and ends.
 */
export async function* readTrace(path: string): AsyncGenerator<[line: number, step: TraceStep]> {
  let line = 0;
  const input = createReadStream(path).on('error', (error) => fail(FILE.unreadable(path, explain(error))));
  for await (const text of createInterface({ input })) {
    line++;
    const step = readStep(text);
    if (step === undefined) fail(FILE.noTraceStep(line, path));
    yield [line, step];
  }
  if (line === 0) fail(FILE.emptyTrace(path));
}
