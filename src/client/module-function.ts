import { access } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

/** What workers run for each task. */
export type TaskFunction = (value: unknown) => unknown;

/** What a module exports, by name. */
export type Exports = Readonly<Record<string, unknown>>;

/**
 * A function travels as its module and its name (C4).
 * @throws ModuleError when it cannot be loaded
 */
export async function loadModule(path: string): Promise<Exports> {
  await access(path).catch((cause: unknown) => {
    throw new ModuleError(`cannot load ${path}: there is no such file`, { cause });
  });
  try {
    const exports: Exports = await import(pathToFileURL(path).href);
    return exports;
  } catch (cause) {
    const [what = ''] = String(cause).split('\n');
    throw new ModuleError(`cannot load ${path}: ${what} ("node ${path}" shows where)`, { cause });
  }
}

/** @throws ModuleError when the module exports no function of that name (C4) */
export function functionOf(exports: Exports, path: string, name = 'default'): TaskFunction {
  const exported = exports[name];
  if (isTaskFunction(exported)) return exported;
  const what = name === 'default' ? 'a function as its default' : `a function "${name}"`;
  throw new ModuleError(`${path} does not export ${what}`);
}

const isTaskFunction = (exported: unknown): exported is TaskFunction => typeof exported === 'function';

/** A module that is of no use; the message says which, and why, in one line. */
export class ModuleError extends Error {
  override readonly name = 'ModuleError';
}
