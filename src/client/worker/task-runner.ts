import { reasonOf } from '../../wire/error-kind.ts';
import { KEY } from '../../wire/names.ts';
import type { Metadata } from '../../wire/payload.ts';
import { elementOfPlace } from '../../wire/task-places.ts';
import type { Activity } from './activity.ts';
import { Chunk, chunkPart, type ChunkPart } from '../values/chunk.ts';
import type { Clock } from '../clock.ts';
import { CallContext, type CallSurroundings } from './call-context.ts';
import type { CallTurns } from './call-turns.ts';
import { CalledBeside, Declined, type Departure } from './departure.ts';
import { ElementCall, type ElementCallOptions } from './element-call.ts';
import { functionOf, ModuleError, type ExportedFunction } from '../task/module-function.ts';
import type { Platform } from '../platform.ts';
import type { ServerAddress } from '../connection/server-address.ts';
import type { ChunkOutcome } from '../task/task-metadata.ts';
import { failureOf, TaskStopped } from '../task/task-failure.ts';
import { UnresolvedValue } from '../values/lending.ts';
import type { MasterMemory } from './master-memory.ts';
import { readable } from '../values/values.ts';
import { CALL_REPORTS } from '../task/call-report.ts';
import type { Access, Call } from './worker.ts';
import { LOAD_LIMIT_MS, type WorkerMemory } from './worker-memory.ts';
import type { Company } from '../../machines/pool/company.ts';
import type { CancelledBatches } from './worker-messages.ts';
import { MODULE, TASK } from '../errors/job.ts';

export interface RunnerOptions {
  readonly server: ServerAddress;
  readonly workspace: string;
  readonly rank: number;
  readonly platform: Pick<Platform, 'clock' | 'loadModule' | 'endOfTurn'>;
  /** Records the current call. */
  readonly activity: Activity;
  readonly departure: Departure;
  readonly memory: WorkerMemory;
  readonly masterMemory: MasterMemory;
  /** The turns of the ranks of this process; undefined if it has only one (S22.14). */
  readonly turns: CallTurns | undefined;
  /** Called before a task is called, if there are several. */
  readonly onTurn: (company: Company) => void;
  /** Makes a call so that what it throws later is known to be of this call. */
  readonly within: (running: ElementCall, call: () => unknown) => unknown;
  /** Writes to the output of the worker. */
  readonly print: (text: string) => void;
  /** Called after each element. */
  readonly onElement: () => void;
}

/** A task that this worker has, and the element at each place of it. */
interface RunningTask {
  readonly value: unknown;
  readonly metadata: Metadata;
  readonly elementAt: ReturnType<typeof elementOfPlace>;
}

/** What all elements of a task share. */
interface TaskDetails {
  readonly call: ExportedFunction;
  readonly surroundings: CallSurroundings;
  readonly callOptions: ElementCallOptions;
  /** Whether each worker calls it, so that its rank is the index. */
  readonly isForEveryone: boolean;
}

/** Calls the functions that tasks name, and ends calls that are cancelled or take too long. */
export class TaskRunner {
  readonly #options: RunnerOptions;
  readonly #clock: Clock;
  #cancelled: CancelledBatches = {};
  #batch = '';
  #running: ElementCall | undefined;
  #hasDeclined = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#clock = options.platform.clock;
  }

  /** Sets the cancelled batches: their elements are not called any more, and the running call is ended. */
  setCancelled(batches: CancelledBatches): void {
    this.#cancelled = batches;
    if (this.#isCancelled) this.#running?.stop(cancelled(), this.#options.turns !== undefined);
  }

  get #isCancelled(): boolean {
    return Object.hasOwn(this.#cancelled, this.#batch);
  }

  /**
   * Fails the running call with an error that it did not throw itself, such as an uncaught one.
   * @returns false if there is none
   */
  fail(error: unknown): boolean {
    return this.#running?.fail(error) ?? false;
  }

  /** Whether it could not load a module. */
  get hasDeclined(): boolean {
    return this.#hasDeclined;
  }

  /** Whether a call is under way. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** @param access to the workspace of the job */
  caller(access: Access): Call {
    return (value, metadata) => this.#inTurn(access, value, metadata);
  }

  async #inTurn(access: Access, value: unknown, metadata: Metadata): Promise<unknown> {
    const { turns, memory, onTurn } = this.#options;
    const elementAt = elementOfPlace(metadata);
    this.#batch = elementAt(0).batch;
    const call = (): Promise<unknown> => this.#call(access, { value, metadata, elementAt });
    if (turns === undefined) return call();
    const isForEveryone = metadata.get(KEY.everyone) === '1';
    if (isForEveryone && !memory.isFirstCopy(this.#batch)) throw new CalledBeside();
    const isAlone = isSuspect(metadata);
    const end = await turns.enter(isAlone, () => !this.#isCancelled);
    // The sentinel must know it before the call can end this process.
    onTurn(isAlone ? 'alone' : 'together');
    try {
      return await call();
    } finally {
      end();
    }
  }

  async #call(access: Access, { value, metadata, elementAt }: RunningTask): Promise<unknown> {
    this.#options.memory.dropFixedArgs(Number(metadata.get(KEY.fixedArgsFrom) ?? 0));
    const details = await this.#prepare(access, metadata);
    const one = (value: unknown, at: number): Promise<unknown> =>
      value instanceof UnresolvedValue
        ? this.#options.masterMemory
            .resolve(value)
            .then((resolved) => this.#run(details, resolved, at, elementAt))
        : this.#run(details, value, at, elementAt);
    const elementIn = metadata.get(KEY.elementIn);
    if (elementIn !== undefined) return one(await elementAtServer(access, elementIn), 0);
    if (metadata.get(KEY.chunk) !== '1' || !(value instanceof Chunk)) return one(readable(value), 0);
    const parts: ChunkPart[] = [];
    const isDivisible = metadata.has(KEY.budget);
    const end = this.#clock.now() + Number(metadata.get(KEY.budget) ?? Infinity);
    for (const each of value) {
      this.#batch = elementAt(parts.length).batch;
      const outcome = 'failure' in each ? each : await outcomeOf(() => one(each.value, parts.length));
      parts.push(chunkPart(outcome, 'result', 'threw'));
      if (this.#clock.now() > end || (isDivisible && this.#options.departure.why !== undefined)) break;
    }
    return parts;
  }

  async #prepare(access: Access, metadata: Metadata): Promise<TaskDetails> {
    const { activity, server, workspace, rank, platform, departure, print } = this.#options;
    activity.begin({ batch: this.#batch, at: 0, limit: LOAD_LIMIT_MS, isLoading: true });
    try {
      const call = await this.#function(metadata);
      const fixedArgs = await this.#fixed(access, metadata.get(KEY.fixedArgs));
      const { clock, endOfTurn } = platform;
      return {
        call,
        surroundings: {
          attempt: Number(metadata.get(KEY.attempt) ?? 1),
          seed: metadata.get(KEY.seed),
          fixedArgs,
          rank,
          workspace,
          server,
          clock,
          report:
            metadata.get(KEY.listens) === '1' ? (report) => access.store(CALL_REPORTS, report) : undefined,
          print,
        },
        callOptions: {
          clock,
          endOfTurn,
          timeout: Number(metadata.get(KEY.timeout) ?? Infinity),
          onLeftRunning: (why) => departure.request(why),
        },
        isForEveryone: metadata.get(KEY.everyone) === '1',
      };
    } finally {
      activity.end();
    }
  }

  /** @throws Declined if this worker cannot load the module, because other workers or its replacement may be able to */
  async #function(metadata: Metadata): Promise<ExportedFunction> {
    const module = metadata.get(KEY.module);
    if (module === undefined) throw new TaskStopped(TASK.noModule());
    const language = metadata.get(KEY.language) ?? 'javascript';
    const isForEveryone = metadata.get(KEY.everyone) === '1';
    if (language !== 'javascript')
      throw this.#decline(new ModuleError(MODULE.otherLanguage(module, language)), isForEveryone);
    const exports = await this.#options.memory.module(module).catch((error: unknown) => {
      // In ECMAScript a module that has failed to load cannot be loaded again in the same process. Another worker has
      // to try.
      throw this.#decline(error, isForEveryone);
    });
    return functionOf(exports, module, metadata.get(KEY.function));
  }

  /**
   * This worker leaves, because it cannot load a module.
   * @returns what to throw, unless each worker has to answer
   */
  #decline(error: unknown, isForEveryone: boolean): unknown {
    this.#hasDeclined = true;
    this.#options.departure.request('not-loaded', reasonOf(error));
    return isForEveryone ? error : new Declined(reasonOf(error), { cause: error });
  }

  /** Fetched once, and kept. */
  async #fixed({ find }: Access, variable: string | undefined): Promise<unknown> {
    if (variable === undefined) return undefined;
    return this.#options.memory.fixedArgs(variable, async () => {
      const found = await find(variable);
      // They are deleted when their batch has ended.
      if (found === undefined) throw cancelled();
      const value = readable(found.value);
      return value instanceof UnresolvedValue ? this.#options.masterMemory.resolve(value) : value;
    });
  }

  async #run(
    task: TaskDetails,
    value: unknown,
    at: number,
    elementAt: RunningTask['elementAt'],
  ): Promise<unknown> {
    if (this.#isCancelled) throw cancelled();
    const { call, surroundings, callOptions, isForEveryone } = task;
    const { activity, within, onElement } = this.#options;
    const { batch, index } = elementAt(at);
    const running = new ElementCall(callOptions);
    const element = { batch, index: isForEveryone ? surroundings.rank : index };
    const context = new CallContext(running, element, surroundings);
    this.#running = running;
    activity.begin({ batch: this.#batch, at, limit: callOptions.timeout, isLoading: false });
    try {
      return await running.resultOf(() => within(running, () => call(value, context)));
    } finally {
      this.#running = undefined;
      activity.end();
      context.end();
      onElement();
    }
  }
}

/**
 * Whether a worker has ended while it ran this task and others. The server counts the attempts of the task, and its
 * master says which attempt is the first that runs alone (S23.10).
 */
const isSuspect = (metadata: Metadata): boolean =>
  Number(metadata.get(KEY.attempt) ?? 1) >= Number(metadata.get(KEY.aloneFrom) ?? 2);

/** @throws TaskStopped if it is not there any more */
async function elementAtServer({ find }: Access, variable: string): Promise<unknown> {
  const found = await find(variable);
  if (found === undefined) throw new TaskStopped(TASK.elementGone(variable));
  return readable(found.value);
}

const cancelled = (): TaskStopped => new TaskStopped(TASK.cancelled());

async function outcomeOf(call: () => Promise<unknown>): Promise<ChunkOutcome> {
  try {
    return { value: await call() };
  } catch (error) {
    return { failure: failureOf(error) };
  }
}
