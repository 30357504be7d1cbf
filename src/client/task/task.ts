import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unsafeCast } from '../unsafe-cast.ts';
import type { ServerAddress } from '../connection/server-address.ts';
import { USAGE } from '../errors/usage.ts';
import { typeError } from '../../wire/error-kind.ts';

/** The second argument of a task. */
export interface TaskContext<FixedArgs = unknown> {
  /** The value passed to `eachElem`. The worker keeps it for later calls, so do not change it. */
  readonly fixedArgs: FixedArgs;
  /** Aborted when the batch is cancelled or the task exceeds its timeout. */
  readonly signal: AbortSignal;
  /** The index of the element in its batch; the number of the call of `submit`; for `eachWorker` the rank. */
  readonly index: number;
  /**
   * The number of this call for its element, from 1. It is higher when the call is a retry, or when an earlier worker
   * of the element has died.
   */
  readonly attempt: number;
  /**
   * A random number from 0 up to 1. The numbers of an element depend only on its index and the seed of its batch, so they
   * are the same for any number of workers, in every chunk, and in every attempt.
   */
  random(): number;
  /**
   * Says how far the call is, to `onElementProgress` of its batch. Of values that follow each other quickly the newest is
   * sent.
   * @throws TypeError if the value cannot be sent
   */
  progress(value: unknown): void;
  /** Writes a line, formatted as by `console.log`: to `onLog` of its batch, or else to the output of the worker. */
  log(...parts: readonly unknown[]): void;
  /** The number of this worker: 0, 1, 2 … (S2). */
  readonly rank: number;
  /** The workspace of the job and its server, for `NetWorkSpace.use(context.workspace, context.server)`. */
  readonly workspace: string;
  readonly server: ServerAddress;
}

/**
 * A function that workers call with an element, or with the argument of `eachWorker`, and a TaskContext. It may be
 * async.
 */
export type TaskFunction<Element = never, Result = unknown, FixedArgs = never> = (
  element: Element,
  context: TaskContext<FixedArgs>,
) => Result | PromiseLike<Result>;

/** The language of a module (C8). */
export type TaskLanguage = 'javascript' | 'python';

/** A reference to a function for workers: the module that exports it and its name, never its source text (C4). */
export interface Task<Element = unknown, Result = unknown, FixedArgs = unknown> {
  /** The path of the module on the hosts of the workers. */
  readonly module: string;
  /** The name of the export; `default` is allowed. */
  readonly name: string;
  /** The language of the module, whose workers can run it (C8). The default is `javascript`. */
  readonly language?: TaskLanguage | undefined;
  /** Never present; it only carries the types. */
  readonly types?: (element: Element, fixedArgs: FixedArgs) => Result;
}

/** The functions of a module, as tasks. */
export type Tasks<Module> = {
  readonly [Name in keyof Module as Module[Name] extends TaskFunction ? Name : never]: TaskOf<Module[Name]>;
};

type TaskOf<Function> = Function extends (...args: infer Args) => infer Result
  ? Task<
      Args extends readonly [] ? unknown : Args[0],
      Awaited<Result>,
      Args extends readonly [unknown, TaskContext<infer FixedArgs>] ? FixedArgs : unknown
    >
  : never;

/**
 * The functions that a module exports, as tasks with their types. Only the workers load the module.
 *
 * ```ts
 * const { square } = tasks<typeof import('../tasks.js')>(new URL('../tasks.js', import.meta.url));
 * await sleigh.eachElem(square, [1, 2, 3]);
 * ```
 *
 * @param module its URL, or its path
 * @throws TypeError if its URL is not that of a file
 */
export function tasks<Module>(module: URL | string): Tasks<Module> {
  const path = pathOf(module);
  const get = (_target: object, name: string | symbol): Task | undefined =>
    typeof name === 'string' ? { module: path, name } : undefined;
  return unsafeCast(new Proxy({}, { get }));
}

/**
 * A function of Python, for workers of the client for Python; see `pythonWorkers`. Elements, fixed arguments and results
 * are text, JSON or bytes (C8).
 *
 * ```ts
 * const sleigh = await Sleigh.start({ workers: 4, launch: pythonWorkers() });
 * await sleigh.eachElem(tasks.python<number, number>('math:factorial'), [1, 2, 3]);
 * ```
 *
 * @param reference `package.module:function`, or `path/to/file.py:function`
 * @throws TypeError if it is neither
 */
export function python<Element = unknown, Result = unknown, FixedArgs = unknown>(
  reference: string,
): Task<Element, Result, FixedArgs> {
  const [, module, name] = /^(.+):([^:]+)$/.exec(reference) ?? [];
  if (module === undefined || name === undefined) throw typeError(USAGE.badPythonFunction(reference));
  return { module: module.endsWith('.py') ? pathOf(module) : module, name, language: 'python' };
}
tasks.python = python;

/**
 * @returns the absolute path of a module
 * @throws TypeError if its URL is not that of a file
 */
export function pathOf(module: URL | string): string {
  const text = String(module);
  if (text.startsWith('file:')) return fileURLToPath(text);
  if (module instanceof URL || /^[a-z][a-z+.-]+:/.test(text)) throw typeError(USAGE.badModule(text));
  return isAbsolute(text) ? text : resolve(text);
}
