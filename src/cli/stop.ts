import { constants } from 'node:os';
import { Interruption, STOP_SIGNALS } from './interruption.ts';
import { standardOutput } from './output.ts';

/**
 * Aborts when the command is to end before its time: with an Interruption on Ctrl-C and the like, or when whoever read its
 * output has gone, as `head` does, which is no failure; with an OutputError when its output cannot be written.
 */
export function stopWhenToldTo(stop: AbortController): void {
  for (const signal of STOP_SIGNALS)
    process.on(signal, () => stop.abort(new Interruption(signal, 128 + constants.signals[signal], true)));
  standardOutput.onFault((fault) => stop.abort(fault));
}
