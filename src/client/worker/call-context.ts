import { formatWithOptions } from 'node:util';
import type { Clock } from '../clock.ts';
import type { ServerAddress } from '../connection/server-address.ts';
import type { CallReport } from '../task/call-report.ts';
import { randomFrom } from '../task/random.ts';
import type { TaskContext } from '../task/task.ts';
import type { ElementId } from '../../wire/task-places.ts';
import { encodeValue } from '../values/values.ts';
import { CallReporter } from './call-reporter.ts';
import { batchNumber } from '../task/task-metadata.ts';
import type { ElementCall } from './element-call.ts';

/** What the contexts of all calls of a task share. */
export interface CallSurroundings {
  readonly attempt: number;
  /** The seed of the batch; undefined if its number is the seed. */
  readonly seed: string | undefined;
  readonly fixedArgs: unknown;
  readonly rank: number;
  readonly workspace: string;
  readonly server: ServerAddress;
  readonly clock: Clock;
  /** Sends a report to the master; undefined if it does not listen. */
  readonly report: ((report: CallReport) => void) | undefined;
  /** Writes to the output of the worker. */
  readonly print: (text: string) => void;
}

/**
 * The second argument of a call. What costs time is made when the call asks for it, because many calls take less. Its
 * functions may be taken out of it.
 */
export class CallContext implements TaskContext {
  readonly fixedArgs: unknown;
  readonly index: number;
  readonly attempt: number;
  readonly rank: number;
  readonly workspace: string;
  readonly server: ServerAddress;
  readonly #call: ElementCall;
  readonly #element: ElementId;
  readonly #surroundings: CallSurroundings;
  #random: (() => number) | undefined;
  #reporter: CallReporter | undefined;

  constructor(call: ElementCall, element: ElementId, surroundings: CallSurroundings) {
    this.fixedArgs = surroundings.fixedArgs;
    this.index = element.index;
    this.attempt = surroundings.attempt;
    this.rank = surroundings.rank;
    this.workspace = surroundings.workspace;
    this.server = surroundings.server;
    this.#call = call;
    this.#element = element;
    this.#surroundings = surroundings;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  get random(): () => number {
    const { batch, index } = this.#element;
    const { seed = batchNumber(batch) } = this.#surroundings;
    return (this.#random ??= randomFrom(JSON.stringify([seed, index])));
  }

  get progress(): (value: unknown) => void {
    return (value) => {
      encodeValue(value, 'progress');
      this.#reports?.progress(value);
    };
  }

  get log(): (...parts: readonly unknown[]) => void {
    return (...parts) => {
      const text = formatWithOptions({ colors: false }, ...parts);
      const reports = this.#reports;
      if (reports !== undefined) reports.log(text);
      else this.#surroundings.print(`element ${this.index}: ${text}\n`);
    };
  }

  get #reports(): CallReporter | undefined {
    const { report, clock, rank } = this.#surroundings;
    if (report === undefined) return undefined;
    return (this.#reporter ??= new CallReporter({
      clock,
      send: report,
      about: { ...this.#element, worker: rank },
    }));
  }

  /** The call has ended. */
  end(): void {
    this.#reporter?.end();
  }
}
