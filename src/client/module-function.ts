import { access } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

/** A function that a module exports: it says itself what it takes. */
export type ExportedFunction = (...args: readonly unknown[]) => unknown;

/** What a module exports, by name. */
export type Exports = Readonly<Record<string, unknown>>;

/**
 * A function travels as its module and its name (C4).
 * @throws ModuleError when it cannot be loaded
 */
export async function loadModule(path: string): Promise<Exports> {
  const loaded = modules.get(path) ?? load(path);
  modules.set(path, loaded);
  return loaded;
}

/** Looked up for each task: that must cost nothing. */
const modules = new Map<string, Promise<Exports>>();

async function load(path: string): Promise<Exports> {
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
export function functionOf(exports: Exports, path: string, name = 'default'): ExportedFunction {
  const exported = exports[name];
  if (isFunction(exported)) return exported;
  const what = name === 'default' ? 'a function as its default' : `a function "${name}"`;
  throw new ModuleError(`${path} does not export ${what}`);
}

const isFunction = (exported: unknown): exported is ExportedFunction => typeof exported === 'function';

/** A module that is of no use; the message says which, and why, in one line. */
export class ModuleError extends Error {
  override readonly name = 'ModuleError';
}
