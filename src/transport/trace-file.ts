import { closeSync, openSync, writeSync } from 'node:fs';
import type { TraceStep } from '../trace/step.ts';
import { SERVER } from './errors.ts';
import { plainError } from '../wire/error-kind.ts';

/** Writes steps as lines of JSON, in order. All steps of an event are in the file before the next event. */
export class TraceFile {
  readonly #file: number;
  #lines = '';

  /** @throws if the file cannot be created */
  constructor(path: string) {
    try {
      this.#file = openSync(path, 'w');
    } catch (cause) {
      throw plainError(SERVER.noTrace(path), { cause });
    }
  }

  write(step: TraceStep): void {
    this.#lines += `${JSON.stringify(step)}\n`;
  }

  /** @throws if the disk is full */
  flush(): void {
    if (this.#lines === '') return;
    const lines = this.#lines;
    this.#lines = '';
    writeSync(this.#file, lines);
  }

  close(): void {
    closeSync(this.#file);
  }
}
