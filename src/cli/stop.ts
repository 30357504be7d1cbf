import { constants } from 'node:os';
import { Interruption, STOP_SIGNALS } from './interruption.ts';
import { standardOutput } from './output.ts';

/**
 * Aborts when the command is to end early: with an Interruption on Ctrl-C and similar signals, or when the reader of
 * its output has closed its end, as `head` does; with an OutputError if its output cannot be written.
 */
export function stopWhenToldTo(stop: AbortController): void {
  for (const signal of STOP_SIGNALS)
    process.on(signal, () => stop.abort(new Interruption(signal, 128 + constants.signals[signal], true)));
  standardOutput.onFault((fault) => stop.abort(fault));
}
