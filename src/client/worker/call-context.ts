import { formatWithOptions } from 'node:util';
import type { ServerAddress } from '../connection/server-address.ts';
import { randomFrom } from '../task/random.ts';
import type { TaskContext } from '../task/task.ts';
import type { ElementId } from '../../wire/task-places.ts';
import { encodeValue } from '../values/values.ts';
import type { CallReporter } from './call-reporter.ts';
import { batchNumber } from '../task/task-metadata.ts';
import type { ElementCall } from './element-call.ts';

export interface CallContextOptions {
  readonly call: ElementCall;
  readonly element: ElementId;
  readonly attempt: number;
  /** The seed of the batch; undefined if its number is the seed. */
  readonly seed: string | undefined;
  readonly fixedArgs: unknown;
  readonly rank: number;
  readonly workspace: string;
  readonly server: ServerAddress;
  /** Undefined if no master listens. */
  readonly reporter: CallReporter | undefined;
  /** Writes a line to the output of the worker. */
  readonly print: (line: string) => void;
}

/** The second argument of a call. What costs time is made when the call asks for it. */
export function callContext(options: CallContextOptions): TaskContext {
  const { call, element, attempt, seed, fixedArgs, rank, workspace, server, reporter, print } = options;
  let random: (() => number) | undefined;
  return {
    fixedArgs,
    get signal() {
      return call.signal;
    },
    index: element.index,
    attempt,
    get random() {
      return (random ??= randomFrom(JSON.stringify([seed ?? batchNumber(element.batch), element.index])));
    },
    progress: (value) => {
      encodeValue(value, 'progress');
      reporter?.progress(value);
    },
    log: (...parts) => {
      const text = formatWithOptions({ colors: false }, ...parts);
      if (reporter === undefined) print(`element ${element.index}: ${text}`);
      else reporter.log(text);
    },
    rank,
    workspace,
    server,
  };
}
