import { reasonOf } from '../../wire/error-kind.ts';
import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { unsafeCast } from '../unsafe-cast.ts';
import { MODULE } from '../errors/job.ts';
import type { ErrorText } from '../../wire/error-kind.ts';

/** A function that a module exports. Only the module knows its types. */
export type ExportedFunction = (...args: readonly unknown[]) => unknown;

/** The exports of a module, by name. */
export type Exports = Readonly<Record<string, unknown>>;

/**
 * - `not-loaded`: the module does not exist, or throws
 * - `no-export`: it lacks the export
 */
export type ModuleErrorCode = 'not-loaded' | 'no-export';

/** A module that cannot be used. The message names it and the reason, in one line. */
export class ModuleError extends Error {
  override readonly name = 'ModuleError';
  readonly code: ModuleErrorCode;

  constructor({ code, message }: ErrorText<ModuleErrorCode>, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Loads a module. A function travels as its module and its name (C4).
 * @throws ModuleError `not-loaded`
 */
export async function loadModule(path: string): Promise<Exports> {
  const { href } = pathToFileURL(path);
  try {
    return unsafeCast<Exports>(await import(href));
  } catch (cause) {
    // Tries to load the file instead of checking whether it exists, because loaders (tsx, ts-node) may resolve it
    // differently.
    const source = path.replace(/\.[cm]?js$/, (extension) => SOURCES[extension] ?? extension);
    if (isMissing(cause, href) && source !== path && existsSync(source)) return loadSource(source);
    throw notLoaded(path, cause);
  }
}

/** The extensions of modules, and of their TypeScript sources. */
const SOURCES: Readonly<Record<string, string>> = { '.js': '.ts', '.mjs': '.mts', '.cjs': '.cts' };

/** In a program that runs from its sources, `./tasks.js` means `./tasks.ts`, as in TypeScript. */
async function loadSource(path: string): Promise<Exports> {
  try {
    return unsafeCast<Exports>(await import(pathToFileURL(path).href));
  } catch (cause) {
    throw notLoaded(path, cause);
  }
}

function notLoaded(path: string, cause: unknown): ModuleError {
  if (isMissing(cause, pathToFileURL(path).href)) return new ModuleError(MODULE.missing(path), { cause });
  if (codeOf(cause) === 'ERR_UNKNOWN_FILE_EXTENSION' && /\.[cm]?tsx?$/.test(path))
    return new ModuleError(MODULE.noTypeScript(path, process.version), { cause });
  const [what = ''] = (cause instanceof Error ? String(cause) : reasonOf(cause)).split('\n');
  return new ModuleError(MODULE.broken(path, what), { cause });
}

/** Whether this module is missing, and not one that it imports. */
const isMissing = (cause: unknown, href: string): boolean =>
  codeOf(cause) === 'ERR_MODULE_NOT_FOUND' &&
  cause instanceof Error &&
  [href, fileURLToPath(href)].some((name) => cause.message.includes(`'${name}' imported`));

const codeOf = (cause: unknown): unknown =>
  typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;

/** @throws ModuleError `no-export` if the module exports no function of that name (C4) */
export function functionOf(exports: Exports, path: string, name = 'default'): ExportedFunction {
  const exported = exportOf(exports, name);
  if (isFunction(exported)) return exported;
  const what = name === 'default' ? 'a function as its default' : `a function "${name}"`;
  const names = namesOf(exports);
  const others = names.length === 0 ? 'It exports nothing' : `It exports ${names.join(', ')}`;
  throw new ModuleError(MODULE.noExport(path, what, others));
}

/**
 * The export of a module with that name. A CommonJS module may define its exports in several ways: `exports.plus`,
 * `module.exports = { plus }`, `module.exports = make()`, and as compiled by TypeScript, with `exports.default`.
 * Exports that Node cannot detect are available only as properties of the default export.
 */
export function exportOf(exports: Exports, name: string): unknown {
  let first: unknown;
  for (const holder of holdersOf(exports)) {
    if (!isOwn(holder, name)) continue;
    const exported: unknown = Reflect.get(holder, name);
    if (isFunction(exported)) return holder === exports ? exported : bound(exported, holder);
    first ??= exported;
  }
  return first;
}

/** The exports; the default export; that of a compiled CommonJS module. */
function* holdersOf(exports: Exports): Generator<object, void, undefined> {
  let holder: unknown = exports;
  for (let depth = 0; depth < 3 && isHolder(holder); depth++) {
    yield holder;
    holder = isOwn(holder, 'default') ? Reflect.get(holder, 'default') : undefined;
  }
}

const isHolder = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** Whether the object or its class has that property; properties of all objects and functions do not count. */
const isOwn = (holder: object, name: string): boolean =>
  name in holder &&
  (Object.hasOwn(holder, name) || !(name in (typeof holder === 'function' ? Function : Object).prototype));

/** Methods of an exported object may use it as `this`. */
const bound = (method: ExportedFunction, holder: object): ExportedFunction => method.bind(holder);

const isFunction = (exported: unknown): exported is ExportedFunction => typeof exported === 'function';

function namesOf(exports: Exports): string[] {
  const names = Array.from(holdersOf(exports)).flatMap((holder) => Object.keys(holder));
  return [...new Set(names)].filter((name) => name !== '__esModule' && name !== 'module.exports').sort();
}
