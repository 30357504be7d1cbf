import { resolve } from 'node:path';
import { exportOf, functionOf, loadModule, ModuleError } from '../client/task/module-function.ts';
import type { LineOutcome } from './line-outcome.ts';
import { TOOL } from './errors.ts';

/** The possible values of `input`: inputs, or a function that returns them. */
export type Inputs = AsyncIterable<unknown> | Iterable<unknown>;

/** The module of `sleigh run`. The workers call its default export. */
export interface UserModule {
  readonly path: string;
  /** Called without INPUT. */
  readonly input: (() => Inputs) | undefined;
  /** Called with the outcomes, which are not written then. */
  readonly output: ((outcomes: AsyncIterable<LineOutcome>) => unknown) | undefined;
}

/** @throws ModuleError if it cannot be loaded, or an export is of the wrong type */
export async function loadUserModule(file: string): Promise<UserModule> {
  const path = resolve(file);
  const exports = await loadModule(path);
  functionOf(exports, path);
  const input = exportOf(exports, 'input');
  return {
    path,
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
