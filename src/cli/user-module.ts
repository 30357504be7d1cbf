import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { exportOf, functionOf, loadModule, ModuleError } from '../client/task/module-function.ts';
import { python, type Task } from '../client/task/task.ts';
import type { LineOutcome } from './line-outcome.ts';
import { TOOL } from './errors.ts';

/** The possible values of `input`: inputs, or a function that returns them. */
export type Inputs = AsyncIterable<unknown> | Iterable<unknown>;

/** The module of `sleigh run`. */
export interface UserModule {
  /** Its path; or the name of a function of Python. */
  readonly path: string;
  /** What the workers call: its default export, or that function. */
  readonly task: Task;
  /** Called without INPUT. */
  readonly input: (() => Inputs) | undefined;
  /** Called with the outcomes, which are not written then. */
  readonly output: ((outcomes: AsyncIterable<LineOutcome>) => unknown) | undefined;
}

/** `package.module:function`, or `path/to/file.py:function` (C8). */
const PYTHON_FUNCTION = /^(?:.+\.py|[A-Za-z_][\w.]*):[A-Za-z_][\w.]*$/;

/** @throws ModuleError if it cannot be loaded, or an export is of the wrong type */
export async function loadUserModule(file: string): Promise<UserModule> {
  if (PYTHON_FUNCTION.test(file) && !existsSync(file))
    return { path: file, task: python(file), input: undefined, output: undefined };
  const path = resolve(file);
  const exports = await loadModule(path);
  functionOf(exports, path);
  const input = exportOf(exports, 'input');
  return {
    path,
    task: { module: path, name: 'default' },
    input:
      input === undefined ? undefined : () => inputsOf(typeof input === 'function' ? input() : input, path),
    output: exportOf(exports, 'output') === undefined ? undefined : functionOf(exports, path, 'output'),
  };
}

function inputsOf(made: unknown, path: string): Inputs {
  if (isInputs(made)) return made;
  throw new ModuleError(TOOL.noInput(path));
}

const isInputs = (made: unknown): made is Inputs =>
  made instanceof Object && (Symbol.asyncIterator in made || Symbol.iterator in made);
