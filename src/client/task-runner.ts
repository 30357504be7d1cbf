import type { Metadata } from '../wire/payload.ts';
import type { ServerAddress } from './server-address.ts';
import { Chunk, chunkPart, type ChunkPart } from './chunk.ts';
import { claimed } from './claimed.ts';
import type { Timer } from './clock.ts';
import { functionOf, type ExportedFunction } from './module-function.ts';
import { thisHost, type Platform } from './platform.ts';
import type { TaskContext } from './task.ts';
import {
  batchOfPlace,
  BUDGET,
  CHUNK,
  FIXED_ARGS,
  FIXED_ARGS_FROM,
  FUNCTION,
  MODULE,
  TIMEOUT,
  type ChunkOutcome,
} from './task-metadata.ts';
import { failureOf, TaskStopped } from './task-failure.ts';
import { readable } from './values.ts';
import type { Call, Find } from './worker.ts';

export interface RunnerOptions {
  readonly server: ServerAddress;
  readonly workspace: string;
  readonly rank: number;
  /** Told before a call that has a timeout how long it may take, in milliseconds, and null when it has ended. */
  readonly onDeadline: (milliseconds: number | null) => void;
  /** This host, unless told. */
  readonly platform?: Platform;
}

/** Fixed arguments that are kept: those of the latest batches. */
const MOST_KEPT = 16;

/** Calls the functions that tasks name, and ends calls that are cancelled or take too long. */
export class TaskRunner {
  readonly #options: RunnerOptions;
  readonly #platform: Platform;
  readonly #cancelled = new Set<string>();
  readonly #fixedArgs = new Map<string, unknown>();
  /** Ends the call that is under way. */
  #stop: ((reason: TaskStopped) => void) | undefined;
  #batch: string | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#platform = options.platform ?? thisHost;
  }

  /** No more is called for this batch, and what is under way for it is told. */
  cancel(batch: string): void {
    this.#cancelled.add(batch);
    if (this.#batch === batch) this.#stop?.(cancelled());
  }

  /** @param find gets the fixed arguments */
  caller(find: Find): Call {
    return (value, metadata) => this.#call(find, value, metadata);
  }

  async #call(find: Find, value: unknown, metadata: Metadata): Promise<unknown> {
    const batchOf = batchOfPlace(metadata);
    this.#batch = batchOf(0);
    this.#dropFixedArgs(Number(metadata.get(FIXED_ARGS_FROM) ?? 0));
    const call = await this.#function(metadata);
    const fixedArgs = await this.#fixed(find, metadata.get(FIXED_ARGS));
    const timeout = metadata.has(TIMEOUT) ? Number(metadata.get(TIMEOUT)) : undefined;
    const one = (element: unknown): unknown => this.#run(call, element, fixedArgs, timeout);
    if (metadata.get(CHUNK) !== '1' || !(value instanceof Chunk)) return one(readable(value));
    const parts: ChunkPart[] = [];
    const end = this.#platform.clock.now() + Number(metadata.get(BUDGET) ?? Infinity);
    for (const each of value) {
      this.#batch = batchOf(parts.length);
      const outcome = 'failure' in each ? each : await outcomeOf(async () => one(each.value));
      parts.push(chunkPart(outcome, 'result', 'threw'));
      if (this.#platform.clock.now() > end) break;
    }
    return parts;
  }

  /** Of batches that have ended: those before that number. */
  #dropFixedArgs(from: number): void {
    for (const variable of this.#fixedArgs.keys())
      if (Number(/\d+$/.exec(variable)?.[0]) < from) this.#fixedArgs.delete(variable);
  }

  async #function(metadata: Metadata): Promise<ExportedFunction> {
    const module = metadata.get(MODULE);
    if (module === undefined) throw new TaskStopped('threw', 'the task names no module (C4)');
    return functionOf(await this.#platform.loadModule(module), module, metadata.get(FUNCTION));
  }

  /** Found once, and kept. */
  async #fixed(find: Find, variable: string | undefined): Promise<unknown> {
    if (variable === undefined || this.#fixedArgs.has(variable)) return this.#fixedArgs.get(variable ?? '');
    const found = await find(variable);
    // They go when their batch has ended.
    if (found === undefined) throw cancelled();
    const value = readable(found.value);
    const [oldest] = this.#fixedArgs.keys();
    if (this.#fixedArgs.size >= MOST_KEPT && oldest !== undefined) this.#fixedArgs.delete(oldest);
    this.#fixedArgs.set(variable, value);
    return value;
  }

  async #run(
    call: ExportedFunction,
    element: unknown,
    fixedArgs: unknown,
    timeout: number | undefined,
  ): Promise<unknown> {
    if (this.#cancelled.has(this.#batch ?? '')) throw cancelled();
    const { server, workspace, rank, onDeadline } = this.#options;
    // Made when it is asked for: to make one takes longer than many a call.
    let controller: AbortController | undefined;
    const stopping = (): AbortController => (controller ??= new AbortController());
    const stop = (reason: TaskStopped): void => stopping().abort(reason);
    this.#stop = stop;
    let timer: Timer | undefined;
    if (timeout !== undefined) {
      const late = new TaskStopped('timed-out', `the task took longer than ${timeout} ms`);
      timer = this.#platform.clock.startTimer(timeout, () => stop(late));
      onDeadline(timeout);
    }
    try {
      const context: TaskContext = {
        fixedArgs,
        get signal() {
          return stopping().signal;
        },
        rank,
        workspace,
        server,
      };
      const result = call(element, context);
      return await (isPromiseLike(result) ? untilAborted(result, stopping().signal) : result);
    } finally {
      if (timer !== undefined) onDeadline(null);
      timer?.stop();
      this.#stop = undefined;
    }
  }
}

const cancelled = (): TaskStopped => new TaskStopped('cancelled', 'the batch was cancelled');

const isPromiseLike = (result: unknown): result is PromiseLike<unknown> =>
  typeof result === 'object' && result !== null && 'then' in result;

/** A call that does not listen to its signal is left to itself. */
function untilAborted(result: PromiseLike<unknown>, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(claimed<TaskStopped>(signal.reason)), { once: true });
    result.then(resolve, reject);
  });
}

async function outcomeOf(call: () => Promise<unknown>): Promise<ChunkOutcome> {
  try {
    return { value: await call() };
  } catch (error) {
    return { failure: failureOf(error) };
  }
}
